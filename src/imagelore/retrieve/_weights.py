"""What each ranking counts for: by its own worth, by the question, and by what the user sets."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from imagelore.errors import UsageError
from imagelore.types import NOTHING, Query
from imagelore.words import COLOURS, content_words, stem, words

WEIGHTS: Mapping[str, float] = {
    "text": 2.0, "meaning": 2.0, "semantic": 2.0, "image": 1.0, "seen": 0.5, "look": 1.0, "colour": 1.0,
}  # fmt: skip
"""What a ranking's word counts for; found on the development pictures of `bench/retrieval_quality.py`.

`semantic`, which only AI Search has, was never measured: it counts as much as the other rankings of texts.
"""

MOST_PICTURES = 8
"""Pictures in one question, at most: every engine looks for so many, and a record counts by the one it is most like."""

OF_WORDS = frozenset({"text", "meaning", "semantic", "image", "seen"})  # rankings that a question's words make
_COLOUR = "colour"
_OF_THE_PICTURE = frozenset({"look", _COLOUR})
_HEAVIEST = 1_000.0
# How much the picture counts beside words, found on the same pictures: words that only name what it shows ("what is
# this bird called?"), that refine it ("the same but at night"), that ask about something ("where is the lighthouse?"),
# that put another thing in its place ("a goose instead").
_NAMED, _REFINED, _BESIDE, _CHANGED = 8.0, 4.0, 2.0, 1.0

_IDLE = """taken photographed shot made built called named located situated found kept stored recorded happen happened
    going look looks name names title colour color colours colors size date year day month place city town country
    location museum kind kinds type types sort sorts age height weight person people maker artist author painter owner
    photographer similar alike resemble resembles resembling match matches matching identical duplicate duplicates copy
    copies version versions example examples object objects item items part parts piece pieces product products use
    used uses using"""
_IDLE_STEMS = frozenset(stem(word) for word in _IDLE.split())
_SHOWING = frozenset({"this", "that", "these", "those"})
_PREPOSITIONS = "at in on as from by under over near during before after inside outside through"
_REFINING = frozenset(_PREPOSITIONS.split())
_ARTICLES = frozenset({"a", "an", "the", "some", "my", "our"})
_IN_THE_PICTURE = re.compile(
    r"\b(?:in|on|of|from) (?:the|this|that|my|these|those) (?:picture|photo|photograph|image|pic|shot)s?\b"
    r"|\b(?:is|are|was|were) (?:this|that|these|those|it|they)\W*$"  # "what kind of bird is this?"
)
_CHANGES = re.compile(
    r"\b(?:but|instead|rather|different|another|others?|similar|same|version|more like"
    r"|like (?:this|that|these|those|it))\b"
)
_NEGATED = re.compile(r"\b(?:not|no|never|without|except|\w+n['’]t)\b")  # "but not in red": no ranking finds that


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words of a question are to its pictures.

    `factors` multiply weights: of the picture's rankings ("look", "colour") or of those by words. `colours` are the
    stems of the colours that are asked for, none where they only describe the picture ("who built this red house?").
    """

    factors: Mapping[str, float] = field(default_factory=dict)
    colours: frozenset[str] = frozenset()


def wording(query: Query) -> Wording:
    """How a question is weighed, by its features alone: words of its own, words that point, colours, pictures.

    Words that only point at the picture ("what is this called?") are left out: no full text knows anything of them.
    """
    if not (query.text and query.images):
        return Wording()
    said = _Said.by(query.text)
    colours = frozenset(map(stem, said.own)) & COLOURS
    asked = frozenset[str]() if _NEGATED.search(query.text.casefold()) else colours
    if colours.issuperset(map(stem, said.own)) and not said.named:
        return Wording(dict.fromkeys(OF_WORDS, 0.0), asked)
    return Wording(dict.fromkeys(_OF_THE_PICTURE, _picture_counts(said, colours, query.text)), asked)


def _picture_counts(said: _Said, colours: frozenset[str], text: str) -> float:
    if colours.issuperset(map(stem, said.own)):
        return _NAMED
    if said.refines:
        return _REFINED
    return _CHANGED if _CHANGES.search(text.casefold()) else _BESIDE


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a question with a picture."""

    own: tuple[str, ...]  # what they add to it
    named: tuple[str, ...]  # what it shows: "this old bridge"
    refines: bool  # what they add begins with a preposition: "at night", "in the snow"

    @classmethod
    def by(cls, text: str) -> Self:
        """Taken apart: what follows "this", or stands in a question about something "in the picture", names it."""
        telling = {word for word in content_words(text) if stem(word) not in _IDLE_STEMS}
        in_it = bool(_IN_THE_PICTURE.search(" ".join(text.casefold().split())))
        own: list[str] = []
        named: list[str] = []
        pointing, refines, before = False, False, ""
        for word in words(text):
            if word in telling:
                named += [word] if pointing or in_it else []
                own += [] if pointing or in_it else [word]
            elif word not in _ARTICLES:
                pointing = word in _SHOWING and not (word == "that" and before in telling)  # "birds that fly"
                refines = word in _REFINING if not own else refines
            before = word
        return cls(tuple(own), tuple(named), refines)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rankings take part, and what they weigh; by default all, with `WEIGHTS`."""

    only: frozenset[str] = frozenset()  # (): all
    weights: Mapping[str, float] = field(default_factory=dict)  # instead of those of `WEIGHTS`, by ranking

    @classmethod
    def read(cls, rankings: str, weights: str) -> Self:
        """From the settings `rankings` ("text, image") and `weights` ("text=2, look=0.5").

        Raises:
            UsageError: there is no such ranking, a weight is none, or nothing is left to find pictures by.
        """
        pairs = [part.partition("=") for part in _parts(weights)]
        names = _parts(rankings)
        for name in [*names, *(name.strip() for name, _, _ in pairs)]:
            if name not in WEIGHTS:
                raise UsageError(f"there is no ranking {name!r}; the known ones are {', '.join(sorted(WEIGHTS))}")
        chosen = cls(frozenset(names), {name.strip(): _weight(name.strip(), value) for name, _, value in pairs})
        if not chosen.finding:
            raise UsageError(
                f"`rankings` {rankings!r} and `weights` {weights!r} leave no ranking that finds pictures: let one of "
                f"{', '.join(sorted(WEIGHTS.keys() - {_COLOUR}))} count"
            )
        return chosen

    @property
    def finding(self) -> frozenset[str]:
        """The rankings that take part and find pictures; `colour` only orders what others find."""
        return frozenset(self.of(tuple(WEIGHTS))) - {_COLOUR}

    def of(self, names: Sequence[str], factors: Mapping[str, float] = NOTHING) -> dict[str, float]:
        """The weights of the rankings among `names` that count, by name.

        Where the question's wording would leave none, it is not heeded: whoever chose `text` gets `text`.
        """
        chosen = {n: self.weights.get(n, WEIGHTS.get(n, 1.0)) for n in names if not self.only or n in self.only}
        weighed = {name: weight * factors.get(name, 1.0) for name, weight in chosen.items()}
        return _counting(weighed) if _counting(weighed).keys() - {_COLOUR} else _counting(chosen)


def _counting(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if weight > 0}


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _weight(name: str, value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not 0 <= weight <= _HEAVIEST:
        raise UsageError(
            f"the weight of {name!r} must be a number from 0 to {_HEAVIEST:g}, not {value.strip()!r}: {name}=1"
        )
    return weight
