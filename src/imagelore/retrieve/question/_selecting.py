"""Which of the pictures that were shown some words mean: "the red one", "those from before 1900", "the oldest"."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from imagelore.retrieve.question._conditions import Condition
from imagelore.retrieve.question._leaning import OF_THE_ASKING
from imagelore.retrieve.question._limits import limits
from imagelore.retrieve.question._periods import year_field
from imagelore.retrieve.question._reading import Readable
from imagelore.retrieve.question._spoken import Spoken, spelled
from imagelore.types import AnyOf, Compare, Filter, Hit, Record
from imagelore.words import COLOURS, PICTURE_WORDS, STOP_WORDS, stem, stems, words

_IN_TITLE, _IN_WORDS, _SEEN = 3.0, 2.0, 1.0  # how well a word is held
_TOLD = 0.9  # a colour in a record's words, which may be that of a detail; seen, it counts less the less area it has
_FROM_PROBABILITY = 0.1  # of a seen class
_SUPERLATIVE = re.compile(r"\b(?:(oldest|earliest)|(newest|latest|youngest|most recent))\b")
_COMPARE = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_YEAR = re.compile(r"\b(1\d{3}|20\d{2})\b")


def chosen(phrase: str, hits: Sequence[Hit], spoken: Spoken, one: bool = False) -> tuple[Hit, ...]:
    """Those of the hits that all words of a phrase hold for; with `one`, only those that hold them best.

    Words are looked for in the record, then in what a model saw; years, numbers and values are also compared with the
    record's fields.
    """
    if superlative := _SUPERLATIVE.search(phrase.casefold()):
        rest = phrase[: superlative.start()] + phrase[superlative.end() :]
        among = chosen(rest, hits, spoken) if _content(words(rest)) else tuple(hits)
        return _extreme(among, spoken.index, first=bool(superlative[1]))
    tokens = spelled(phrase)
    named = limits(tokens, spoken.index, spoken.scope)
    if named is None:
        return ()
    loose = [token.casefold() for token, free in zip(tokens, named.free, strict=True) if free]
    if not named.conditions and not _content(loose):
        return ()
    scored = []
    for hit in hits:
        held = [_held(hit.record, stem(token)) for token in _content(loose)]
        for condition in named.conditions:
            own = [_held(hit.record, s) for s in _words_of(condition, tokens)]
            held.append(max(min(own, default=0.0), _IN_WORDS * _meets(hit.record, condition.filter)))
        if all(held):
            scored.append((sum(held), hit))
    best = max((score for score, _ in scored), default=0.0)
    return tuple(hit for score, hit in scored if not one or score == best)


def _content(tokens: Sequence[str]) -> list[str]:
    idle = STOP_WORDS | PICTURE_WORDS | OF_THE_ASKING | {"ones"}
    return [token for token in tokens if token not in idle]


def _meets(record: Record, filter: Filter) -> bool:
    """Whether a condition that words named holds for a record."""
    if isinstance(filter, AnyOf):
        return any(_meets(record, inner) for inner in filter.filters)
    if not isinstance(filter, Compare):
        return False
    field, value = filter.field, filter.value
    own: Any = getattr(record, field) if field in ("tags", "taken_at") else record.fields.get(field)
    if own is None:
        return False
    if isinstance(own, tuple):
        return value in own
    if isinstance(value, tuple):
        return bool(value[0] <= own <= value[1])
    return bool(_COMPARE[filter.operator](own, value))


def _words_of(condition: Condition, tokens: Sequence[str]) -> list[str]:
    """The stems that stand for a condition on texts; a period has none: 1900 is not before 1900."""
    if not _is_of_texts(condition.filter):
        return []
    return [stem(token) for token in tokens[condition.start : condition.end] if token.casefold() not in STOP_WORDS]


def _is_of_texts(filter: Filter) -> bool:
    if isinstance(filter, AnyOf):
        return all(map(_is_of_texts, filter.filters))
    return isinstance(filter, Compare) and isinstance(filter.value, str) and not _YEAR.fullmatch(filter.value)


def _held(record: Record, form: str) -> float:
    """How well a record holds a word: 0: not at all. A colour counts most where it is both told of and seen."""
    own = form in {stem(word) for word in words(record.words())}
    if form in COLOURS:
        colours = [stem(name) for name in record.seen.colours]
        return own * _TOLD + (_SEEN / (1 + colours.index(form)) if form in colours else 0.0)
    if form in {s for text in (record.title, *record.tags) for s in stems(text)}:
        return _IN_TITLE
    if own:
        return _IN_WORDS
    seen = {s for name, probability in record.seen.classes if probability >= _FROM_PROBABILITY for s in stems(name)}
    return _SEEN if form in seen else 0.0


def _extreme(hits: Sequence[Hit], index: Readable, first: bool) -> tuple[Hit, ...]:
    """The hit with the earliest or the latest year, by the field that years are asked of; none where none has one."""
    field = year_field(index.fields(), (), "", has_taken_at=True)
    dated = [(year, hit) for hit in hits if (year := _year(hit.record, field[0] if field else "taken_at"))]
    if not dated:
        return ()
    wanted = (min if first else max)(year for year, _ in dated)
    return tuple(hit for year, hit in dated if year == wanted)


def _year(record: Record, field: str) -> int:
    value = record.taken_at if field == "taken_at" else record.fields.get(field)
    if isinstance(value, date):
        return value.year
    return int(value) if isinstance(value, int) else 0
