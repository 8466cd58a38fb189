"""The pictures that a prompt carries: those that matter most, near-duplicates once, as many as there is room for."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelore.augment._tokens import jpeg_tokens
from imagelore.errors import ImageloreError
from imagelore.types import Hit, Record

_AT_ONCE = 4  # pictures opened side by side: they may come over a network
_LEAST_SIDE = 128  # pixels: a picture is not made smaller than that to fit
_QUALITY = 85
_GRID = 32  # cells a side in which two pictures are compared
# Of 8-bit levels. Copies that were rescaled or encoded again differ by 2 in the mean and by 20 in one cell at most; two
# pages of text differ by more in single cells.
_MEAN, _MOST = 4.0, 32.0
_TEXTLESS, _SEEN = 3, 2  # places that a hit moves up: it has no words; it was found by its picture
_BY_PICTURE = ("look", "image")
_EARLY = 5  # ranks of those rankings that count

Grid = NDArray[np.float32]


@dataclass
class Chosen:
    """The pictures that go along: `by_source` by the source's number, `twins` of what else another picture shows."""

    room: int  # tokens that are left
    by_source: dict[int, bytes] = field(default_factory=dict)
    twins: dict[int, str] = field(
        default_factory=dict
    )  # number -> the picture that it nearly is: "[2]'s", "the user's"
    _shown: list[tuple[str, bytes]] = field(default_factory=list)
    _grids: list[Grid] = field(default_factory=list)  # of those, made when there is something to compare

    def show(self, jpeg: bytes, name: str) -> None:
        """A picture that goes along whatever the room."""
        self._shown.append((name, jpeg))
        self.room -= jpeg_tokens(jpeg)

    def fitting(self, jpeg: bytes) -> bytes | None:
        """A picture at a size for which there is room."""
        while (tokens := jpeg_tokens(jpeg)) > self.room:
            smaller = _halved(jpeg)
            if smaller is None or jpeg_tokens(smaller) >= tokens:
                return None
            jpeg = smaller
        return jpeg

    def take(self, number: int, jpeg: bytes) -> None:
        """A source's picture, where there is room and none like it goes along already."""
        self._grids += [_grid(shown) for _, shown in self._shown[len(self._grids) :]]
        grid = _grid(jpeg)
        alike = (name for (name, _), known in zip(self._shown, self._grids, strict=True) if _alike(grid, known))
        if twin := next(alike, ""):
            self.twins[number] = twin
        elif (fitting := self.fitting(jpeg)) is not None:
            self.by_source[number] = fitting
            self.show(fitting, f"[{number}]")


def choose(
    chosen: Chosen, hits: Sequence[Hit], about: Collection[str], open_picture: Callable[[Record], bytes], most: int
) -> None:
    """Adds at most `most` of the hits' pictures, opened side by side; one that cannot be opened leaves its place.

    `about` holds ids of records that the question is about: theirs come first.
    """

    def opened(number: int) -> bytes | None:
        try:
            return open_picture(hits[number - 1].record)
        except ImageloreError:
            return None

    waiting = [number for _, number in sorted(_ranked(hits, about))]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting and chosen.room > 0 and (missing := most - len(chosen.by_source)) > 0:
            wave, waiting = waiting[:missing], waiting[missing:]
            for number, jpeg in zip(wave, pool.map(opened, wave), strict=True):
                if jpeg is not None:
                    chosen.take(number, jpeg)


def _ranked(hits: Sequence[Hit], about: Collection[str]) -> Iterator[tuple[tuple[bool, bool, int], int]]:
    """How soon each picture is wanted, and its number: what fits before what is only the closest.

    A page that is nothing but its text, set by us, is not: the text goes along.
    """
    for number, hit in enumerate(hits, start=1):
        if hit.record.drawn:
            continue
        textless = not (hit.record.text or hit.record.title or hit.record.lines)
        seen = any(name in hit.found and hit.found[name].rank <= _EARLY for name in _BY_PICTURE)
        place = number - _TEXTLESS * textless - _SEEN * seen
        yield (hit.record.id not in about, not hit.fits, place), number


def _grid(jpeg: bytes) -> Grid:
    with Image.open(io.BytesIO(jpeg)) as picture:
        small = picture.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX)
        return np.asarray(small, np.float32)


def _alike(a: Grid, b: Grid) -> bool:
    difference = np.abs(a - b)
    return bool(difference.mean() <= _MEAN and difference.max() <= _MOST)


def _halved(jpeg: bytes) -> bytes | None:
    """A picture at half its size; None: it would be too small to see anything."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        if max(picture.size) // 2 < _LEAST_SIDE:
            return None
        out = io.BytesIO()
        picture.convert("RGB").reduce(2).save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()
