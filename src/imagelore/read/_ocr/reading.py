"""A picture -> the lines of text in it, in bounded time and memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from imagelore.read import Reading
from imagelore.read._ocr.engine import Corners, Engine, Pixels, engine
from imagelore.read._ocr.order import reading_order
from imagelore.read.picture.memory import decoding
from imagelore.types import Line

SIDE = 2000  # pixels: the longer side that a picture is to have when it is read, where it is that large

_FIRST = 1280  # pixels: the side at which text is looked for first
_SMALL = 18  # pixels: boxes of this height or less hold letters that a larger picture shows better
_SCORE = 0.7  # of what was read, 0 to 1: less is seldom what stands there
_COST = 210  # bytes a pixel that looking for text takes, measured from 1 to 3 megapixels
_MOST = 300  # lines a picture
_SECONDS = 20.0  # of a core, a picture: a busy machine makes it slower, and must not make it read less


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a picture, and what reading it took."""

    lines: tuple[Line, ...] = ()
    seconds: float = 0.0
    warning: str = ""  # what was left out, and why


def read(picture: Image.Image, most: int = _MOST, seconds: float = _SECONDS) -> Found:
    """The lines of an upright RGB picture in reading order; at most `most` of them, and what `seconds` of a core allow.

    Raises:
        MissingExtraError: the extra `ocr` or a model of it is missing, or damaged.
    """
    reader, began, spent = engine(), time.monotonic(), time.thread_time()
    picture = _sized(picture)
    pixels = pixels_of(picture)
    boxes = _boxes(reader, picture)
    kept: list[tuple[str, Corners]] = []
    done = 0
    for box in boxes[:most]:  # the largest: what is left out is small
        if time.thread_time() - spent > seconds:
            break
        text, score = reader.text(reader.crop(pixels, box))
        if score >= _SCORE and any(map(str.isalnum, text)):
            kept.append((text, box))
        done += 1
    limit = f"{most} are the limit" if done == most else f"{seconds:g} s of a core are the limit"
    left = len(boxes) - done
    warning = f"{left:,} of {len(boxes):,} places with text were not read: {limit}" if left else ""
    return Found(reading_order(list(_lines(kept, picture.size))), time.monotonic() - began, warning)


def with_text(reading: Reading, picture: Image.Image) -> Reading:
    """A reading with the text that stands in its picture, which is given larger.

    Raises:
        MissingExtraError: as `read`.
    """
    found = read(picture)
    warnings = (*reading.warnings, *filter(None, [found.warning]))
    return replace(reading, lines=found.lines, ocr_seconds=found.seconds, warnings=warnings)


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
    """Where text stands. Where most of it is small, it is looked for again in the whole picture.

    That finds more on a busy ground, and less on an empty one.
    """
    boxes = _looked(reader, picture, _FIRST)
    if boxes and max(picture.size) > _FIRST:
        scale = _FIRST / max(picture.size)
        if statistics.median(_height(box) * scale for box in boxes) <= _SMALL:
            return max(boxes, _looked(reader, picture, SIDE), key=len)
    return boxes


def _looked(reader: Engine, picture: Image.Image, side: int) -> list[Corners]:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.BICUBIC)
    scale = np.array([picture.width / small.width, picture.height / small.height], np.float32)
    with decoding.taken(small.width * small.height * _COST):
        return [box * scale for box in reader.boxes(pixels_of(small))]


def _lines(kept: list[tuple[str, Corners]], size: tuple[int, int]) -> Iterator[Line]:
    """A letter by itself is text only among text: round things look like an O, wheels like an 8."""
    among = any(sum(map(str.isalnum, text)) > 1 for text, _ in kept)
    for text, box in kept:
        if among:
            shares = np.clip(box / np.array(size, np.float32), 0, 1)
            (left, top), (right, bottom) = shares.min(axis=0).tolist(), shares.max(axis=0).tolist()
            yield Line(text, (left, top, right, bottom))


def _height(box: Corners) -> float:
    return float(min(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[0] - box[1])))
