"""A picture -> the lines of text in it, in bounded time and memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from imagelore.read._ocr.engine import Corners, Engine, Pixels, engine
from imagelore.read._ocr.order import reading_order
from imagelore.read.picture.memory import decoding
from imagelore.types import Line

SIDE = 2000  # pixels: the longer side that a picture is to have when it is read, where it is that large

_FIRST = 1280  # pixels: the side at which text is looked for first
_SMALL = 18  # pixels: boxes of this height or less hold letters that a larger picture shows better
_SCORE = 0.6  # of what was read, 0 to 1: less is seldom what stands there
_COST = 210  # bytes a pixel that looking for text takes, measured from 1 to 3 megapixels
_MOST = 300  # lines a picture
_SECONDS = 20.0  # a picture


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a picture, and what reading it took."""

    lines: tuple[Line, ...] = ()
    seconds: float = 0.0
    warning: str = ""  # what was left out, and why


def read(picture: Image.Image, most: int = _MOST, seconds: float = _SECONDS) -> Found:
    """The lines of an upright RGB picture in reading order; at most `most` of them, and what `seconds` allow.

    Raises:
        MissingExtraError: the extra `ocr` or a model of it is missing, or damaged.
    """
    reader, began = engine(), time.monotonic()
    picture = _sized(picture)
    pixels = pixels_of(picture)
    boxes = _boxes(reader, picture)
    kept: list[tuple[str, Corners]] = []
    done = 0
    for box in boxes[:most]:  # the largest: what is left out is small
        if time.monotonic() - began > seconds:
            break
        text, score = reader.text(reader.crop(pixels, box))
        if score >= _SCORE and any(map(str.isalnum, text)):
            kept.append((text, box))
        done += 1
    warning = f"{len(boxes) - done:,} of {len(boxes):,} places with text were not read" if done < len(boxes) else ""
    if warning and done < most:
        warning += f": {seconds:g} s were over"
    return Found(reading_order(list(_lines(kept, picture.size))), time.monotonic() - began, warning)


def pixels_of(picture: Image.Image) -> Pixels:
    """A picture as the engine takes it."""
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def _sized(picture: Image.Image) -> Image.Image:
    """A small picture up to twice as large, for text that is small in it; a large one at `SIDE`."""
    longer = max(picture.size)
    scale = min(SIDE / longer, 1.0) if longer > _FIRST else min(_FIRST / longer, 2.0)
    if scale == 1.0:
        return picture
    width, height = (max(1, round(length * scale)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _boxes(reader: Engine, picture: Image.Image) -> list[Corners]:
    """Where text stands. Where most of it is small, it is looked for again in the whole picture."""
    boxes = _looked(reader, picture, _FIRST)
    if boxes and max(picture.size) > _FIRST:
        scale = _FIRST / max(picture.size)
        if statistics.median(_height(box) * scale for box in boxes) <= _SMALL:
            return _looked(reader, picture, SIDE)
    return boxes


def _looked(reader: Engine, picture: Image.Image, side: int) -> list[Corners]:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC)
    scale = np.float32([picture.width / small.width, picture.height / small.height])
    with decoding.taken(small.width * small.height * _COST):
        return [box * scale for box in reader.boxes(pixels_of(small))]


def _lines(kept: list[tuple[str, Corners]], size: tuple[int, int]) -> Iterator[Line]:
    """A letter by itself is text only among text: round things look like an O, wheels like an 8."""
    among = any(sum(map(str.isalnum, text)) > 1 for text, _ in kept)
    for text, box in kept:
        if among:
            left, top, right, bottom = (*box.min(axis=0), *box.max(axis=0)) / np.float32([*size, *size])
            yield Line(text, (float(left), float(top), min(1.0, float(right)), min(1.0, float(bottom))))


def _height(box: Corners) -> float:
    return float(min(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[0] - box[1])))
