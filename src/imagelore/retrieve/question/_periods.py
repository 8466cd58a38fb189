"""Years in a question -> a condition on the field that holds years or dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from imagelore.retrieve.question._conditions import Condition, spoken
from imagelore.types import AnyOf, Compare, Facet, FieldType
from imagelore.words import stem

_YEAR = r"(1\d{3}|20\d{2})"
_DECADE_NAMES = "twenties thirties forties fifties sixties seventies eighties nineties"
_DECADES = {name: 1920 + 10 * n for n, name in enumerate(_DECADE_NAMES.split())}
_PERIODS: tuple[tuple[str, str], ...] = (
    (rf"(?:between|from) (?:the years? )?{_YEAR} (?:and|to|until|till|through) {_YEAR}", "between"),
    (rf"{_YEAR} (?:(?:to|until|till) )?{_YEAR}", "between"),
    (rf"(?:before|prior to|older than|earlier than) {_YEAR}", "<"),
    (rf"(?:after|later than|newer than) {_YEAR}", ">"),
    (rf"since {_YEAR}", ">="),
    (rf"(?:until|till|up to|by) {_YEAR}", "<="),
    (rf"(?:(?:in|from|of|during|dated) )?(?:the )?{_YEAR}s", "decade"),
    (rf"(?:in|from|of|during) the ({'|'.join(_DECADES)})", "decade"),
    (r"(?:in|from|of|during) the (1\d|20|21)(?:st|th) century", "century"),
    (rf"(?:(?:in|from|of|during|dated|for) )?(?:the )?(?:year )?{_YEAR}", "="),
)
_YEAR_TEXT = re.compile(_YEAR)
_MOST_YEARS = 100  # that are looked up one by one
_CAMERA_VERBS = frozenset({"taken", "photographed", "shot", "captured", "made"})


@dataclass(frozen=True, slots=True)
class Period:
    """Years, both included; None: open. `text` reads after a field's name: "1969", "before 1970"."""

    low: int | None
    high: int | None
    text: str
    start: int
    end: int
    beside: bool = False  # it was said as "before" the year after `high`, or "after" the one before `low`


def period(tokens: Sequence[str]) -> Period | None:
    """The first stretch of years that the words name: "before 1970", "from 1960 to 1970", "in the sixties"."""
    text = " ".join(tokens)
    for pattern, kind in _PERIODS:
        if match := re.search(rf"(?<![^ ])(?:{pattern})(?![^ ])", text):
            start = text[: match.start()].count(" ")
            return _period(kind, match.groups(), start, start + match[0].count(" ") + 1)
    return None


def _period(kind: str, named: Sequence[str], start: int, end: int) -> Period:
    if kind == "between":
        low, high = sorted(int(year) for year in named)
        return Period(low, high, f"between {low} and {high}", start, end)
    year = _DECADES.get(named[0]) or int(named[0])
    if kind == "decade":
        return Period(year, year + 9, f"between {year} and {year + 9}", start, end)
    if kind == "century":
        low, high = year * 100 - 99, year * 100
        return Period(low, high, f"between {low} and {high}", start, end)
    ends: dict[str, tuple[int | None, int | None, str]] = {
        "<": (None, year - 1, f"before {year}"),
        ">": (year + 1, None, f"after {year}"),
        ">=": (year, None, f"{year} or later"),
        "<=": (None, year, f"{year} or earlier"),
        "=": (year, year, f"{year}"),
    }
    return Period(*ends[kind], start, end, beside=kind in ("<", ">"))


def dated(when: Period, field: str, kind: FieldType) -> Condition:
    """A period as a condition on an integer field that holds years, on a date field, or on `taken_at`."""

    def at(year: int, end: bool = False) -> Any:
        """A year as the field holds it: its last moment or its first."""
        if kind == "integer":
            return year
        day = date(year, 12, 31) if end else date(year, 1, 1)
        return day if field != "taken_at" else datetime.combine(day, time.max if end else time.min)

    compare: Compare
    if when.low is None:
        year = when.high or 0
        compare = Compare(field, "<", at(year + 1)) if when.beside else Compare(field, "<=", at(year, end=True))
    elif when.high is None:
        year = when.low
        compare = Compare(field, ">", at(year - 1, end=True)) if when.beside else Compare(field, ">=", at(year))
    elif when.low == when.high and kind == "integer":
        compare = Compare(field, "=", when.low)
    else:
        compare = Compare(field, "between", (at(when.low), at(when.high, end=True)))
    bare = when.text[0].isdigit() and kind != "integer"
    name = "taken" if field == "taken_at" else f"with {spoken(field)}"
    return Condition(compare, f"{name} {'in ' if bare else ''}{when.text}", when.start, when.end)


def year_texts(facets: Iterable[Facet]) -> dict[str, Facet]:
    """The fields of texts most of which are years: a stray "unknown" makes a column of years one of texts."""
    found: dict[str, Facet] = {}
    for facet in facets:
        if facet.type == "text" and facet.field not in found and _holds_years(facet):
            found[facet.field] = facet
    return found


@lru_cache(maxsize=64)
def _holds_years(facet: Facet) -> bool:
    years = sum(number for value, number in facet.values if _YEAR_TEXT.fullmatch(str(value)))
    return 2 * years > sum(number for _, number in facet.values)


def years_among(when: Period, facet: Facet) -> list[Condition]:
    """A period as a condition on a field of texts; none where its end is open and not all values are told."""
    if facet.complete:
        told = sorted(str(value) for value, _ in facet.values if _YEAR_TEXT.fullmatch(str(value)))
        years = [year for year in told if (when.low or 0) <= int(year) <= (when.high or 9999)]
    elif when.low is None or when.high is None or when.high - when.low >= _MOST_YEARS:
        return []
    else:
        years = [str(year) for year in range(when.low, when.high + 1)]
    years = years or [str(when.low or when.high)]  # a year that no record has: a count of 0
    filters = tuple(Compare(facet.field, "=", year) for year in years)
    text = f"with {spoken(facet.field)} {when.text}"
    return [Condition(filters[0] if len(filters) == 1 else AnyOf(filters), text, when.start, when.end)]


def year_field(
    fields: Mapping[str, FieldType], texts: Iterable[str], before: str, has_taken_at: bool
) -> tuple[str, FieldType] | None:
    """The field that a year in a question speaks of: one named by the word before it, else `year`, else a date.

    `texts` are the fields of texts that hold years: see `year_texts`.
    """
    for name, kind in fields.items():
        if (kind in ("integer", "date") or name in texts) and before and stem(before) == stem(name):
            return name, kind
    if has_taken_at and before in _CAMERA_VERBS:
        return "taken_at", "date"
    years = [
        name
        for name, kind in fields.items()
        if (kind == "integer" or name in texts) and "year" in name.casefold().split("_")
    ]
    if years:
        name = min(years, key=lambda name: (fields[name] != "integer", len(name)))
        return name, fields[name]
    dates = [name for name, kind in fields.items() if kind == "date"]
    if dates:
        return min(dates, key=lambda name: ("date" not in name.casefold(), len(name))), "date"
    return ("taken_at", "date") if has_taken_at else None
