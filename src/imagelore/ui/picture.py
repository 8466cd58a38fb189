"""Picture bytes for a browser: what it can show goes out as it is, the rest as a JPEG, nothing else at all."""

from __future__ import annotations

import base64
import io
import warnings

from PIL import Image, ImageOps

from imagelore.flows.pictures import PictureFile

SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif"})
"""Media types that every current browser shows; SVG and HTML are not among them, since they can carry scripts."""

_SIDE, _SMALL_SIDE, _MAX_PIXELS = 2048, 320, 100_000_000
_BROKEN = (OSError, ValueError, SyntaxError, NotImplementedError, Image.DecompressionBombError)


def shown(file: PictureFile) -> PictureFile | None:
    """The file if browsers show its kind, else a JPEG of it (TIFF, JPEG 2000). None: it is no picture at all."""
    if file.media_type in SHOWN:
        return file
    jpeg = _jpeg(file.data, _SIDE)
    return PictureFile(jpeg, "image/jpeg", file.notice) if jpeg else None


def small(data: bytes) -> str:
    """A small JPEG of a picture as a data URL, "" where the bytes are no picture."""
    jpeg = _jpeg(data, _SMALL_SIDE)
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _jpeg(data: bytes, side: int) -> bytes:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                return b""
            picture.draft("RGB", (side, side))
            picture.thumbnail((side, side))
            upright = ImageOps.exif_transpose(picture)
            white = Image.new("RGB", upright.size, "white")
            rgba = upright.convert("RGBA")
            white.paste(rgba, mask=rgba.getchannel("A"))
    except _BROKEN:
        return b""
    out = io.BytesIO()
    white.save(out, "JPEG", quality=85)
    return out.getvalue()
