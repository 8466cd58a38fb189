"""Scopes as SQL predicates of LanceDB (DataFusion): columns from a known list, values as quoted literals only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from imagelore.index._filters import Every, Holds, Present, Some, Term, Test, Unless, resolved
from imagelore.index._values import utf8
from imagelore.types import FieldType, Scope


def predicate(scope: Scope, fields: Mapping[str, FieldType]) -> str | None:
    """A scope as SQL; None when it lets everything through. Records without groups are visible to everybody.

    Raises:
        UsageError: a field that does not exist, a value of another type than its field, or an operator it has not.
    """
    parts = [] if scope.filter is None else [_sql(resolved(scope.filter, fields))]
    if scope.groups:
        parts.append(f"(groups IS NULL OR array_has_any(groups, {_list(sorted(scope.groups))}))")
    elif scope.groups is not None:
        parts.append("groups IS NULL")
    return " AND ".join(f"({part})" for part in parts) or None


def text(value: str) -> str:
    """A string literal."""
    return "'" + utf8(value).replace("'", "''") + "'"


def one_of(column: str, values: Sequence[str]) -> str:
    """A predicate: the column holds one of these strings."""
    return f"{column} IN ({', '.join(text(value) for value in values)})"


def _sql(term: Term) -> str:
    match term:
        case Test(column, kind, operator, value):
            wide = kind == "integer" and abs(value) >= 2**31  # for the engine's columns of 32 bits
            return f"{f'CAST({column} AS BIGINT)' if wide else column} {operator} {_LITERALS[kind](value)}"
        case Holds(column, value):
            return f"array_has({column}, {text(value)})"
        case Present(column, kind):
            return f"array_length({column}) > 0" if kind == "texts" else f"{column} IS NOT NULL"
        case Unless(leaf):  # the guard: a comparison with null is neither true nor false in SQL
            return f"{leaf.column} IS NULL OR NOT ({_sql(leaf)})"
        case Every(parts):
            return " AND ".join(f"({_sql(part)})" for part in parts) or "id IS NOT NULL"
        case Some(parts):
            return " OR ".join(f"({_sql(part)})" for part in parts) or "id IS NULL"


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(text(value) for value in values) + "]"


_LITERALS: dict[str, Callable[[Any], str]] = {
    "text": text,
    "boolean": lambda value: str(value).lower(),
    "number": repr,
    "integer": str,
    "date": lambda day: f"CAST('{day.isoformat()}' AS DATE)",
    "time": lambda moment: f"CAST('{moment.isoformat(sep=' ', timespec='microseconds')}' AS TIMESTAMP(6))",
}
