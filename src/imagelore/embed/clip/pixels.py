"""A picture as an encoder wants it, made as its reference makes it.

transformers: `CLIPImageProcessorPil`, `SiglipImageProcessorPil`; open_clip: `image_transform`. They resize first and
crop then; here only what is kept of the picture is resized, which is the same and bounds what a thin picture takes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelore.embed.clip.facts import Pixels


def prepared(picture: Image.Image, how: Pixels) -> NDArray[np.float32]:
    """An RGB picture of any size -> `[3, side, side]`, normalised."""
    small = picture.resize((how.side, how.side), how.resample, box=_kept(picture.size, how))
    planes = np.asarray(small).transpose(2, 0, 1)
    made = np.empty(planes.shape, np.float32)
    for plane, mean, std, into in zip(planes, how.mean, how.std, made, strict=True):  # (plane / 255 - mean) / std
        np.multiply(plane, np.float32(1 / (255 * std)), out=into)
        np.subtract(into, np.float32(mean / std), out=into)
    return made


def _kept(size: tuple[int, int], how: Pixels) -> tuple[float, float, float, float]:
    """The part of a picture that the square shows: left, top, right, bottom in its own pixels."""
    width, height = size
    if not how.edge:
        return 0, 0, width, height
    shorter = min(size)
    left, right = _span(width, int(how.edge * width / shorter), how)
    top, bottom = _span(height, int(how.edge * height / shorter), how)
    return left, top, right, bottom


def _span(length: int, scaled: int, how: Pixels) -> tuple[float, float]:
    start = round((scaled - how.side) / 2) if how.rounded else (scaled - how.side) // 2
    return start * length / scaled, (start + how.side) * length / scaled
