"""Filters in words, one condition after the other: the chips that a reader can take off."""

from __future__ import annotations

from datetime import date, datetime

from imagelore.types import AllOf, AnyOf, Compare, Filter, Mentions, Missing, Not
from imagelore.words import said

_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "!=": "not"}
_TIMES = {"<": "before", "<=": "until", ">": "after", ">=": "from"}


def conditions(wanted: Filter | None) -> tuple[Filter, ...]:
    """The conditions that must all hold, each of which could be left out."""
    if wanted is None:
        return ()
    if isinstance(wanted, AllOf):
        return tuple(one for part in wanted.filters for one in conditions(part))
    return (wanted,)


def without(wanted: Filter | None, n: int) -> Filter | None:
    """The filter without the n-th of its `conditions`."""
    left = [one for i, one in enumerate(conditions(wanted)) if i != n]
    return AllOf(tuple(left)) if len(left) > 1 else left[0] if left else None


def spoken(wanted: Filter) -> str:
    """A filter for people: `place: Leeds`, `year before 1970`, `tags: bird or tags: cat`."""
    match wanted:
        case Compare(field, "between", (low, high)):
            return f"{_name(field)} {_value(low)} to {_value(high)}"
        case Compare(field, "=", value):
            return f"{_name(field)}: {_value(value)}"
        case Compare(field, "prefix", value):
            return f"{_name(field)}: {_value(value)}…"
        case Compare(field, operator, value):
            timely = field.casefold() in ("year", "date", "taken_at") or isinstance(value, date)
            signs = _TIMES if timely and operator in _TIMES else _SIGNS
            return f"{_name(field)} {signs[operator]} {_value(value)}"
        case Mentions(word):
            return f"text mentions {word}"
        case Missing(field):
            return f"no {_name(field)}"
        case Not(inner):
            return f"not ({spoken(inner)})"
        case AllOf(filters):
            return " and ".join(map(spoken, filters)) or "anything"
        case AnyOf((Compare(field, "="), *_) as filters) if all(_is(field, one) for one in filters):
            return f"{_name(field)}: {' or '.join(_value(one.value) for one in filters if isinstance(one, Compare))}"
        case AnyOf(filters):
            return " or ".join(map(spoken, filters)) or "nothing"


def _is(field: str, wanted: Filter) -> bool:
    return isinstance(wanted, Compare) and wanted.field == field and wanted.operator == "="


def _name(field: str) -> str:
    return {"tags": "tag", "taken_at": "taken"}.get(field, field.removeprefix(".").replace("_", " "))


def _value(value: object) -> str:
    if isinstance(value, datetime) and (value.hour or value.minute):
        return f"{said(value)} {value:%H:%M}"
    return said(value)


def fields_of(wanted: Filter) -> frozenset[str]:
    """The fields that a filter looks at."""
    match wanted:
        case Compare(field) | Missing(field):
            return frozenset({field})
        case Not(inner):
            return fields_of(inner)
        case AllOf(filters) | AnyOf(filters):
            return frozenset().union(*map(fields_of, filters))
        case Mentions():
            return frozenset()
