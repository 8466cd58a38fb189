"""An opened knowledge base: its index, the embedder that made it, and the generator that answers from it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, Self, cast

from imagelore import providers
from imagelore.embed import Embedder
from imagelore.errors import MismatchError, UnreadableError, UsageError
from imagelore.flows.chat import ChatStream, chat
from imagelore.flows.pictures import PictureFile, Pictures
from imagelore.generate import Generator
from imagelore.index import Index
from imagelore.read import Options
from imagelore.retrieve import retrieve
from imagelore.settings import Settings
from imagelore.types import Asset, EmbedderInfo, Hit, Query, Scope, Turn, Vectors
from imagelore.words import subject


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a question found: hits best first, what was searched for in words, and seconds by step."""

    hits: tuple[Hit, ...]
    searched: str
    timings: Mapping[str, float] = field(default_factory=dict)


class KnowledgeBase:
    """Searches and answers. Safe to use from several threads.

    Args:
        settings: `settings.kb` says where it is.

    Raises:
        KnowledgeBaseError: there is none, or it is of a newer schema.
        MismatchError: it was made by another embedder than `settings.embedder`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.index: Index = open_index(settings)
        self.embedder = open_embedder(settings, self.index.info().embedder)
        self.pictures = Pictures(settings, self.index.info)

    @classmethod
    def open(cls, kb: str | None = None, **settings: Any) -> Self:
        """The knowledge base at `kb`, with settings by name over those of the environment and `imagelore.toml`."""
        return cls(Settings.load(kb=kb, **settings))

    @cached_property
    def generator(self) -> Generator:
        """What answers: see `generator_name`."""
        return load_generator(self.settings)

    def search(
        self, text: str = "", pictures: Sequence[bytes] = (), *, top: int | None = None, scope: Scope = Scope()
    ) -> Retrieval:
        """The pictures that fit words, pictures or both, best first.

        Raises:
            UsageError: nothing to search for, a question that is too long, or a query picture that is no picture.
        """
        start = time.perf_counter()
        top = self.settings.top if top is None else top
        if top < 1:
            raise UsageError(f"`top` must be at least 1, not {top}")
        query = self._query(
            _checked_question(text, pictures, self.settings.max_question), pictures, depth=max(100, 2 * top)
        )
        embedded = time.perf_counter()
        hits = retrieve(query, self.index, self.embedder.info, self.pictures.uri, top, scope)
        done = time.perf_counter()
        return Retrieval(
            hits, _searched(query.text, len(pictures)), {"embed": embedded - start, "search": done - embedded}
        )

    def chat(
        self, question: str, pictures: Sequence[bytes] = (), history: Sequence[Turn] = (), *, top: int | None = None,
        scope: Scope = Scope(),
    ) -> ChatStream:  # fmt: skip
        """Answers a question as a stream: `Retrieved` first, then `Delta` and `Notice`, `Done` last.

        Raises:
            UsageError: as `search`.
            GeneratorError: no answer can be had.
        """
        return chat(self, question, pictures, history, top=top, scope=scope)

    def picture(self, id: str) -> PictureFile:
        """The full picture of a record, or its thumbnail with a notice.

        Raises:
            UsageError: there is no such record.
        """
        records = self.index.get([id])
        if not records:
            raise UsageError(f"there is no picture {id!r} in this knowledge base")
        return self.pictures.open(records[0])

    def _query(self, text: str, pictures: Sequence[bytes], depth: int) -> Query:
        texts: dict[str, Vectors] = {}
        images: dict[str, Vectors] = {}
        if text:
            texts = {space: rows[0] for space, rows in self.embedder.embed_texts([subject(text)], role="query").items()}
        if pictures:
            images = dict(self.embedder.embed_images([self._decoded(data) for data in pictures]).vectors)
        return Query(text, texts, images, depth)

    def _decoded(self, data: bytes) -> Any:
        options = Options(image_side=self.embedder.info.image_side, max_pixels=self.settings.max_pixels)
        try:
            reading = providers.load("read", "picture").read(Asset("your picture", "", len(data)), data, options)
        except UnreadableError as error:
            raise UsageError(f"your picture cannot be read: {error}") from error
        return reading.picture


def open_index(settings: Settings) -> Index:
    """The index at `settings.kb`.

    Raises:
        KnowledgeBaseError: there is none.
    """
    return cast(Index, index_provider(settings.kb).open(settings.kb, settings))


def index_provider(kb: str) -> ModuleType:
    """The module of the index that an address calls for."""
    return providers.load("index", index_name(kb))


def index_name(kb: str) -> str:
    """The index provider of an address: AI Search for `azure-search://`, else LanceDB (a folder, an object store)."""
    return "azure_search" if kb.startswith("azure-search:") else "lancedb"


def index_exists(settings: Settings) -> bool:
    """Whether there is a knowledge base at `settings.kb`."""
    return bool(index_provider(settings.kb).exists(settings.kb, settings))


def load_generator(settings: Settings) -> Generator:
    """The generator that the settings call for; nothing is asked yet.

    Raises:
        UsageError: it lacks a setting.
    """
    return cast(Generator, providers.load("generate", generator_name(settings)).create(settings))


def generator_name(settings: Settings) -> str:
    """The chosen generator, else the first whose service is set, else the one that needs none."""
    if settings.generator:
        return settings.generator
    if settings.azure_openai_endpoint:
        return "azure_openai"
    return "openai" if settings.openai_api_key or settings.openai_base_url else "extractive"


def embedder_name(settings: Settings) -> str:
    """The embedder of a new knowledge base: the chosen one, else the first whose service is set, else `starter`."""
    if settings.embedder:
        return settings.embedder
    if settings.azure_vision_endpoint:
        return "azure_vision"
    return "azure_cohere" if settings.azure_cohere_endpoint else "starter"


def open_embedder(settings: Settings, stamp: EmbedderInfo) -> Embedder:
    """The embedder that made a knowledge base.

    Raises:
        MismatchError: the settings name another one, or this release's vectors differ from the stamped ones.
    """
    asked = settings.embedder or stamp.name
    embedder = load_embedder(asked, settings)
    check_embedder(embedder.info, stamp, settings.kb)
    return embedder


def load_embedder(name: str, settings: Settings) -> Embedder:
    """An embedder by name; what follows a colon (`clip:MODEL`) is the provider's own to read."""
    return cast(Embedder, providers.load("embed", name.partition(":")[0]).create(settings))


def check_embedder(asked: EmbedderInfo, stamp: EmbedderInfo, kb: str) -> None:
    """Vectors of different embedders cannot be compared.

    Raises:
        MismatchError: they differ.
    """
    if asked.identity == stamp.identity:
        return
    other = f"`imagelore index FOLDER --kb OTHER --embedder {asked.name}`"
    if asked.name == stamp.name:
        raise MismatchError(
            f"`{kb}` was made by version {stamp.version} of the embedder {stamp.name!r}, and this is version "
            f"{asked.version}: index into another place with {other}"
        )
    raise MismatchError(
        f"`{kb}` was made by the embedder {stamp.name!r}, not {asked.name!r}: leave out `--embedder`, or index into "
        f"another place with {other}"
    )


def _checked_question(text: str, pictures: Sequence[bytes], limit: int) -> str:
    text = " ".join(text.split())
    if len(text) > limit:
        raise UsageError(f"the question has {len(text):,} characters; {limit:,} are the limit: shorten it")
    if not pictures and not any(c.isalnum() for c in text):
        raise UsageError("there is nothing to search for: ask in words, with a picture, or both")
    return text


def _searched(text: str, pictures: int) -> str:
    parts = [f'"{text}"'] if text else []
    if pictures:
        parts.append("your picture" if pictures == 1 else f"your {pictures} pictures")
    return " + ".join(parts)
