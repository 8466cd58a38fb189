"""The last stage of `checked`: writes text so that no Markdown renderer finds a link, an image or HTML in it.

It looks at the finished output only, so nothing that earlier stages remove can leave parts behind that come together
again. Wherever a renderer would see the start of a construct, it puts a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_URL = re.compile(r"(?:https?|ftp)://|www\.", re.IGNORECASE)
_HELD = re.compile(r"(?: |h(?:t(?:t(?:ps?:?/?)?)?)?|f(?:t(?:p:?/?)?)?|w{1,3})$", re.IGNORECASE)
_HELD_LENGTH = 8  # what may become an address, or the space before a citation that goes
_PAIR = re.compile(
    r"(?<=<)(?=[A-Za-z/!?])|(?<=\])(?=[(:])|(?<=!)(?=\[)|(?<=\\)(?=[\\`<>&\[\]()!])|(?<=[`~])(?=`)|(?<=[\w.!#$%&'*+/=?^{|}~-])(?=@)"
)
_CONTAINER = re.compile(r"[ \t>*+.)\d-]*")  # what may stand before a link definition: quotes, list markers
_LABEL = 1_200  # a link definition's label has at most 999 characters (CommonMark 0.31, link labels)


class Writer:
    """Collects output; `take()` hands over what is certain. At most 8 characters stay behind."""

    def __init__(self) -> None:
        self._ready: list[str] = []
        self._words: list[str] = []  # text that came and was not looked at yet
        self._block = "\n"  # the end of what was written
        self._tail = ""  # held back
        self._gone = False  # a citation was dropped right before

    def take(self) -> Iterator[str]:
        """What was written since the last call."""
        self._look()
        if self._ready:
            yield "".join(self._ready)
            self._ready.clear()

    def text(self, text: str) -> None:
        """Text outside code; how it is divided over calls makes no difference."""
        self._words.append(text)

    def _look(self) -> None:
        text = "".join(self._words)
        self._words.clear()
        if self._gone and text:
            text = self._close_gap(text)
        if not text:
            return
        before = self._block[-1]
        text = _URL.sub(_defuse, before + self._tail + text)[1:]
        held = _HELD.search(text, max(0, len(text) - _HELD_LENGTH))
        end = held.start() if held else len(text)
        self._tail = text[end:]
        self._put(text[:end])

    def citation(self, number: int) -> None:
        """A citation of a source that exists."""
        self._release()
        self._put(f"[{number}]")

    def gone(self) -> None:
        """A citation was dropped: the space before it goes too, where nothing else needs it."""
        self._look()
        self._gone = True

    def code(self, text: str) -> None:
        """A code span, written as it is."""
        self._release()
        self._put("", text[0])
        self._append(text)

    def fence(self, text: str, opens: bool = False) -> None:
        """A part of a fenced block, written as it is; its first line opens on a line of its own."""
        self._release()
        if opens and self._block[-1] != "\n":
            self._append("\n")
        self._append(text)

    def end(self) -> None:
        """Nothing follows."""
        self._look()
        if self._gone and self._tail == " ":
            self._tail = ""
        self._release()

    def _close_gap(self, text: str) -> str:
        if self._tail == " " and text[0] in " \t\n.,;:!?)]}”’":
            self._tail = ""
        elif not self._tail and self._block[-1] == "\n" and text[0] == " ":
            text = text.lstrip(" ")
            if not text:
                return ""  # the gap stays open
        elif not self._tail and self._block[-1].isalnum() and text[0].isalnum():
            text = " " + text
        self._gone = False
        return text

    def _release(self) -> None:
        self._look()
        self._gone = False
        tail, self._tail = self._tail, ""
        self._put(tail)

    def _put(self, text: str, following: str = "") -> None:
        """Writes with a space between any two characters that would open a construct; `following` comes next."""
        if not text and not following:
            return
        joined = self._block[-1] + text + following
        safe = _PAIR.sub(lambda match: self._space(joined, match.start()), joined)
        self._append(safe[1 : len(safe) - len(following)])

    def _space(self, joined: str, at: int) -> str:
        if joined[at] != ":":
            return " "
        return " " if self._is_label(self._block + joined[1:at]) else ""

    @staticmethod
    def _is_label(written: str) -> bool:
        """Whether the `]` at the end closes a bracket that opened a line: then `:` would make it a link definition."""
        start = written.rfind("[")
        if start < 0:
            return len(written) >= _LABEL
        line = written.rfind("\n", 0, start) + 1
        return "]" not in written[start:-1] and _CONTAINER.fullmatch(written, line, start) is not None

    def _append(self, text: str) -> None:
        if text:
            self._ready.append(text)
            self._block = (self._block + text)[-_LABEL:]


def _defuse(match: re.Match[str]) -> str:
    """A URL keeps its host and path as words, without what makes it a link."""
    before = match.string[match.start() - 1]
    return match.group() + " " if before.isalnum() or before in ":/.@_+-\\" else ""
