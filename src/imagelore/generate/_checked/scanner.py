"""The first stage of `checked`: cuts text into code, tags, entities, brackets with their targets, and words.

It decides about a construct as soon as what has come allows only one decision, or after 100 characters. Code is kept
only where every renderer sees the same code: spans on one line with no backtick inside, and fences that are closed the
way both a list and a plain paragraph would close them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Container, Iterator

from imagelore.generate._checked.brackets import (
    CLOSING,
    LONG_TARGET,
    MAYBE_TARGET,
    OPENING,
    REST_OF_TARGET,
    TARGET,
    Brackets,
)
from imagelore.generate._checked.cleaner import Cleaner, visible
from imagelore.generate._checked.writer import Writer

_LIMIT = 100  # characters looked ahead
_SLICE = 1_000
_PLAIN = re.compile(rf"[^\\`~<&!\n{re.escape(OPENING + CLOSING)}]+")
_MANY_OPENING = re.compile(rf"[{re.escape(OPENING)}]{{81,}}")
_ESCAPE = re.compile(rf"\\+(?=[`~<>&!:@{re.escape('()' + OPENING + CLOSING)}])|\\++(?=.)", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_MAYBE_ENTITY = re.compile(r"&(?:#\d{0,7}|#[xX][0-9a-fA-F]{0,6}|[A-Za-z][A-Za-z0-9]{0,31})?")
_TAG = re.compile(r"<!--.*?-->|<(?!!--)[A-Za-z/!?][^<>]*>", re.DOTALL)
_MAYBE_TAG = re.compile(r"<(?:!--.*|[A-Za-z/!?][^<>]*)?", re.DOTALL)
_BREAKING = re.compile(r"</?(?:br|p|div|li|tr|td|th|hr|h[1-6]|ul|ol|table)\b", re.IGNORECASE)
_OPENS_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})[^\n]*(?:\n|$)")
_MAYBE_OPENS_FENCE = re.compile(r" {0,3}(?:`{0,2}|`{3,}[^`\n]*|~{0,2}|~{3,}[^\n]*)")
_NO_CODE = re.compile(  # content that a renderer may take out of its code span, and what must not pass then
    r".*\]:|(?=.*\|)(?=.*[<\[\]&@:.])|(?=.*[*_~])(?=.*(?:<[A-Za-z/!?]|\]\(|!\[|://|www\.|@))", re.IGNORECASE
)  # the end of a link definition; markup beside a table's `|`; markup beside emphasis


class Scanner:
    """Reads text as it comes; what it yields, joined, is the checked text."""

    def __init__(self, sources: Container[int]) -> None:
        self._writer = Writer()
        self._brackets = Brackets(sources, self._writer)
        self._cleaner = Cleaner()
        self._text = ""  # not decided yet
        self._line_start = True
        self._blank = True  # nothing but white space on this line so far
        self._swallowing = False  # in a link's target that is too long to hold
        self._fence: tuple[int, str] | None = None  # its indentation, its marker
        self._ending = False

    def feed(self, chunk: str) -> Iterator[str]:
        """Takes the next piece; yields what is certain."""
        for start in range(0, len(chunk), _SLICE):
            self._text += self._cleaner.clean(chunk[start : start + _SLICE])
            self._scan()
        yield from self._writer.take()

    def end(self) -> Iterator[str]:
        """Decides about all that is left."""
        self._ending = True
        self._scan()
        self._brackets.flush()
        self._writer.end()
        yield from self._writer.take()

    def _scan(self) -> None:
        at = 0
        while at < len(self._text):
            step = self._in_fence(at) if self._fence else self._step(at)
            if step is None:
                break
            at = step
        self._text = self._text[at:]

    # Each of these looks at the text from `at` on and returns where to go on, or None: more text must come first.

    def _undecided(self, at: int, limit: int = _LIMIT) -> bool:
        return not self._ending and len(self._text) - at < limit

    def _step(self, at: int) -> int | None:
        if self._swallowing:
            return self._swallow(at)
        if self._line_start:
            if (start := self._fence_start(at)) is None or self._fence:
                return start
            self._line_start = False
        if plain := _PLAIN.match(self._text, at):
            self._blank = self._blank and plain.group().isspace()
            self._brackets.text(plain.group())
            return plain.end()
        char = self._text[at]
        if char == "\n":
            return self._newline(at)
        self._blank = False
        if char in "`~":
            return self._run(at, char)
        if char in OPENING or char == "!":
            return self._open(at, char)
        if char in CLOSING:
            return self._close(at, char)
        return {"\\": self._escape, "<": self._tag, "&": self._entity}[char](at)

    def _newline(self, at: int) -> int:
        if self._blank:
            self._brackets.flush()
        self._brackets.text("\n")
        self._line_start = self._blank = True
        return at + 1

    def _literal(self, at: int) -> int:
        self._brackets.text(self._text[at])
        return at + 1

    def _escape(self, at: int) -> int | None:
        run = _ESCAPE.match(self._text, at, at + _LIMIT)
        if run is None:  # the text ends in backslashes
            if self._undecided(at):
                return None
            return min(len(self._text), at + _LIMIT)
        if self._text[run.end()] not in "`~<>&!:@()" + OPENING + CLOSING:
            self._brackets.text(run.group())
        return run.end()

    def _entity(self, at: int) -> int | None:
        if (entity := _ENTITY.match(self._text, at)) is None:
            maybe = _MAYBE_ENTITY.match(self._text, at)
            if maybe and maybe.end() == len(self._text) and not self._ending:
                return None
            return self._literal(at)
        char = visible(html.unescape(entity.group()))
        if char == entity.group():  # no such name
            return self._literal(at)
        char = re.sub(r"[\s\u200c\u200d]", " ", char)
        self._text = char + self._text[entity.end() :]
        return 0

    def _tag(self, at: int) -> int | None:
        window = self._text[at : at + _LIMIT]
        if tag := _TAG.match(window):
            if _BREAKING.match(window):
                self._brackets.text(" ")
            return at + tag.end()
        maybe = _MAYBE_TAG.fullmatch(window)
        if maybe and self._undecided(at):
            return None
        return self._literal(at)

    def _run(self, at: int, char: str) -> int | None:
        rest = self._text[at : at + _LIMIT]
        length = len(rest) - len(rest.lstrip(char))
        if char == "`":
            return self._code(at, char * length)
        if length == len(rest) and self._undecided(at):
            return None
        self._brackets.text("~" * min(length, 2))
        return at + length

    def _code(self, at: int, run: str) -> int | None:
        window, _, line_ends = self._text[at : at + _LIMIT].partition("\n")
        close = re.compile(rf"(?<!`){run}(?!`)").search(window, len(run))
        whole = bool(line_ends) or "\n" in self._text[at : at + _LIMIT] or not self._undecided(at)
        if not whole and (close is None or close.end() == len(window)):
            return None
        content = window[len(run) : close.start()] if close and close.end() < _LIMIT else ""
        if content and "`" not in content and not _NO_CODE.match(content):
            self._brackets.code(f"`{content}`")
            return at + len(content) + 2 * len(run)
        self._brackets.text("'" * len(run))
        return at + len(run)

    def _open(self, at: int, char: str) -> int | None:
        if many := _MANY_OPENING.match(self._text, at):  # the same as one by one, in less time
            self._brackets.flush()
            self._brackets.text(many.group()[:-80])
            return many.end() - 80
        if char != "!":
            self._brackets.open(char, image=False)
            return at + 1
        if at + 1 == len(self._text) and not self._ending:
            return None
        if self._text[at + 1 : at + 2] != "[":
            return self._literal(at)
        self._brackets.open("[", image=True)
        return at + 2

    def _close(self, at: int, char: str) -> int | None:
        if at + 1 == len(self._text) and not self._ending:
            return None
        window = self._text[at + 1 : at + 1 + _LIMIT]
        linked = TARGET.match(window) if window.startswith("(") else None
        if linked is None and MAYBE_TARGET.fullmatch(window):
            if self._undecided(at + 1):
                return None
            self._swallowing = len(window) == _LIMIT and LONG_TARGET.match(window) is not None
        self._brackets.close(char, linked=self._swallowing or linked is not None)
        return at + 1 + (linked.end() if linked else self._swallowing)

    def _swallow(self, at: int) -> int:
        rest = REST_OF_TARGET.match(self._text, at)
        assert rest is not None
        if rest.end() == len(self._text):
            return rest.end()
        self._swallowing = False
        return rest.end() + (self._text[rest.end()] == ")")

    def _fence_start(self, at: int) -> int | None:
        """Where to go on at the start of a line; in `_fence` afterwards, if one opens here."""
        window = self._text[at : at + _LIMIT]
        complete = "\n" in window or self._ending
        opening = _OPENS_FENCE.match(window) if complete else None
        if opening is None:
            maybe = not complete and self._undecided(at) and _MAYBE_OPENS_FENCE.fullmatch(window)
            return None if maybe else at
        indent, marker = opening.groups()
        self._brackets.flush()
        self._fence = (len(indent), marker)
        self._writer.fence(f"{indent}{marker}\n", opens=True)  # of no language: of some, links are drawn (mermaid)
        return at + opening.end()

    def _in_fence(self, at: int) -> int | None:
        assert self._fence is not None
        indent, marker = self._fence
        if not self._line_start:
            return self._rest_of_line(at)
        window = self._text[at : at + _LIMIT]
        if close := re.compile(rf"[ \t]*{marker}[`~]*[ \t]*(?=\n|\Z)").match(window):
            if close.end() == len(window) and self._undecided(at):
                return None
            if close.end() < _LIMIT:
                return self._close_fence(at + close.end())
        line_so_far = re.compile(rf"[ \t]*{marker[0]}{{0,{len(marker)}}}").fullmatch(window)
        if line_so_far and self._undecided(at):
            return None
        text = window.lstrip(" ")
        if text[:1] not in ("", "\n", "\t") and len(window) - len(text) < indent:
            self._writer.fence(" " * indent + marker + "\n")
            self._fence = None
            return at
        self._line_start = False
        return at

    def _rest_of_line(self, at: int) -> int:
        newline = self._text.find("\n", at) + 1
        end = newline or len(self._text)
        self._writer.fence(self._text[at:end])
        self._line_start = newline > 0
        return end

    def _close_fence(self, end: int) -> int:
        assert self._fence is not None
        indent, marker = self._fence
        self._writer.fence(" " * indent + marker)
        self._fence, self._line_start = None, False
        return end
