"""Pictures: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000, HEIC (extra `heic`), told by their content, not name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, _ocr
from imagelore.read.picture.containers import Parts, format_of, heic_is_read, take_apart
from imagelore.read.picture.decode import decode, size_of, with_inner_blocks
from imagelore.read.picture.embedded import embedded_metadata
from imagelore.read.picture.exif import exif_tags
from imagelore.read.picture.pictured import jpeg_bytes, pictured
from imagelore.types import Asset

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".avif", ".avifs", ".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"),
    *((".heic", ".heif", ".hif") if heic_is_read() else ()),
)
_SHOWN_QUALITY = 85
_MEDIA_TYPES = {"JPEG2000": "image/jp2"}  # the others are named as their format is


def read(asset: Asset, data: bytes, options: Options) -> Reading:  # noqa: ARG001  (of the contract)
    """A picture file: the picture, its thumbnail, what its bytes say about it, and the text in it where that is wanted.

    It is decoded once, and a second time and larger where text is read.

    Raises:
        UnreadableError: it is empty, no picture, damaged, cut short or too large; the text is the reason, without the
            file's name.
        MissingExtraError: text is to be read, and the extra `ocr` is missing or damaged.
    """
    parts = _parts(data, options)
    looking = options.ocr == "on" or (options.ocr == "auto" and _ocr.installed())
    side = max(options.image_side, options.thumbnail_side, _ocr.GLANCE if looking else 0)
    orientation = exif_tags(parts.exif).orientation
    decoded = decode(parts, side, options.max_pixels, orientation)
    sha256, metadata = hashlib.sha256(data).hexdigest(), embedded_metadata(parts, options.gps)
    reading = pictured(decoded.picture, (decoded.width, decoded.height), sha256, metadata, options)
    if not _ocr.wanted(options.ocr, decoded.picture):
        return reading
    if max(decoded.width, decoded.height) > side:
        decoded = decode(parts, _ocr.SIDE, options.max_pixels, orientation)
    return _ocr.with_text(reading, decoded.picture)


def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading]:
    """The one reading of a picture file: see `read`."""
    yield read(asset, data, options)


def part(data: bytes, place: str, options: Options) -> bytes:  # noqa: ARG001  (of the contract)
    """The picture file itself."""
    return data


def embedded(data: bytes, options: Options) -> Metadata:
    """What a picture file says about itself (IPTC, XMP, EXIF), without decoding it.

    Raises:
        UnreadableError: it is empty or no picture.
    """
    return embedded_metadata(with_inner_blocks(take_apart(data)), options.gps)


def jpeg(data: bytes, side: int, options: Options = Options()) -> bytes:
    """A picture file as a JPEG of at most `side` pixels on its longer side: upright, on white, without metadata.

    Every picture that is shown or sent anywhere goes through here or through `read`; nothing else decodes.

    Raises:
        UnreadableError: as `read`.
    """
    parts = _parts(data, options)
    decoded = decode(parts, side, options.max_pixels, exif_tags(parts.exif).orientation)
    return jpeg_bytes(decoded.picture, _SHOWN_QUALITY)


def size(data: bytes, options: Options = Options()) -> tuple[int, int]:
    """Width and height of a picture file as they are stored, without decoding it.

    Raises:
        UnreadableError: as `read`.
    """
    return size_of(take_apart(data), options.max_pixels)


def media_type(data: bytes) -> str:
    """The media type that the first bytes announce; `application/octet-stream` for what is no picture."""
    try:
        kind = format_of(data)
    except UnreadableError:
        return "application/octet-stream"
    return _MEDIA_TYPES.get(kind, f"image/{kind.lower()}")


def _parts(data: bytes, options: Options) -> Parts:
    options.check_size(len(data))
    return with_inner_blocks(take_apart(data))
