"""Numbers and times of a sentence that its sources tell otherwise."""

from __future__ import annotations

import re
from itertools import combinations

from imagelore.generate._support.quantities import Quantity
from imagelore.generate._support.reading import Evidence, Statement
from imagelore.generate._support.times import Time
from imagelore.words import stem

_ABOUT = re.compile(
    r"(?:about|around|roughly|approximately|circa|ca\.?|some|almost|nearly|over|more than|less than|fewer than|at least"
    r"|up to|under|within|than|etwa|rund|ungefähr|über|mehr als|weniger als|fast|environ|presque|plus de|unos|casi) *$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:before|until|till|by|prior to|vor|bis|avant|antes de)(?: (?:the )?(?:end of )?)? *$", re.IGNORECASE
)
_AFTER = re.compile(r"\b(?:after|since|nach|seit|ab|depuis|après|desde) *$", re.IGNORECASE)
_SUMS = 40  # quantities that are added up
_LOOSE = 0.15  # how far "about" reaches
_PRICED = {stem("cost"): "price", stem("costs"): "price", stem("priced"): "price", stem("weighs"): "weight"}


def misdated(claim: Statement, evidence: Evidence) -> str:
    """A time that none of the sources' times can be, where they tell one; or any, where no picture could tell it."""
    for time in claim.times:
        if not _timely(time, claim.text, evidence):
            if told := _listed(dict.fromkeys(known.shown for known in evidence.times)):
                return f"the sources say {told}, not {time.shown}"
            if not evidence.pictured:
                return f"the sources do not say {time.shown}"
    return ""


def miscounted(claim: Statement, evidence: Evidence) -> str:
    """A number that the sources tell otherwise: in the same measure, of the same things, or in a field of its name."""
    for quantity in claim.quantities:
        if _held(quantity, claim, evidence):
            continue
        rivals = [known for known in evidence.quantities if _rival(quantity, known)] or _named(
            quantity, claim, evidence
        )
        if rivals:
            return f"the sources say {_listed(dict.fromkeys(r.shown for r in rivals))}, not {quantity.shown}"
        exact = quantity.dimension not in ("", "duration") or not float(min(quantity.values)).is_integer()
        if exact and not evidence.pictured and not _ABOUT.search(claim.text[: quantity.start]):
            return f"the sources do not say {quantity.shown}"
    return ""


def _timely(time: Time, text: str, evidence: Evidence) -> bool:
    met = [known for known in evidence.times if time.meets(known)]
    if any(known.fine >= time.fine for known in met):
        return True
    if met:  # the year, which says nothing where the sources tell the day
        return not any(known.fine and known.years == time.years for known in evidence.times)
    bare = [value for known in evidence.quantities if not known.dimension for value in known.values]
    if any(time.years[0] <= value <= time.years[1] for value in bare):
        return True  # "the year 80"; or it is no year: "1,450 rpm"
    before = text[: time.start]
    if _BEFORE.search(before):
        return any(known.first <= time.last for known in evidence.times)
    return bool(_AFTER.search(before)) and any(known.last >= time.first for known in evidence.times)


def _held(quantity: Quantity, claim: Statement, evidence: Evidence) -> bool:
    """The sources tell this number, or two of theirs add up to it or differ by it."""
    tolerance = _LOOSE if _ABOUT.search(claim.text[: quantity.start]) else 0.005
    same = [known for known in evidence.quantities if known.dimension == quantity.dimension]
    bare = [known for known in evidence.quantities if not (known.dimension and quantity.dimension)]
    written = quantity.as_written()
    if any(quantity.equals(known, tolerance) for known in same) or any(written.equals(k, tolerance) for k in bare):
        return True
    sums = same[:_SUMS] if quantity.dimension or evidence.several else []
    derived = [v for a, b in combinations(sums, 2) for x in a.values for y in b.values for v in (x + y, abs(x - y))]
    if quantity.dimension == "duration":
        years = [known.years[0] for known in evidence.times]
        derived += [365.0 * abs(a - b) for a, b in combinations(years, 2)]
    return quantity.equals(Quantity(frozenset(derived), "", "", ""), tolerance)


def _rival(quantity: Quantity, known: Quantity) -> bool:
    if quantity.dimension == "duration":
        return known.dimension == "duration"
    same = (known.dimension, known.noun) == (quantity.dimension, quantity.noun)
    return same and bool(quantity.dimension or quantity.noun)


def _named(quantity: Quantity, claim: Statement, evidence: Evidence) -> list[Quantity]:
    """The numbers of fields that a sentence names: "it costs 59.90" beside a field "price"."""
    if quantity.dimension not in ("", "money") or not any(map(str.isdigit, quantity.shown)):
        return []
    spoken = claim.stems | {name for word, name in _PRICED.items() if word in claim.stems}
    return [known for known in evidence.numbers if not known.dimension and known.noun in spoken]


def _listed(told: dict[str, None]) -> str:
    return " and ".join(list(told)[:2])
