"""The order in which a person reads lines: top to bottom, left to right, one column after another."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from imagelore.types import Line

_OVERLAP = 0.5  # share of the lower one's height that two boxes of one row have in common
_GAP = 0.015  # share of the picture's width: the least between two columns
_COLUMN = 3, 0.12  # lines that make a column, and the median share of the picture's width that they have


def reading_order(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Rows from the top, each from the left; where several rows stand in columns of running text, by column."""
    ordered: list[Line] = []
    block: list[list[Line]] = []
    for row in _rows(lines):
        if block and _gutter([*block, row]) is None:
            ordered += _block(block)
            block = []
        block.append(row)
    return (*ordered, *_block(block))


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3], line.box[0])):
        if rows and _beside(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in rows]


def _beside(one: Line, other: Line) -> bool:
    common = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return common > _OVERLAP * min(one.box[3] - one.box[1], other.box[3] - other.box[1])


def _gutter(rows: Sequence[Sequence[Line]]) -> float | None:
    """Where an empty strip runs down between all lines of the rows; None where there is none."""
    right = None
    for line in sorted((line for row in rows for line in row), key=lambda line: line.box[0]):
        if right is not None and line.box[0] - right >= _GAP:
            return (right + line.box[0]) / 2
        right = max(right or 0.0, line.box[2])
    return None


def _block(rows: Sequence[Sequence[Line]]) -> list[Line]:
    lines = [line for row in rows for line in row]
    at = _gutter(rows)
    if at is not None:
        sides = [line for line in lines if line.box[2] < at], [line for line in lines if line.box[0] > at]
        if all(map(_column, sides)):
            return [line for side in sides for line in reading_order(side)]
    return lines


def _column(lines: Sequence[Line]) -> bool:
    least, width = _COLUMN
    return len(lines) >= least and statistics.median(line.box[2] - line.box[0] for line in lines) >= width
