"""What a conversation remembers, and how a question is understood in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imagelore.types.filters import Filter
from imagelore.types.search import Hit


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture that the user showed, by reference: its bytes are read again only when a question needs them."""

    file: Path
    caption: str = ""  # what it seems to show, in words: all that remains of it when it is too old to be sent


@dataclass(frozen=True, slots=True)
class Intent:
    """What a question asks for, once the conversation before it is taken into account."""

    text: str = ""  # what to search for, in words
    like: tuple[str, ...] = ()  # ids of records whose pictures are part of the question: "more like the second one"
    recalled: tuple[Attached, ...] = ()  # pictures of earlier questions that are part of this one: "the same in red"
    only: tuple[str, ...] = ()  # ids of the records it is about: "where was the second one taken?"
    without: tuple[str, ...] = ()  # ids of records that are not wanted: "not that one", "show me others"
    filter: Filter | None = None  # what its words limit: "and before 1970?"; the user's own filter is not in here
    how: Literal["alone", "rules", "model", "as written"] = "alone"  # the last: it leans on something unclear
    said: str = ""  # how it was understood, for people; "" where it stands alone
    reply: str = ""  # all there is to say, where nothing is to be searched for: "You are welcome."


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and what came of it: what the next one may point at."""

    question: str
    answer: str  # its citations replaced by titles
    hits: tuple[Hit, ...] = ()  # as they were shown, numbered from 1
    cited: tuple[int, ...] = ()  # numbers of those that the answer cites
    pictures: tuple[Attached, ...] = ()  # the question's own
    intent: Intent = Intent()  # how it was understood
