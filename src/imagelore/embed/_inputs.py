"""What embedding services are sent, and what comes of it: pictures as JPEG, texts in windows, unit vectors."""

from __future__ import annotations

import io
import math
import re
from itertools import islice

import numpy as np
from PIL import Image

from imagelore.types import Vectors

_TINY, _THIN = 32, 16  # pixels: services want more than 10 a side
_QUALITY = 90
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f"  # written without spaces
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]{{1,24}}")  # a longer run is an address or a number: several words


def jpeg(picture: Image.Image, side: int) -> bytes:
    """An RGB picture as JPEG with a longer side of at most `side`; tiny ones are enlarged, thin ones padded."""
    longest = max(picture.size)
    scale = min(side, max(longest, _TINY)) / longest
    if scale != 1:
        width, height = (max(1, round(length * scale)) for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    if min(picture.size) < _THIN:
        width, height = (max(_THIN, length) for length in picture.size)
        mean = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        padded = Image.new("RGB", (width, height), mean)
        padded.paste(picture, ((width - picture.width) // 2, (height - picture.height) // 2))
        picture = padded
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_QUALITY)
    return data.getvalue()


def windows(text: str, words: int, most: int) -> list[str]:
    """A text in at most `most` windows of about equal length, none longer than `words`; what is beyond is left out.

    A character of a script without spaces counts as a word.
    """
    spans = [match.span() for match in islice(_WORD.finditer(text), words * most)]
    size = math.ceil(len(spans) / max(1, math.ceil(len(spans) / words))) or 1
    parts = [spans[n : n + size] for n in range(0, len(spans), size)]
    return [text[part[0][0] : part[-1][1]] for part in parts]


def unit(vector: Vectors) -> Vectors:
    """A vector with length 1."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


def neutral(dimensions: int) -> Vectors:
    """The vector of a text that says nothing: close to no other (at right angles to what a model makes, or nearly)."""
    return unit(np.where(np.arange(dimensions) % 2, -1, 1).astype(np.float32))
