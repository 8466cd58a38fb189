"""AI Search as the engine: batches, statuses, delays, refusals, semantic ranker, roles, and questions as requests."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from imagelore.errors import KnowledgeBaseError, UsageError
from imagelore.index import azure_search
from imagelore.index._columns import image_column, text_column
from imagelore.index.azure_search import store, writing
from imagelore.index.azure_search.definition import LONGEST_STAMP
from imagelore.index.azure_search.documents import key
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.settings import Settings
from imagelore.types import AllOf, AnyOf, Check, Compare, EmbedderInfo, Query, Record, Scope, SourceInfo, Space
from tests.contract.index_records import BOAT, EMBEDDER, RECORDS, look, record, unit
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.search_server import READER, SERVICE, WRITER, FakeSearch
from tests.fakes.search_server import request as fake_request
from tests.fakes.search_server import server as fake_server
from tests.index.filters import DECLARED, FILTERS, VALUES, holds

ADDRESS = "azure-search:///pictures"


@pytest.fixture
def server(search_server: FakeSearch) -> FakeSearch:
    search_server.delay = 0.0
    return search_server


def settings(server: FakeSearch, **others: Any) -> Settings:
    return Settings(azure_search_endpoint=server.url, azure_search_key=server.admin_key, **others)


def make(server: FakeSearch, embedder: EmbedderInfo = EMBEDDER, **others: Any) -> AzureSearchIndex:
    return azure_search.create(ADDRESS, embedder, settings(server, **others))


def sent(server: FakeSearch, ending: str) -> list[Any]:
    """The bodies of the requests so far whose path ends like this."""
    return [body for _, path, body in server.requests if path.endswith(ending)]


def searches(server: FakeSearch) -> list[Any]:
    return sent(server, "search.post.search")


def uploads(server: FakeSearch) -> list[int]:
    return [len(body["value"]) for body in sent(server, "search.index")]


# ---------------------------------------------------------------- the definition and the stamp


def test_the_definition_says_what_is_searched_filtered_and_kept(server: FakeSearch) -> None:
    make(server).declare({"year": "integer"})
    made = server.indexes["pictures"].schema.definition
    fields = {field["name"]: field for field in made["fields"]}
    assert not any(fields["thumbnail"][attribute] for attribute in ("searchable", "filterable", "facetable"))
    assert not any(fields["record"][attribute] for attribute in ("searchable", "filterable", "facetable"))
    assert fields["m_year"]["filterable"]
    assert fields["image_joint"]["dimensions"] == 8
    (compression,) = made["vectorSearch"]["compressions"]
    assert compression["kind"] == "scalarQuantization"
    assert compression["rescoringOptions"]["rescoreStorageMethod"] == "preserveOriginals"
    assert made["vectorSearch"]["algorithms"][0]["hnswParameters"]["metric"] == "cosine"
    assert {fields[name]["analyzer"] for name in ("words", "seen_words")} == {"english_folded"}


def test_an_index_of_another_shape_is_named_and_left_alone(server: FakeSearch) -> None:
    make(server)
    schema = server.indexes["pictures"].schema
    schema.definition["description"] = "Hotels of the city"
    before = json.dumps(schema.definition)
    for act in (lambda: azure_search.open(ADDRESS, settings(server)), lambda: make(server)):
        with pytest.raises(KnowledgeBaseError, match=r"`pictures` at .* was not made by imagelore .* give another"):
            act()
    assert json.dumps(server.indexes["pictures"].schema.definition) == before
    assert azure_search.exists(ADDRESS, settings(server))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('"schema":1', '"schema":99'), r"newer imagelore.*pip install --upgrade imagelore"),
        (lambda text: text[:-20], "damaged"),
        (lambda text: text.replace('"spaces"', '"places"'), "damaged"),
        (lambda text: text.replace('"dimensions":8', '"dimensions":9'), "damaged .*'image_joint'"),
    ],
    ids=["newer", "cut", "keys", "vectors"],
)
def test_a_stamp_that_cannot_be_read_is_told(server: FakeSearch, change: Any, told: str) -> None:
    make(server)
    definition = server.indexes["pictures"].schema.definition
    definition["description"] = change(definition["description"])
    with pytest.raises(KnowledgeBaseError, match=told):
        azure_search.open(ADDRESS, settings(server))


def test_a_stamp_that_would_be_too_long_is_refused_before_it_is_written(server: FakeSearch) -> None:
    index = make(server)
    index.remember(SourceInfo("one", "/" + "a" * (LONGEST_STAMP // 2)))
    with pytest.raises(KnowledgeBaseError, match=r"4,000.*index this source into another index with --kb"):
        index.remember(SourceInfo("two", "/" + "b" * (LONGEST_STAMP // 2)))
    assert [source.name for source in index.info().sources] == ["one"]


def test_writers_that_change_the_definition_at_once_lose_nothing(server: FakeSearch) -> None:
    indexes = [make(server) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: indexes[n].declare({f"field{n}": "text"}), range(4)))
    assert set(indexes[0].info().fields) == {f"field{n}" for n in range(4)}


def test_a_lost_answer_to_making_the_index_is_no_error(server: FakeSearch) -> None:
    make(server)  # as a first request did whose answer was lost
    server.faults.fail_next(404, path="indexes('pictures')")
    with pytest.raises(KnowledgeBaseError):  # a 404 in other words than the service's: something else is there
        azure_search.open(ADDRESS, settings(server, azure_retries=0))


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        "azure-search://evil.example/x", "azure-search://a@b/x", "azure-search://a:1/x", "azure-search://a/b/c",
        "azure-search://S/x", "azure-search:///A", "azure-search:///a?b", "azure-search:///a#b", "azure-search:///",
        "azure-search://service", "azure-search:///-a", "azure-search:///a\n", "https://a.search.windows.net/a",
        "azure-search:///a')/docs",
    ],
)  # fmt: skip
def test_addresses_are_plain_names(server: FakeSearch, address: str) -> None:
    with pytest.raises(UsageError, match="azure-search://SERVICE/INDEX"):
        azure_search.open(address, settings(server))
    assert server.requests == []


def test_without_a_service_the_endpoint_must_be_set() -> None:
    with pytest.raises(UsageError, match="`AZURE_SEARCH_ENDPOINT` is not set"):
        azure_search.exists(ADDRESS, Settings(azure_search_key="k"))


@pytest.mark.parametrize("id", ["a1", "k'00", "=a", "_a", "ä", "a b", "00ff-_", "YQ==", "=YQ=="])
def test_any_id_has_a_key_of_its_own(server: FakeSearch, id: str) -> None:
    index = make(server)
    index.upsert([record(id), record("YQ==x")])
    assert [r.id for r in index.get([id])] == [id]
    index.delete([id])
    assert [r.id for r in index.browse()] == ["YQ==x"]


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=2, max_size=5))
def test_keys_are_allowed_and_never_collide(ids: list[str]) -> None:
    keys = [key(id) for id in ids if id.isprintable()]
    assert len(set(keys)) == len(keys)
    assert all(set(k) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=") for k in keys)


# ---------------------------------------------------------------- writing


def test_batches_stay_within_the_number_of_documents(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_ACTIONS", 4)
    index = make(server)
    index.upsert([record(f"r{n}") for n in range(10)])
    index.delete([f"r{n}" for n in range(9)])
    assert uploads(server) == [4, 4, 2, 4, 4, 1]
    assert index.count() == 1


def test_batches_stay_within_the_size(server: FakeSearch) -> None:
    index = make(server)
    assert index.upsert([record(f"r{n}", thumbnail=bytes(3_000_000)) for n in range(6)]) == {}
    assert uploads(server) == [3, 3]
    assert index.count() == 6


def test_a_document_over_the_limit_is_refused_by_name(server: FakeSearch) -> None:
    index = make(server)
    refused = index.upsert([record("huge", thumbnail=bytes(12_000_000)), record("small")])
    assert list(refused) == ["huge"]
    assert "16 MB" in refused["huge"]
    assert [r.id for r in index.browse()] == ["small"]


def test_a_batch_that_the_service_finds_too_large_goes_in_halves(
    server: FakeSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = make(server)
    monkeypatch.setattr(fake_server, "MAX_BODY", 20_000)
    refused = index.upsert([*(record(f"r{n}", text="x" * 3_000) for n in range(4)), record("s", text="y" * 9_000)])
    assert refused == {"s": "it is larger than Azure AI Search takes"}
    assert index.count() == 4


def test_busy_documents_are_sent_again_and_refused_ones_named(server: FakeSearch) -> None:
    index = make(server)
    for status in (503, 409):
        server.document_faults.fail_next(status, path="a1")
    for status in (422, 429):
        server.document_faults.fail_next(status, path="c3")
    server.document_faults.fail_next(400, path="b2")
    refused = index.upsert(RECORDS)
    assert list(refused) == ["b2"]
    assert refused["b2"].startswith("status 400: ")
    assert uploads(server) == [3, 2, 2]
    index.refresh()
    assert [r.id for r in index.browse()] == ["a1", "c3"]


def test_documents_that_stay_busy_stop_the_run(server: FakeSearch) -> None:
    index = make(server, azure_retries=1)
    server.document_faults.fail_next(503, times=9, path="a1")
    with pytest.raises(
        KnowledgeBaseError, match=r"too busy for 1 documents \(status 503\).*run the same command again"
    ):
        index.upsert(RECORDS)
    assert uploads(server) == [3, 1]
    assert index.count() == 2


@pytest.mark.parametrize("status", [429, 503, 500, 0], ids=str)
def test_what_passes_is_tried_again(server: FakeSearch, status: int) -> None:
    index = make(server)
    server.faults.fail_next(status, {"Retry-After": "0.02"}, path="search.index")
    index.upsert(RECORDS)
    server.faults.fail_next(status, {"Retry-After": "0.02"}, path="search.post.search")
    assert index.count() == 3
    server.faults.fail_next(status, {"Retry-After": "0.02"}, path="indexes('pictures')")
    index.declare({"year": "integer"})
    assert index.info().fields == {"year": "integer"}


def test_throttling_without_end_is_one_line(server: FakeSearch) -> None:
    index = make(server, azure_retries=2)
    server.faults.fail_next(429, {"Retry-After": "0.01"}, times=9)
    with pytest.raises(KnowledgeBaseError, match=r"gets too many requests .*run this again later"):
        index.count()
    assert len(server.faults.taken) == 3


def test_a_full_service_is_told(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make(server)
    monkeypatch.setitem(fake_server._WORDS, 403, "Storage quota has been exceeded for this service.")
    server.faults.fail_next(403, path="search.index")
    with pytest.raises(KnowledgeBaseError, match=r"is full \(Storage quota.*larger tier"):
        index.upsert(RECORDS)


# ---------------------------------------------------------------- when writes are seen


def test_reads_do_not_wait_and_refresh_does(server: FakeSearch) -> None:
    server.delay = 0.1
    index = make(server)
    index.upsert(RECORDS)
    assert index.count() == 0
    index.refresh()
    assert index.count() == 3
    index.upsert([dataclasses.replace(BOAT, title="New")])
    index.delete(["b2"])
    assert index.get(["a1", "b2"])[0].title == "Two boats"
    index.refresh()
    assert [(r.id, r.title) for r in index.get(["a1", "b2"])] == [("a1", "New")]
    before = len(server.requests)
    index.refresh()
    assert len(server.requests) == before


def test_waiting_ends(server: FakeSearch) -> None:
    server.delay = 60
    index = make(server)
    index._connection.timeout = 0.1
    index.upsert(RECORDS)
    with pytest.raises(KnowledgeBaseError, match=r"took 3 changes and does not show them.*run the same command again"):
        index.refresh()


def test_what_is_remembered_of_writes_does_not_grow(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PENDING", 10)
    index = make(server)
    for batch in range(20):
        index.upsert([record(f"r{batch:02}-{n}") for n in range(5)])
        assert len(index._writer._pending) <= 15
    index.refresh()
    assert index.count() == 100


# ---------------------------------------------------------------- reading


def test_pages_go_by_key(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAGE", 7)
    index = make(server)
    index.upsert([record(f"r{n:03}") for n in range(30)])
    server.requests.clear()
    assert [id for id, _, _ in index.manifest("photos")] == [f"r{n:03}" for n in range(30)]
    assert len(searches(server)) == 5
    assert all(body["top"] == 7 and not body.get("skip") for body in searches(server))
    assert [r.id for r in index.browse(after="r004", limit=9)] == [f"r{n:03}" for n in range(5, 14)]


def test_pages_that_the_service_makes_are_followed(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    index = make(server)
    index.upsert([record(f"r{n:02}", sha256=f"{n % 20}") for n in range(40)])
    monkeypatch.setattr(fake_request, "MAX_PAGE", 6)
    for module in (fake_request, __import__("tests.fakes.search_server.search", fromlist=["x"])):
        monkeypatch.setattr(module, "MAX_PAGE", 6)
    ids = [f"r{n:02}" for n in range(40)]
    assert [r.id for r in index.get(ids)] == ids
    assert [id for id, _, _ in index.manifest("photos")] == ids
    assert index.find([str(n) for n in range(20)]) == {str(n): f"r{n:02}" for n in range(20)}


def test_what_no_column_holds_comes_back_whole(server: FakeSearch) -> None:
    index = make(server)
    index.declare({"note": "text", "number": "integer", "ratio": "number"})
    long = "öl, " * 10_000
    fields = {"note": long, "number": 2**63 - 1, "ratio": float("inf")}
    whole = record(
        "r", title=long, text=long + "!", tags=(long,), fields=fields, taken_at=datetime(2024, 1, 1, 1, 1, 1, 7)
    )
    other = dataclasses.replace(whole, id="s", fields={"note": long[:-1], "ratio": -1e-300}, taken_at=None)
    assert index.upsert([whole, other]) == {}
    assert index.get(["r", "s"]) == [whole, other]
    for field in ("note", "title", "text", "tags"):
        found = [r.id for r in index.browse(Scope(Compare(field, "=", long if field != "text" else long + "!")))]
        assert found == (["r"] if field == "note" else ["r", "s"])
    assert [r.id for r in index.browse(Scope(Compare("ratio", ">", 1e308)))] == ["r"]


def test_vectors_come_back_to_the_bit(server: FakeSearch) -> None:
    rng = np.random.default_rng(3)
    embedder = EmbedderInfo("fake", "1", (Space("v", 256, images=True, documents=True, queries=True),), 64)
    index = make(server, embedder)
    rows = rng.normal(size=(2, 256)).astype(np.float32)
    index.upsert([record("r", images={"v": rows[0]}, texts={"v": rows[1] * 1e-20})])
    (found,) = index.get(["r"], vectors=True)
    assert np.array_equal(found.images["v"], rows[0])
    assert np.array_equal(found.texts["v"], rows[1] * np.float32(1e-20))


def test_another_process_adds_a_field_and_facets_follow(server: FakeSearch) -> None:
    reader = make(server)
    writer = make(server)
    writer.declare({"year": "integer"})
    writer.upsert([record(f"r{n}", fields={"year": n % 3}) for n in range(7)])
    (year,) = reader.facets(fields=["year"])
    assert (year.values, year.low, year.high, year.complete) == (((0, 3), (1, 2), (2, 2)), 0, 2, True)


def test_the_ends_of_a_facet_with_many_values_are_exact(server: FakeSearch) -> None:
    index = make(server)
    index.declare({"year": "integer", "day": "date"})
    values = [{"year": n * 3, "day": date.fromordinal(700_000 + n)} for n in range(230)]
    index.upsert([record(f"r{n:03}", fields=values[n], width=n + 1) for n in range(230)])
    year, day, width, title = index.facets(fields=["year", "day", "width", "title"])
    assert (year.low, year.high, len(year.values), year.complete) == (0, 687, 50, False)
    assert (day.low, day.high) == (date.fromordinal(700_000), date.fromordinal(700_229))
    assert (width.low, width.high) == (1, 230)
    assert (title.values, title.complete) == ((), True)


# ---------------------------------------------------------------- filters


@pytest.fixture(scope="module")
def filtered() -> Iterator[AzureSearchIndex]:
    server = FakeSearch()
    server.delay = 0.0
    index = make(server)
    index.declare(DECLARED)
    yield index
    index.close()
    server.close()


@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=4),
    st.lists(FILTERS, min_size=5, max_size=9),
)
def test_filters_mean_what_they_mean_in_python(
    filtered: AzureSearchIndex, values: list[dict[str, Any]], filters: list[Any]
) -> None:
    rows = [record(f"r{n}", fields=fields) for n, fields in enumerate(values)]
    filtered.upsert([*rows, *(record(f"r{n}", source="gone") for n in range(len(rows), 4))])
    mine = Compare("source", "=", "photos")
    for filter in filters:
        expected = [row.id for row in rows if holds(filter, row)]
        assert [r.id for r in filtered.browse(Scope(AllOf((mine, filter))))] == expected
    assert filtered.get([row.id for row in rows]) == rows


def test_many_alternatives_are_one_function(server: FakeSearch) -> None:
    index = make(server)
    index.upsert([record(f"r{n}", tags=(f"t,|{n}",), title=f"a b|c,{n}") for n in range(30)])
    wanted = [*range(20), *(n + 1_000 for n in range(4_000))]
    tags = AnyOf(tuple(Compare("tags", "=", f"t,|{n}") for n in wanted))
    titles = AnyOf(tuple(Compare("title", "=", f"a b|c,{n}") for n in wanted))
    assert index.count(Scope(tags)) == index.count(Scope(titles)) == 20
    assert all(" eq " not in body["filter"] for body in searches(server)[-2:])


@pytest.mark.parametrize(
    "value",
    ["' or true or '", "') or search.in(id, 'a1", "x' eq 'x", "a1|b2", ",", " ", "", "\\'", "null", "%27", "a'||'b"],
)
def test_values_are_never_syntax(server: FakeSearch, value: str) -> None:
    index = make(server)
    index.upsert([*RECORDS, record("own", title=value or "-", tags=(value or "-",), groups=(value or "-",))])
    assert index.count(Scope(Compare("title", "=", value))) == (1 if value else 0)
    assert index.count(Scope(Compare("tags", "=", (value, "-")))) == 0
    assert index.count(Scope(AnyOf((Compare("tags", "=", value), Compare("tags", "=", "x|y"))))) == bool(value)
    assert index.count(Scope(groups=frozenset({value, "x"}))) == 3 + bool(value)
    assert [r.id for r in index.get(["own", value], Scope())] == ["own"]


# ---------------------------------------------------------------- questions


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


# ---------------------------------------------------------------- who may


def refusal(act: Any, *secrets: str) -> str:
    with pytest.raises(KnowledgeBaseError) as caught:
        act()
    told = str(caught.value)
    assert "\n" not in told
    assert not any(secret in told for secret in secrets)
    return told


def test_a_wrong_key_is_told_without_it(server: FakeSearch) -> None:
    wrong = Settings(azure_search_endpoint=server.url, azure_search_key="s3cret-wrong-key")
    told = refusal(lambda: azure_search.open(ADDRESS, wrong), "s3cret")
    assert "`AZURE_SEARCH_KEY`" in told


def test_a_query_key_cannot_write(server: FakeSearch) -> None:
    make(server)
    reading = Settings(azure_search_endpoint=server.url, azure_search_key=server.query_key)
    assert "admin key" in refusal(lambda: azure_search.open(ADDRESS, reading), server.query_key)


def test_an_endpoint_where_nothing_listens(server: FakeSearch) -> None:
    nobody = Settings(azure_search_endpoint="http://127.0.0.1:9", azure_search_key="s3cret", azure_retries=0)
    told = refusal(lambda: azure_search.open(ADDRESS, nobody), "s3cret")
    assert "cannot reach Azure AI Search at 127.0.0.1:9" in told
    assert "`AZURE_SEARCH_ENDPOINT`" in told


@pytest.mark.parametrize("status", [200, 404])
def test_an_endpoint_of_another_kind(status: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as page:
        thread = threading.Thread(target=page.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{page.server_address[1]}"
        other = Settings(azure_search_endpoint=url, azure_search_key="s3cret", azure_retries=0)
        told = refusal(lambda: azure_search.exists(ADDRESS, other), "s3cret")
        page.shutdown()
        thread.join()
    assert "check `AZURE_SEARCH_ENDPOINT`" in told


def test_an_identity_does_everything_that_a_key_does(server: FakeSearch, identity: FakeIdentity) -> None:
    signed_in = Settings(azure_search_endpoint=server.url)
    index = azure_search.create(ADDRESS, EMBEDDER, signed_in)
    index.upsert(RECORDS)
    assert azure_search.open(ADDRESS, signed_in).count() == 3
    assert index.rank(Query("boats"))[0].entries[0][0] == "a1"


@pytest.mark.parametrize(
    ("roles", "act", "needed"),
    [
        ({WRITER}, "create", "Reader"),
        ({SERVICE}, "upsert", "Search Index Data Contributor"),
        ({SERVICE}, "count", "Search Index Data Reader"),
        ({READER, SERVICE}, "upsert", "Search Index Data Contributor"),
    ],
)
def test_a_missing_role_is_named(
    server: FakeSearch, identity: FakeIdentity, roles: set[str], act: str, needed: str
) -> None:
    signed_in = Settings(azure_search_endpoint=server.url)
    index = azure_search.create(ADDRESS, EMBEDDER, signed_in)
    server.roles = roles
    acts = {
        "create": lambda: azure_search.create(ADDRESS, EMBEDDER, signed_in),
        "upsert": lambda: index.upsert(RECORDS),
        "count": index.count,
    }
    assert f"the role {needed!r}" in refusal(acts[act])


def test_an_index_that_went_away(server: FakeSearch) -> None:
    index = make(server)
    server.indexes.clear()
    for act in (index.count, index.info, lambda: index.upsert(RECORDS), lambda: index.declare({"a": "text"})):
        assert "there is no knowledge base at `azure-search:///pictures`" in refusal(act)


# ---------------------------------------------------------------- doctor


def checks(server: FakeSearch, **others: Any) -> list[Check]:
    return list(azure_search.check(ADDRESS, dataclasses.replace(settings(server), **others)))


def test_doctor_finds_everything_in_order(server: FakeSearch) -> None:
    make(server).upsert(RECORDS)
    found = checks(server)
    assert [c.name for c in found] == [f"Azure AI Search: {step}" for step in ("service", "index", "records")]
    assert all(c.ok for c in found)
    assert found[-1].said == "3 can be read"


def test_doctor_says_what_is_wrong_and_how_to_mend_it(server: FakeSearch) -> None:
    *_, missing = checks(server)
    assert (missing.name, missing.ok) == ("Azure AI Search: index", False)
    assert "imagelore index FOLDER --kb azure-search:///pictures" in missing.mend
    (wrong,) = checks(server, azure_search_key="s3cret-wrong")
    assert not wrong.ok
    assert "AZURE_SEARCH_KEY" in wrong.mend
    make(server)
    server.faults.fail_next(500, path="search.post.search", times=9)
    *_, records = checks(server, azure_retries=0)
    assert (records.name, records.ok, records.mend) == ("Azure AI Search: records", False, "run this again")


def test_names_of_vector_columns_are_lancedbs() -> None:
    assert (image_column("a_b"), text_column("a b")) == ("image_a__b", "text_a_20_b")
