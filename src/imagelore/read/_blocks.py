"""The one form that every flowing document takes: headings, paragraphs, list items, rows, code, and figures.

Readers of formats make a stream of these pieces; `sections` makes of it parts of about a screenful, which are what is
indexed, found and shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from imagelore.read import Unread

LIMIT = 1_500  # characters of a part, about; text encoders read 250 to 500 word pieces
DAMAGED = b"damaged"  # stands for a picture that cannot be unpacked: reading it tells so, by its place
_SHORT = 500  # characters below which a part is joined with what follows it
_LINE = 45  # characters that a line counts at least, so that a list of short lines fits on a page too
_HEADING = 200  # characters of a heading, which its parts repeat; what is longer only looks like one
_CONTEXT = 600  # characters of the paragraph beside a figure
_SENTENCE = re.compile(r"[.!?]['\"”’)]*\s+|[。！？；]")
# Controls, halves of surrogate pairs, and what only tells a browser where to break a word.
_DROPPED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u00ad\u200b\ufeff]")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text. `level`: a heading's rank, 1 the highest; how deep a list item stands, from 0."""

    kind: Literal["heading", "paragraph", "item", "row", "code"]
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture in a document: its file's bytes, what stands in for it, and what stands under it."""

    data: bytes
    alt: str = ""
    caption: str = ""


Piece = Block | Figure | Unread


@dataclass(frozen=True, slots=True)
class Placed:
    """A figure with the headings that it stands under, and what the document says about it or beside it."""

    figure: Figure
    path: tuple[str, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: the headings that it stands under, highest first; its text; its figures."""

    path: tuple[str, ...]
    blocks: tuple[Block, ...]
    figures: tuple[Placed, ...] = ()


def clean(text: str) -> str:
    """Text as it is set: one space for any run of white space, nothing that has no form."""
    return " ".join(_DROPPED.sub("", text).split())


def kept_lines(text: str) -> str:
    """The same, with line ends and indents kept: code, verse, plain text."""
    lines = (_DROPPED.sub("", line.expandtabs(4)).rstrip() for line in text.splitlines())
    return "\n".join(lines).strip("\n")


def row(header: Sequence[str], cells: Sequence[str]) -> str:
    """A table's row as a line that can stand alone: "header: value; ...", or its cells where there is no header."""
    if not any(header):
        return " | ".join(cell for cell in cells if cell)
    names = [*header, *[""] * len(cells)]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell)


@dataclass
class _Open:
    """A section that is being filled."""

    path: tuple[str, ...]
    level: int  # of the heading that opened it; 0: none did
    blocks: list[Block] = field(default_factory=list)
    figures: list[tuple[int, Figure, tuple[str, ...]]] = field(default_factory=list)  # before which block; under what
    weight: int = 0

    def add(self, block: Block) -> None:
        self.blocks.append(block)
        self.weight += _weight(block.text)

    def cut(self) -> Section:
        """What is full; a heading at its end goes: it is repeated where its text stands, in the next part."""
        while self.blocks and self.blocks[-1].kind == "heading":
            self.blocks.pop()
        return self.closed()

    def closed(self) -> Section:
        figures = [Placed(figure, path, figure.caption or self._beside(at)) for at, figure, path in self.figures]
        return Section(self.path, tuple(self.blocks), tuple(figures))

    def _beside(self, at: int) -> str:
        """The paragraph before a figure, or where there is none the one after it."""
        near = [*self.blocks[max(at - 1, 0) : at], *self.blocks[at : at + 1]]
        return next((block.text[:_CONTEXT] for block in near if block.kind != "heading"), "")


def sections(pieces: Iterable[Piece]) -> Iterator[Section | Unread]:
    """A document's parts, one after another: cut at headings, long ones at paragraph ends; short neighbours joined."""
    path: list[tuple[int, str]] = []
    part = _Open((), 0)
    for piece in pieces:
        if isinstance(piece, Unread):
            yield piece
        elif isinstance(piece, Figure):
            part.figures.append((len(part.blocks), piece, tuple(text for _, text in path)))
        elif piece.kind == "heading" and len(piece.text) <= _HEADING:
            path = [*(above for above in path if above[0] < piece.level), (piece.level, piece.text)]
            names = tuple(text for _, text in path)
            empty, deeper = not part.blocks, piece.level > part.level
            if empty and deeper and not (part.path and part.figures):  # a chapter's title, or a cover, and then this
                part.path, part.level = names, piece.level
            elif part.weight < _SHORT and (deeper or piece.level == part.level):
                part.add(piece)
            else:
                yield part.closed()
                part = _Open(names, piece.level)
        else:
            for text in _cut(piece.text):
                if part.weight >= _SHORT and part.weight + _weight(text) > LIMIT:
                    yield part.cut()
                    part = _Open(tuple(text for _, text in path), path[-1][0] if path else 0)
                part.add(Block("paragraph", text) if piece.kind == "heading" else replace(piece, text=text))
    if part.blocks or part.figures or part.path:
        yield part.closed()


def _weight(text: str) -> int:
    return sum(max(len(line), _LINE) for line in text.split("\n"))


def _cut(text: str) -> Iterator[str]:
    """A text in pieces that fit on a page: cut at line ends, sentence ends or spaces, in this order of liking."""
    held: list[str] = []
    for line in text.split("\n"):
        for bit in _bits(line):
            if held and _weight("\n".join([*held, bit])) > LIMIT:
                yield "\n".join(held)
                held = []
            held.append(bit)
    if any(held):
        yield "\n".join(held)


def _bits(line: str) -> Iterator[str]:
    start = 0
    while len(line) - start > LIMIT:
        window = line[start : start + LIMIT]
        ends = [found.end() for found in _SENTENCE.finditer(window, LIMIT // 2)]
        at = ends[-1] if ends else window.rfind(" ", LIMIT // 2) + 1 or LIMIT
        yield window[:at].strip() if start else window[:at].rstrip()
        start += at
    yield line[start:].lstrip() if start else line
