"""The frozen values that travel between the steps.

Nothing here does work. Steps import these values and never each other, so a picture's way through
`source -> read -> embed -> index` and a question's way through `retrieve -> augment -> generate` can be
read off the types alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Rows of float32, `[n, d]` (or one vector, `[d]`), each row L2-normalised."""

FieldType = Literal["text", "integer", "number", "boolean", "date", "texts"]
FieldValue = str | int | float | bool | date | tuple[str, ...]
NOTHING: Mapping[str, Any] = MappingProxyType({})


# ---------------------------------------------------------------- the index flow: source -> read -> embed -> index


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a source: `path` is relative to the source's root, with `/` between its parts."""

    path: str
    version: str  # changes whenever the content may have changed (size and mtime, an ETag)
    size: int  # bytes
    facts: Mapping[str, str] = field(default_factory=dict)  # what the place itself says of it: a blob's metadata, tags


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model believes to see in a picture. A guess: searched, shown as a guess, never quoted as a fact."""

    classes: tuple[tuple[str, float], ...] = ()  # (class name, probability), most probable first
    colours: tuple[str, ...] = ()  # dominant colour names, most area first

    def words(self) -> str:
        """Everything seen as one searchable string; "grey" also as it is spelled in America."""
        both = ["gray"] if "grey" in self.colours else []
        return " ".join([*(name for name, _ in self.classes), *self.colours, *both])


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of the knowledge base (later also a page or a text) and all that is known about it."""

    id: str  # URL-safe hash of (source name, path)
    source: str  # the source's name; the knowledge base knows its root
    path: str  # relative to the source's root
    version: str  # the asset's content version
    digest: str  # of the metadata that came from outside the picture's bytes
    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    seen: Seen = Seen()
    groups: tuple[str, ...] = ()
    taken_at: datetime | None = None  # naive: the camera's own clock
    width: int = 0  # pixels, after the EXIF orientation is applied
    height: int = 0
    sha256: str = ""
    phash: str = ""  # perceptual hash as hex; "" where the picture is too flat to have one
    thumbnail: bytes = b""  # JPEG
    parent: str = ""
    place: str = ""  # where in the parent: a page number, a figure
    fields: Mapping[str, FieldValue] = field(default_factory=dict)  # the user's own, typed
    extra: Mapping[str, Any] = field(default_factory=dict)  # values that did not fit their column's type
    images: Mapping[str, Vectors] = field(default_factory=dict)  # space -> [d], of the picture
    texts: Mapping[str, Vectors] = field(default_factory=dict)  # space -> [d], of title, text, tags and fields

    @property
    def name(self) -> str:
        """What to call it: its title, or its file's name."""
        return self.title or self.path.rsplit("/", 1)[-1]

    def words(self) -> str:
        """What the record itself says, as one string: title, text, tags, field values and its file's name."""
        values = (" ".join(v) if isinstance(v, tuple) else str(v) for v in self.fields.values())
        file = self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return " ".join([self.title, self.text, *self.tags, *values, re.sub(r"[\W_]+", " ", file)])


@dataclass(frozen=True, slots=True)
class Space:
    """One vector space of an embedder, and what it can place there. Vectors are compared within a space only."""

    name: str
    dimensions: int
    images: bool = False  # pictures
    documents: bool = False  # records' texts
    queries: bool = False  # questions
    text_floor: float = 0.0  # a cosine that a question and an unrelated text seldom exceed (95th percentile)
    image_floor: float = 0.0  # the same for a question and an unrelated picture
    look_floor: float = 0.0  # the same for two unrelated pictures


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """Who made the vectors: stamped on the knowledge base and compared when it is opened again."""

    name: str  # the provider, with its model where it has several: "starter", "clip:vit-b-32"
    version: str
    spaces: tuple[Space, ...]
    image_side: int  # pixels: the longer side that the embedder can make use of
    batch: int = 1  # pictures a call
    parallel: int = 1  # calls at once

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes vectors comparable: the model and its spaces, not how many pictures a call takes."""
        spaces = sorted((s.name, s.dimensions, s.images, s.documents, s.queries) for s in self.spaces)
        return self.name, self.version, tuple(spaces)

    def space(self, ranking: str) -> Space | None:
        """The space whose vectors the ranking `meaning`, `image` or `look` compares; None where there is none."""
        fitting = {
            "meaning": [s for s in self.spaces if s.documents and s.queries],
            "image": [s for s in self.spaces if s.images and s.queries],
            "look": sorted((s for s in self.spaces if s.images), key=lambda s: s.queries),
        }
        return next(iter(fitting.get(ranking, [])), None)


@dataclass(frozen=True, slots=True)
class ImageEmbeddings:
    """The vectors of n pictures by space, `[n, d]` each, and the class names seen in each picture.

    A service may refuse one picture of several: `refused` says which (its row, whose vectors mean nothing) and why.
    """

    vectors: Mapping[str, Vectors]
    seen: tuple[tuple[tuple[str, float], ...], ...] = ()
    refused: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """A source as the knowledge base remembers it: moving a folder changes only its root."""

    name: str
    root: str


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """The stamp of a knowledge base and what it holds."""

    address: str
    schema: int
    records: int
    embedder: EmbedderInfo
    sources: tuple[SourceInfo, ...]
    fields: Mapping[str, FieldType]
    details: Mapping[str, Any] = field(default_factory=dict)  # engine's own facts for `status`: size, vector index


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `imagelore doctor` looked at; `mend` says what to do where it is not as it should be."""

    name: str  # "Azure AI Search: index"
    ok: bool
    said: str  # what was found: "reachable at https://..., 12,345 records"
    mend: str = ""


# ---------------------------------------------------------------- filters


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value; for `tags` and lists of texts `=` means "contains". A missing value never matches.

    `field` is a user's field, or one of title, text, tags, path, source, taken_at, width, height. `between` takes
    `(low, high)`, both included.
    """

    field: str
    operator: Literal["=", "<", "<=", ">", ">=", "between"]
    value: FieldValue | datetime | tuple[float | date | datetime, float | date | datetime]


@dataclass(frozen=True, slots=True)
class Mentions:
    """The record's own words (title, text, tags, field values, file name; not `seen`) hold this word, in any form."""

    word: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    filters: tuple[Filter, ...]


Filter = Compare | Mentions | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Scope:
    """What a read may see; applied before ranking. `groups` None: everything."""

    filter: Filter | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A field's values within a scope: the most frequent ones with their counts, and the range where it has one."""

    field: str
    type: FieldType
    values: tuple[tuple[FieldValue, int], ...] = ()
    low: float | date | datetime | None = None
    high: float | date | datetime | None = None
    complete: bool = True  # False: there are more values than `values` tells


# ---------------------------------------------------------------- the chat flow: retrieve -> augment -> generate


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
