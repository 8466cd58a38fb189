"""The gallery's routes, and the facets that chat and gallery narrow by."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.index import Index
from imagelore.types import Compare, Facet, FieldType, Filter, Scope
from imagelore.ui.gallery import narrowing
from imagelore.where import parsed
from tests.ui.served import filled, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")  # Gradio's queue


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        served(filled(tmp_path_factory.mktemp("kb"))) as page,
        httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client,
    ):
        yield client


def png(colour: str, side: int = 32) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def titles(client: httpx.Client, where: str) -> set[str]:
    return {picture["title"] for picture in client.get("/imagelore/browse", params={"where": where}).json()["pictures"]}


def facets(client: httpx.Client, where: str = "") -> dict[str, dict[str, Any]]:
    return {facet["field"]: facet for facet in client.get("/imagelore/facets", params={"where": where}).json()}


def test_the_gallery_comes_in_pages_that_meet_every_picture_once(client: httpx.Client) -> None:
    seen: list[str] = []
    after = ""
    while True:
        found = client.get("/imagelore/browse", params={"after": after, "limit": 3}).json()
        seen += [picture["id"] for picture in found["pictures"]]
        if not (after := found["next"]):
            break
    assert len(seen) == len(set(seen)) == found["total"] == 7


def test_browsing_and_searching_stay_within_a_filter(client: httpx.Client) -> None:
    assert titles(client, "tags = 'boat'") == {"Red boat", "Blue boat"}
    assert titles(client, "tags = 'boat' and place = 'Leeds'") == {"Blue boat"}
    assert titles(client, "year = 1987 or year = 1990") == {"Red boat", "Red barn"}
    found = client.get("/imagelore/search", params={"q": "boat", "where": "year < 1990"}).json()
    assert {picture["title"] for picture in found["pictures"]} == {"Red boat"}
    found = client.post("/imagelore/search", params={"where": "year > 1990"}, content=png("red")).json()
    assert {picture["title"] for picture in found["pictures"]} == {"Blue lake"}


@pytest.mark.parametrize("path", ["browse", "search", "facets"])
def test_a_filter_that_cannot_be_read_is_shown_with_the_place(client: httpx.Client, path: str) -> None:
    answer = client.get(
        f"/imagelore/{path}", params={"where": "place = Leeds", **({"q": "boat"} if "q" in path else {})}
    )
    assert answer.status_code == 400
    said, expression, caret = answer.json()["error"].splitlines()
    assert "quotes" in said
    assert expression[caret.index("^") :].startswith("Leeds")


def test_every_choice_that_is_offered_selects_as_many_as_it_says(client: httpx.Client) -> None:
    offered = facets(client)
    assert set(offered) == {"tags", "place", "year"}
    assert offered["year"]["range"] == {
        "kind": "number", "low": "1987", "high": "2001", "from": ["year >= ", ""], "to": ["year <= ", ""],
    }  # fmt: skip
    for field in ("tags", "place"):
        for name, number, where in offered[field]["values"]:
            assert len(titles(client, where)) == number, name


def test_a_field_is_counted_within_the_limits_on_the_others(client: httpx.Client) -> None:
    def counts(where: str, field: str) -> dict[str, int]:
        return {name: number for name, number, _ in facets(client, where)[field]["values"]}

    assert counts("tags = 'boat'", "place") == {"Leeds": 1, "Leith": 1}
    assert counts("tags = 'boat'", "tags") == counts("", "tags")
    assert counts("tags = 'boat' and year < 1990", "tags") == {"boat": 1, "harbour": 1}
    assert "year" in facets(client, "year < 1988")
    assert counts("(tags = 'boat' or year = 1990)", "place") == {"Leeds": 2, "Leith": 1}


class Fields:
    """An index with one field of a type and a facet of it; nothing else is asked."""

    def __init__(self, facet: Facet) -> None:
        self.index, self._facet = cast(Index, self), facet

    def fields(self) -> dict[str, FieldType]:
        return {self._facet.field: self._facet.type}

    def facets(self, scope: Scope = Scope(), fields: Any = ()) -> list[Facet]:
        return [self._facet] if self._facet.field in fields else []


def told(facet: Facet) -> list[dict[str, Any]]:
    return narrowing(cast(KnowledgeBase, Fields(facet)))


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@given(names, names)
def test_a_choice_is_read_as_what_it_shows_whatever_the_names(field: str, value: str) -> None:
    ((name, _, where),) = told(Facet(field, "text", ((value, 3),)))[0]["values"]
    assert name == value
    assert parsed(where, {field: "text"}) == Compare(field, "=", value)


@given(names)
def test_a_range_is_read_as_what_was_typed_into_it(field: str) -> None:
    facet = Facet(field, "number", low=-1.5, high=2e9)
    limits = told(facet)[0]["range"]
    assert (limits["low"], limits["high"]) == ("-1.5", "2000000000")
    assert parsed("-0.5".join(limits["from"]), {field: "number"}) == Compare(field, ">=", -0.5)
    assert parsed("7".join(limits["to"]), {field: "number"}) == Compare(field, "<=", 7)


def test_days_have_ranges_and_what_has_one_value_only_has_none() -> None:
    days = told(Facet("taken_at", "date", low=datetime(1999, 5, 1, 8), high=date(2001, 1, 2), complete=False))
    limits = days[0]["range"]
    assert (limits["kind"], limits["low"], limits["high"]) == ("date", "1999-05-01", "2001-01-02")
    wanted: Filter = Compare("taken_at", "<=", date(2000, 2, 3))
    assert parsed("2000-02-03".join(limits["to"]), {}) == wanted
    assert told(Facet("year", "integer", low=1987, high=1987)) == []
    assert told(Facet("tags", "texts")) == []


def test_search_takes_words_or_a_picture(client: httpx.Client) -> None:
    words = client.get("/imagelore/search", params={"q": "harbour"}).json()
    first = words["pictures"][0]
    assert first["title"] == "Red boat"
    assert first["why"]
    assert "harbour" in first["words"]
    assert {row[0] for row in first["found"]} >= {"words"}
    picture = client.post("/imagelore/search", content=png("blue")).json()
    assert picture["pictures"][0]["title"] in {"Blue lake", "Blue boat"}
    assert "your picture" in picture["searched"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"method": "GET", "url": "/imagelore/search", "params": {"q": "x" * 5000}}, "characters"),
        ({"method": "GET", "url": "/imagelore/search", "params": {"q": "?!"}}, "nothing to search for"),
        ({"method": "POST", "url": "/imagelore/search", "content": b"no picture"}, "your picture cannot be read"),
    ],
)
def test_a_search_that_cannot_be_is_one_clear_line(client: httpx.Client, call: dict[str, Any], says: str) -> None:
    answer = client.request(**call)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
