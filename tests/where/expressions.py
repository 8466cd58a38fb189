"""Expressions that Hypothesis makes up, each with what it means in Python, written down without the parser."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from imagelore.types import Record
from tests.index.filters import MOMENTS, TEXT, value_of

Test = Callable[[Record], bool]
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Expression:
    """A text, how strongly its parts hold together (0: by `or`, 1: by `and`, 2: one piece), and what it tests."""

    text: str
    strength: int
    test: Test

    def within(self, strength: int) -> str:
        return self.text if self.strength >= strength else f"({self.text})"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_NUMBER = st.one_of(
    st.integers(-3, 3).map(lambda n: (str(n), n)),
    st.integers(-(2**70), 2**70).map(lambda n: (str(n), n)),
    st.sampled_from([("1.5", 1.5), ("-.5", -0.5), ("+2.", 2.0), ("2e0", 2.0), ("-0.0", 0.0), ("1E-3", 0.001)]),
)
_DAY = st.dates().map(lambda day: (f"'{day.isoformat()}'", day))
_MOMENT = MOMENTS.map(lambda moment: (f"'{moment.isoformat(' ')}'", moment))
_STRING = TEXT.map(lambda text: (quoted(text), text))
_ORDERED: dict[str, tuple[list[str], Any]] = {  # field: how it may be written, (literal, value)
    "who's": (['"who\'s"', '"WHO\'S"'], _STRING),
    "title": (["title", "Title", '"title"'], _STRING),
    "year": (["year", "YEAR"], _NUMBER),
    "price": (["price"], _NUMBER),
    "width": (["width"], _NUMBER),
    "day": (["day", '"Day"'], _DAY),
    "taken_at": (["taken_at"], _DAY | _MOMENT),
}
_LISTS = {"tags": ["tags", "tag", "Tag", '"tags"'], "materials": ["materials"]}


@st.composite
def _compared(draw: st.DrawFn) -> Expression:
    field = draw(st.sampled_from([*_ORDERED]))
    names, literals = _ORDERED[field]
    (text, wanted), said = draw(literals), draw(st.sampled_from([*_OPERATORS]))

    def test(record: Record) -> bool:
        value = _as(value_of(record, field), wanted)
        return value is not None and _OPERATORS[said](value, wanted)

    space = draw(st.sampled_from(["", " ", "\n\t"]))
    return Expression(f"{draw(st.sampled_from(names))}{space}{said}{space}{text}", 2, test)


@st.composite
def _among(draw: st.DrawFn) -> Expression:
    field = draw(st.sampled_from([*_ORDERED]))
    names, literals = _ORDERED[field]
    values = draw(st.lists(literals, min_size=1, max_size=3))
    negated = draw(st.sampled_from(["", "not ", "NOT\n"]))

    def test(record: Record) -> bool:
        value = value_of(record, field)
        return value is not None and any(_as(value, wanted) == wanted for _, wanted in values) is not bool(negated)

    listed = ",".join(text for text, _ in values)
    return Expression(f"{draw(st.sampled_from(names))} {negated}in ({listed})", 2, test)


@st.composite
def _between(draw: st.DrawFn) -> Expression:
    field = draw(st.sampled_from([*_ORDERED]))
    names, literals = _ORDERED[field]
    (low, least), (high, most) = draw(literals), draw(literals)
    negated = draw(st.sampled_from(["", "not "]))

    def test(record: Record) -> bool:
        value = value_of(record, field)
        inside = value is not None and _as(value, least) >= least and _as(value, most) <= most
        return value is not None and inside is not bool(negated)

    return Expression(f"{draw(st.sampled_from(names))} {negated}between {low} and {high}", 2, test)


@st.composite
def _like(draw: st.DrawFn) -> Expression:
    field, start = draw(st.sampled_from(["who's", "title"])), draw(TEXT)
    negated = draw(st.sampled_from(["", "not "]))

    def test(record: Record) -> bool:
        value = value_of(record, field)
        return value is not None and value.startswith(start) is not bool(negated)

    pattern = start.replace("\\", "\\\\").replace("%", "\\%") + "%"
    return Expression(f'"{field}" {negated}LIKE {quoted(pattern)}', 2, test)


@st.composite
def _listed(draw: st.DrawFn) -> Expression:
    field, values = draw(st.sampled_from([*_LISTS])), draw(st.lists(TEXT, min_size=1, max_size=3))
    name, said = draw(st.sampled_from(_LISTS[field])), draw(st.sampled_from(["=", "!=", "in", "not in"]))

    def test(record: Record) -> bool:
        value = value_of(record, field)
        asked = values if "in" in said else values[:1]
        return value is not None and any(each in value for each in asked) is (said in ("=", "in"))

    listed = ", ".join(map(quoted, values))
    return Expression(f"{name} {said} {f'({listed})' if 'in' in said else quoted(values[0])}", 2, test)


@st.composite
def _whether(draw: st.DrawFn) -> Expression:
    said, wanted = draw(st.sampled_from([("sold = true", True), ("sold=FALSE", False), ("Sold != True", False)]))
    return Expression(said, 2, lambda record: value_of(record, "sold") is wanted)


@st.composite
def _missing(draw: st.DrawFn) -> Expression:
    field = draw(st.sampled_from([*_ORDERED, *_LISTS, "sold"]))
    negated = draw(st.sampled_from(["", "not "]))
    return Expression(
        f'"{field}" is {negated}null', 2, lambda record: (value_of(record, field) is None) is not bool(negated)
    )


def _as(value: Any, wanted: Any) -> Any:
    """A moment as the day that it is compared with."""
    days = isinstance(value, datetime) and isinstance(wanted, date) and not isinstance(wanted, datetime)
    return value.date() if days else value


def _not(inner: Expression) -> Expression:
    return Expression(f"not {inner.within(2)}", 2, lambda record: not inner.test(record))


def _and(parts: list[Expression]) -> Expression:
    text = " AND ".join(part.within(1) for part in parts)
    return Expression(text, 1, lambda record: all(part.test(record) for part in parts))


def _or(parts: list[Expression]) -> Expression:
    text = " or ".join(part.text for part in parts)
    return Expression(text, 0, lambda record: any(part.test(record) for part in parts))


LEAVES = st.one_of(_compared(), _among(), _between(), _like(), _listed(), _whether(), _missing())
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(_not),
        inner.map(lambda part: Expression(f"( {part.text} )", 2, part.test)),
        st.lists(inner, min_size=2, max_size=3).map(_and),
        st.lists(inner, min_size=2, max_size=3).map(_or),
    ),
    max_leaves=6,
)
