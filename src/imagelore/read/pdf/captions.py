"""What a page says about a figure on it: its caption, or the text that stands nearest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagelore.read.pdf.values import Box
from imagelore.types import Line

_NAMED = re.compile(
    r"(fig(ure|\.)?|abb(ildung|\.)?|bild|photo(graph)?|plate|exhibit|chart|diagram|image|picture|illustration|scheme|map"
    r"|figura|imagen|foto|tab(le|elle|leau|ela|\.)?|图|図|그림|рис(унок|\.)?)\s*\.?\s*[\dIVXA-Z]",
    re.IGNORECASE,
)
_PART = re.compile(r"\(?[a-z]\)\s*\w")
_NEAR = 0.08  # of the page's height between a figure and text that belongs to it
_NAMED_NEAR = 0.15  # where the text says that it is a caption
_LINES, _LETTERS = 6, 500  # of a caption
_LEADING = 1.2  # line heights between two lines of one paragraph


def caption(figure: Box, lines: Sequence[Line]) -> str:
    """The caption below a figure, or above it; else the text nearest below, above or beside it; "" for none."""
    outside = [line for line in lines if not _within(figure, line.box)]
    for where, named in ((_below, True), (_above, True), (_below, False), (_above, False), (_beside, False)):
        reach = _NAMED_NEAR if named else _NEAR
        near = [
            (gap, at)
            for at, line in enumerate(outside)
            if (gap := where(figure, line.box)) is not None and gap <= reach and bool(_NAMED.match(line.text)) >= named
        ]
        if near:
            gap, at = min(near)
            part = _part_caption(figure, outside, gap) if where is _below and named else ""
            return f"{part} {_paragraph(outside, at, upwards=where is _above and not named)}".strip()
    return ""


def lines_in(figure: Box, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines that stand in a figure, with their boxes as shares of it."""
    left, top, right, bottom = figure
    wide, high = right - left, bottom - top
    return tuple(
        Line(line.text, _clipped(((a - left) / wide, (b - top) / high, (c - left) / wide, (d - top) / high)))
        for line in lines
        if _within(figure, line.box)
        for a, b, c, d in [line.box]
    )


def _part_caption(figure: Box, lines: Sequence[Line], reach: float) -> str:
    """What stands between a figure and the caption that it shares with others: "(a) a brown bear"."""
    parts = [
        (gap, line.text) for line in lines if _PART.match(line.text) and (gap := _below(figure, line.box)) is not None
    ]
    return min(parts)[1] if parts and min(parts)[0] < reach else ""


def _paragraph(lines: Sequence[Line], at: int, upwards: bool) -> str:
    """The line with those that go on from it; `upwards`: it is the last of them."""
    step, found = -1 if upwards else 1, [lines[at]]
    while len(found) < _LINES and 0 <= (at := at + step) < len(lines):
        upper, lower = (lines[at], found[-1]) if upwards else (found[-1], lines[at])
        height = max(upper.box[3] - upper.box[1], lower.box[3] - lower.box[1])
        gap = lower.box[1] - upper.box[3]
        if not -height < gap <= _LEADING * height or not _overlap(upper.box, lower.box) or _NAMED.match(lower.text):
            break
        found.append(lines[at])
    texts = [line.text for line in (reversed(found) if upwards else found)]
    return " ".join(texts)[:_LETTERS]


def _below(figure: Box, box: Box) -> float | None:
    return box[1] - figure[3] if _overlap(figure, box) and box[1] + box[3] > 2 * figure[3] else None


def _above(figure: Box, box: Box) -> float | None:
    return figure[1] - box[3] if _overlap(figure, box) and box[1] + box[3] < 2 * figure[1] else None


def _beside(figure: Box, box: Box) -> float | None:
    if box[3] < figure[1] or box[1] > figure[3]:
        return None
    return max(box[0] - figure[2], figure[0] - box[2])


def _overlap(a: Box, b: Box) -> bool:
    """Whether one stands over the other."""
    return min(a[2], b[2]) > max(a[0], b[0])


def _within(figure: Box, box: Box) -> bool:
    """Whether the middle of a box is in the figure."""
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return figure[0] < across < figure[2] and figure[1] < down < figure[3]


def _clipped(box: Box) -> Box:
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box)
    return left, top, right, bottom
