"""The same pictures and questions give the same answers from LanceDB and from AI Search, with one embedder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import as_file, files
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from imagelore.flows.ingest import Run, ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.types import Compare, Done, Hit, Mentions, Scope
from imagelore.ui.routes import add_routes
from imagelore.ui.session import Session
from tests.fakes.search_server import FakeSearch

QUESTIONS = (
    "a bird on a branch", "old photograph of a canyon", "rocket", "a boat on the water", "where is the lighthouse?",
    "Paris", "musical instrument", "something made of wood", "the moon", "a white duck with an orange bill",
    "Roman coins", "people at work", "horses", "food on a plate", "night sky with stars", "1871", "New Zealand",
)  # fmt: skip
SCOPES = (Scope(), Scope(Compare("category", "=", "animals")), Scope(Mentions("water")))


@pytest.fixture(scope="module")
def search() -> Iterator[FakeSearch]:
    """AI Search for all tests here."""
    server = FakeSearch()
    yield server
    server.close()


@pytest.fixture(scope="module")
def twins(samples: Settings, search: FakeSearch) -> tuple[KnowledgeBase, KnowledgeBase]:
    """The samples, indexed twice."""
    there = replace(
        samples, kb="azure-search://pix/samples", azure_search_endpoint=search.url, azure_search_key=search.admin_key
    )
    with as_file(files("imagelore") / "samples") as folder:
        assert ingest(there, str(folder), Run(name="samples")).added == 105
    ours, theirs = KnowledgeBase(samples), KnowledgeBase(there)
    made, other = ours.index.calibration(), theirs.index.calibration()
    assert made is not None
    assert other is not None
    assert made.unrelated["meaning"] == pytest.approx(other.unrelated["meaning"], abs=0.01)
    theirs.index.calibrate(made)  # BM25 differs a little, so one question more or less was found, and thresholds shift
    return ours, theirs


def told(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.record.path for hit in hits]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_hits(twins: tuple[KnowledgeBase, KnowledgeBase], question: str) -> None:
    for scope in SCOPES:
        ours, theirs = (kb.search(question, top=5, scope=scope).hits for kb in twins)
        assert told(ours) == told(theirs)


def test_the_same_looks(twins: tuple[KnowledgeBase, KnowledgeBase]) -> None:
    for path in ("animals/owl.jpg", "unlabelled/p11.jpg", "space/neptune-1989.jpg"):
        picture = files("imagelore").joinpath("samples", *path.split("/")).read_bytes()
        ours, theirs = (kb.search(pictures=[picture], top=5).hits for kb in twins)
        assert told(ours) == told(theirs)
        assert told(ours)[0] == path


def test_the_same_gallery_without_a_look_at_the_definition(
    twins: tuple[KnowledgeBase, KnowledgeBase], search: FakeSearch
) -> None:
    bird = {"where": "tags = 'bird'", "q": "on a branch"}
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("browse", {"where": "category = 'animals'", "limit": 5}),
        ("search", bird),
    )
    pages = []
    twins[1].index.info()
    search.requests.clear()
    for kb in twins:
        app = FastAPI()
        add_routes(app, Session(kb.settings, kb))
        with TestClient(app) as client:
            found = [client.get(f"/imagelore/{path}", params=params).json() for path, params in asked]
        pages.append([[picture["title"] for picture in page["pictures"]] for page in found])
    assert pages[0] == pages[1]
    assert all(pages[0])
    assert {method for method, _, _ in search.requests} == {"POST"}


def test_the_same_answers(twins: tuple[KnowledgeBase, KnowledgeBase]) -> None:
    for question in ("How many birds are there?", "Where was the canyon photographed?", "Is there a submarine?"):
        (*_, ours), (*_, theirs) = (list(kb.chat(question)) for kb in twins)
        assert isinstance(ours, Done)
        assert isinstance(theirs, Done)
        assert ours.answer == theirs.answer
