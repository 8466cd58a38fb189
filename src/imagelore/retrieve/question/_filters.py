"""Filters taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterable

from imagelore.types import AllOf, AnyOf, Compare, Filter, Missing, Not, Scope


def parts(filter: Filter | None) -> tuple[Filter, ...]:
    """What a filter asks for, one by one."""
    return () if filter is None else filter.filters if isinstance(filter, AllOf) else (filter,)


def all_of(filters: Iterable[Filter]) -> Filter | None:
    """All of these, each once; None for none."""
    single = tuple(dict.fromkeys(filters))
    return AllOf(single) if len(single) > 1 else single[0] if single else None


def within(scope: Scope, filter: Filter | None) -> Scope:
    """The scope with one more condition."""
    if filter is None:
        return scope
    return Scope(AllOf((scope.filter, filter)) if scope.filter else filter, scope.groups)


def fields_of(filter: Filter) -> set[str]:
    """The fields that a filter is about."""
    if isinstance(filter, Compare | Missing):
        return {filter.field}
    if isinstance(filter, Not):
        return fields_of(filter.filter)
    if isinstance(filter, AllOf | AnyOf):
        return {field for inner in filter.filters for field in fields_of(inner)}
    return set()
