"""A decoded picture -> what is kept of it: the copy to embed, a thumbnail, its hash and its colours."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from imagelore.read import Metadata, Options, Reading
from imagelore.read.picture.colours import dominant_colours
from imagelore.read.picture.hash import TINY, perceptual_hash

THUMBNAIL_QUALITY = 80


def pictured(picture: Image.Image, size: tuple[int, int], sha256: str, metadata: Metadata, options: Options) -> Reading:
    """An upright RGB picture as a reading; `size` is the original's, in pixels.

    The picture itself should have the larger of both sides in `options`, or its own where that is smaller.
    """
    tiny = np.asarray(picture.resize((TINY, TINY), Image.Resampling.BOX))
    return Reading(
        picture=fitted(picture, options.image_side),
        width=size[0],
        height=size[1],
        sha256=sha256,
        phash=perceptual_hash(tiny),
        colours=dominant_colours(tiny),
        thumbnail=jpeg_bytes(fitted(picture, options.thumbnail_side), THUMBNAIL_QUALITY),
        metadata=metadata,
    )


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """The picture with a longer side of `side` pixels, or itself where that is smaller."""
    longer = max(picture.size)
    if longer <= side:
        return picture
    width, height = (max(1, round(length * side / longer)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def jpeg_bytes(picture: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()
