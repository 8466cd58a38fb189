"""Vectors that mean something, for fakes of embedding services: pictures and texts meet in the names of colours.

A picture's vector holds the share of sixteen named colours and, faintly, where it is bright; a text's the colours it
names and, in other dimensions, the words it holds. So "a red ball" is near red pictures and near texts about balls.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
from PIL import Image

from imagelore.types import Vectors

COLOURS = {
    "black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128), "red": (220, 20, 20),
    "green": (20, 160, 20), "blue": (20, 20, 220), "yellow": (250, 240, 20), "orange": (250, 140, 10),
    "purple": (130, 20, 160), "pink": (255, 160, 190), "brown": (120, 70, 30), "cyan": (20, 220, 220),
    "magenta": (240, 20, 220), "olive": (128, 128, 0), "navy": (0, 0, 100), "beige": (235, 220, 180),
}  # fmt: skip
_RGB = np.array(list(COLOURS.values()), np.float32)
_INDEX = {name: n for n, name in enumerate(COLOURS)} | {"gray": 2}
_PLACES, _WORDS = 16, 64  # where brightness begins (8 x 8 values), and where words do


def of_picture(picture: Image.Image, dimensions: int) -> Vectors:
    """The unit vector of a picture."""
    small = np.asarray(picture.convert("RGB").resize((16, 16), Image.Resampling.BOX), np.float32)
    nearest = np.square(small.reshape(-1, 1, 3) - _RGB).sum(axis=2).argmin(axis=1)
    vector = np.zeros(dimensions, np.float32)
    vector[: len(COLOURS)] = np.bincount(nearest, minlength=len(COLOURS)) / len(nearest)
    bright = small.mean(axis=2).reshape(8, 2, 8, 2).mean(axis=(1, 3)).ravel() / 255
    vector[_PLACES : _PLACES + 48] = 0.05 * bright[:48]
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def of_text(text: str, dimensions: int) -> Vectors:
    """The unit vector of a text."""
    vector = np.zeros(dimensions, np.float32)
    for word in re.findall(r"\w+", text.lower()) or [text]:
        if word in _INDEX:
            vector[_INDEX[word]] += 1
        vector[_WORDS + zlib.crc32(word.encode()) % (dimensions - _WORDS)] += 0.4
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
