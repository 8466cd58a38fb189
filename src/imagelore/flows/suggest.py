"""Questions that a knowledge base can answer, made from what it holds: for the first visit and after each answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from imagelore.index import Index
from imagelore.passages import paragraphs
from imagelore.types import Facet, Hit, Record

PLACES = ("place", "location", "where", "city", "town", "region", "country", "site")
"""Names of fields that say where, the most telling first."""

_SAMPLE = 60  # records looked at: enough to meet every kind of question, few enough to stay instant
_FOLLOWED = 12  # hits that are looked at for what tells them apart
_LONGEST = 48  # characters of a title or value that still reads well inside a question
_HEADING = re.compile(r"[^\W\d_][\w',&-]*(?: [\w'&-]+[,:]?){1,6}")  # words and nothing else: it stands in a question
_HEAD = 3  # paragraphs of a page among which its heading is
_SURE = 0.6  # the probability from which a seen class is worth asking about


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question, and the record whose picture goes with it ("" for words alone)."""

    text: str
    picture: str = ""


def suggestions(index: Index, hits: Sequence[Hit] = (), limit: int = 4) -> tuple[Suggestion, ...]:
    """Questions of different kinds: where, how many, when, which, and one with a picture.

    Args:
        index: facets and a page of records are read, nothing is searched.
        hits: those of the last answer: the questions lead on from those that fit, or narrow them down. None, or none
            that fits: as for the first visit.
        limit: how many at most; a knowledge base without metadata has fewer to offer.

    Raises:
        KnowledgeBaseError: the index cannot be read.
    """
    found = [hit.record for hit in hits if hit.fits][:_FOLLOWED]
    records = found[1:4] + found[:1]  # the best hit was just talked about: the others come first
    records = records or _spread(index.browse(limit=_SAMPLE))
    facets = index.facets()
    kinds = [
        _narrower(found), _where(records), _how_many(records, facets), _look_alike(records), _when(records),
        _same(found[:4], facets), _read(records), _which(records, facets),
    ]  # fmt: skip
    firsts = [kind for kind in (next(kind, None) for kind in kinds) if kind is not None]
    chosen = {suggestion.text.casefold(): suggestion for suggestion in chain(firsts, *kinds)}
    return tuple(chosen.values())[:limit]


def _narrower(records: Sequence[Record]) -> Iterator[Suggestion]:
    """Values that some of the hits have, and some have not: the nearer to the half of them, the sooner."""
    places = [str(value) for r in records for name, value in r.fields.items() if _is_place(name) and _short(str(value))]
    tags = [tag for record in records for tag in record.tags if _short(tag)]
    held = [(f"Only those from {value}", n) for value, n in Counter(places).items()]
    held += [(f'Only those tagged "{tag}"', n) for tag, n in Counter(tags).items()]
    years = sorted(year for record in records if (year := _year(record)) is not None)
    if len(years) > 2 and years[0] < (middle := years[len(years) // 2]):
        held.append((f"And before {middle}?", sum(year < middle for year in years)))
    splitting = [(text, n) for text, n in held if 1 < n < len(records)]
    for text, _ in sorted(splitting, key=lambda pair: abs(2 * pair[1] - len(records))):
        yield Suggestion(text)


def _read(records: Sequence[Record]) -> Iterator[Suggestion]:
    """What stands in documents and pictures: a page's heading, a sign's first words."""
    heads = [paragraphs(record.lines)[:_HEAD] for record in records]
    running = Counter(text.rstrip("0123456789 ") for head in heads for text in head)  # repeated on page after page
    for record, head in zip(records, heads, strict=True):
        own = (text for text in head if running[text.rstrip("0123456789 ")] == 1)
        heading = next((text for text in own if _HEADING.fullmatch(text) and _short(text)), "")
        if heading and record.place and ", picture " not in record.place:
            yield Suggestion(f'What is said about "{heading}"?')
        elif heading:
            yield Suggestion(f'Which picture says "{heading}"?')


def _same(records: Sequence[Record], facets: Sequence[Facet]) -> Iterator[Suggestion]:
    """What else is from the place or the year of a hit."""
    counts = {(facet.field, value): number for facet in facets for value, number in facet.values}
    for record in records:
        for name, value in record.fields.items():
            told = _is_place(name) or value == _year(record)
            if told and _short(str(value)) and counts.get((name, value), 0) > 1:
                yield Suggestion(f"Which pictures are from {value}?")


def _spread(records: list[Record]) -> list[Record]:
    """Titled records first, since questions name them; the order by id is already an arbitrary one."""
    return sorted(records, key=lambda record: not record.title)


def _where(records: Sequence[Record]) -> Iterator[Suggestion]:
    for record in records:
        if _short(record.title) and any(_is_place(name) for name in record.fields):
            yield Suggestion(f'Where is "{record.title}"?')


def _when(records: Sequence[Record]) -> Iterator[Suggestion]:
    for record in records:
        dated = record.taken_at or any(_is_year(name, value) for name, value in record.fields.items())
        if _short(record.title) and dated:
            yield Suggestion(f'From which year is "{record.title}"?')


def _how_many(records: Sequence[Record], facets: Sequence[Facet]) -> Iterator[Suggestion]:
    for tag in _shared_tags(records, facets):
        yield Suggestion(f'How many pictures are tagged "{tag}"?')


def _shared_tags(records: Sequence[Record], facets: Sequence[Facet]) -> list[str]:
    counts = {str(value): number for facet in facets if facet.field == "tags" for value, number in facet.values}
    near = (tag for record in records for tag in record.tags if counts.get(tag, 0) > 1 and _short(tag))
    return list(dict.fromkeys(near))


def _which(records: Sequence[Record], facets: Sequence[Facet]) -> Iterator[Suggestion]:
    for place in sorted((f for f in facets if _is_place(f.field)), key=lambda f: -f.values[0][1] if f.values else 0):
        for value, number in place.values[1:] or place.values:  # the second says more than the one that most are from
            if number > 1 and _short(str(value)):
                yield Suggestion(f"Which pictures are from {value}?")
    for record in records:
        for name, probability in record.seen.classes[:1]:
            if probability >= _SURE and not record.title:
                yield Suggestion(f"Which pictures show {_article(name)}?")
    for tag in reversed(_shared_tags(records, facets)):  # the first is counted already
        yield Suggestion(f'Which pictures are tagged "{tag}"?')


def _look_alike(records: Sequence[Record]) -> Iterator[Suggestion]:
    for record in records:
        if not (record.place and record.lines):  # a page of text looks like every other one
            yield Suggestion("Which pictures look like this one?", record.id)


def _is_place(name: str) -> bool:
    return name.casefold() in PLACES


def _year(record: Record) -> int | None:
    years = (value for name, value in record.fields.items() if name.casefold() == "year" and isinstance(value, int))
    return next(years, None)


def _is_year(name: str, value: object) -> bool:
    return isinstance(value, date) or name.casefold() == "year"


def _short(text: str) -> bool:
    return 0 < len(text) <= _LONGEST


def _article(noun: str) -> str:
    return f"{'an' if noun[:1].casefold() in 'aeiou' else 'a'} {noun}"
