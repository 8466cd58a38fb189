"""Filters as expressions: `parsed(written(filter))` selects the same records."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from imagelore.types import AllOf, AnyOf, Compare, Filter, Mentions, Missing, Not
from imagelore.where.grammar import KEYWORDS


def written(filter: Filter) -> str:
    """A filter as a person would write it; nested deeper than `parsed` takes where the filter is."""
    match filter:
        case Mentions(word):
            return f"mentions({_value(word)})"
        case Missing(field):
            return f"{_name(field)} is null"
        case Not(Missing(field)):
            return f"{_name(field)} is not null"
        case Not(Not(inner)):
            return written(inner)
        case Not(inner):
            return f"not ({written(inner)})"
        case AllOf(filters):
            return _joined(" and ", filters) or "true"
        case AnyOf(filters):
            return _one_of(filters) or _joined(" or ", filters) or "false"
        case Compare():
            return _compared(filter)


def _joined(word: str, filters: Iterable[Filter]) -> str:
    parts = [(part, written(part)) for part in filters]
    if len(parts) == 1:
        return parts[0][1]
    return word.join(f"({text})" if _is_joined(part) else text for part, text in parts)


def _is_joined(filter: Filter) -> bool:
    """Its expression holds `and` or `or` outside of parentheses."""
    match filter:
        case Not(Not(inner)):
            return _is_joined(inner)
        case Compare(value=tuple(), operator=operator):
            return operator != "between"
        case AnyOf(filters) if _one_of(filters):
            return False
        case AllOf(filters) | AnyOf(filters):
            return len(filters) > 1 or any(map(_is_joined, filters))
    return False


def _one_of(filters: tuple[Filter, ...]) -> str:
    """Equal tests of one field as one; "" where they are not."""
    equal = [f for f in filters if isinstance(f, Compare) and f.operator == "=" and not isinstance(f.value, tuple)]
    if len(equal) < 2 or len(equal) < len(filters) or len({each.field for each in equal}) > 1:
        return ""
    return f"{_name(equal[0].field)} in ({', '.join(_value(each.value) for each in equal)})"


def _compared(compare: Compare) -> str:
    name, value = _name(compare.field), compare.value
    if compare.operator == "prefix":
        start = re.sub(r"[\\%]", r"\\\g<0>", str(value))
        return f"{name} like {_value(start + '%')}"
    if not isinstance(value, tuple):
        return f"{name} {compare.operator} {_value(value)}"
    if compare.operator == "between":
        return f"{name} between {_value(value[0])} and {_value(value[1])}"
    held: Filter = AllOf(tuple(Compare(compare.field, "=", each) for each in value)) if value else AnyOf(())
    return written(held if compare.operator == "=" else AllOf((Not(Missing(compare.field)), Not(held))))


def _name(field: str) -> str:
    if re.fullmatch(r"[^\W\d]\w*", field) and field.upper() not in KEYWORDS:
        return field
    return '"' + field.replace('"', '""') + '"'


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case datetime():
            return f"'{value.replace(tzinfo=None).isoformat(' ')}'"
        case date():
            return f"'{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"
