"""Picture bytes for a browser: what it can show goes out as it is, the rest as a JPEG, nothing else at all."""

from __future__ import annotations

import base64
from urllib.parse import quote

from imagelore.flows.pictures import PictureFile, jpeg
from imagelore.settings import Settings

SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif"})
"""Media types that every current browser shows; SVG and HTML are not among them, since they can carry scripts."""

_SIDE, _SMALL_SIDE = 2048, 320


def shown(file: PictureFile, settings: Settings) -> PictureFile:
    """The file if browsers show its kind, else a JPEG of it (TIFF, JPEG 2000).

    Raises:
        UnreadableError: it is no picture.
    """
    if file.media_type in SHOWN:
        return file
    return PictureFile(jpeg(file.data, _SIDE, settings), "image/jpeg", file.notice)


def thumbnail(id: str, sha256: str = "") -> str:
    """The address of a record's thumbnail; with its hash it changes with the picture, so browsers may keep it."""
    version = f"?v={quote(sha256[:12])}" if sha256 else ""
    return f"imagelore/thumbnails/{quote(id, safe='')}{version}"


def small(data: bytes, settings: Settings) -> str:
    """A small JPEG of a picture as a data URL.

    Raises:
        UnreadableError: it is no picture.
    """
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(data, _SMALL_SIDE, settings)).decode()}"
