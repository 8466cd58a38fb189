"""A question in a conversation, taken apart for the rules that read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from imagelore.retrieve.question._before import Before
from imagelore.retrieve.question._leaning import ASKS, COURTESY, LINKING
from imagelore.retrieve.question._reading import Readable
from imagelore.types import Scope
from imagelore.words import words

_NO = r"(?:no|nope|sorry|actually|wait|oops|not quite|not really)"
_MEANT = r"(?:meant?(?: to ask about)?|wanted|was asking about|was after|was looking for)\b[ ,:]*"
_CORRECTING = re.compile(
    rf"(?:(?:(?:{_NO}\b *[,.!:;…-]+ *)+|(?:{_NO} (?=(?:i|we) (?:meant?|wanted|was)\b|rather\b|not\b|the \w+ one\b))+)"
    rf"(?:(?:i|we) {_MEANT}|rather |make (?:it|that) |what about )?|(?:i"
    rf"|we) (?:meant\b(?: to ask about\b)?|was asking about\b"
    r"|was after\b|was looking for\b)[ ,:]*)(?=\w|\[|#)",
    re.IGNORECASE,
)
_NOT_THIS_BUT = re.compile(
    r"not (?:[^,;.]+?)(?:[,;.] ?(?:but )?|,? but )(?=the\b|that\b|those\b|a\b|number\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Spoken:
    """A question, what was before it, and where the values are that it may name."""

    question: str
    before: Before
    index: Readable
    scope: Scope

    @cached_property
    def text(self) -> str:
        """On one line, with plain apostrophes."""
        return " ".join(self.question.replace("’", "'").split())

    @cached_property
    def _opening(self) -> tuple[int, frozenset[re.Pattern[str]]]:
        start, found = 0, set()
        for pattern in (COURTESY, LINKING, COURTESY, _CORRECTING, LINKING, _NOT_THIS_BUT, LINKING):
            if match := pattern.match(self.text, start):
                start = match.end()
                found.add(pattern)
        return start, frozenset(found)

    @cached_property
    def rest(self) -> str:
        """What follows "and", "what about", "no, I meant", without end marks and "please"."""
        return re.sub(r"[ ,]+please$", "", self.text[self._opening[0] :].strip(" ?!.,"), flags=re.IGNORECASE)

    @property
    def linked(self) -> bool:
        """Whether it opens with words that tie it to what was before."""
        return bool(self._opening[1] - {COURTESY})

    @cached_property
    def low(self) -> str:
        """The rest, casefolded."""
        return self.rest.casefold()

    @property
    def corrects(self) -> bool:
        """Whether it takes the question before back: "no, I meant the boat"."""
        return bool(self._opening[1] & {_CORRECTING, _NOT_THIS_BUT})

    @property
    def asks(self) -> bool:
        """Whether the rest is a question or a request of its own."""
        return bool(ASKS.match(self.low))


def spelled(text: str) -> list[str]:
    """The words of a text as they are written."""
    spelling: Mapping[str, str] = {word.casefold(): word for word in re.findall(r"[^\W_]+", text)}
    return [spelling.get(token, token) for token in words(text)]
