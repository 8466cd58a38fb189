"""Each space of an embedder gets a question in a language that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imagelore.embed.palette import INFO, Palette
from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo, Vectors
from tests.flows.pictures import folder

GERMAN = "Wo ist eine rote Windmühle?"


class Heard(Palette):
    """Notes what is to be embedded, by space: the vector of the n-th text ends in n."""

    def __init__(self, **languages: tuple[str, ...]) -> None:
        spaces = tuple(replace(space, languages=languages[space.name]) for space in INFO.spaces)
        self.info: EmbedderInfo = replace(INFO, spaces=spaces)
        self.calls: list[list[str]] = []

    def embed_texts(self, texts: Sequence[str], role: Any) -> Mapping[str, Vectors]:
        self.calls.append([*texts])
        return super().embed_texts(texts, role)


@pytest.fixture
def kb(tmp_path: Path) -> KnowledgeBase:
    rows = {"red.png": {"title": "A windmill"}, "blue.png": {"title": "A lighthouse"}}
    photos = folder(tmp_path / "photos", {"red.png": "red", "blue.png": "blue"}, rows)
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive")
    ingest(settings, str(photos))
    return KnowledgeBase(settings)


def asked(kb: KnowledgeBase, question: str, **languages: tuple[str, ...]) -> tuple[list[list[str]], dict[str, str]]:
    """The calls for a question, and the text whose vector each space was searched by."""
    heard = Heard(**languages)
    kb.embedder = heard
    vectors: dict[str, Vectors] = {}
    rank = kb.index.rank

    def noted(query: Any, *scope: Any) -> Any:
        vectors.update(query.texts)
        return rank(query, *scope)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kb.index, "rank", noted)
        kb.search(question)
    texts = [text for call in heard.calls for text in call]
    by = {
        space: next(t for t in texts if np.array_equal(Palette().embed_texts([t], "query")[space][0], vector))
        for space, vector in vectors.items()
    }
    return heard.calls, by


def test_english_goes_where_only_english_is_read(kb: KnowledgeBase) -> None:
    calls, by = asked(kb, GERMAN, colour=(), words=("en",))
    assert len(calls) == 1  # both at once
    assert by == {"colour": "rote Windmühle", "words": "red windmill"}
    _, by = asked(kb, GERMAN, colour=("en",), words=())
    assert by == {"colour": "red windmill", "words": "rote Windmühle"}


def test_where_all_read_only_english_nothing_else_is_embedded(kb: KnowledgeBase) -> None:
    calls, _ = asked(kb, GERMAN, colour=("en",), words=("en",))
    assert calls == [["red windmill"]]


def test_where_all_read_many_languages_nothing_is_translated(kb: KnowledgeBase) -> None:
    calls, _ = asked(kb, GERMAN, colour=(), words=())
    assert calls == [["rote Windmühle"]]
    assert kb.search(GERMAN).searched == f'"{GERMAN}"'


def test_an_english_question_is_embedded_once(kb: KnowledgeBase) -> None:
    calls, by = asked(kb, "a red windmill", colour=(), words=("en",))
    assert [len(call) for call in calls] == [1]
    assert len({*by.values()}) == 1


def test_english_words_are_searched_for_where_a_space_needs_them(kb: KnowledgeBase) -> None:
    kb.embedder = Heard(colour=(), words=("en",))
    found = kb.search("Wo ist eine Windmühle?", rankings="text")
    assert [hit.record.path for hit in found.hits] == ["red.png"]
    assert found.searched == '"Wo ist eine Windmühle?" (in English: windmill)'
