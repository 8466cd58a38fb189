"""Scopes as OData filters of AI Search: columns from a known list, values as quoted literals only.

https://learn.microsoft.com/azure/search/search-query-odata-filter. A comparison with null is false there (but `ne`,
which is true: it is used for "has a value" only); a negated one says so itself. A list is never null, but empty.
Strings compare by their UTF-8 bytes. Moments are kept in milliseconds, which is all that `Edm.DateTimeOffset` keeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from imagelore.index._filters import Every, Holds, Present, Some, Term, Test, Unless, resolved
from imagelore.index.azure_search.documents import filtered, moment
from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Missing, Not, Scope

NOTHING = "id eq null"
_OPERATORS = {"=": "eq", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_DELIMITERS = "|,;\t\n\x1f"  # of `search.in`: one that is in none of the values


def odata(scope: Scope, fields: Mapping[str, FieldType]) -> str | None:
    """A scope as an OData filter; None when it lets everything through. Records without groups everybody sees.

    Raises:
        UsageError: a field that does not exist, a value of another type than its field, or an operator it has not.
    """
    parts = [] if scope.filter is None else [_term(resolved(scope.filter, fields))]
    if scope.groups:
        parts.append(f"not groups/any() or {holds('groups', sorted(scope.groups))}")
    elif scope.groups is not None:
        parts.append("not groups/any()")
    return both(*parts)


def named(wanted: Filter | None) -> frozenset[str]:
    """The fields that a filter names."""
    match wanted:
        case Compare(field=field) | Missing(field):
            return frozenset({field})
        case Not(inner):
            return named(inner)
        case AllOf(filters) | AnyOf(filters):
            return frozenset().union(*map(named, filters))
    return frozenset()


def both(*parts: str | None) -> str | None:
    """All of these filters; None where there are none."""
    return " and ".join(f"({part})" for part in parts if part) or None


def text(value: str) -> str:
    """A string literal."""
    return "'" + filtered(value).replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """The column holds one of these strings: one function however many there are."""
    listed, alone, delimiter = _listed(values)
    parts = [f"search.in({column}, {text(delimiter.join(listed))}, {text(delimiter)})"] if listed else []
    return " or ".join([*parts, *(f"{column} eq {text(value)}" for value in alone)]) or NOTHING


def holds(column: str, values: Sequence[str]) -> str:
    """The list of strings holds one of these."""
    return f"{column}/any(x: {one_of('x', values)})" if values else NOTHING


def _listed(values: Iterable[str]) -> tuple[list[str], list[str], str]:
    """(values that `search.in` takes as they are, the others, a delimiter that is in none of the first)."""
    known = [filtered(value) for value in dict.fromkeys(values)]
    delimiter = next((c for c in _DELIMITERS if not any(c in value for value in known)), "")
    plain = [value for value in known if delimiter and value and value == value.strip()]
    if len(plain) < 2:
        return [], known, ""
    return plain, [value for value in known if not value or value != value.strip()], delimiter


def _term(term: Term) -> str:
    match term:
        case Test(column, kind, operator, value):
            return f"{column} {_OPERATORS[operator]} {_LITERALS[kind](value)}"
        case Holds(column, value):
            return holds(column, [value])
        case Present(column, kind):
            return f"{column}/any()" if kind == "texts" else f"{column} ne null"
        case Unless(Test(column=column) as test):
            return f"{column} eq null or not ({_term(test)})"
        case Unless(leaf):
            return f"not ({_term(leaf)})"
        case Every(parts):
            return " and ".join(f"({part})" for part in _merged(parts, negated=True)) or "id ne null"
        case Some(parts):
            return " or ".join(f"({part})" for part in _merged(parts, negated=False)) or NOTHING


def _merged(parts: Sequence[Term], negated: bool) -> Iterator[str]:
    """Parts as OData; those that ask one column for equal texts, or for none of them, become one `search.in`."""
    equal: dict[tuple[type[Term], str], list[str]] = defaultdict(list)
    for part in parts:
        leaf = part.leaf if negated and isinstance(part, Unless) else None if negated else part
        if isinstance(leaf, Holds) or (isinstance(leaf, Test) and (leaf.kind, leaf.operator) == ("text", "=")):
            equal[type(leaf), leaf.column].append(leaf.value)
        else:
            yield _term(part)
    for (kind, column), values in equal.items():
        found = holds(column, values) if kind is Holds else one_of(column, values)
        yield found if not negated else f"not {found}" if kind is Holds else f"{column} eq null or not ({found})"


_LITERALS: dict[str, Callable[[Any], str]] = {
    "text": text,
    "boolean": lambda value: str(value).lower(),
    "number": lambda value: repr(value).replace("e+", "e"),
    "integer": str,
    "date": moment,
    "time": moment,
}
