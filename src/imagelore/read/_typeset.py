"""Text set on paper: a picture of a part of a document that has no pages of its own, and where each line stands on it.

Set in DejaVu Sans, which comes with imagelore: Latin, Greek, Cyrillic, Hebrew, Arabic and many signs. For text in
other scripts (Chinese, Japanese, Korean, Thai ...) a font of this machine is taken if a known one is there; else an
empty box stands for each letter on the page, and the lines hold the text all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from imagelore.read._blocks import Block, Section
from imagelore.types import Line

_WIDTH, _LEAST, _MARGIN = 1_200, 800, 80  # pixels: of the page, the height of a short one, the empty edge
_SIZE, _LEADING, _HIGH = 24, 1.42, 1.2  # pixels of the font's em; of a line and of its letters, in ems
_HEADING_SIZE, _PATH_SIZE = 27, 30
_GAP = 28  # pixels between blocks: more white than `passages` takes for that between two lines of one paragraph
_INDENT = 36  # pixels a level of a list
_INK, _FAINT = 25, 90  # grey levels
# Letters at which a line may break: scripts that write no spaces stand letter by letter.
_UNSPACED = "\u0e00-\u0e7f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_ATOM = re.compile(rf"\s*(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)")
_OTHER_FONTS = (  # of Debian and its kin, Windows and macOS, by the names that their files have there
    *("NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "msyh.ttc", "YuGothM.ttc"),
    *("malgun.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc", "AppleSDGothicNeo.ttc", "Arial Unicode.ttf"),
    *("NotoSansThai-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "tahoma.ttf", "Nirmala.ttf"),
)

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class _Row:
    """Text that is drawn at one place; `line` counts the line of text that it belongs to."""

    text: str
    x: int
    y: int
    width: float
    size: int
    grey: int
    line: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page, set and not yet drawn: its size in pixels, and its lines with their boxes as shares of it."""

    width: int
    height: int
    lines: tuple[Line, ...]
    _rows: tuple[_Row, ...]
    _font: str

    def drawn(self, side: int) -> Image.Image:
        """The page's picture in greys, with a longer side of `side` pixels, or its own where that is smaller."""
        scale = min(1.0, side / max(self.width, self.height))
        picture = Image.new("L", (round(self.width * scale), round(self.height * scale)), 255)
        draw = ImageDraw.Draw(picture)
        for row in self._rows:
            bold = 0.5 * scale if row.size > _SIZE else 0
            font = _font(self._font, row.size * scale)
            draw.text((row.x * scale, row.y * scale), row.text, row.grey, font, stroke_width=bold)
        return picture


def page(section: Section) -> Page:
    """A part of a document on paper: the headings that it stands under, then its text."""
    name = _font_for("".join([*section.path, *(block.text for block in section.blocks)]))
    rows, texts = _Setter(name).set(section)
    height = max(_LEAST, max((_bottom(row) for row in rows), default=0) + _MARGIN)
    boxes = [_box([row for row in rows if row.line == number], height) for number in range(len(texts))]
    lines = tuple(Line(text, box) for text, box in zip(texts, boxes, strict=True))
    return Page(_WIDTH, height, lines, tuple(rows), name)


class _Setter:
    """Breaks blocks into lines of the page's width."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: list[_Row] = []
        self._texts: list[str] = []
        self._y = _MARGIN
        self._widths: dict[tuple[str, int], float] = {}

    def set(self, section: Section) -> tuple[list[_Row], list[str]]:
        if section.path:
            self._paragraph(" > ".join(section.path), _PATH_SIZE, 0, _INK)
        for block in section.blocks:
            self._block(block)
        return self._rows, self._texts

    def _block(self, block: Block) -> None:
        size = _HEADING_SIZE if block.kind == "heading" else _SIZE
        indent = _INDENT * min(block.level + 1, 6) if block.kind == "item" else 0
        self._y += _GAP
        if block.kind == "item":
            self._rows.append(_Row("•", _MARGIN + indent - 22, self._y, 12, size, _FAINT, -1))
        for text in block.text.split("\n"):
            self._paragraph(text, size, indent, _INK)

    def _paragraph(self, text: str, size: int, indent: int, grey: int) -> None:
        left, room = _MARGIN + indent, _WIDTH - 2 * _MARGIN - indent
        for wide, line in self._lines(text, size, room):
            for row in _chopped(line, _font(self._name, size), room) if wide else [line]:
                width = min(self._width(row, size), room)
                self._rows.append(_Row(row, left, self._y, width, size, grey, len(self._texts)))
                self._y += round(size * _LEADING)
            self._texts.append(line)

    def _lines(self, text: str, size: int, room: int) -> Iterator[tuple[bool, str]]:
        """(whether it is one word wider than the page, line); the indent of code is kept."""
        line, width = "", 0.0
        for atom in _ATOM.findall(text):
            more = self._width(atom, size)
            if line and width + more > room:
                yield width > room, line
                line, width = atom.lstrip(), self._width(atom.lstrip(), size)
            else:
                line, width = line + atom, width + more
        if line.strip():
            yield width > room, line

    def _width(self, text: str, size: int) -> float:
        key = text, size
        if key not in self._widths:
            self._widths[key] = _font(self._name, size).getlength(text)
        return self._widths[key]


def _chopped(word: str, font: Font, room: int) -> Iterator[str]:
    """A word that is wider than the page, in pieces that are not."""
    while word:
        count = len(word)
        while count > 1 and (width := font.getlength(word[:count])) > room:
            count = max(1, min(count - 1, int(count * room / width)))
        yield word[:count]
        word = word[count:]


def _bottom(row: _Row) -> int:
    return row.y + round(row.size * _LEADING)


def _box(rows: list[_Row], height: int) -> tuple[float, float, float, float]:
    left, top = min(row.x for row in rows), rows[0].y
    right, bottom = max(row.x + row.width for row in rows), rows[-1].y + round(rows[-1].size * _HIGH)
    return left / _WIDTH, top / height, right / _WIDTH, bottom / height


def _font_for(text: str) -> str:
    """Ours, or where it lacks letters the font of this machine that lacks fewest of them ("": ours)."""
    letters = "".join(sorted({letter for letter in text if letter >= "\u0250"}))
    if not letters or not _lacking("", letters):
        return ""
    return min(("", *_known_fonts()), key=lambda name: _lacking(name, letters))


def _lacking(name: str, letters: str) -> int:
    return sum(_lacks(name, letter) for letter in letters)


@lru_cache(20_000)
def _lacks(name: str, letter: str) -> bool:
    font = _font(name, _SIZE)
    return not letter.isspace() and bytes(font.getmask(letter)) == bytes(font.getmask("\uffff"))


@lru_cache(1)
def _known_fonts() -> tuple[str, ...]:
    found = []
    for name in _OTHER_FONTS:
        try:
            ImageFont.truetype(name, _SIZE)
        except OSError:
            continue
        found.append(name)
    return tuple(found)


@lru_cache(64)
def _font(name: str, size: float) -> Font:
    return ImageFont.truetype(name or BytesIO(_own_font()), size)


@lru_cache(1)
def _own_font() -> bytes:
    return (files("imagelore.read") / "_fonts" / "DejaVuSans.ttf").read_bytes()
