"""The lines of a record as JSON values, and back: what every engine keeps of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from imagelore.index._values import utf8
from imagelore.types import Line

_DIGITS = 5  # of a share: a fiftieth of a pixel of the widest page; all 17 would take more room than the text


def lines_value(lines: Sequence[Line]) -> list[list[Any]]:
    """Lines as JSON: the text, then its box to five digits; what is no number becomes 0."""
    return [[utf8(line.text), *map(_share, line.box)] for line in lines]


def lines_of(value: Iterable[Sequence[Any]]) -> tuple[Line, ...]:
    """The lines that `lines_value` was given."""
    return tuple(Line(text, (left, top, right, bottom)) for text, left, top, right, bottom in value)


def _share(number: float) -> float:
    return round(float(number), _DIGITS) if math.isfinite(number) else 0.0
