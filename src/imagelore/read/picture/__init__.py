"""Pictures: JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and JPEG 2000, told by their content, whatever the file's name."""

from __future__ import annotations

import hashlib
import io

import numpy as np
from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading
from imagelore.read.picture.colours import dominant_colours
from imagelore.read.picture.containers import take_apart
from imagelore.read.picture.decode import decode, with_inner_blocks
from imagelore.read.picture.embedded import embedded_metadata
from imagelore.read.picture.exif import exif_tags
from imagelore.read.picture.hash import TINY, perceptual_hash
from imagelore.types import Asset

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".avif", ".avifs", ".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jpf"),
)
_THUMBNAIL_QUALITY = 80


def read(asset: Asset, data: bytes, options: Options) -> Reading:  # noqa: ARG001  (of the contract)
    """A picture file, decoded once: the picture, its thumbnail, and what its bytes say about it.

    Raises:
        UnreadableError: it is empty, no picture, damaged, cut short or too large; the text is the reason, without the
            file's name.
    """
    if len(data) > options.max_bytes:
        size, limit = len(data) / 1e6, options.max_bytes / 1e6
        raise UnreadableError(f"it is {size:,.0f} MB large; the limit is {limit:,.0f} MB")
    parts = with_inner_blocks(take_apart(data))
    side = max(options.image_side, options.thumbnail_side)
    decoded = decode(parts, side, options.max_pixels, exif_tags(parts.exif).orientation)
    tiny = np.asarray(decoded.picture.resize((TINY, TINY), Image.Resampling.BOX))
    return Reading(
        picture=_fitted(decoded.picture, options.image_side),
        width=decoded.width,
        height=decoded.height,
        sha256=hashlib.sha256(data).hexdigest(),
        phash=perceptual_hash(tiny),
        colours=dominant_colours(tiny),
        thumbnail=_jpeg(_fitted(decoded.picture, options.thumbnail_side)),
        metadata=embedded_metadata(parts, options.gps),
    )


def embedded(data: bytes, options: Options) -> Metadata:
    """What a picture file says about itself (IPTC, XMP, EXIF), without decoding it.

    Raises:
        UnreadableError: it is empty or no picture.
    """
    return embedded_metadata(with_inner_blocks(take_apart(data)), options.gps)


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    longer = max(picture.size)
    if longer <= side:
        return picture
    width, height = (max(1, round(length * side / longer)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_THUMBNAIL_QUALITY)
    return stream.getvalue()
