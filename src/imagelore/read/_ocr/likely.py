"""Whether a picture looks as if it held text: what `auto` asks before it spends time on reading it."""

from __future__ import annotations

from typing import Literal

from PIL import Image

from imagelore.errors import MissingExtraError
from imagelore.read._ocr.engine import MISSING, engine, installed
from imagelore.read._ocr.reading import pixels_of

GLANCE = 416  # pixels: the side at which `likely` looks; larger pictures show it more, and take longer
_LONG = 1.3  # times its height: less is more often an eye, a wheel or a window than a word
_TRIES, _SCORE = 3, 0.4  # of the largest boxes one must read as a word, at least so surely


def wanted(mode: Literal["auto", "on", "off"], picture: Image.Image) -> bool:
    """Whether the text in a picture is to be read under the setting `ocr`; `picture` may be small.

    Raises:
        MissingExtraError: it is to be read in any case, and the extra `ocr` is missing; or a model of it is.
    """
    if mode == "off" or (mode == "auto" and not installed()):
        return False
    if not installed():
        raise MissingExtraError(MISSING)
    return mode == "on" or likely(picture)


def likely(picture: Image.Image) -> bool:
    """Whether an upright RGB picture looks as if it held text: some box in it reads as a word, at a side of `GLANCE`.

    Raises:
        MissingExtraError: the extra `ocr` or a model of it is missing, or damaged.
    """
    reader = engine()
    small = picture.copy()
    small.thumbnail((GLANCE, GLANCE), Image.Resampling.BICUBIC)
    pixels = pixels_of(small)
    crops = (reader.crop(pixels, box) for box in reader.boxes(pixels))
    long = [crop for crop in crops if crop.shape[1] >= _LONG * crop.shape[0]]
    return any(_word(*reader.text(crop)) for crop in long[:_TRIES])


def _word(text: str, score: float) -> bool:
    return score >= _SCORE and sum(map(str.isalnum, text)) > 1
