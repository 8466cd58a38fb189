"""What travels through the chat flow: retrieve -> augment -> generate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imagelore.types.conversation import Intent, Turn
from imagelore.types.filters import Filter
from imagelore.types.search import Hit


@dataclass(frozen=True, slots=True)
class Count:
    """A count over the whole knowledge base (never over the hits), with the condition that was counted."""

    number: int
    total: int
    condition: str  # reads after `things`: 'tagged "bird"', 'whose text mentions "boat" and "red"'
    ids: tuple[str, ...] = ()  # some records that were counted
    filter: Filter | None = None  # the condition; None: every picture
    things: str = "pictures"  # that were counted; of documents "pages", "slides" or "sheets"


@dataclass(frozen=True, slots=True)
class PromptSource:
    """A numbered source of an answer; `picture` is a downscaled JPEG, None where the budget left it out."""

    number: int
    hit: Hit
    picture: bytes | None = None
    twin: str = ""  # the picture that goes along and shows the same: "the user's", "[2]"


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a generator may answer from. Chat generators render it to messages; `extractive` reads the sources."""

    question: str
    sources: tuple[PromptSource, ...] = ()
    pictures: tuple[bytes, ...] = ()  # the question's own, then those of earlier turns; downscaled JPEG
    history: tuple[Turn, ...] = ()
    counts: tuple[Count, ...] = ()
    total: int = 0  # records in the knowledge base
    intent: Intent = Intent()  # the question as one that needs nothing before it
    recalled: int = 0  # how many of `pictures` are of earlier turns
    text_limit: int = 1_500  # characters of each record's text that a chat model is sent


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader should know beside the answer: a fallback, a broken stream."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took: tokens, and how many pictures the model was sent."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """What the generator was handed: for the panel below an answer."""

    pictures: tuple[int, ...] = ()  # numbers of the sources whose pictures went along
    own: int = 0  # the question's own pictures that went along, and those of earlier turns
    pixels: int = 0  # of all of them
    tokens: int = 0  # estimated, pictures included
    cost: float | None = None  # in the currency of the prices that are set; None: none are


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the answer ended."""

    reason: Literal["end", "length", "refused", "broken"] = "end"


GeneratorEvent = Delta | Notice | Usage | Stop


@dataclass(frozen=True, slots=True)
class Task:
    """Something for a chat model to do beside answering: rewrite a question, judge pictures."""

    instructions: str
    parts: tuple[str | bytes, ...]  # texts, and pictures as JPEG, in order
    tokens: int = 400  # of its reply, at most
    seconds: float = 20.0  # to wait for it, at most
    retries: int = 1  # how often a refused or failed request is tried again, within that time


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat model said to a task."""

    text: str
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence of an answer that the sources it cites do not support."""

    sentence: str
    reason: str  # "the sources say 1962, not 1926"


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that the answer cites by its number."""

    number: int
    hit: Hit
    sentence: str = ""  # the first sentence it was cited for
    # field (title, text, tags, taken_at, read, described, path, or the user's), its passage
    fact: tuple[str, str] | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()  # of the lines where a passage of `read` stands


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The first event of a chat turn: what was found, before a word of the answer."""

    hits: tuple[Hit, ...]
    searched: str  # what was searched for, in words
    notices: tuple[str, ...] = ()
    intent: Intent = Intent()  # how the question was understood; its filter can be taken off by the user
    captions: tuple[str, ...] = ()  # of the question's own pictures, in their order


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of a chat turn."""

    answer: str
    citations: tuple[Citation, ...]
    usage: Usage = Usage()
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by step
    stop: Stop = Stop()
    sent: Sent = Sent()
    doubts: tuple[Doubt, ...] = ()


ChatEvent = Retrieved | Delta | Notice | Done
