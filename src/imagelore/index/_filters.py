"""Filters as plain tests of columns: what every engine's filter language can say, with values of the right type.

Fields become columns, values are checked against their field's type, days become moments, fractions are rounded towards
the answer that they give for whole numbers, words become stems, and negations move to the single tests, where what they
say of missing values is written out. An engine only writes the result down in its language.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any

from imagelore.errors import UsageError
from imagelore.index._columns import field_column
from imagelore.index._values import utf8
from imagelore.index._words import mentioned
from imagelore.types import (
    EXACT_FIELDS,
    OWN_FIELDS,
    AllOf,
    AnyOf,
    Compare,
    FieldType,
    Filter,
    Kind,
    Mentions,
    Missing,
    Not,
)
from imagelore.where.fields import no_field, operators

_WANTED = {
    "text": "a text",
    "texts": "a text",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a date or a time",
}


@dataclass(frozen=True, slots=True)
class Test:
    """A column against a value: str, int (64 bits), float, bool, date or (kind "time") datetime; null never passes."""

    column: str
    kind: str
    operator: str  # =, <, <=, >, >=
    value: Any


@dataclass(frozen=True, slots=True)
class Holds:
    """A list of texts holds this one."""

    column: str
    value: str


@dataclass(frozen=True, slots=True)
class Present:
    """A column has a value; a list: at least one."""

    column: str
    kind: str


@dataclass(frozen=True, slots=True)
class Unless:
    """What a test does not pass, for want of a value or for another one."""

    leaf: Test | Holds | Present


@dataclass(frozen=True, slots=True)
class Every:
    """All of these; everything where there are none."""

    parts: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these; nothing where there are none."""

    parts: tuple[Term, ...] = ()


Term = Test | Holds | Present | Unless | Every | Some
NOTHING = Some()


def resolved(wanted: Filter, fields: Mapping[str, FieldType]) -> Term:
    """A filter over fields as terms over columns.

    Raises:
        UsageError: a field that does not exist, a value of another type than its field, or an operator it has not.
    """
    match wanted:
        case Compare():
            return _compared(wanted, fields)
        case Missing(field):
            return Unless(Present(*column_of(field, fields)))
        case Mentions(word):
            return _held("stems", mentioned(word))
        case Not(inner):
            return _negated(resolved(inner, fields))
        case AllOf(filters):
            return _flat(Every, (resolved(part, fields) for part in filters))
        case AnyOf(filters):
            return _flat(Some, (resolved(part, fields) for part in filters))


def column_of(field: str, fields: Mapping[str, FieldType]) -> tuple[str, Kind]:
    """The column of a field that a filter may name, and its type ("time" for `taken_at`).

    Raises:
        UsageError: there is no such field; the text names the near ones.
    """
    if field in EXACT_FIELDS:
        return field[1:], EXACT_FIELDS[field]
    if field in fields:
        return field_column(field), fields[field]
    if field in OWN_FIELDS:
        return field, OWN_FIELDS[field]
    raise UsageError(no_field(field, [*fields, *OWN_FIELDS]))


def _compared(wanted: Compare, fields: Mapping[str, FieldType]) -> Term:
    column, kind = column_of(wanted.field, fields)
    if wanted.operator not in (known := operators(kind)):
        raise UsageError(f"field `{wanted.field}` takes the operators {', '.join(known)} only, not {wanted.operator!r}")
    if wanted.operator == "between":
        if not isinstance(wanted.value, tuple) or len(wanted.value) != 2:
            raise UsageError(f"`between` wants two values for field `{wanted.field}`, not {wanted.value!r}")
        low, high = wanted.value
        both = (Compare(wanted.field, ">=", low), Compare(wanted.field, "<=", high))
        return Every(tuple(_compared(side, fields) for side in both))
    if wanted.operator == "!=":
        return Every((Present(column, kind), _negated(_compared(Compare(wanted.field, "=", wanted.value), fields))))
    try:
        return _TERMS[kind](column, wanted.operator, wanted.value)
    except (TypeError, OverflowError):
        raise UsageError(f"field `{wanted.field}` is compared with {_WANTED[kind]}, not {wanted.value!r}") from None


def _negated(term: Term) -> Term:
    """All that a term does not hold for."""
    match term:
        case Unless(leaf):
            return leaf
        case Every(parts):
            return _flat(Some, map(_negated, parts))
        case Some(parts):
            return _flat(Every, map(_negated, parts))
        case leaf:
            return Unless(leaf)


def _flat(kind: type[Every | Some], terms: Iterable[Term]) -> Term:
    """Terms joined without layers and repetitions, which count against an engine's limits."""
    parts = chain.from_iterable(term.parts if isinstance(term, kind) else (term,) for term in terms)
    return kind(tuple(dict.fromkeys(parts)))


def _text(column: str, operator: str, value: Any) -> Term:
    if operator != "prefix":
        return Test(column, "text", operator, _of(str, value))
    start = utf8(_of(str, value))
    tests = (Test(column, "text", ">=", start), Test(column, "text", "<", _after(start)))
    return Every(tests if tests[1].value else tests[:1])


def _after(start: str) -> str:
    """The first text in the order of code points after all that begin with this one; "" where there is none."""
    kept = start.rstrip(chr(sys.maxunicode))
    if not kept:
        return ""
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(0xE000 if following == 0xD800 else following)  # surrogates are no characters


def _texts(column: str, _: str, value: Any) -> Term:
    values = value if isinstance(value, tuple) else (value,)
    return _held(column, [_of(str, item) for item in values])


def _boolean(column: str, operator: str, value: Any) -> Term:
    return Test(column, "boolean", operator, _of(bool, value))


def _number(column: str, operator: str, value: Any) -> Term:
    return Test(column, "number", operator, float(_finite(value)))


def _integer(column: str, operator: str, value: Any) -> Term:
    # literals take the column's type, so fractions are rounded towards the same answer, and limits cut to its range
    if operator == "=" and _finite(value) != int(value):
        return NOTHING
    whole = math.ceil(_finite(value)) if operator in ("<", ">=") else math.floor(_finite(value))
    if abs(whole) < 2**63:
        return Test(column, "integer", operator, whole)
    everything = operator in (("<", "<=") if whole > 0 else (">", ">="))
    return Present(column, "integer") if everything else NOTHING


def _date(column: str, operator: str, value: Any) -> Term:
    day = _of(date, value)
    return Test(column, "date", operator, day.date() if isinstance(day, datetime) else day)


def _time(column: str, operator: str, value: Any) -> Term:
    def test(operator: str, moment: datetime) -> Term:
        return Test(column, "time", operator, moment)

    if isinstance(value, datetime):
        return test(operator, value.replace(tzinfo=None))
    start = datetime.combine(_of(date, value), time())
    after = start + timedelta(days=1) if value < date.max else datetime.combine(date.max, time.max)
    match operator:  # a day is all of its moments
        case "=":
            return Every((test(">=", start), test("<", after)))
        case "<" | ">=":
            return test(operator, start)
        case _:
            return test("<" if operator == "<=" else ">=", after)


def _held(column: str, values: Sequence[str]) -> Term:
    """The list holds all of these texts; where none is named, nothing passes."""
    parts = tuple(Holds(column, value) for value in values)
    return parts[0] if len(parts) == 1 else Every(parts) if parts else NOTHING


def _finite(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError
    return value


def _of(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


_TERMS: dict[str, Callable[[str, str, Any], Term]] = {
    "text": _text,
    "texts": _texts,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "time": _time,
}
