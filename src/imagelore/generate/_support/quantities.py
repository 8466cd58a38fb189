"""Numbers in text with what they count or measure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from imagelore.words import PICTURE_WORDS, STOP_WORDS, singular, stem

_UNITS: dict[str, dict[str, float]] = {
    "length": {
        "mm|millimet(?:er|re)s?": 0.001, "cm|centimet(?:er|re)s?|zentimetern?": 0.01, "m|met(?:er|re)s?|metern": 1.0,
        "km|kilomet(?:er|re)s?": 1000.0, "inch(?:es)?": 0.0254, "ft|feet|foot": 0.3048, "miles?": 1609.344,
    },
    "weight": {
        "mg|milligram(?:me?)?s?": 1e-6, "g|gram(?:me?)?s?|gramm": 0.001, "kg|kilos?|kilogram(?:me?)?s?": 1.0,
        "t|tons?|tonnes?|tonnen": 1000.0, "lbs?|pounds?": 0.45359237, "oz|ounces?": 0.028349523,
    },
    "volume": {
        "ml|millilit(?:er|re)s?": 0.001, "cl|centilit(?:er|re)s?": 0.01, "dl|decilit(?:er|re)s?": 0.1,
        "l|lit(?:er|re)s?|litern": 1.0,
    },
    "duration": {"years?|jahre?n?|ans?|années?|años?": 365.0, "months?|monaten?": 30.4, "weeks?|wochen?": 7.0,
                 "days?|tagen?|jours?|días?": 1.0, "hours?|hrs?|stunden?": 1 / 24, "minutes?|mins?|minuten": 1 / 1440},
    "pressure": {"mbar": 0.001, "bars?": 1.0, "kpa": 0.01, "psi": 0.0689476},
    "power": {"mw|megawatts?": 1e6, "kw|kilowatts?": 1000.0, "w|watts?": 1.0},
    "voltage": {"mv|millivolts?": 0.001, "v|volts?": 1.0, "kv|kilovolts?": 1000.0},
    "charge": {"mah": 0.001, "ah": 1.0},
    "share": {"%|percent|per cent|prozent|pour cent|por ciento|pct": 1.0},
    "money": {"€|eur|euros?|£|\\$|usd|dollars?|gbp|chf|francs?": 1.0},
    "temperature": {"°c|°|degrees?|grad|°f": 1.0},
}  # fmt: skip
_UNIT = {dimension: re.compile("|".join(f"(?P<u{n}>{names})" for n, names in enumerate(table)), re.IGNORECASE)
         for dimension, table in _UNITS.items()}  # fmt: skip
_ANY_UNIT = "|".join(names for table in _UNITS.values() for names in table)

_NAMES = {
    1: "ein eine einen un une",
    2: "two zwei deux dos both", 3: "three drei trois tres", 4: "four vier quatre cuatro", 5: "five fünf cinq cinco",
    6: "six sechs seis", 7: "seven sieben sept siete", 8: "eight acht huit ocho", 9: "nine neun neuf nueve",
    10: "ten zehn dix diez", 11: "eleven elf onze once", 12: "twelve zwölf douze doce dozen", 13: "thirteen dreizehn",
    14: "fourteen vierzehn", 15: "fifteen fünfzehn quinze", 16: "sixteen sechzehn", 17: "seventeen", 18: "eighteen",
    19: "nineteen", 20: "twenty zwanzig vingt veinte", 30: "thirty dreißig trente", 40: "forty vierzig",
    50: "fifty fünfzig", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety", 100: "hundred hundert cent cien",
    1000: "thousand tausend mille mil",
}  # fmt: skip
_WORTH = {word: number for number, listed in _NAMES.items() for word in listed.split() if number > 1 and word != "once"}
_SCALES = {"hundred": 1e2, "thousand": 1e3, "tausend": 1e3, "k": 1e3, "million": 1e6, "millions": 1e6, "m": 1e6}
_SCALES |= {"millionen": 1e6, "mio": 1e6, "billion": 1e9, "bn": 1e9}
_NUMBER = re.compile(
    r"(?<![\w.,#°-])(?:(?P<money>[€$£]) ?)?(?P<number>\d+(?:[., '’]\d{3})*(?:[.,]\d+)?|" + "|".join(_WORTH) + r")"
    r"(?:[ -]?(?P<scale>" + "|".join(_SCALES) + r")\b\.?(?! ?(?:wide|high|long|tall|deep)))?"
    rf"(?: ?-?(?P<unit>{_ANY_UNIT})(?![\w²³]))?(?![\w-]*\d)(?!\w)",
    re.IGNORECASE,
)  # fmt: skip
_RUN = re.compile(r"[ -]([^\W\d_][\w'’-]*)")
_REACH = 3  # words after a number that may be what it counts


class Quantity(NamedTuple):
    """A number: `values` are its readings ("1,700" may be either), in the base unit of its dimension."""

    values: frozenset[float]
    dimension: str  # "": a bare number
    noun: str  # the stem of what it counts; "": nothing
    shown: str
    start: int = 0  # in the text
    written: frozenset[float] = frozenset()  # its readings without its unit, which a record may leave out

    def equals(self, other: Quantity, tolerance: float = 0.005) -> bool:
        """The same amount, however it is written."""
        return any(abs(a - b) <= tolerance * max(abs(a), abs(b)) for a in self.values for b in other.values)

    def as_written(self) -> Quantity:
        """The same number without its unit, which a record may leave out."""
        return Quantity(self.written or self.values, "", "", self.shown)


def quantities(text: str) -> Iterator[Quantity]:
    """The numbers of a text, in order; those that belong to a name ("K20", "no. 7") are left out."""
    for match in _NUMBER.finditer(text):
        scale = (match["scale"] or "").casefold()
        unit = match["unit"] or match["money"] or ""
        if scale == "m" and not match["money"]:  # metres
            scale, unit = "", "m"
        dimension, factor = measured(unit) if unit else ("", 1.0)
        read = frozenset(value * _SCALES.get(scale, 1.0) for value in _readings(match["number"]))
        values = frozenset(value * factor for value in read)
        noun = "" if dimension else counted(text[match.end() :])
        if noun not in _NO_COUNT:
            yield Quantity(values, dimension, noun, match.group().strip(), match.start(), read)


def measured(unit: str) -> tuple[str, float]:
    """The dimension of a unit, and how many of its base units one is; ("", 1) where it is none."""
    for dimension, pattern in _UNIT.items():
        if match := pattern.fullmatch(unit):
            return dimension, list(_UNITS[dimension].values())[int((match.lastgroup or "u0")[1:])]
    return "", 1.0


def counted(following: str) -> str:
    """The stem of what a number before this text counts: the first plural near it, else the word that follows."""
    run: list[str] = []
    end = 0
    while len(run) < _REACH and (match := _RUN.match(following, end)) and match[1].casefold() not in STOP_WORDS:
        run.append(match[1].casefold())
        end = match.end()
    plural = next((word for word in run if singular(word) != word), run[0] if run else "")
    return stem(plural) if plural else ""


def _readings(number: str) -> Iterator[float]:
    if (word := number.casefold()) in _WORTH:
        yield float(_WORTH[word])
        return
    if re.fullmatch(r"\d{1,3}(?:[., '’]\d{3})+(?:[.,]\d{1,2})?", number):
        whole, part = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", number).groups()  # type: ignore[union-attr]
        yield float(re.sub(r"\D", "", whole) + "." + (part or "0"))
    if re.fullmatch(r"\d+(?:[.,]\d+)?", number):
        yield float(number.replace(",", "."))


_NO_COUNT = {stem(word) for word in PICTURE_WORDS} | {
    stem(w) for w in ("sources", "records", "results", "hits", "others")
}
"""A number of these counts what was found, which no record can know."""
