"""Names and places of a sentence that its sources do not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from imagelore.generate._support.reading import Evidence, Statement
from imagelore.words import content_words, stem, words

_RUN = re.compile(r"[A-ZÀ-Þ][\w'’.-]*(?:(?: (?:of|de|van|von|da|di|du|la|le|the))? [A-ZÀ-Þ][\w'’.-]*)*")
_ENGLISH = frozenset({"the", "is", "was", "are", "were", "of", "and", "by", "with", "from", "at", "it", "this", "to"})
_OTHER = frozenset(
    {"der", "das", "und", "ist", "ein", "eine", "wurde", "le", "la", "les", "des", "est", "el", "los", "una"}
)
_UNNAMED = """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday christmas easter europe asia africa america americas australia oceania antarctica
    earth world north south east west northern southern eastern western"""
_NO_NAMES = frozenset(_UNNAMED.split())
"""Words with a capital that a sentence may add: days, months, and what contains most places."""
_PEOPLES = re.compile(
    r"\w{2,}(?:ish|ese|ian|ean|an|i)|french|dutch|german|greek|swiss|czech|thai|welsh|danes?|gothic", re.IGNORECASE
)
_SAME = (
    frozenset({"united states", "usa", "us", "america", "american"}),
    frozenset({"england", "britain", "uk", "british", "english", "united kingdom"}),
)
_PLACED = re.compile(r"(\w+) (?:in|at|on|from) (?:the |a )?$")
_DENIED = re.compile(r"\b(?:no|not|nor|neither|none|never|unlike|without|instead of|rather than|\w+n['’]t)\b[^,;:]*$")
_COUNTRY = frozenset({"country", "land", "pays", "país"})
_PLACE = frozenset({"place", "city", "town", "location", "ort", "stadt", "lieu", "ville", "lugar", "ciudad"})
_OWN = 2  # words of a name that starts a sentence, unless another source has it


class _Name(NamedTuple):
    text: str
    before: str  # what of the sentence stands before it
    after: str
    first: bool  # it begins the sentence


def misnamed(claim: Statement, evidence: Evidence, others: Sequence[tuple[int, Evidence]]) -> str:
    """A name of another source, a place beside the one that is told, or any name where no picture could tell it."""
    if not _is_english(claim.text):
        return ""
    found = list(_names(claim.text))
    for name in found:
        if _is_known(name.text, evidence.words) or _DENIED.search(name.before):
            continue
        if name.first and re.match(r"[,:]", name.after) and len(name.text.split()) == 1:
            continue  # "Also: ...", "However, ..."
        holder = next((n for n, other in others if _is_held(name.text, other)), 0)
        if holder:
            return f"{name.text} is in source [{holder}], not in the one that is cited"
        if name.first and len(name.text.split()) < _OWN:
            continue
        if told := _elsewhere(name, claim, evidence):
            return f"the sources say {told}, not {name.text}"
        if not evidence.pictured and not _PLACED.search(name.before):
            return f"the sources do not mention {name.text}"
    return ""


def misattributed(claim: Statement, evidence: Evidence, others: Sequence[tuple[int, Evidence]]) -> str:
    """A sentence of which another source holds nearly all, with a number or a name that the cited one lacks."""
    signs = {stem(word) for word in content_words(claim.text) if any(map(str.isdigit, word))}
    lacking = signs - evidence.stems
    for number, other in others:
        if (
            lacking
            and lacking <= other.stems
            and len(claim.stems & other.stems) > 2 * len(claim.stems & evidence.stems)
        ):
            return f"this is in source [{number}], not in the one that is cited"
    return ""


def _names(text: str) -> Iterator[_Name]:
    for match in _RUN.finditer(text):
        shown = match.group().rstrip(".'’-")
        first = not text[: match.start()].strip(" \"'“‘(*_")
        if (
            first
            and " " in shown
            and words(shown.split()[0])
            and words(shown.split()[0])[0] in _ENGLISH | {"a", "in", "an"}
        ):
            continue
        yield _Name(shown.removesuffix("'s").removesuffix("’s"), text[: match.start()], text[match.end() :], first)


def _is_known(name: str, held: frozenset[str]) -> bool:
    """Some word of the name is held, in some form ("Italian" for "Italy"), or it is no name of anything."""
    if any(name.casefold() in same and any(set(other.split()) <= held for other in same) for same in _SAME):
        return True
    for word in words(name):
        if word in held or word in _NO_NAMES or stem(word) in held or _PEOPLES.fullmatch(word):
            return True
        if len(word) > 3 and any(other[:4] == word[:4] for other in held):
            return True
    return len(name) < 2 or name.casefold() in _ENGLISH


def _is_held(name: str, other: Evidence) -> bool:
    return bool(words(name)) and all(word in other.words for word in words(name) if len(word) > 1)


def _elsewhere(name: _Name, claim: Statement, evidence: Evidence) -> str:
    """The place that the sources tell where the sentence names this one: after the same word, or as its country."""
    placed = _PLACED.search(name.before)
    if not placed:
        return ""
    countries = [str(value) for field, value in evidence.fields.items() if field.casefold() in _COUNTRY]
    if countries and not any(_is_known(country, frozenset(words(claim.text))) for country in countries):
        return countries[0]
    places = [str(value) for field, value in evidence.fields.items() if field.casefold() in _PLACE]
    wider = re.match(r", " + _RUN.pattern, name.after)  # "in Lyon, France" where the sources say Paris, France
    if (
        places
        and wider
        and _is_known(wider.group(), evidence.words)
        and not _is_known(places[0], frozenset(words(claim.text)))
    ):
        return places[0]
    for passage in evidence.passages:
        for known in _names(passage.text):
            same = _PLACED.search(known.before)
            if (
                same
                and stem(same[1].casefold()) == stem(placed[1].casefold())
                and not {*words(known.text)} & {*words(claim.text)}
            ):
                return known.text
    return ""


def _is_english(text: str) -> bool:
    spoken = {*words(text)}
    return bool(spoken & _ENGLISH) and not spoken & _OTHER
