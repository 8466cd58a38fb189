"""A picture file's bytes -> an upright RGB picture, no larger than wanted, in bounded memory."""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from imagelore.errors import UnreadableError
from imagelore.read.picture.containers import Parts
from imagelore.read.picture.exif import declared_bytes
from imagelore.read.picture.memory import BUDGET, decoding
from imagelore.read.picture.rgb import to_rgb

# What Pillow says about odd but readable files ("Possibly corrupt EXIF data") helps nobody who indexes a folder.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Classes and not `Image.open`: its own bomb check is a process-wide setting and speaks through warnings; the size is
# checked here instead, against the caller's limit. Nothing but these formats can be reached.
_CLASSES: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,  # of a multi-picture file (MPO): the first
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "JPEG2000": Jpeg2KImagePlugin.Jpeg2KImageFile,
}
# Peaks measured while decoding 7 to 16 megapixels, rounded up, in bytes per pixel: Pillow's own 4 and what the codec
# library holds beside it (WebP: two canvases and a copy; JPEG 2000: 32 bits a component; progressive JPEG: all
# coefficients).
_COSTS = {"JPEG": 4, "PNG": 5, "WEBP": 17, "GIF": 6, "BMP": 5, "TIFF": 9, "AVIF": 13, "JPEG2000": 22, "HEIC": 13}
_PROGRESSIVE_COST, _DEEP_HEIF_COST = 7, 21

# Everything that Pillow's decoders were seen to raise on damaged files, or raise by their source: they parse with
# struct, zlib, indexing and arithmetic on numbers from the file, and check with `assert`.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    ImageCms.PyCMSError,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An RGB picture, upright, and the original's upright size in pixels."""

    picture: Image.Image
    width: int
    height: int


def decode(parts: Parts, side: int, max_pixels: int, orientation: int) -> Decoded:
    """Decodes a picture once, to a longer side of `side` (or its own where that is smaller).

    Raises:
        UnreadableError: it is damaged, or larger than the limits; the text is the reason.
    """
    _check_header(parts, max_pixels)
    image = _opened(parts)
    image.info.setdefault("icc_profile", parts.icc)
    width, height = image.size
    _check_size(parts.format, width, height, max_pixels)
    with decoding.taken(_reduced_cost(image, parts, 2 * side)):
        with _damage_told(parts.format):
            image.load()
            if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
                image.reduce = 0  # it hides the method of this name
            small = to_rgb(image, side)
        image.close()
    if orientation in _TURNS and parts.format != "TIFF":  # Pillow turns TIFF itself
        small = small.transpose(_TURNS[orientation])
        if orientation >= 5:
            width, height = height, width
    small.info.clear()
    return Decoded(small, width, height)


def size_of(parts: Parts, max_pixels: int) -> tuple[int, int]:
    """Width and height as they are stored, without decoding.

    Raises:
        UnreadableError: it is damaged, or larger than the limits.
    """
    _check_header(parts, max_pixels)
    with _opened(parts) as image:
        return image.size


def _opened(parts: Parts) -> ImageFile.ImageFile:
    with _damage_told(parts.format):
        return _class(parts.format)(io.BytesIO(parts.data))


def _class(kind: str) -> type[ImageFile.ImageFile]:
    if kind == "HEIC":
        from pillow_heif import HeifImageFile

        return cast(type[ImageFile.ImageFile], HeifImageFile)
    return _CLASSES[kind]


@contextmanager
def _damage_told(kind: str) -> Iterator[None]:
    try:
        yield
    except DECODER_ERRORS as error:
        raise UnreadableError(_reason(kind, error)) from error


def _reduced_cost(image: ImageFile.ImageFile, parts: Parts, side: int) -> int:
    """Has the decoder itself reduce the picture where it can, down to `side`; the bytes that decoding will take."""
    width, height = image.size
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        scale = side / max(width, height)
        image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
        if "progressive" in image.info:
            return width * height * _PROGRESSIVE_COST
    if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        halvings = _halvings(parts.data, width, height, side)
        image.reduce = halvings
        return (width * height >> 2 * halvings) * _COSTS[parts.format]
    if parts.format == "HEIC" and image.info.get("bit_depth", 8) > 8:
        return width * height * _DEEP_HEIF_COST
    return width * height * _COSTS[parts.format]


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def with_inner_blocks(parts: Parts) -> Parts:
    """The parts of an AVIF, GIF or HEIC with its EXIF and XMP, which their plugins find without decoding.

    A HEIC's EXIF comes without an orientation: its own boxes turn it (ISO/IEC 23008-12, 6.5.10), while it is decoded.
    """
    if parts.format in ("AVIF", "GIF", "HEIC"):
        try:
            with _class(parts.format)(io.BytesIO(parts.data)) as image:
                exif = image.info.get("exif") or b""
                parts.exif, parts.xmp = exif.removeprefix(b"Exif\0\0"), image.info.get("xmp") or b""
        except DECODER_ERRORS:
            pass  # decoding it will tell
    return parts


def _halvings(data: bytes, width: int, height: int, side: int) -> int:
    """How often a JPEG 2000 can be halved while decoding, so that its longer side stays above `side`.

    Its resolutions are counted in the marker COD (ITU-T T.800, A.6.1). Pillow rounds a reduced side to the nearest and
    the codec rounds up: only halvings in which both agree decode.
    """
    start = max(data.find(b"\xff\x4f\xff\x51"), 0)
    at = data.find(b"\xff\x52", start)
    most = data[at + 9] if at >= 0 and at + 9 < len(data) else 0
    for count in range(min(most, 5), 0, -1):
        step = 2**count
        rests = (width % step, height % step)
        if max(width, height) >= side * step and all(rest == 0 or 2 * rest >= step for rest in rests):
            return count
    return 0


def _check_header(parts: Parts, max_pixels: int) -> None:
    """Looks where the decoder itself would take memory or time before it tells the picture's size."""
    if parts.format == "WEBP":
        _check_size("WEBP", *_webp_size(parts.data), max_pixels)
    if parts.format == "TIFF" and declared_bytes(parts.data) > len(parts.data) + 1_000_000:
        raise UnreadableError("it is a TIFF whose tags overlap, made to exhaust memory")


def _check_size(kind: str, width: int, height: int, max_pixels: int) -> None:
    limit = min(max_pixels, BUDGET // _COSTS[kind])
    if width * height > limit:
        raise UnreadableError(f"{width:,} x {height:,} pixels are too many; the limit for {kind} is {limit:,} in all")


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from the first chunk's header (RFC 9649, sections 2.5 to 2.7)."""
    kind, head = data[12:16], data[20:30]
    if len(head) < 10:
        raise UnreadableError("it is cut short (truncated)")
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF


def _reason(kind: str, error: BaseException) -> str:
    """A decoder's exception in words."""
    said = " ".join(str(error).split())
    if isinstance(error, EOFError) or "truncat" in said.lower() or "unexpected end" in said.lower():
        return f"it is a {kind} that is cut short (truncated)"
    if isinstance(error, MemoryError):
        return f"it is a {kind} that needs more memory than there is"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it is a {kind} of too many pixels"
    return f"it is a damaged or unsupported {kind}" + (f" ({said[:120]})" if said else "")
