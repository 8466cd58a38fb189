"""Pages, records that no column holds whole, facets, filters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from imagelore.index.azure_search import store
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.retrieve.question.counting import counted
from imagelore.types import AllOf, AnyOf, Compare, EmbedderInfo, Scope, Space
from imagelore.where import parsed
from tests.contract.index_records import RECORDS, record
from tests.fakes.search_server import FakeSearch
from tests.fakes.search_server import request as fake_request
from tests.index.azure_search.service import make, searches
from tests.index.filters import DECLARED, FACTS, FILTERS, holds
from tests.where.expressions import EXPRESSIONS, Expression


def test_pages_go_by_key(server: FakeSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PAGE", 7)
    index = make(server)
    index.upsert([record(f"r{n:03}") for n in range(30)])
    server.requests.clear()
    assert [id for id, *_ in index.manifest("photos")] == [f"r{n:03}" for n in range(30)]
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
    assert [id for id, *_ in index.manifest("photos")] == ids
    assert index.find([str(n) for n in range(20)]) == {str(n): f"r{n:02}" for n in range(20)}


def test_what_no_column_holds_comes_back_whole(server: FakeSearch) -> None:
    index = make(server)
    index.declare({"note": "text", "number": "integer", "ratio": "number"})
    long = "—" * 15_000  # 45,000 bytes, and no word
    fields = {"note": long, "number": -(2**63), "ratio": float("inf")}
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


def test_the_definition_is_not_read_for_each_question(server: FakeSearch) -> None:
    index = make(server)
    index.declare({"year": "integer"})
    index.upsert([record(f"r{n}", title="Boats", fields={"year": 1980 + n}) for n in range(7)])
    server.requests.clear()
    told = counted("How many pictures have a year above 1983?", index)
    assert told
    assert (told.number, told.total) == (3, 7)
    assert index.browse(Scope(Compare("year", "=", 1981)))[0].id == "r1"
    assert index.fields() == {"year": "integer"}
    assert {method for method, _, _ in server.requests} == {"POST"}


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
    st.lists(st.fixed_dictionaries({}, optional=FACTS), min_size=1, max_size=4),
    st.lists(FILTERS, min_size=5, max_size=9),
    st.lists(EXPRESSIONS, min_size=5, max_size=9),
)
def test_filters_mean_what_they_mean_in_python(
    filtered: AzureSearchIndex, facts: list[dict[str, Any]], filters: list[Any], expressions: list[Expression]
) -> None:
    rows = [record(f"r{n}", **own) for n, own in enumerate(facts)]
    filtered.upsert([*rows, *(record(f"r{n}", source="gone") for n in range(len(rows), 4))])
    mine = Compare("source", "=", "photos")
    for filter in filters:
        expected = [row.id for row in rows if holds(filter, row)]
        assert [r.id for r in filtered.browse(Scope(AllOf((mine, filter))))] == expected
    for expression in expressions:
        expected = [row.id for row in rows if expression.test(row)]
        assert [r.id for r in filtered.browse(Scope(AllOf((mine, parsed(expression.text, DECLARED)))))] == expected
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
