"""The middle stage of `checked`: square brackets, which are citations, links, images, or just brackets."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field

from imagelore.generate._checked.writer import Writer

OPENING = "[【［〔〖⟦"
CLOSING = "]】］〕〗⟧"
TARGET = re.compile(
    r"\(\s*(?:<[^<>\n]*>|(?:[^\s()<>\[\]]|\([^\s()<>\[\]]*\))*)"
    r"""(?:\s+(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"""
)
MAYBE_TARGET = re.compile(
    r"\(\s*(?:<[^<>\n]*|(?:<[^<>\n]*>|(?:[^\s()<>\[\]]|\([^\s()<>\[\]]*\))*)(?:\([^\s()<>\[\]]*|"
    r"""(?:\s+(?:"[^"\n]*"?|'[^'\n]*'?|\([^()\n]*\)?)?)?\s*))"""
)
LONG_TARGET = re.compile(r"\(\s*<?[^\s()<>\[\]]{60}")
REST_OF_TARGET = re.compile(r"[^\s()\[\]]*")  # what is left of one that is too long to hold
_LIMIT = 80  # characters held back for a bracket that has not closed yet

_NUMBER = r"\d+(?:\s*[-‐‑–—−]\s*\d+)?"
_WORD = (
    r"(?:(?:sources?|src|refs?|references?|citations?|cite|docs?|documents?|records?|pictures?|pics?|images?|img|photos?|"
    r"figures?|fig|quellen?|bild|no|nr|id)\b)?[\s.:#№]*+"
)
_LIST = re.compile(
    rf"{_WORD}({_NUMBER})(?:(?:\s*+(?:[,;&+]|\band\b|\bund\b|\bet\b|\by\b)\s*+|\s++){_WORD}{_NUMBER})*\s*\.?",
    re.IGNORECASE,
)  # possessive where two parts may take the same space: else a long list that fails takes exponential time
_TITLED = re.compile(rf"{_WORD}({_NUMBER})\s*[:|]\s+[^\W\d].*", re.IGNORECASE | re.DOTALL)
_RANGE = re.compile(r"(\d+)(?:\s*[-‐‑–—−]\s*(\d+))?")
_INNER = re.compile(r"[\s,;]*(?:\[\d*\][\s,;]*)+")
_DECORATION = re.compile(r"[*_~^\u200c\u200d]+")


@dataclass(slots=True)
class _Piece:
    kind: str  # "text", "citation", "gone", "code"
    text: str


@dataclass(slots=True)
class _Frame:
    opening: str
    image: bool = False
    pieces: list[_Piece] = field(default_factory=list)


class Brackets:
    """Resolves brackets from the inside out and passes on what they stand for."""

    def __init__(self, sources: Container[int], writer: Writer) -> None:
        self._sources = sources
        self._writer = writer
        self._frames: list[_Frame] = []
        self._held = 0

    def text(self, text: str) -> None:
        """Text without brackets."""
        self._pass([_Piece("text", text)])

    def code(self, text: str) -> None:
        """A code span."""
        self._pass([_Piece("code", text)])

    def open(self, opening: str, image: bool) -> None:
        """An opening bracket; `image`: with a `!` before it."""
        self._frames.append(_Frame(opening, image))
        self._hold(1)

    def close(self, closing: str, linked: bool) -> None:
        """A closing bracket; `linked`: a link's target came after it (and is gone)."""
        if not self._frames:
            return self._pass([_Piece("text", closing)])
        frame = self._frames.pop()
        self._held -= 1 + sum(len(p.text) for p in frame.pieces)
        numbers = self._cited(frame.pieces)
        if numbers is not None:
            bang = [_Piece("text", "!")] if frame.image and not linked else []
            kept = [_Piece("citation", f"[{n}]") for n in numbers]
            return self._pass(bang + (kept or [_Piece("gone", "")]))
        if linked:
            return self._pass(frame.pieces)
        opening = _Piece("text", "!" * frame.image + frame.opening)
        return self._pass([opening, *frame.pieces, _Piece("text", closing)])

    def flush(self) -> None:
        """A paragraph ends: what is still open stays as brackets."""
        while self._frames:
            self._give_up()

    def _pass(self, pieces: list[_Piece]) -> None:
        if self._frames:
            held = self._frames[-1].pieces
            held += [p for p in pieces if p.kind != "gone" or held[-1:] != [p]]
            self._hold(sum(len(p.text) for p in pieces))
        else:
            for piece in pieces:
                self._write(piece)

    def _hold(self, length: int) -> None:
        self._held += length
        drop = 0
        while self._held > _LIMIT and drop < len(self._frames):
            self._release(self._frames[drop])
            drop += 1
        del self._frames[:drop]

    def _give_up(self) -> None:
        self._release(self._frames.pop(0))

    def _release(self, frame: _Frame) -> None:
        self._held -= 1 + sum(len(p.text) for p in frame.pieces)
        content = "".join(p.text for p in frame.pieces).lstrip()
        self._writer.text("!" * frame.image + frame.opening + " " * content[:1].isdigit())
        for piece in frame.pieces:
            self._write(piece)

    def _write(self, piece: _Piece) -> None:
        if piece.kind == "citation":
            self._writer.citation(int(piece.text[1:-1]))
        elif piece.kind == "gone":
            self._writer.gone()
        elif piece.kind == "code":
            self._writer.code(piece.text)
        else:
            self._writer.text(piece.text)

    def _cited(self, pieces: list[_Piece]) -> list[int] | None:
        """The sources that a bracket cites; None: it is no citation."""
        if any(p.kind == "code" for p in pieces):
            return None
        content = "".join("[]" if p.kind == "gone" else p.text for p in pieces)
        if _INNER.fullmatch(content):
            return [int(n) for n in re.findall(r"\d+", content)]
        content = " ".join(_DECORATION.sub("", content.replace("[]", "")).split())
        head, dagger, _ = content.partition("†")
        if (match := _LIST.fullmatch(head.strip())) is None:
            if (match := _TITLED.fullmatch(content)) is None:
                return [] if dagger else None
            head = match.group(1)
        return self._existing(head)

    def _existing(self, listed: str) -> list[int]:
        found: dict[int, None] = {}
        for first, last in _RANGE.findall(listed):
            low, high = sorted((int(first), int(last or first)))
            found |= {n: None for n in range(low, min(high, low + 99) + 1) if n in self._sources}
        return list(found)
