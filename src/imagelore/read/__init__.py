"""read: an asset's bytes -> pictures, texts, and what is known about them.

A provider is a module of one kind of file, with

- `SUFFIXES`: lower-case file name endings, with their dot;
- `readings(asset, data, options) -> Iterator[Reading | Unread]`: a picture, or the parts of a document one after
  another (the first stands for the whole), lazily: a long document takes no more memory than a short one;
- `embedded(data, options) -> Metadata`: what the file says about itself, without decoding it;
- `part(data, place, options) -> bytes`: the picture file of one part, as large as a person wants to see it.

All raise `UnreadableError` for a file that cannot be read at all; its text is the reason. Importing a provider is
cheap: libraries are imported when a file is read. A reader of flowing documents only opens its kind of file; the three
functions are made for it by `_document`. Metadata that stands beside the files (tables, sidecars) is read by
`_tables` and joined to them by `_merge`; text in pictures is read by `_ocr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.types import Line


@dataclass(frozen=True, slots=True)
class Options:
    """How pictures are read: sides in pixels of the longer side."""

    image_side: int = 512  # what the embedder needs; the picture comes at least this large, unless it is smaller
    thumbnail_side: int = 320
    max_pixels: int = 100_000_000  # larger pictures are skipped with this as the reason
    max_bytes: int = 200_000_000
    gps: bool = False  # take over the place a camera recorded
    ocr: Literal["auto", "on", "off"] = "off"  # read the text in pictures: `auto` where some is likely

    def check_size(self, size: int) -> None:
        """Refuses a file of more bytes than one may have.

        Raises:
            UnreadableError: it has more.
        """
        if size > self.max_bytes:
            raise UnreadableError(f"it is {size / 1e6:,.0f} MB large; the limit is {self.max_bytes / 1e6:,.0f} MB")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What one origin (a table's row, a sidecar, the picture's own bytes) says about a picture."""

    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    taken_at: datetime | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)  # the user's own, not yet typed


@dataclass(frozen=True, slots=True)
class Reading:
    """A picture, decoded once: RGB, upright, alpha on white, reduced to what embedding needs; or a document's part."""

    picture: Image.Image
    width: int  # of the original, upright
    height: int
    sha256: str
    phash: str
    colours: tuple[str, ...]
    thumbnail: bytes  # JPEG
    metadata: Metadata  # from inside the file: IPTC, XMP, EXIF; a document's title; what stands beside a figure
    place: str = ""  # in the document: "page 3", "page 3, picture 2", "slide 4", "part 2"; "" for a picture file
    lines: tuple[Line, ...] = ()  # text in it, in reading order
    drawn: bool = False  # the picture is only the text, set on paper by us: there is nothing to see in it
    ocr_seconds: float = 0.0  # that reading the text in it took; 0: none was looked for
    warnings: tuple[str, ...] = ()  # what was left out of it, and why


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a document that cannot be read, while the others can."""

    place: str
    reason: str


from imagelore.read._merge import merged, row_metadata  # noqa: E402  (they build on the values above)
from imagelore.read._sidecars import sidecar_metadata  # noqa: E402
from imagelore.read._tables import cells, table_rows  # noqa: E402
from imagelore.read._typed import fit, infer  # noqa: E402

__all__ = [
    "Metadata",
    "Options",
    "Reading",
    "Unread",
    "cells",
    "fit",
    "infer",
    "merged",
    "row_metadata",
    "sidecar_metadata",
    "table_rows",
]
