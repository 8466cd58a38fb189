"""Filters and values that Hypothesis makes up, and what a filter means, in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from imagelore.types import OWN_FIELDS, AllOf, AnyOf, Compare, FieldType, Filter, Mentions, Missing, Not, Record
from imagelore.words import stem, words

DECLARED: Mapping[str, FieldType] = {
    "who's": "text",
    "year": "integer",
    "price": "number",
    "sold": "boolean",
    "materials": "texts",
    "day": "date",
}
TEXT = st.one_of(
    st.sampled_from(
        ["'", "''", "\\", "\\'", "\\%", "' OR 1=1 --", "%", "_", '"', "`", "\x00", ";", "a", "ab", "b'", "é", "e\u0301"]
    ),
    st.sampled_from(["\ud7ff", "\ue000", "\U0001f426", "\U0010ffff", "a\U0010ffff", "", " ", "\n"]),
    st.text(max_size=6),
).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "who's": TEXT,
    "year": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "price": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 0.5]),
    "sold": st.booleans(),
    "materials": st.lists(TEXT, max_size=3).map(tuple),
    "day": st.dates(),
}
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda moment: moment.replace(microsecond=0))
FACTS: dict[str, st.SearchStrategy[Any]] = {
    "fields": st.fixed_dictionaries({}, optional=VALUES),
    "title": TEXT,
    "tags": VALUES["materials"],
    "taken_at": st.none() | MOMENTS,
    "width": st.integers(0, 3),
}
"""What a record may be made of."""

_NUMBERS = st.integers(-(2**70), 2**70) | st.integers(-3, 3) | st.floats(-4, 4)
_COMPARED: dict[str, st.SearchStrategy[Any]] = VALUES | {
    "year": _NUMBERS,
    "price": VALUES["price"] | st.integers(-3, 3),
    "materials": TEXT,
    "title": TEXT,
    "tags": TEXT,
    "taken_at": st.dates() | MOMENTS,
    "width": _NUMBERS,
}
_EQUAL = ("sold", "materials", "tags")  # fields without an order
_ORDERED = [field for field in _COMPARED if field not in _EQUAL]


def _compares(field: str) -> st.SearchStrategy[Filter]:
    value = _COMPARED[field]
    equal = st.builds(Compare, st.just(field), st.sampled_from(["=", "!="]), value)
    if field in _EQUAL:
        return equal
    ordered = st.builds(Compare, st.just(field), st.sampled_from(["<", "<=", ">", ">="]), value)
    return equal | ordered | st.builds(Compare, st.just(field), st.just("between"), st.tuples(value, value))


LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.sampled_from([*_COMPARED]).flatmap(_compares),
    st.builds(Compare, st.sampled_from(["who's", "title", "path"]), st.just("prefix"), TEXT),
    st.builds(Compare, st.sampled_from(["tags", "materials"]), st.sampled_from(["=", "!="]), VALUES["materials"]),
    st.builds(Missing, st.sampled_from([*_COMPARED])),
    st.builds(Mentions, TEXT),
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def holds(filter: Filter, record: Record) -> bool:
    """The same filter in Python."""
    match filter:
        case AllOf(filters):
            return all(holds(part, record) for part in filters)
        case AnyOf(filters):
            return any(holds(part, record) for part in filters)
        case Not(inner):
            return not holds(inner, record)
        case Missing(field):
            return value_of(record, field) is None
        case Mentions(word):
            parts = re.findall(r"\d+|[a-z]+", record.path.removesuffix(".jpg"))  # "r0" is findable as "r" and "0", too
            own = {stem(w) for w in words(" ".join([record.words(), *parts]))}
            return bool(words(word)) and {stem(w) for w in words(word)} <= own
        case Compare(field, operator, wanted):
            value = value_of(record, field)
            return value is not None and _passes(value, operator, wanted)


def value_of(record: Record, field: str) -> Any:
    """A field's value; None where it is missing."""
    if field in record.fields:
        value = record.fields[field]
        return None if value == () else value
    if field == "described":
        return record.described.text or None
    return getattr(record, field) or None if field in OWN_FIELDS else None


def _passes(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "!=":
        return not _passes(value, "=", wanted)
    if operator == "between":
        return _passes(value, ">=", wanted[0]) and _passes(value, "<=", wanted[1])
    if operator == "prefix":
        return bool(value.startswith(wanted))
    if isinstance(value, tuple):
        return bool(wanted) and {*wanted} <= {*value} if isinstance(wanted, tuple) else wanted in value
    if isinstance(value, datetime) and not isinstance(wanted, datetime):  # a day is all of its moments
        value = value.date()
    assert isinstance(wanted, datetime) == isinstance(value, datetime), "a date field is compared with a date"
    order = int(value > wanted) - int(value < wanted)
    return order in {"=": {0}, "<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}}[operator]
