"""Rules for questions that point by place: "the second one", "number 3", "the next one"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagelore.retrieve.question._before import fitting
from imagelore.retrieve.question._composing import carried
from imagelore.retrieve.question._intents import about, alike, as_written
from imagelore.retrieve.question._ordinals import Pointed, pointed
from imagelore.retrieve.question._selecting import chosen
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Hit, Intent

_ALIKE = re.compile(
    r"\b(?:like|similar to|resembl(?:e|es|ing)|close to|same (?:style|kind|sort) as|in the style of"
    r"|as in|same as)\s+$"
)
_THE_REST = re.compile(r"\bthe other (?P<some>two|three|four)\b(?: (?:ones|pictures|photos|images))?(?! \w)")
RELATIVE = re.compile(
    r"\bthe (?P<which>other|next|previous|former|latter)(?: (?:one|picture|photo|photograph|image))?"
    r"(?=$|[?!.,;:]| (?:is|was|are|were|does|did|has|taken|made|but|and|then|please)\b)"
)


def by_place(spoken: Spoken) -> Intent | None:
    """ "the second one", "number 3", "[2]", "the last two"."""
    points = pointed(spoken.low, spoken.before.search.text)
    if not points:
        return None
    listed = spoken.before.listed
    hits: list[Hit] = []
    for point in points:
        counted = _counted(point, listed, spoken)
        for place in point.places:
            if not -len(counted) <= place <= len(counted):
                return as_written(spoken, _out_of_reach(point, len(counted), bool(spoken.before)))
            hits.append(counted[place - 1 if place > 0 else place])
    return _about_or_like(spoken, points[0].start, points[-1].end, tuple(hits))


def relative(spoken: Spoken) -> Intent | None:
    """ "the other one", "the next one", "the latter": where two, or a place in the list, leave no doubt."""
    match = RELATIVE.search(spoken.low)
    last = spoken.before.last
    if last is None:
        return None
    listed, targets = spoken.before.listed, spoken.before.targets
    if rest := _THE_REST.search(spoken.low):
        others = tuple(hit for hit in fitting(listed) if hit.record.id not in last.intent.only)
        if last.intent.only and len(others) == {"two": 2, "three": 3, "four": 4}[rest["some"]]:
            return about(spoken, others, rest.span())
        return as_written(spoken)
    if match is None:
        return None
    ids = [hit.record.id for hit in listed]
    at = ids.index(last.intent.only[0]) if len(last.intent.only) == 1 and last.intent.only[0] in ids else -1
    pair = targets if len(targets) == 2 else fitting(listed)
    hit: Hit | None = None
    match match["which"]:
        case "next" if 0 <= at < len(listed) - 1:
            hit = listed[at + 1]
        case "previous" if at > 0:
            hit = listed[at - 1]
        case "other" if at >= 0 and len(pair) == 2:
            hit = next(other for other in pair if other.record.id != ids[at])
        case "former" | "latter" if len(pair) == 2:
            hit = pair[0 if match["which"] == "former" else 1]
    return _about_or_like(spoken, match.start(), match.end(), (hit,)) if hit else None


def _counted(point: Pointed, listed: Sequence[Hit], spoken: Spoken) -> Sequence[Hit]:
    """What is counted: "the second bird" counts the birds, "the last" ends at the last picture that fits."""
    if point.noun and (among := chosen(point.noun, listed, spoken)):
        return among
    return fitting(listed) if any(place < 0 for place in point.places) else listed


def _out_of_reach(point: Pointed, number: int, answered: bool) -> str:
    if not number:
        return (
            f"“{point.phrase}” points at nothing: no pictures were shown before"
            if not answered
            else (f"“{point.phrase}” points at nothing: the last answer showed no pictures")
        )
    return f"there is no “{point.phrase}”: the last answer showed {number} picture{'s' if number > 1 else ''}"


def _about_or_like(spoken: Spoken, start: int, end: int, hits: tuple[Hit, ...]) -> Intent:
    """The pictures that some words point at: what the question is about, or what it wants more of."""
    before, after = spoken.low[:start], spoken.low[end:]
    but = re.match(r"[, ]*(?:but|only|just)\b(?! (?:not|where|when|who|what|how)\b)(.*)", after)
    if _ALIKE.search(before) or but:
        return alike(hits, carried(but[1] if but else after), spoken)
    return about(spoken, hits, (start, end))
