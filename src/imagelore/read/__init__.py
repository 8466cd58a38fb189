"""read: an asset's bytes -> a picture and a record.

A provider is a module with `SUFFIXES` (lower-case file name endings, with their dot) and
`read(asset, data, options) -> Reading`. Metadata that stands beside the pictures (tables, sidecars) is read by
`_tables` and joined to them by `_merge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image


@dataclass(frozen=True, slots=True)
class Options:
    """How pictures are read: sides in pixels of the longer side."""

    image_side: int = 512  # what the embedder needs; the picture comes at least this large, unless it is smaller
    thumbnail_side: int = 320
    max_pixels: int = 100_000_000  # larger pictures are skipped with this as the reason
    max_bytes: int = 200_000_000
    gps: bool = False  # take over the place a camera recorded


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
    """A picture, decoded once: RGB, upright, alpha on white, reduced to what embedding needs."""

    picture: Image.Image
    width: int  # of the original, upright
    height: int
    sha256: str
    phash: str
    colours: tuple[str, ...]
    thumbnail: bytes  # JPEG
    metadata: Metadata  # from inside the picture: IPTC, XMP, EXIF


from imagelore.read._merge import merged, row_metadata  # noqa: E402  (they build on the values above)
from imagelore.read._sidecars import sidecar_metadata  # noqa: E402
from imagelore.read._tables import cells, table_rows  # noqa: E402
from imagelore.read._typed import fit, infer  # noqa: E402

__all__ = [
    "Metadata",
    "Options",
    "Reading",
    "cells",
    "fit",
    "infer",
    "merged",
    "row_metadata",
    "sidecar_metadata",
    "table_rows",
]
