"""Which of a record's fields answer a question: places, times, people, and fields that the question names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from imagelore.generate.extractive.questions import Question
from imagelore.generate.extractive.reading import Reading, Sentence
from imagelore.types import Record
from imagelore.words import said, stem, words

_PLACES = (
    *(
        "place",
        "location",
        "where",
        "site",
        "museum",
        "gallery",
        "venue",
        "building",
        "address",
        "street",
        "city",
        "town",
    ),
    *("village", "district", "region", "county", "state", "province", "country", "continent", "habitat", "room"),
    *("ort", "stadt", "land", "lieu", "ville", "pays", "lugar", "ciudad", "luogo", "plaats"),
)
_TIMES = (
    "year",
    "date",
    "when",
    "dated",
    "period",
    "century",
    "decade",
    "era",
    "created",
    "jahr",
    "datum",
    "annee",
    "fecha",
)
_PEOPLE = {  # stems of verbs -> names of fields that say who did it
    "drew drawn painted made created designed built carved sculpted composed": (
        *("artist", "painter", "maker", "creator", "designer", "sculptor", "architect", "author", "composer"),
    ),
    "took taken photographed shot captured": ("photographer", "creator", "credit", "artist", "author"),
    "wrote written": ("author", "writer"),
    "own owns owned": ("owner",),
    "published printed": ("publisher", "printer"),
    "found discovered collected": ("finder", "collector", "discoverer"),
}
_MEASURES = {
    "tall": ("height",), "high": ("height", "altitude", "elevation"), "big": ("size", "area", "dimensions"),
    "large": ("size", "area", "dimensions"), "long": ("length", "duration"), "wide": ("width",), "deep": ("depth",),
    "heavi": ("weight", "weighs", "mass"), "far": ("distance",), "fast": ("speed",),
    "expens": ("price", "cost"), "hot": ("temperature",), "cold": ("temperature",), "thick": ("thickness",),
    "much": ("price", "cost", "weight"), "weigh": ("weight", "mass"), "cost": ("price", "cost"),
}  # fmt: skip
_MEASURED = {stem(name) for names in _MEASURES.values() for name in names}
_DOERS = {stem(verb): names for verbs, names in _PEOPLE.items() for verb in verbs.split()}
_CAMERA = {stem(verb) for verb in ("taken", "photographed", "shot", "captured")}

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_TIME = re.compile(
    r"\b(?:1[0-9]\d\d|20\d\d)s?\b|\b\d{1,2}(?:st|nd|rd|th)[ -]century\b" + rf"|\b(?:{_MONTHS}) \d|\d (?:{_MONTHS})\b"
    rf"|\b(?:in|of|by|from|until|till|since|every|each|last|next) (?:{_MONTHS})\b"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:every|each) (?:[\w-]+ ){0,3}(?:hour|day|week|month|quarter|year)s?\b"
    r"|\b\d{1,2}:\d\d\b|\b\d{1,2} ?[ap]\.?m\b",
    re.IGNORECASE,
)
_AT = (
    *("in", "at", "near", "on", "from", "off", "outside", "beside", "behind", "inside", "along", "above", "below"),
    *("under", "opposite", "by"),
)
_PLACE = re.compile(rf"\b(?i:{'|'.join(_AT)}) (?:the |an? |its )?[^\W\d_]")
_NAMED_AFTER = re.compile(r"\bnamed (?:after|for)\b.*")  # where a name is from says nothing of where a thing is
_NAMED_PLACE = re.compile(rf"\b(?i:{'|'.join(_AT)}) (?:the )?[A-ZÀ-Þ]")


def named(question: Question, reading: Reading) -> list[str]:
    """The fields whose names the question says: "what material is ...?"."""
    found = []
    for name in reading.record.fields:
        parts = {stem(word) for word in words(name.replace("_", " "))}
        if parts & question.asked and said(reading.record.fields[name]).strip():
            found.append(name)
    return found


def places(record: Record) -> list[str]:
    """The fields that say where, the most exact first."""
    return _known(record, _PLACES)[:2]


def time(question: Question, reading: Reading) -> str:
    """When, by a field or by the camera's clock, as a sentence; "" where neither is known."""
    record = reading.record
    camera = bool(question.asked & _CAMERA)
    if record.taken_at and camera:
        return _taken(reading)
    fields = _known(record, _TIMES) or [name for name, value in record.fields.items() if isinstance(value, date)]
    if fields:
        return reading.field(fields[:1])
    return _taken(reading) if record.taken_at else ""


def people(question: Question, record: Record) -> list[str]:
    """The fields that say who did what the question asks for."""
    doers = [name for s in question.asked for name in _DOERS.get(s, ())]
    return _known(record, doers)[:1]


def measures(question: Question, record: Record) -> list[str]:
    """The fields that hold what "how tall", "how heavy" asks for."""
    return _known(record, measure_names(question))[:1]


def measure_names(question: Question) -> list[str]:
    """What the measure that a question asks for is called: "height" for "how tall"."""
    return [name for s in sorted(question.asked) for name in _MEASURES.get(s, ())]


def is_measure(stem: str) -> bool:
    """Whether a word only asks for a measure, or names one: "cost", "weigh", "price"."""
    return stem in _MEASURES or stem in _MEASURED


def holds_time(sentence: Sentence) -> bool:
    """Whether a sentence says when."""
    return bool(_TIME.search(sentence.text))


def holds_place(sentence: Sentence) -> bool:
    """Whether a sentence says where."""
    return bool(_PLACE.search(_NAMED_AFTER.sub("", sentence.text)))


def names_place(sentence: Sentence) -> bool:
    """Whether a sentence says where, by a name."""
    return bool(_NAMED_PLACE.search(_NAMED_AFTER.sub("", sentence.text)))


def _known(record: Record, names: Sequence[str]) -> list[str]:
    """The record's fields with one of these words in their names, in the order of `names`, that are not empty."""
    ranked = []
    for field, value in record.fields.items():
        parts = words(field.replace("_", " "))
        ranks = [names.index(part) for part in parts if part in names]
        if ranks and said(value).strip():
            ranked.append((min(ranks), len(parts), field))
    return [field for _, _, field in sorted(ranked)]


def _taken(reading: Reading) -> str:
    value = said(reading.record.taken_at) if reading.record.taken_at else ""
    return reading.stated("Taken", value)
