"""What travels through the index flow: source -> read -> embed -> index."""

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
_DIVIDED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\n([^\W\d_])")


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
class Line:
    """A line of text that stands in a picture or on a page: read there, or taken from the document itself."""

    text: str
    box: tuple[float, float, float, float]  # left, top, right, bottom, as shares of the picture's width and height


@dataclass(frozen=True, slots=True)
class Described:
    """What a vision model said about a picture, beside what people said. A guess, and always shown as the model's."""

    text: str = ""
    tags: tuple[str, ...] = ()
    model: str = ""  # who said it

    def words(self) -> str:
        """All of it as one searchable string."""
        return " ".join([self.text, *self.tags])


@dataclass(frozen=True, slots=True)
class Record:
    """One picture of the knowledge base, or one part of a document, and all that is known about it.

    The parts of a document (pages, sections, the pictures in it) have its path. The first one stands for the whole: its
    id is the path's, its `parent` is "". The others name it as their `parent`.
    """

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
    parent: str = ""  # id of the document's first part; "" for that one, and for a picture
    place: str = ""  # where in the document: "page 3", "page 3, picture 2", "slide 4", "part 2"; "" for a picture
    lines: tuple[Line, ...] = ()  # text in it, in reading order
    described: Described = Described()
    fields: Mapping[str, FieldValue] = field(default_factory=dict)  # the user's own, typed
    extra: Mapping[str, Any] = field(default_factory=dict)  # values that did not fit their column's type
    images: Mapping[str, Vectors] = field(default_factory=dict)  # space -> [d], of the picture
    texts: Mapping[str, Vectors] = field(default_factory=dict)  # space -> [d], of title, text, tags and fields

    @property
    def name(self) -> str:
        """What to call it: its title, or its file's name, and its place in it."""
        whole = self.title or self.path.rsplit("/", 1)[-1]
        return f"{whole}, {self.place}" if self.place else whole

    @property
    def read(self) -> str:
        """The text that stands in it, line by line."""
        return "\n".join(line.text for line in self.lines)

    @property
    def running(self) -> str:
        """The same as running text, for searching: a word divided at a line's end is whole."""
        return _DIVIDED.sub(lambda end: end[1] if end[1].islower() else end[0], self.read)

    @property
    def drawn(self) -> bool:
        """Whether its picture is only its text, set on paper by us: in every other picture colours were seen."""
        return bool(self.place and self.lines) and self.seen == Seen()

    def told(self) -> str:
        """What people said about it, as one string: title, text, tags, field values, its file's name."""
        values = (" ".join(v) if isinstance(v, tuple) else str(v) for v in self.fields.values())
        file = self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return " ".join(filter(None, [self.title, self.text, *self.tags, *values, re.sub(r"[\W_]+", " ", file)]))

    def words(self) -> str:
        """What the record itself says, as one string: what people said about it, what it reads.

        What a model said about it comes last.
        """
        return " ".join(filter(None, [self.told(), self.running, self.described.words().strip()]))

    @property
    def worded(self) -> bool:
        """Whether it has any text beside its file's name, whoever wrote it."""
        return bool(self.title or self.text or self.tags or self.lines or self.described.text or self.described.tags)


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
    languages: tuple[str, ...] = ()  # that texts are read in here ("en"); (): whichever


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """Who made the vectors: stamped on the knowledge base and compared when it is opened again."""

    name: str  # the provider, with its model where it has several: "starter", "clip:vit-b-32"
    version: str
    spaces: tuple[Space, ...]
    image_side: int  # pixels: the longer side that the embedder can make use of
    batch: int = 1  # pictures a call
    parallel: int = 1  # calls at once
    sentences: str = ""  # where the sentence encoder is that it has beside it, as the setting names it; "": none

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes vectors comparable: the model and its spaces, not how many pictures a call takes.

        What follows a colon in the name says where the model is; which it is, the version says.
        """
        spaces = sorted((s.name, s.dimensions, s.images, s.documents, s.queries) for s in self.spaces)
        return self.name.partition(":")[0], self.version, tuple(spaces)

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
class Calibration:
    """What scores mean in one knowledge base, measured when it was indexed: so that a hit can be told to fit or not.

    `unrelated`: ranking -> centre and spread of the best scores of questions that nothing here answers.
    `weights`: kind of hit -> intercept and weights of what speaks for it (`imagelore.retrieve`).
    """

    version: int  # of the method
    records: int  # how many there were
    answerable: int  # questions made of the records that it rests on
    unanswerable: int  # questions that nothing here answers
    false_answers: float  # share of these that would find something fitting all the same
    unrelated: Mapping[str, tuple[float, float]]
    weights: Mapping[str, tuple[float, ...]]


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
    calibration: Calibration | None = None  # None: made before there was one, or nothing is in it yet


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `imagelore doctor` looked at; `mend` says what to do where it is not as it should be."""

    name: str  # "Azure AI Search: index"
    ok: bool
    said: str  # what was found: "reachable at https://..., 12,345 records"
    mend: str = ""
