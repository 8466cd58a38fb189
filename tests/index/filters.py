"""Filters and values that Hypothesis makes up, and what such a filter means, in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Mentions, Record
from imagelore.words import stem, words

DECLARED: Mapping[str, FieldType] = {
    "who's": "text",
    "year": "integer",
    "price": "number",
    "materials": "texts",
    "day": "date",
}
TEXT = st.one_of(
    st.sampled_from(
        ["'", "''", "\\", "\\'", "' OR 1=1 --", "%", "_", '"', "`", "\x00", ";", "a", "b'", "é", "e\u0301"]
    ),
    st.text(max_size=6),
).filter(lambda text: text.isprintable() or not any(0xD800 <= ord(c) < 0xE000 for c in text))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "who's": TEXT,
    "year": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "price": st.floats(allow_nan=False, allow_infinity=False),
    "materials": st.lists(TEXT, max_size=3).map(tuple),
    "day": st.dates(),
}
OPERATORS = st.sampled_from(["=", "<", "<=", ">", ">="])
COMPARES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(Compare, st.just("who's"), OPERATORS, TEXT),
    st.builds(Compare, st.just("year"), OPERATORS, st.integers(-(2**70), 2**70) | st.integers(-3, 3)),
    st.builds(Compare, st.just("price"), OPERATORS, VALUES["price"]),
    st.builds(Compare, st.just("materials"), st.just("="), TEXT),
    st.builds(Compare, st.just("day"), OPERATORS, st.dates()),
    st.builds(Mentions, TEXT),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARES,
    lambda inner: st.lists(inner, max_size=3).map(tuple).flatmap(lambda f: st.sampled_from([AllOf(f), AnyOf(f)])),
    max_leaves=5,
)


def holds(filter: Filter, record: Record) -> bool:
    """The same filter in Python."""
    match filter:
        case AllOf(filters):
            return all(holds(part, record) for part in filters)
        case AnyOf(filters):
            return any(holds(part, record) for part in filters)
        case Mentions(word):
            parts = re.findall(r"\d+|[a-z]+", record.path.removesuffix(".jpg"))  # "r0" is findable as "r" and "0", too
            own = {stem(w) for w in words(" ".join([record.words(), *parts]))}
            return bool(words(word)) and {stem(w) for w in words(word)} <= own
        case Compare(field, operator, wanted):
            value: Any = record.fields.get(field)
            if value is None:
                return False
            if isinstance(value, tuple):
                return wanted in value
            order = int(value > wanted) - int(value < wanted)
            return order in {"=": {0}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}[operator]
    raise AssertionError(filter)
