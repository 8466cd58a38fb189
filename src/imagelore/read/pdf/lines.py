"""The text layer of a PDF's page -> lines with their boxes, in PDFium's order."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from PIL import Image

from imagelore.read.pdf.values import Box
from imagelore.types import Line

_MOST = 20_000  # letters of one page
_GRID = 1_000_000  # PDFium places a point on a picture in whole pixels: a large one
_BREAKS, _HYPHENS = (10, 13), (2, 0xFFFE)  # what PDFium writes at the end of a line, and for a hyphen there
_CONTROLS = dict.fromkeys([*range(9), *range(14, 32), 0x7F, 0xAD, 0xFFFE, 0xFFFF])
_LIGATURES = dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_CLEAN = _CONTROLS | _LIGATURES
_UNSEEN_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_SAME_COLOUR = 8  # of 255: text that differs less from its ground is not seen
_SAMPLE, _TALL = 5, 1.6  # a line that is so many times taller than the tallest of its first letters may be several
_COMMON = 0.25  # of the lower of two letters' heights, that letters of one line have in common
_FLAT = 0.1  # points: the height of letters without a form
_EDGE = 0.002  # of the page: how far a line may stand out of it and still be all inside


@dataclass(frozen=True, slots=True)
class _Span:
    """Letters of the text page that stand in one line, without what PDFium puts between lines."""

    start: int
    text: str
    hyphen: bool = False  # its last word goes on in the next


def text_lines(page: pypdfium2.PdfPage, picture: Image.Image) -> tuple[tuple[Line, ...], bool]:
    """The lines of a page and whether some were left out for their number; `picture` is the page as it is drawn.

    Text outside the page is left out, and text that nobody sees on it: in no ink or in the colour of its ground.
    The unseen text that lies over a scan is kept: it says what the scan shows.

    Raises:
        PdfiumError: the page is damaged.
    """
    pixels = np.asarray(picture)
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        lines, hyphens = [], []
        spans = _spans(textpage.raw, min(count, _MOST))
        for span, boxes in (row for whole in spans for row in _rows(textpage.raw, whole)):
            line = _line(page, textpage.raw, span, boxes)
            if line is not None and _seen(textpage.raw, span, line.box, pixels):
                lines.append(line)
                hyphens.append(span.hyphen)
    finally:
        textpage.close()
    return tuple(_joined(lines, hyphens)), count > _MOST


def shares(page: pypdfium2.PdfPage, points: Sequence[tuple[float, float]]) -> Box:
    """The box around points of the page's own coordinates, as it is seen: cropped, turned, from the upper left."""
    x, y = ctypes.c_int(), ctypes.c_int()
    across, down = [], []
    for point in points:
        pdfium.FPDF_PageToDevice(page, 0, 0, _GRID, _GRID, 0, *point, x, y)
        across.append(min(max(x.value / _GRID, 0.0), 1.0))
        down.append(min(max(y.value / _GRID, 0.0), 1.0))
    return min(across), min(down), max(across), max(down)


def _spans(text: Any, count: int) -> Iterator[_Span]:
    codes = [pdfium.FPDFText_GetUnicode(text, at) for at in range(count)]
    start = 0
    for at, code in enumerate([*codes, _BREAKS[0]]):
        if code in _BREAKS or code in _HYPHENS:
            if at > start:
                yield _Span(start, "".join(map(chr, codes[start:at])), code in _HYPHENS)
            start = at + 1


def _line(page: pypdfium2.PdfPage, text: Any, span: _Span, boxes: list[Box]) -> Line | None:
    """The span with the box around its boxes; None where nothing of it is on the page."""
    said, found, edges = span.text, boxes, page.get_bbox()
    slack = _EDGE * max(edges[2] - edges[0], edges[3] - edges[1])
    if any(box[n] < edges[n] - slack or box[n + 2] > edges[n + 2] + slack for box in found for n in (0, 1)):
        inside = [(letter, box) for letter, box in _letters(text, span) if _middle_in(box, edges)]
        said, found = "".join(letter for letter, _ in inside), [box for _, box in inside]
    said = " ".join(_whole(said).translate(_CLEAN).split())
    if not said or not found:
        return None
    box = shares(page, [corner for left, bottom, right, top in found for corner in ((left, bottom), (right, top))])
    return Line(said, box) if box[0] < box[2] and box[1] < box[3] else None


def _boxes(text: Any, span: _Span) -> list[Box]:
    """What PDFium draws around the span when it is selected: left, bottom, right, top."""
    sides = [ctypes.c_double() for _ in range(4)]
    found = []
    for at in range(pdfium.FPDFText_CountRects(text, span.start, len(span.text))):
        pdfium.FPDFText_GetRect(text, at, *sides)
        left, top, right, bottom = (side.value for side in sides)
        found.append((left, bottom, right, top))
    if found and max(top - bottom for _, bottom, _, top in found) < _FLAT:
        return list(_loose_boxes(text, span))
    return found


def _loose_boxes(text: Any, span: _Span) -> Iterator[Box]:
    """As high as the font's highest letters: of letters that have no form, as their font is not there."""
    box = pdfium.FS_RECTF()
    for at in range(span.start, span.start + len(span.text)):
        if pdfium.FPDFText_GetLooseCharBox(text, at, box):
            yield box.left, box.bottom, box.right, box.top


def _letters(text: Any, span: _Span) -> Iterator[tuple[str, Box]]:
    sides = [ctypes.c_double() for _ in range(4)]
    for at, letter in enumerate(span.text, start=span.start):
        pdfium.FPDFText_GetCharBox(text, at, *sides)
        left, right, bottom, top = (side.value for side in sides)
        yield letter, (left, bottom, right, top)


def _rows(text: Any, span: _Span) -> Iterator[tuple[_Span, list[Box]]]:
    """The span with its boxes, taken apart where PDFium takes several lines for one: it is taller than its letters."""
    boxes, first = _boxes(text, span), _letters(text, _Span(span.start, span.text[:_SAMPLE]))
    height = max(top - bottom for _, (_, bottom, _, top) in first)
    if not boxes or max(box[3] for box in boxes) - min(box[1] for box in boxes) <= _TALL * height:
        yield span, boxes
        return
    along = 1 if abs(math.sin(pdfium.FPDFText_GetCharAngle(text, span.start))) > 0.7 else 0  # 1: it runs up or down
    start, row, last = 0, (math.inf, -math.inf), None
    for at, (letter, box) in enumerate(_letters(text, span)):
        low, high = box[1 - along], box[3 - along]
        if letter.isspace() or low >= high:
            continue
        common = min(high, row[1]) - max(low, row[0])
        apart = common < _COMMON * min(high - low, row[1] - row[0])
        if last and apart and not _follows(box, last, along, row[1] - row[0]):
            upper = _Span(span.start + start, span.text[start:at])
            yield upper, _boxes(text, upper)
            start, row = at, (low, high)
        row, last = (min(low, row[0]), max(high, row[1])), box
    lowest = _Span(span.start + start, span.text[start:], span.hyphen)
    yield lowest, _boxes(text, lowest)


def _follows(box: Box, last: Box, along: int, height: float) -> bool:
    """Whether a letter stands right behind another: an apostrophe behind small letters has no height in common."""
    gap = box[along] - last[along + 2]
    if along:  # it runs up, or down
        gap = max(gap, last[along] - box[along + 2])
    return -0.02 * height <= gap <= height


def _middle_in(box: Box, edges: Box) -> bool:
    return all(edges[n] <= (box[n] + box[n + 2]) / 2 <= edges[n + 2] for n in (0, 1))


def _whole(text: str) -> str:
    """With letters beyond the first 65,536 as one code point each: PDFium gives their UTF-16 halves."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _seen(text: Any, span: _Span, box: Box, pixels: NDArray[np.uint8]) -> bool:
    """Whether a line can be seen: there is something where it stands, or else it has ink of another colour."""
    height, width = pixels.shape[:2]
    left, top = int(box[0] * width), int(box[1] * height)
    ground = pixels[top : max(top + 1, int(box[3] * height) + 1), left : max(left + 1, int(box[2] * width) + 1)]
    if ground.size == 0 or (ground != ground[0, 0]).any():
        return True
    shown = next((at for at, letter in enumerate(span.text, start=span.start) if not letter.isspace()), span.start)
    owner = pdfium.FPDFText_GetTextObject(text, shown)
    if owner and pdfium.FPDFTextObj_GetTextRenderMode(owner) in _UNSEEN_MODES:
        return False
    ink = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFText_GetFillColor(text, shown, *ink):
        return True
    *colour, alpha = (part.value for part in ink)
    return alpha > 0 and max(abs(a - int(b)) for a, b in zip(colour, ground[0, 0], strict=True)) >= _SAME_COLOUR


def _joined(lines: Sequence[Line], hyphens: Sequence[bool]) -> Iterator[Line]:
    """Words that a line's end divides are put together in the line where they begin."""
    rest = list(lines)
    for at, hyphen in enumerate(hyphens):
        line = rest[at]
        if hyphen:
            head, _, tail = rest[at + 1].text.partition(" ") if at + 1 < len(rest) else ("", "", "")
            if head[:1].islower():
                line, rest[at + 1] = replace(line, text=line.text + head), replace(rest[at + 1], text=tail)
            else:
                line = replace(line, text=line.text + "-")
        if line.text:
            yield line
