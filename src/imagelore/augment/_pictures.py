"""Pictures for a prompt: decoded safely, upright, on white, no larger than a model makes use of."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image, ImageOps, UnidentifiedImageError

from imagelore.errors import UnreadableError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000")
MAX_PIXELS = 80_000_000  # below Pillow's own alarm; a decoded picture takes at most 320 MB for a moment
_QUALITY = 85

# What Pillow's decoders raise on damaged files.
_DAMAGED = (
    OSError, SyntaxError, ValueError, NotImplementedError, EOFError, KeyError, IndexError, TypeError, OverflowError,
    MemoryError, struct.error, zlib.error,
)  # fmt: skip


def shrunk(data: bytes, side: int) -> bytes:
    """A JPEG of at most `side` pixels on the longer side, without any metadata (a place, a serial number).

    Raises:
        UnreadableError: these bytes are no picture that can be read; the text says why.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UnreadableError(f"{picture.width} x {picture.height} pixels are more than {MAX_PIXELS:,}")
            picture.draft("RGB", (side, side))
            small = _flat(_upright(picture, side))
            out = io.BytesIO()
            small.save(out, "JPEG", quality=_QUALITY)
            return out.getvalue()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(f"more than {MAX_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise UnreadableError("not a picture in a known format") from error
    except _DAMAGED as error:
        raise UnreadableError(f"a damaged picture ({type(error).__name__})") from error


def _upright(picture: Image.Image, side: int) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    elif picture.mode == "P":
        picture = picture.convert("RGBA")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return ImageOps.exif_transpose(picture)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Pixels of 16 or 32 bits (or floats), brought from their own range to 0..255."""
    levels = picture.convert("F")
    extrema = levels.getextrema()
    low, high = float(extrema[0]), float(extrema[1])  # type: ignore[arg-type]
    if picture.mode.startswith("I;16"):
        low, high = 0.0, 65535.0
    scale = 255.0 / (high - low) if high > low else 0.0
    return levels.point(lambda value: value * scale - low * scale).convert("L")


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGB", picture.size, "white")
        white.paste(picture, mask=picture.getchannel("A"))
        return white
    return picture.convert("RGB")
