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
    seen: tuple[tuple[tuple[str, float], ...], ...] = ()  # (class name, probability) in each of its pictures
    original: str = ""  # the question as it was asked, where `text` is its English

    @property
    def wordings(self) -> tuple[str, ...]:
        """Its words in English, and as they were asked."""
        return tuple(dict.fromkeys(filter(None, (self.text, self.original))))


@dataclass(frozen=True, slots=True)
class Ranking:
    """One way of ordering the records for a question, best first.

    Names: `text` (BM25 over the record's words), `seen` (BM25 over what a model saw), `meaning` (question to text
    vectors), `image` (question to picture vectors), `look` (picture to picture; of several the nearest counts). Scores
    are raw: BM25, or a cosine. An engine may add its own, like `semantic` (AI Search's semantic ranker over the
    record's words, 0 to 4). Retrieval itself adds `colour` to a question with a picture that asks for colours: the
    candidates that have one, all at rank 1.
    """

    name: str
    entries: tuple[tuple[str, float], ...]  # (record id, raw score)


@dataclass(frozen=True, slots=True)
class Found:
    """Where one ranking had a hit: `rank` from 1, `score` raw, and its share of the fused score (of 1 in all)."""

    rank: int
    score: float
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found, and which rankings found it."""

    record: Record
    uri: str
    score: float  # fused: comparable within one question only
    found: Mapping[str, Found]
    fits: bool = True  # False: it is only the closest there is
    why: str = ""  # in words: "text mentions albino", "looks like your picture"
    matched: tuple[str, ...] = ()  # words of the question that the record, or what is seen in it, has
    duplicates: tuple[str, ...] = ()  # ids of near-duplicates collapsed into this hit
    confidence: float = 1.0  # 0 to 1: what fits has 0.5 at least
