"""What the words of a question limit: periods, tags, field values, numbers, as conditions on the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from imagelore.retrieve.question._conditions import Condition, known_values, marked, measured, tagged, valued
from imagelore.retrieve.question._periods import dated, period, year_field, year_texts, years_among
from imagelore.retrieve.question._reading import Readable
from imagelore.retrieve.question._values import values_in
from imagelore.types import Scope

_BEFORE_CAMERAS = datetime(1700, 1, 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """The conditions that some words name, and which of the words have no place in any."""

    conditions: tuple[Condition, ...]
    free: tuple[bool, ...]


def limits(spelled: Sequence[str], index: Readable, scope: Scope) -> Limits | None:
    """The conditions that the words name; None: tags are asked for in a way that no filter can say.

    `spelled`: the words without punctuation, as they were written.
    """
    tokens, fields = [word.casefold() for word in spelled], index.fields()
    free = [True] * len(tokens)
    found: list[Condition] = []

    def take(conditions: Sequence[Condition]) -> None:
        for condition in conditions:
            if all(free[condition.start : condition.end]):
                free[condition.start : condition.end] = [False] * (condition.end - condition.start)
                found.append(condition)

    facets, unsure = values_in(tokens, index, scope)
    known = known_values(tuple(facets))
    tags = tagged(spelled, known, fields, unsure)
    if tags is None:
        return None
    take(tags)
    take(measured(tokens, fields))
    when = period(tokens)
    if when and all(free[when.start : when.end]):
        before = tokens[when.start - 1] if when.start else ""
        (taken,) = index.facets(scope, ["taken_at"])
        any_taken = isinstance(taken.high, datetime) and taken.high > _BEFORE_CAMERAS
        texts = year_texts(facets)
        if field := year_field(fields, texts, before, any_taken):
            name, kind = field
            take(years_among(when, texts[name]) if kind == "text" else [dated(when, name, kind)])
    take(valued(tokens, known, free))
    take(marked(tokens, fields, free))
    return Limits(tuple(found), tuple(free))
