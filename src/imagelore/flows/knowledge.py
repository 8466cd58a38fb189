"""An opened knowledge base: its index, the embedder that made it, and the generator that answers from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from types import ModuleType
from typing import Any, Self, cast

from imagelore import providers
from imagelore.embed import Embedder
from imagelore.errors import MismatchError, UsageError
from imagelore.flows.chat import Asked, ChatStream, Shown, chat
from imagelore.flows.pictures import PictureFile, Pictures
from imagelore.flows.search import Retrieval, Sought, searched
from imagelore.generate import Generator
from imagelore.index import Index
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo, Filter, Intent, Scope, Turn
from imagelore.where import parsed


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
        self, text: str = "", pictures: Sequence[bytes] = (), *, top: int | None = None, scope: Scope = Scope(),
        rankings: str | None = None,
    ) -> Retrieval:  # fmt: skip
        """The pictures that fit words, pictures or both, best first.

        Args:
            text: the question's words.
            pictures: its pictures: each record counts by the one that it is most like.
            top: how many hits.
            scope: the records to look among.
            rankings: the ones to find by, with commas between ("text,image"); "": all.

        Raises:
            UsageError: nothing to search for, a question that is too long or has too many pictures, a query picture
                that is no picture, or a ranking that there is none of.
        """
        return searched(self, Sought(text, pictures, top, scope, rankings))

    def chat(
        self, question: str, pictures: Sequence[Shown] = (), history: Sequence[Turn] = (), *, top: int | None = None,
        scope: Scope = Scope(), intent: Intent | None = None,
    ) -> ChatStream:  # fmt: skip
        """Answers a question as a stream: `Retrieved` first, then `Delta` and `Notice`, `Done` last.

        `pictures` are bytes, or ids of records whose pictures they are. `history` is made of `flows.chat.turn`.
        `Retrieved.intent` says how the question was understood; to have that changed (a filter taken off), ask the same
        again with the changed `intent`: then nothing is read into the words.

        Raises:
            UsageError: as `search`.
            GeneratorError: no answer can be had.
        """
        return chat(self, Asked(question, pictures, history, top, scope, intent))

    def where(self, expression: str) -> Filter | None:
        """A filter expression (docs/filters.md) over this knowledge base's fields; None where it is blank.

        Raises:
            ExpressionError: it cannot be read; the text shows the place.
        """
        return parsed(expression, self.index.fields()) if expression.strip() else None

    def picture(self, id: str) -> PictureFile:
        """The full picture of a record, or its thumbnail with a notice.

        Raises:
            UsageError: there is no such record.
        """
        records = self.index.get([id])
        if not records:
            raise UsageError(f"there is no picture {id!r} in this knowledge base")
        return self.pictures.open(records[0])


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
    """The chosen generator, else the first whose service is set, else the one that needs none.

    What follows a colon (`llamacpp:MODEL`) is the provider's own to read.
    """
    if settings.generator:
        return settings.generator.partition(":")[0]
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
    embedder = load_embedder(asked, settings, stamp)
    check_embedder(embedder.info, stamp, settings.kb)
    return embedder


def load_embedder(name: str, settings: Settings, stamp: EmbedderInfo | None = None) -> Embedder:
    """An embedder by name; what follows a colon (`clip:MODEL`) is the provider's own to read.

    Where the settings name no sentence encoder, it has that of the `stamp`.

    Raises:
        UsageError: there is no such model, or the settings name a sentence encoder for one that has none beside it.
    """
    module = providers.load("embed", name.partition(":")[0])
    sentences = settings.sentences or (stamp.sentences if stamp else "")
    embedder = cast(Embedder, module.create(replace(settings, embedder=name, sentences=sentences)))
    if settings.sentences and not embedder.info.sentences:
        raise UsageError(
            f"the embedder {name!r} reads texts by itself: leave out `--sentences {settings.sentences}` (the setting "
            "`sentences`), or take `--embedder clip:MODEL`"
        )
    return embedder


def check_embedder(asked: EmbedderInfo, stamp: EmbedderInfo, kb: str) -> None:
    """Vectors of different embedders cannot be compared.

    Raises:
        MismatchError: they differ.
    """
    if asked.identity == stamp.identity:
        return
    sentences = f" --sentences {asked.sentences}" if asked.sentences else ""
    other = f"`imagelore index FOLDER --kb OTHER --embedder {asked.name}{sentences}`"
    if asked.name == stamp.name and asked.sentences != stamp.sentences:
        raise MismatchError(
            f"`{kb}` was made with the sentence encoder {stamp.sentences or 'starter'!r}, not {asked.sentences!r}: "
            f"leave out `--sentences`, or index into another place with {other}"
        )
    if asked.name == stamp.name:
        raise MismatchError(
            f"`{kb}` was made by version {stamp.version} of the embedder {stamp.name!r}, and this is version "
            f"{asked.version}: index into another place with {other}"
        )
    raise MismatchError(
        f"`{kb}` was made by the embedder {stamp.name!r}, not {asked.name!r}: leave out `--embedder`, or index into "
        f"another place with {other}"
    )
