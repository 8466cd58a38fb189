"""The text that stands in a picture or on a page: as running text, cut out for a question, and found again in it.

Lines are what a page is set in. Sentences run across them, words are divided at their ends, and the cells of a table's
row are lines of their own. Pure functions that every step may use.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from imagelore.types import Line, Record
from imagelore.words import content_words, stems

Box = tuple[float, float, float, float]

BETWEEN = " / "  # stands between paragraphs, headings and rows on one line of a prompt
_GAP = " … "
_LONG = 25  # letters from which on a line may be one of a paragraph
_FULL = 0.75  # of the widest line near it: a line that wide goes on in the next one
_NEAR = 3  # lines before and after that are near
_SIZES = 1.35  # the height of one line's letters over another's: past that they are a heading and its text
_LEADING = 1.1  # heights of a line: more white than that between two lines parts paragraphs
_IN_A_ROW = 0.5  # of the lower line's height: so much is shared by cells of one row
_BEARING = re.compile(
    r"\b(?:with|has|have|having|contains?|containing|bears?|bearing|shows?|showing) (?:the |an? )?"
    r"(?:text|words?|writing|inscription|lettering)\b|\b(?:that|which) (?:says?|reads?)\b"
    r"|(?<=picture )says?\b|(?<=pictures )say\b|(?<=photo )says?\b|(?<=sign )(?:says|saying|reading)\b"
    r"|\b(?:written|printed) on (?:it|them)\b|\bon (?:it|them)(?=\W*$)",
    re.IGNORECASE,
)
_DIVIDED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
_ITEM = re.compile(r"(?:[-*•‣◦–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")


class _Row(NamedTuple):
    """Lines side by side."""

    text: str
    box: Box
    cells: int


def sought(question: str) -> str:
    """A question for pictures by the text in them, without the words that only say so: "which ones say EXIT?"."""
    left = " ".join(_BEARING.sub(" ", question).split())
    return left if content_words(left) else question


def paragraphs(lines: Sequence[Line]) -> list[str]:
    """Lines as running text: a paragraph, a heading, a table's row each; words divided at a line's end are whole."""
    rows = _rows(lines)
    joined: list[str] = []
    for n, row in enumerate(rows):
        if n and _goes_on(rows, n):
            joined[-1] = _together(joined[-1], row.text)
        else:
            joined.append(row.text)
    return [text for text in joined if text]


def excerpt(lines: Sequence[Line], wanted: Collection[str], limit: int) -> str:
    """What stands there as one line of at most `limit` characters: of a longer text the lines around the wanted stems.

    Rare ones count more, as in a search. Where none is there it is the beginning.
    """
    whole = BETWEEN.join(paragraphs(lines))
    if len(whole) <= limit:
        return whole
    held = [{*stems(line.text)} & {*wanted} for line in lines]
    frequency = Counter(stem for found in held for stem in found)
    weights = [sum(math.log(1 + len(lines) / frequency[stem]) for stem in found) for found in held]
    matched = [n for n, weight in enumerate(weights) if weight] or [0]
    nearness = [max((weights[m] or 1.0) / (1 + abs(n - m)) for m in matched) for n in range(len(lines))]
    taken: set[int] = set()
    for n in sorted(range(len(lines)), key=lambda n: (-nearness[n], n)):
        limit -= len(lines[n].text) + len(BETWEEN)
        if limit < 0 and taken:
            break
        taken.add(n)
    return _GAP.join(BETWEEN.join(paragraphs([lines[n] for n in run])) for run in _runs(sorted(taken)))


def regions(record: Record, passage: str) -> tuple[Box, ...]:
    """The boxes of the lines that a passage of the record's text stands in; () where it is not there.

    Breaks, hyphens, spaces, signs and the case of letters may differ, and accents where it is not there with its own.
    """
    forms: tuple[Literal["NFKC", "NFKD"], ...] = ("NFKC", "NFKD")
    for form in forms:  # letters with their accents, then without
        wanted = "".join(_letters(passage, form))
        letters, owners = [], []
        for number, line in enumerate(record.lines):
            own = [*_letters(line.text, form)]
            letters += own
            owners += [number] * len(own)
        if wanted and (at := "".join(letters).find(wanted)) >= 0:
            return tuple(record.lines[n].box for n in dict.fromkeys(owners[at : at + len(wanted)]))
    return ()


def _letters(text: str, form: Literal["NFKC", "NFKD"]) -> Iterator[str]:
    for sign in unicodedata.normalize("NFC", text):
        yield from (c for c in unicodedata.normalize(form, sign).casefold() if c.isalnum())


def _rows(lines: Sequence[Line]) -> list[_Row]:
    rows: list[_Row] = []
    for line in lines:
        text = " ".join(line.text.split())
        if rows and text and _beside(rows[-1].box, line.box):
            before, box = rows[-1], line.box
            around = (before.box[0], min(before.box[1], box[1]), box[2], max(before.box[3], box[3]))
            rows[-1] = _Row(f"{before.text} {text}", around, before.cells + 1)
        elif text:
            rows.append(_Row(text, line.box, 1))
    return rows


def _beside(a: Box, b: Box) -> bool:
    """Whether `b` stands to the right of `a`, at its height."""
    lower = min(_height(a), _height(b))
    shared = min(a[3], b[3]) - max(a[1], b[1])
    return lower > 0 and shared >= _IN_A_ROW * lower and b[0] >= a[2] - lower / 2


def _goes_on(rows: Sequence[_Row], n: int) -> bool:
    """Whether a row goes on with the sentence of the one before it."""
    before, row = rows[n - 1], rows[n]
    if _DIVIDED.search(before.text) and row.text[0].islower():
        return True
    if max(before.cells, row.cells) > 1 or _ITEM.match(row.text) or not _alike(before.box, row.box):
        return False
    near = rows[max(0, n - 1 - _NEAR) : n + _NEAR]
    full = _length(before.text) >= _LONG and _width(before) >= _FULL * max(map(_width, near))
    return full or (row.text[0].islower() and before.text[-1] not in ".:!?")


def _alike(a: Box, b: Box) -> bool:
    """Whether two lines are set in letters of one size and close to each other; where boxes are unknown, they are."""
    low, high = sorted((_height(a), _height(b)))
    if low <= 0:
        return True
    return high <= _SIZES * low and (b[1] < a[1] or b[1] - a[3] <= _LEADING * low)


def _width(row: _Row) -> float:
    return row.box[2] - row.box[0] if row.box[2] > row.box[0] else float(len(row.text))


def _height(box: Box) -> float:
    return box[3] - box[1]


def _length(text: str) -> int:
    """Letters; a sign of a script that writes no spaces counts as two."""
    return len(text) + len(_UNSPACED.findall(text))


def _together(a: str, b: str) -> str:
    if _DIVIDED.search(a) and b[0].islower():
        return a[:-1] + b if "-" not in a[:-1].rpartition(" ")[2] else a + b  # "state-of-the-" keeps its hyphens
    return a + b if _UNSPACED.match(a[-1]) and _UNSPACED.match(b[0]) else f"{a} {b}"


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run
