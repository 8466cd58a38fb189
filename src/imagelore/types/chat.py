"""What travels through the chat flow: retrieve -> augment -> generate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from imagelore.types.filters import Filter
from imagelore.types.records import Record, Vectors


@dataclass(frozen=True, slots=True)
class Query:
    """A question, embedded: `texts` are its words and `images` its pictures (`[n, d]`) by space."""

    text: str = ""
    texts: Mapping[str, Vectors] = field(default_factory=dict)
    images: Mapping[str, Vectors] = field(default_factory=dict)
    depth: int = 100  # entries a ranking


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way of ordering the records for a question, best first.

    Names: `text` (BM25 over the record's words), `seen` (BM25 over what a model saw), `meaning` (question to text
    vectors), `image` (question to picture vectors), `look` (picture to picture). Scores are raw: BM25, or a cosine. An
    engine may add its own, like `semantic` (AI Search's semantic ranker over the record's words, 0 to 4).
    """

    name: str
    entries: tuple[tuple[str, float], ...]  # (record id, raw score)


@dataclass(frozen=True, slots=True)
class Found:
    """Where one ranking had a hit: `rank` from 1, `score` raw."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found, and which rankings found it."""

    record: Record
    uri: str
    score: float  # fused: comparable within one question only
    found: Mapping[str, Found]
    fits: bool = True  # False: it is only the closest there is
    why: str = ""  # in words: "text mentions albino", "looks like your picture"
    duplicates: tuple[str, ...] = ()  # ids of near-duplicates collapsed into this hit


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer, the citations replaced by titles."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Count:
    """A count over the whole knowledge base (never over the hits), with the condition that was counted."""

    number: int
    total: int
    condition: str  # reads after "pictures": 'tagged "bird"', 'whose text mentions "boat" and "red"'
    ids: tuple[str, ...] = ()  # some records that were counted
    filter: Filter | None = None  # the condition; None: every picture


@dataclass(frozen=True, slots=True)
class PromptSource:
    """A numbered source of an answer; `picture` is a downscaled JPEG, None where the budget left it out."""

    number: int
    hit: Hit
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a generator may answer from. Chat generators render it to messages; `extractive` reads the sources."""

    question: str
    sources: tuple[PromptSource, ...] = ()
    pictures: tuple[bytes, ...] = ()  # the question's own pictures, downscaled JPEG
    history: tuple[Turn, ...] = ()
    counts: tuple[Count, ...] = ()
    total: int = 0  # records in the knowledge base


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
class Stop:
    """Why the answer ended."""

    reason: Literal["end", "length", "refused", "broken"] = "end"


GeneratorEvent = Delta | Notice | Usage | Stop


@dataclass(frozen=True, slots=True)
class Citation:
    """A source that the answer cites by its number."""

    number: int
    hit: Hit
    sentence: str = ""  # the first sentence it was cited for


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The first event of a chat turn: what was found, before a word of the answer."""

    hits: tuple[Hit, ...]
    searched: str  # what was searched for, in words
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of a chat turn."""

    answer: str
    citations: tuple[Citation, ...]
    usage: Usage = Usage()
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by step
    stop: Stop = Stop()


ChatEvent = Retrieved | Delta | Notice | Done
