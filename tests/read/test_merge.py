"""Metadata of several origins becomes one, and columns of any name find their place."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.read import Metadata, merged, row_metadata

words = st.text(max_size=8)
metadata = st.builds(
    Metadata,
    title=words,
    text=words,
    tags=st.lists(words, max_size=4).map(tuple),
    groups=st.lists(words, max_size=3).map(tuple),
    taken_at=st.none() | st.datetimes(),
    fields=st.dictionaries(words, st.none() | st.integers() | words, max_size=3),
)


@given(st.lists(metadata, max_size=4))
def test_the_first_that_says_something_wins(origins: list[Metadata]) -> None:
    one = merged(origins)
    assert one.title == next((m.title for m in origins if m.title), "")
    assert one.text == next((m.text for m in origins if m.text), "")
    assert one.groups == next((m.groups for m in origins if m.groups), ())
    assert one.taken_at == next((m.taken_at for m in origins if m.taken_at), None)
    for name, value in one.fields.items():
        said = [m.fields[name] for m in origins if name in m.fields]
        assert value == next(v for v in said if v is not None and (not isinstance(v, str) or v.strip()))


@given(st.lists(metadata, max_size=4))
def test_tags_are_united_each_once_whatever_the_case(origins: list[Metadata]) -> None:
    tags = merged(origins).tags
    assert len({tag.casefold() for tag in tags}) == len(tags)
    said = {tag.strip().casefold() for m in origins for tag in m.tags if tag.strip()}
    assert {tag.casefold() for tag in tags} == said


@given(metadata, metadata, metadata)
def test_merging_in_steps_is_merging_at_once(a: Metadata, b: Metadata, c: Metadata) -> None:
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])]) == merged([a, b, c])


def test_a_weaker_origin_does_not_widen_who_may_see_a_picture() -> None:
    assert merged([Metadata(groups=("staff",)), Metadata(groups=("everyone",))]).groups == ("staff",)


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({"Title": " A \n title ", "Caption": "Text."}, Metadata(title="A title", text="Text.")),
        ({"name": "N", "title": "T"}, Metadata(title="T", fields={"name": "N"})),
        ({"text": "x", "description": "y"}, Metadata(text="x", fields={"description": "y"})),
        ({"tags": "a, b , ,A"}, Metadata(tags=("a", "b"))),
        ({"keywords": "a, b; c"}, Metadata(tags=("a, b", "c"))),
        ({"Labels": ["a", 3, None, {"x": 1}]}, Metadata(tags=("a", "3"))),
        ({"groups": "staff"}, Metadata(groups=("staff",))),
        ({"date": "2020-05-06"}, Metadata(taken_at=datetime(2020, 5, 6))),
        ({"Date Taken": "2020:05:06 07:08:09"}, Metadata(taken_at=datetime(2020, 5, 6, 7, 8, 9))),
        ({"taken-at": "2020-05-06T07:08:09.5Z"}, Metadata(taken_at=datetime(2020, 5, 6, 7, 8, 9))),
        ({"date": date(2020, 5, 6)}, Metadata(taken_at=datetime(2020, 5, 6))),
        ({"date": "spring 1890"}, Metadata(fields={"date": "spring 1890"})),
        ({"taken_at": "?", "date": "2020-05-06"}, Metadata(taken_at=datetime(2020, 5, 6), fields={"taken_at": "?"})),
        ({"file_name": "a.jpg", "empty": "", "none": None, "list": [], "zero": 0}, Metadata(fields={"zero": 0})),
        ({"size": {"w": 1, "deep": {"h": 2}}}, Metadata(fields={"size.w": 1, "size.deep.h": 2})),
        ({"title": ["not", "a", "text"]}, Metadata(fields={"title": ["not", "a", "text"]})),
        ({"title": 7}, Metadata(title="7")),
        ({"year": "n/a", "a": "N/A", "b": "null", "c": " None ", "d": {"e": "none"}, "date": "n/a"}, Metadata()),
        ({"title": "None", "text": "N/A", "f": "nonesuch"}, Metadata("None", "N/A", fields={"f": "nonesuch"})),
    ],
)
def test_columns_find_their_place(row: dict[str, Any], wanted: Metadata) -> None:
    assert row_metadata(row) == wanted


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["title", "text", "tags", "groups", "date", "taken_at", "x y"]), json_values))
def test_any_row_becomes_metadata(row: dict[str, Any]) -> None:
    one = row_metadata(row)
    assert isinstance(one.title, str)
    assert isinstance(one.text, str)
    assert all(tag and isinstance(tag, str) for tag in (*one.tags, *one.groups))
