"""What is read of one page of a PDF."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from imagelore.types import Line

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: of what is seen of a page, as shares of it; where it is said, in points of the page."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture on a page, drawn as it is seen there."""

    number: int  # on the page, from 1
    picture: Image.Image
    size: tuple[int, int]  # pixels of the bitmap
    caption: str
    lines: tuple[Line, ...]  # of the page's text layer, that stand in it


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page."""

    number: int
    picture: Image.Image
    size: tuple[int, int]  # pixels that it is shown with
    lines: tuple[Line, ...]
    figures: tuple[Figure, ...]
    left_out: tuple[tuple[int, str], ...]  # figures that are not read: number, reason
    warnings: tuple[str, ...]
