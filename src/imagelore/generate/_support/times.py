"""Days, years, decades and centuries in text, as spans of days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS = (
    "jan(?:uary|uar|vier)?|ene(?:ro)?",
    "feb(?:ruary|ruar|rero)?|févr?(?:ier)?",
    "mar(?:ch|s|zo)?|märz",
    "apr(?:il)?|avril|abril",
    "may|mai|mayo",
    "june?|juni|juin|junio",
    "july?|juli|juillet|julio",
    "aug(?:ust)?|août|agosto",
    "sept?(?:ember|embre|iembre)?",
    "oct(?:ober|obre|ubre)?|okt(?:ober)?",
    "nov(?:ember|embre|iembre)?",
    "dec(?:ember)?|dez(?:ember)?|déc(?:embre)?|dic(?:iembre)?",
)
_MONTH = "(?P<month{}>" + "|".join(f"(?:{names})" for names in _MONTHS) + r")\.?"
_DAY = r"(?P<day{}>[0-3]?\d)(?:st|nd|rd|th|er|\.)?"
_YEAR = r"(?P<year{}>1\d{{3}}|20\d\d)"
_TH = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
)
_TH += " sixteenth seventeenth eighteenth nineteenth twentieth"
_ORDINALS = {word: n for n, word in enumerate(_TH.split(), start=1)} | {"twenty-first": 21}
_LAST_DAYS = 31
_TIME = re.compile(
    "|".join(
        (
            _YEAR.format(1) + r"-(?P<month1>\d\d)-(?P<day1>\d\d)",
            r"(?P<day2>\d{1,2})\.(?P<month2>\d{1,2})\." + _YEAR.format(2),
            rf"{_DAY.format(3)} (?:of |de )?{_MONTH.format(3)}(?:,? (?:de )?{_YEAR.format(3)})?",
            rf"{_MONTH.format(4)} {_DAY.format(4)}(?:,? {_YEAR.format(4)})?(?!\d)",
            rf"{_MONTH.format(5)},? (?:of |de )?{_YEAR.format(5)}",
            r"(?P<decade>[12]\d\d0) ?(?:['’]?s|er|er[- ]jahren?)",
            rf"(?P<ordinal>{'|'.join(reversed(_ORDINALS))}|\d{{1,2}}(?:st|nd|rd|th|\.|e|ème)?)[- ]"
            r"(?:century|jahrhunderts?|siècle)",
            _YEAR.format(6) + r"(?: ?(?:[-–—]|to|and|bis|und|et|a) ?(?P<until>[12]\d{3}))",
            _YEAR.format(7),
        )
    ).join((r"(?<![\w.,#€$£/-])(?:", r")(?![\w€$%]|[.,]\d)")),
    re.IGNORECASE,
)


class Time(NamedTuple):
    """A span of days, each a number of its year, month and day: 20230314."""

    first: int
    last: int
    shown: str
    start: int  # in the text
    end: int

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year."""
        return self.first // 10_000, self.last // 10_000

    @property
    def fine(self) -> bool:
        """A day or a month."""
        return self.last - self.first <= _LAST_DAYS

    def meets(self, other: Time) -> bool:
        """The two have a day in common."""
        return self.first <= other.last and other.first <= self.last


def times(text: str) -> Iterator[Time]:
    """The times that a text names, in order; a year between two others makes a span."""
    for match in _TIME.finditer(text):
        if span := _span(match):
            yield Time(*span, match.group(), match.start(), match.end())


def _span(match: re.Match[str]) -> tuple[int, int] | None:
    if match["decade"]:
        first = int(match["decade"])
        return _years(first, first + (99 if first % 100 == 0 else 9))
    if word := match["ordinal"]:
        century = _ORDINALS.get(word.casefold()) or int(re.sub(r"\D", "", word))
        return _years(100 * (century - 1), 100 * century)
    if match["until"]:
        return _years(int(match["year6"]), int(match["until"]))
    groups = match.groupdict()
    year, month, day = (
        next((value for n in range(1, 8) if (value := groups.get(f"{part}{n}"))), "")
        for part in ("year", "month", "day")
    )
    return _days(int(year or 0), _month(month), int(day or 0))


def _days(year: int, month: int, day: int) -> tuple[int, int] | None:
    if not year:  # a day of any year
        return None
    first = 10_000 * year + 100 * month + day
    return first, 10_000 * year + 100 * (month or 12) + (day or _LAST_DAYS)


def _years(first: int, last: int) -> tuple[int, int]:
    return 10_000 * first, 10_000 * last + 100 * 12 + _LAST_DAYS


def _month(name: str) -> int:
    if not name or name.isdigit():
        return int(name or 0)
    return next(n for n, names in enumerate(_MONTHS, start=1) if re.fullmatch(names, name, re.IGNORECASE))
