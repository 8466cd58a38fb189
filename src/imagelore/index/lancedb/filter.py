"""Scopes as SQL predicates of LanceDB (DataFusion): columns from a known list, values as quoted literals only."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from imagelore.errors import UsageError
from imagelore.index._columns import field_column
from imagelore.index._words import mentioned
from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Mentions, Scope

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
_NOTHING = "id IS NULL"
_WANTED = {
    "text": "a text",
    "texts": "a text",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a date or a time",
}


def predicate(scope: Scope, fields: Mapping[str, FieldType]) -> str | None:
    """A scope as SQL; None when it lets everything through. Records without groups are visible to everybody.

    Raises:
        UsageError: a field that does not exist, a value of another type than its field, or an operator it has not.
    """
    parts = [] if scope.filter is None else [_sql(scope.filter, fields)]
    if scope.groups:
        parts.append(f"(groups IS NULL OR array_has_any(groups, {_list(sorted(scope.groups))}))")
    elif scope.groups is not None:
        parts.append("groups IS NULL")
    return " AND ".join(f"({part})" for part in parts) or None


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.encode("utf-8", "replace").decode("utf-8").replace("'", "''") + "'"


def one_of(column: str, values: Sequence[str]) -> str:
    """A predicate: the column holds one of these strings."""
    return f"{column} IN ({', '.join(text(value) for value in values)})"


def _sql(wanted: Filter, fields: Mapping[str, FieldType]) -> str:
    match wanted:
        case Compare():
            return _compare(wanted, fields)
        case Mentions(word):
            return " AND ".join(f"array_has(stems, {text(part)})" for part in mentioned(word)) or _NOTHING
        case AllOf(filters):
            return " AND ".join(f"({_sql(part, fields)})" for part in filters) or "id IS NOT NULL"
        case AnyOf(filters):
            return " OR ".join(f"({_sql(part, fields)})" for part in filters) or _NOTHING


def _compare(wanted: Compare, fields: Mapping[str, FieldType]) -> str:
    column, kind = column_of(wanted.field, fields)
    ordered = wanted.operator != "="
    if ordered and kind in ("texts", "boolean"):
        raise UsageError(f"field `{wanted.field}` can be compared with = only, not with {wanted.operator!r}")
    if wanted.operator == "between":
        if not isinstance(wanted.value, tuple) or len(wanted.value) != 2:
            raise UsageError(f"`between` wants two values for field `{wanted.field}`, not {wanted.value!r}")
        low, high = wanted.value
        both = (Compare(wanted.field, ">=", low), Compare(wanted.field, "<=", high))
        return " AND ".join(_compare(side, fields) for side in both)
    try:
        return _COMPARE[kind](column, wanted.operator, wanted.value)
    except TypeError:
        raise UsageError(f"field `{wanted.field}` is compared with {_WANTED[kind]}, not {wanted.value!r}") from None


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


def _text(column: str, operator: str, value: Any) -> str:
    return f"{column} {operator} {text(_of(str, value))}"


def _texts(column: str, _: str, value: Any) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return " AND ".join(f"array_has({column}, {text(_of(str, item))})" for item in values) or _NOTHING


def _boolean(column: str, operator: str, value: Any) -> str:
    return f"{column} {operator} {str(_of(bool, value)).lower()}"


def _number(column: str, operator: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return f"{column} {operator} {float(value)!r}"


def _integer(column: str, operator: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    # literals take the column's type, so fractions are rounded towards the same answer, and limits cut to its range
    if operator == "=" and value != int(value):
        return _NOTHING
    whole = math.ceil(value) if operator in ("<", ">=") else math.floor(value)
    if abs(whole) < 2**31:
        return f"{column} {operator} {whole}"
    if abs(whole) < 2**63:
        return f"CAST({column} AS BIGINT) {operator} {whole}"
    above = whole > 0
    return (
        f"{column} IS NOT NULL"
        if (above and operator in ("<", "<=")) or (not above and operator in (">", ">="))
        else _NOTHING
    )


def _date(column: str, operator: str, value: Any) -> str:
    day = _of(date, value)
    return f"{column} {operator} CAST('{_day(day)}' AS DATE)"


def _day(value: date) -> str:
    return value.date().isoformat() if isinstance(value, datetime) else value.isoformat()


def _time(column: str, operator: str, value: Any) -> str:
    if isinstance(value, datetime):
        return f"{column} {operator} {_moment(value.replace(tzinfo=None))}"
    start = datetime.combine(_of(date, value), time())
    after = _moment(start + timedelta(days=1)) if value < date.max else _moment(datetime.combine(date.max, time.max))
    match operator:  # a day is all of its moments
        case "=":
            return f"{column} >= {_moment(start)} AND {column} < {after}"
        case "<" | ">=":
            return f"{column} {operator} {_moment(start)}"
        case _:
            return f"{column} {'<' if operator == '<=' else '>='} {after}"


def _moment(value: datetime) -> str:
    return f"CAST('{value.isoformat(sep=' ', timespec='microseconds')}' AS TIMESTAMP(6))"


def _of(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(text(value) for value in values) + "]"


_COMPARE: dict[str, Callable[[str, str, Any], str]] = {
    "text": _text,
    "texts": _texts,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "date": _date,
    "time": _time,
}
