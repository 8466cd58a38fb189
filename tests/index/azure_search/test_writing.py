"""Batches, the status of each document, and when writes are seen."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest

from imagelore.errors import KnowledgeBaseError
from imagelore.index.azure_search import writing
from tests.contract.index_records import BOAT, RECORDS, record, unit
from tests.fakes.search_server import FakeSearch
from tests.fakes.search_server import server as fake_server
from tests.index.azure_search.service import make, uploads


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


def test_what_another_run_has_written_over_counts_as_seen(server: FakeSearch) -> None:
    one, other = make(server), make(server)
    one.upsert(RECORDS[:2])
    one.delete([RECORDS[2].id])
    other.upsert(RECORDS)
    one._connection.timeout = 0.0
    assert one.refresh() == ""


def test_what_another_run_had_written_before_does_not(server: FakeSearch) -> None:
    one, other = make(server), make(server)
    other.upsert(RECORDS)
    server.delay = 60
    one.upsert(RECORDS[:2])
    one.delete([RECORDS[2].id])
    one._connection.timeout = 0.0
    assert "took 3 changes" in one.refresh()


def test_waiting_ends(server: FakeSearch) -> None:
    server.delay = 60
    index = make(server)
    index._connection.timeout = 0.1
    index.upsert(RECORDS)
    assert "took 3 changes that it does not show after 0 seconds: nothing is lost" in index.refresh()
    server.settle()
    assert index.refresh() == ""


def test_waiting_grows_with_what_is_outstanding(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    server.delay = 0.3
    index = make(server)
    index._connection.timeout = 0.0
    monkeypatch.setattr(writing, "_EACH", 1.0)
    index.upsert(RECORDS)
    assert index.refresh() == ""
    server.delay = 60
    index.upsert(RECORDS)
    monkeypatch.setattr(writing, "_LONGEST", 0.1)
    assert "after 0 seconds" in index.refresh()


def test_what_is_remembered_of_writes_does_not_grow(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PENDING", 10)
    index = make(server)
    for batch in range(20):
        index.upsert([record(f"r{batch:02}-{n}") for n in range(5)])
        assert len(index._writer._pending) <= 15
    index.refresh()
    assert index.count() == 100


@pytest.mark.parametrize(
    ("field", "value"),
    [("n", "1"), ("n", True), ("n", 2**63), ("x", "1"), ("b", 1), ("d", datetime(2024, 1, 1)), ("l", "a"), ("t", 1)],
)
def test_a_value_of_another_type_is_told(server: FakeSearch, field: str, value: Any) -> None:
    index = make(server)
    index.declare({"n": "integer", "x": "number", "b": "boolean", "d": "date", "l": "texts", "t": "text"})
    with pytest.raises(KnowledgeBaseError, match=f"a value of field `{field}` is not of its type"):
        index.upsert([record("a", fields={field: value})])
    assert uploads(server) == []


def test_a_vector_of_another_length_is_told(server: FakeSearch) -> None:
    with pytest.raises(KnowledgeBaseError, match="image_joint"):
        make(server).upsert([record("bad", images={"joint": unit(1, dimensions=4)})])
