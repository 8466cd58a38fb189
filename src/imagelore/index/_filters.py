"""Filters as plain tests of columns: what every engine's filter language can say, with values of the right type.

Fields become columns, values are checked against their field's type, days become moments, fractions are rounded towards
the answer that they give for whole numbers, words become stems. An engine only writes the result down in its language.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from imagelore.errors import UsageError
from imagelore.index._columns import field_column
from imagelore.index._words import mentioned
from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Mentions

OWN_FIELDS: Mapping[str, FieldType | str] = {
    "title": "text",
    "text": "text",
    "tags": "texts",
    "path": "text",
    "source": "text",
    "taken_at": "time",
    "width": "integer",
    "height": "integer",
}
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
    """A column has a value."""

    column: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of these; everything where there are none."""

    parts: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of these; nothing where there are none."""

    parts: tuple[Term, ...] = ()


Term = Test | Holds | Present | Every | Some
NOTHING = Some()


def resolved(wanted: Filter, fields: Mapping[str, FieldType]) -> Term:
    """A filter over fields as terms over columns.

    Raises:
        UsageError: a field that does not exist, a value of another type than its field, or an operator it has not.
    """
    match wanted:
        case Compare():
            return _compared(wanted, fields)
        case Mentions(word):
            return _held("stems", mentioned(word))
        case AllOf(filters):
            return Every(tuple(resolved(part, fields) for part in filters))
        case AnyOf(filters):
            return Some(tuple(resolved(part, fields) for part in filters))


def column_of(field: str, fields: Mapping[str, FieldType]) -> tuple[str, str]:
    """The column of a field that a filter may name, and its type ("time" for `taken_at`).

    Raises:
        UsageError: there is no such field; the text names the near ones.
    """
    if field in fields:
        return field_column(field), fields[field]
    if field in OWN_FIELDS:
        return field, OWN_FIELDS[field]
    known = [*fields, *OWN_FIELDS]
    near = difflib.get_close_matches(field, known, n=3)
    names = ", ".join(f"`{name}`" for name in (near or known[:20]))
    raise UsageError(f"there is no field {field!r}; {'did you mean' if near else 'there are'} {names}")


def _compared(wanted: Compare, fields: Mapping[str, FieldType]) -> Term:
    column, kind = column_of(wanted.field, fields)
    if wanted.operator != "=" and kind in ("texts", "boolean"):
        raise UsageError(f"field `{wanted.field}` can be compared with = only, not with {wanted.operator!r}")
    if wanted.operator == "between":
        if not isinstance(wanted.value, tuple) or len(wanted.value) != 2:
            raise UsageError(f"`between` wants two values for field `{wanted.field}`, not {wanted.value!r}")
        low, high = wanted.value
        both = (Compare(wanted.field, ">=", low), Compare(wanted.field, "<=", high))
        return Every(tuple(_compared(side, fields) for side in both))
    try:
        return _TERMS[kind](column, wanted.operator, wanted.value)
    except (TypeError, OverflowError):
        raise UsageError(f"field `{wanted.field}` is compared with {_WANTED[kind]}, not {wanted.value!r}") from None


def _text(column: str, operator: str, value: Any) -> Term:
    return Test(column, "text", operator, _of(str, value))


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
    return Present(column) if everything else NOTHING


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
