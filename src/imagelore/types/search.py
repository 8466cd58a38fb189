"""What travels through retrieval: a question's vectors, rankings, hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
