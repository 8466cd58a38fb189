"""Counts for "how many ..." questions: over the whole knowledge base, with the condition that was counted.

A question becomes a condition only when each of its words has a place in it; what cannot be said as a condition on the
records ("how many legs does the stool have?") is not counted at all, because a wrong number is worse than none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from imagelore.retrieve.question._asked import Asked, asked_for
from imagelore.retrieve.question._conditions import (
    Condition,
    joined,
    known_values,
    leftover,
    marked,
    measured,
    tagged,
    valued,
)
from imagelore.retrieve.question._periods import dated, period, year_field, year_texts, years_among
from imagelore.retrieve.question._values import values_in, within
from imagelore.types import Compare, Count, Facet, FieldType, Record, Scope

__all__ = ["Countable", "counted", "within"]

_EXAMPLES = 24  # ids that a count carries
_BEFORE_CAMERAS = datetime(1700, 1, 1)


class Countable(Protocol):
    """What counting needs of an index: see `imagelore.index.Index`."""

    def count(self, scope: Scope = ...) -> int:
        """How many records the scope lets through."""
        ...

    def facets(self, scope: Scope = ..., fields: Sequence[str] = ...) -> list[Facet]:
        """The values of tags and of the user's fields."""
        ...

    def browse(self, scope: Scope = ..., after: str = ..., limit: int = ...) -> list[Record]:
        """A page of records."""
        ...

    def fields(self) -> Mapping[str, FieldType]:
        """The user's fields and their types."""
        ...


def counted(question: str, index: Countable, scope: Scope = Scope()) -> Count | None:
    """The count that a question asks for, or None where it asks for none, or for one that the records cannot give.

    "Is there ...?" and "do you have ...?" are counted as well: only a count of 0 may be answered with "no". The
    count is taken within `scope`, so nobody learns of records that they may not see.
    """
    asked = asked_for(question)
    if asked is None:
        return None
    conditions = _conditions(asked, index, scope)
    if conditions is None or not asked.is_about_records(conditions) or (asked.existence and not conditions):
        return None
    said = joined(conditions, asked.tokens)
    if said is None:
        return None
    filter, text = said
    inner = within(scope, filter)
    ids = tuple(record.id for record in index.browse(inner, limit=_EXAMPLES))
    return Count(index.count(inner), index.count(scope), text, ids, filter)


def _conditions(asked: Asked, index: Countable, scope: Scope) -> list[Condition] | None:
    """All conditions that the words name; None where a word has no place in any."""
    tokens, fields = asked.tokens, index.fields()
    free = [True] * len(tokens)
    found: list[Condition] = []

    def take(conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            if all(free[condition.start : condition.end]):
                free[condition.start : condition.end] = [False] * (condition.end - condition.start)
                found.append(condition)

    facets, unsure = values_in(tokens, index, scope)
    known = known_values(facets)
    tags = tagged(asked.spelled, known, fields, unsure)
    if tags is None:
        return None
    take(tags)
    take(measured(tokens, fields))
    when = period(tokens)
    if when and all(free[when.start : when.end]):
        before = tokens[when.start - 1] if when.start else ""
        any_taken = index.count(within(scope, Compare("taken_at", ">", _BEFORE_CAMERAS))) > 0
        texts = year_texts(facets)
        if field := year_field(fields, texts, before, any_taken):
            name, kind = field
            take(years_among(when, texts[name]) if kind == "text" else [dated(when, name, kind)])
    take(valued(tokens, known, free))
    take(marked(tokens, fields, free))
    rest = leftover(asked.spelled, free, fields, found)
    return None if rest is None else found + rest
