"""Questions as requests, and their parts as rankings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from imagelore.errors import KnowledgeBaseError
from imagelore.index.azure_search import rank
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.types import EmbedderInfo, Query, Record, Space
from tests.contract.index_records import RECORDS, look, record, unit
from tests.fakes.search_server import FakeSearch
from tests.index.azure_search.service import make, searches


def many(server: FakeSearch) -> tuple[AzureSearchIndex, list[Record]]:
    """200 records, all with one word, some with pictures and texts as vectors."""
    rng = np.random.default_rng(7)
    index = make(server)
    records = []
    for n in range(200):
        joint, own = (v / np.linalg.norm(v) for v in (rng.normal(size=8), rng.normal(size=4)))
        images = {"joint": joint.astype(np.float32), "look": own.astype(np.float32)}
        texts = {"joint": rng.permutation(images["joint"])} if n % 3 else {}
        records.append(record(f"r{n:03}", title="boat " * (1 + n % 7), images=images if n % 2 else {}, texts=texts))
    index.upsert(records)
    return index, records


def test_the_parts_of_a_hybrid_request_are_complete_and_exact(server: FakeSearch) -> None:
    index, records = many(server)
    asked, shown = unit(1, 2, -1), look(1, -1, 0.5)
    query = Query("boat", {"joint": asked}, {"look": shown[None]}, depth=10)
    rankings = {r.name: r.entries for r in index.rank(query)}
    assert list(rankings) == ["text", "seen", "meaning", "image", "look"]
    for name, vectors, wanted in (
        ("meaning", {r.id: r.texts.get("joint") for r in records}, asked),
        ("image", {r.id: r.images.get("joint") for r in records}, asked),
        ("look", {r.id: r.images.get("look") for r in records}, shown),
    ):
        cosines = {id: float(vector @ wanted) for id, vector in vectors.items() if vector is not None}
        best = sorted(cosines.items(), key=lambda pair: -pair[1])[:10]
        assert [id for id, _ in rankings[name]] == [id for id, _ in best]
        assert [score for _, score in rankings[name]] == pytest.approx([score for _, score in best], abs=1e-4)
    assert {id for id, _ in rankings["text"]} <= {f"r{n:03}" for n in range(6, 200, 7)}
    assert len(rankings["text"]) == 10


def test_how_many_requests_a_question_takes(server: FakeSearch) -> None:
    index = make(server)
    index.upsert(RECORDS)
    words, picture = {"joint": unit(1)}, {"look": look(1)[None]}
    for query, requests in (
        (Query("boats", words), 2),  # hybrid, and what was seen
        (Query("boats", words, picture), 2),
        (Query(images=picture), 1),
        (Query(images={"look": np.stack([look(1), look(0, 1), look(1, 1)])}), 3),
        (Query("boats"), 2),
    ):
        before = len(searches(server))
        index.rank(query)
        assert len(searches(server)) - before == requests
    hybrid = next(body for body in searches(server) if len(body.get("vectorQueries") or ()) == 3)
    assert (hybrid["debug"], hybrid["search"], hybrid["searchFields"]) == ("vector", "boats", "words")


def test_a_space_for_everything_is_asked_apart_for_the_picture(server: FakeSearch) -> None:
    embedder = EmbedderInfo("one", "1", (Space("joint", 8, images=True, documents=True, queries=True),), 64)
    index = make(server, embedder)
    records = [record(f"r{n}", images={"joint": unit(1, n)}, texts={"joint": unit(n, 1)}) for n in range(5)]
    index.upsert(records)
    found = {r.name: dict(r.entries) for r in index.rank(Query("x", {"joint": unit(1)}, {"joint": unit(0, 1)[None]}))}
    assert found["image"] == pytest.approx({r.id: float(r.images["joint"][0]) for r in records}, abs=1e-5)
    assert found["look"] == pytest.approx({r.id: float(r.images["joint"][1]) for r in records}, abs=1e-5)
    assert found["meaning"] == pytest.approx({r.id: float(r.texts["joint"][0]) for r in records}, abs=1e-5)


def test_one_picture_needs_no_subscores(server: FakeSearch) -> None:
    index, _ = many(server)
    shown = Query(images={"look": look(1, 2)[None]}, depth=9)
    (told,) = index.rank(shown)
    server.subscores = False
    assert index.rank(shown) == [told]
    assert len(told.entries) == 9


@pytest.mark.parametrize("semantic", [False, True])
def test_a_service_without_subscores_is_asked_for_each_part(server: FakeSearch, semantic: bool) -> None:
    index = make(server, azure_search_semantic=semantic)
    index.upsert(RECORDS)
    query = Query("boats on a lake", {"joint": unit(1, 2)}, {"look": look(1)[None]})
    told = index.rank(query)
    server.subscores = False
    for before, after in zip(told, index.rank(query), strict=True):
        assert before.name == after.name
        assert [id for id, _ in before.entries] == [id for id, _ in after.entries]
        assert [s for _, s in before.entries] == pytest.approx([s for _, s in after.entries], abs=1e-5)


def test_accents_and_stop_words_do_not_matter(server: FakeSearch) -> None:
    index = make(server)
    index.upsert([record("cafe", title="Cafés of Zürich"), record("other", title="Boats")])
    for text in ("the cafe", "CAFÉ", "zurich's"):
        assert [r.entries[0][0] for r in index.rank(Query(text)) if r.name == "text"] == ["cafe"]


def test_the_semantic_ranker_is_one_more_ranking(server: FakeSearch) -> None:
    index = make(server, azure_search_semantic=True)
    index.upsert(RECORDS)
    rankings = {r.name: r.entries for r in index.rank(Query("boats on a lake", {"joint": unit(1)}))}
    assert list(rankings) == ["text", "seen", "meaning", "image", "semantic"]
    assert rankings["semantic"][0][0] == "a1"
    assert rankings["semantic"][0][1] > 0
    (asked,) = [body for body in searches(server) if body.get("queryType") == "semantic"]
    assert (asked["semanticQuery"], asked["semanticConfiguration"]) == ("boats on a lake", "meaning")
    assert index.info().details["semantic_ranker"] == "on"
    assert "semantic" not in {r.name for r in index.rank(Query(images={"look": look(1)[None]}))}


def test_without_a_semantic_ranker_questions_are_still_answered(server: FakeSearch) -> None:
    server.semantic = False
    index = make(server, azure_search_semantic=True)
    index.upsert(RECORDS)
    for _ in range(3):
        assert [r.name for r in index.rank(Query("boats"))] == ["text", "seen"]
    assert len([body for body in searches(server) if body.get("queryType") == "semantic"]) == 1
    assert "not enabled" in index.info().details["semantic_ranker"]


def test_a_refusal_of_the_semantic_ranker_is_forgotten(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    server.semantic = False
    monkeypatch.setattr(rank, "REFUSED", 0.0)
    index = make(server, azure_search_semantic=True)
    index.upsert(RECORDS)
    assert [r.name for r in index.rank(Query("boats"))] == ["text", "seen"]
    server.semantic = True  # switched on in the portal meanwhile
    assert [r.name for r in index.rank(Query("boats"))] == ["text", "seen", "semantic"]
    assert index.info().details["semantic_ranker"] == "on"


def test_a_busy_semantic_ranker_is_asked_again_later(server: FakeSearch) -> None:
    index = make(server, azure_search_semantic=True, azure_retries=0)
    index.upsert(RECORDS)
    query = Query("boats")
    index.rank(query)
    server.faults.fail_next(500, path="search.post.search")
    with suppress(KnowledgeBaseError):  # where it hit the request for what was seen
        index.rank(query)
    assert index.info().details["semantic_ranker"] == "on"


def test_readers_share_an_index(server: FakeSearch) -> None:
    index, _ = many(server)
    query = Query("boat", {"joint": unit(1, 2)}, {"look": look(1)[None]}, depth=5)
    expected = index.rank(query)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda n: (index.rank(query), index.get([f"r{n:03}"])), range(24)))
    assert all(rankings == expected for rankings, _ in found)
    assert [r.id for _, (r,) in found] == [f"r{n:03}" for n in range(24)]
