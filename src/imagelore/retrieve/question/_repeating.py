"""Rules for questions that repeat the one before: "the same in red", "others", "not that one", "and the tram?"."""

from __future__ import annotations

import re
from dataclasses import replace

from imagelore.retrieve.question._before import fitting, named
from imagelore.retrieve.question._composing import carried, of_another, with_more
from imagelore.retrieve.question._conditions import RECORDS
from imagelore.retrieve.question._conditions import spoken as spoken_name
from imagelore.retrieve.question._filters import all_of, parts
from imagelore.retrieve.question._intents import about, again, alike, gist, repeated, told
from imagelore.retrieve.question._leaning import leans
from imagelore.retrieve.question._narrowing import (
    LIGHT,
    PREPOSITION,
    changed,
    is_listing,
    is_of_colours,
    merged,
    named_limits,
    other_words,
)
from imagelore.retrieve.question._ordinals import pointed
from imagelore.retrieve.question._selecting import chosen
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Compare, Hit, Intent, Not
from imagelore.words import STOP_WORDS, content_words, stem, stems, words
from imagelore.words import said as said_value

_NOT = re.compile(
    r"(?:(?:show|give|find|list)(?: me)? )?(?:(?:something|anything|everything|all|others?|pictures?|ones?)\b ?)*"
    r"(?:(?:but )?not|except(?: for)?|without|all but|other than|besides|apart from|skip|drop|remove"
    r"|exclude|leave out|forget)"
    r" (?P<what>(?:that|this|these|those|it|them|him|her)(?: ones?| pictures?| photos?| images?)?)$"
)
_NOT_WORDS = re.compile(_NOT.pattern.partition(" (?P<what>")[0] + r" (?P<what>.+)$")
_MORE_WORDS = frozenset({"other", "others", "another", "more", "else", "rest", "different", "further"})
_ASKING_FOR_MORE = (
    STOP_WORDS | RECORDS | _MORE_WORDS | frozenset({"ones", "one", "results", "result", "examples", "see", "page"})
)
_SAME = re.compile(
    r"(?:(?:show|give|find|get|do you have|have you got|now|is there|are there|i want|i'd like|can i see|could i see)"
    r"(?: me)? )*"
    r"(?:(?:(?:exactly |just )?the |that )?same\b"
    r"(?: (?:one|ones|thing|(?P<picture>picture|photo|photograph|image)"
    r"|kind|sort|view|scene|style|motif|subject|search|question|again))*"
    r"|(?P<this>(?:like )?(?:this|that|it)(?: one)?(?=,? but (?!not\b|where\b|when\b|who\b|what\b|how\b))))"
    r"[ ,]*(?:(?:but|only|just|again|please|thing)\b[ ,]*)*(?P<rest>.*)$"
)
_SAME_VALUE = re.compile(r"\bsame (?P<field>\w+)\b|\bby (?:him|her|them)$")
_MAKERS = ("artist", "painter", "photographer", "author", "creator", "maker", "credit")
_PERSONS = frozenset({*_MAKERS, "person", "man", "woman", "guy"})
_PRONOUN = re.compile(r"\b(?:its|his|her|their|it|them|him|the other)\b")
_LONGEST_THING = 8  # words of another thing


def not_that(spoken: Spoken) -> Intent | None:
    """ "not that one", "without the second": the search again, without the pictures that it points at."""
    rest = re.sub(r"^(?:no|nope)\b[ ,.]*", "", spoken.text.casefold().strip(" ?!.,"))
    bare = _NOT.match(rest) or _NOT.match(spoken.low)
    some = _NOT_WORDS.match(rest) or _NOT_WORDS.match(spoken.low)
    hits: tuple[Hit, ...] = ()
    if bare:
        targets = spoken.before.targets
        plural = re.match(r"(?:these|those|them)\b", bare["what"])
        hits = targets if plural else targets[:1]
    elif some and (points := pointed(some["what"])) and not content_words(some["what"][points[-1].end :]):
        listed = spoken.before.listed
        places = [place for point in points for place in point.places if -len(listed) <= place <= len(listed)]
        hits = tuple(listed[place - 1 if place > 0 else place] for place in places)
    elif some and re.match(r"the ", some["what"]):
        hits = chosen(re.sub(r"\bones?\b", "", some["what"]), fitting(spoken.before.listed), spoken)
    if not hits:
        return None
    search = spoken.before.search
    without = (*search.without, *(hit.record.id for hit in hits))
    return again(search, search.text, f"{repeated(search.text)}, without {named(hits, spoken.before)}", without=without)


def others(spoken: Spoken) -> Intent | None:
    """ "show me others", "more", "another red one": the search again, without what it showed."""
    search = spoken.before.search
    tokens = words(spoken.low)
    if (
        not _MORE_WORDS & {*tokens}
        or not search.shown
        or re.match(r"(?:tell|say|explain|know)\b|more about\b", spoken.low)
    ):
        return None
    if re.search(r"\b(?:about|than|like|similar|where|when|who|why|how)\b|\bthe other(?: one| picture)?$", spoken.low):
        return None
    base = search.text if is_listing(search.text) or not spoken.before.targets else gist(spoken.before.targets[:1])
    about_same = {*stems(search.text), *stems(base)}
    found = named_limits(spoken.rest, spoken)
    tokens = words(other_words(spoken.rest, found))
    new = [token for token in tokens if token not in _ASKING_FOR_MORE and stem(token) not in about_same]
    if new and not re.search(r"\bones?\b", spoken.low):
        return None
    text = with_more(base, " ".join(new)) if new else base
    filter = merged(search.filter, found.conditions)
    without = tuple(dict.fromkeys((*search.without, *search.shown)))
    said = f"more for “{text}”, without the {len(without)} shown before"
    return replace(again(search, text, said, without=without), filter=filter)


def the_same(spoken: Spoken) -> Intent | None:
    """ "the same but in red": like the user's picture, or the one last spoken of, or the same words with others."""
    match = _SAME.match(spoken.low)
    if match is None:
        return None
    rest, before = spoken.rest[match.start("rest") :].strip(), spoken.before
    if rest and not (
        PREPOSITION.match(rest.casefold()) or "but" in match[0][: match.start("rest")] or is_of_colours(rest)
    ):
        return None
    search, last = before.search, before.last
    found = named_limits(rest, spoken)
    words_left = other_words(rest, found)
    shown = search.recalled or (before.pictures[0] if match["picture"] and before.pictures else ())
    if shown and last and not last.intent.only:
        filter = merged(search.filter, found.conditions)
        text = carried(words_left)
        said = f"with {told(shown)}" + (f", and “{text}”" if text else "")
        return Intent(text, recalled=shown, like=search.like, filter=filter, how="rules", said=said)
    points = match["picture"] or match["this"]
    if last and before.targets and (points or len(last.intent.only) == 1):
        intent = alike(before.targets[:1], carried(words_left), spoken)
        return replace(intent, filter=merged(None, found.conditions))
    return changed(search, rest, found, spoken) if search.text else None


def another(spoken: Spoken) -> Intent | None:
    """ "and the tram?", "no, I meant the boat": the question before, of another thing; of a list, the one in it."""
    last = spoken.before.last
    if not spoken.linked or spoken.asks or last is None or not content_words(spoken.low):
        return None
    if _PRONOUN.search(spoken.low):
        return None
    if (
        len(words(spoken.low)) > _LONGEST_THING
        or PREPOSITION.match(spoken.low)
        or not (spoken.corrects or leans(spoken.text))
    ):
        return None
    question = last.intent.text or last.question
    text = of_another(question, spoken.rest)
    listing = text == spoken.rest or is_listing(question)
    if listing and re.match(r"(?:the|that|those)\b", spoken.low):
        singular = not spoken.low.startswith("those")
        if hits := chosen(spoken.low, fitting(spoken.before.listed), spoken, one=singular):
            return about(spoken, hits, (0, len(spoken.low)))
    return Intent(text, filter=last.intent.filter, how="rules", said=f"read as “{text}”")


def by_the_same(spoken: Spoken) -> Intent | None:
    """ "others from the same country", "more by him", "not by her": the value that the picture last spoken of has."""
    match, targets = _SAME_VALUE.search(spoken.low), spoken.before.targets
    if match is None or not targets:
        return None
    hit, field = targets[0], _field_of(match["field"] or "", targets[0], spoken)
    value = hit.record.fields.get(field) if field else None
    rest = spoken.low.replace(match[0], "")
    own = [t for t in content_words(rest) if t not in (LIGHT | _MORE_WORDS | {"place"})]
    if field is None or value is None or len(own) > 2 or (spoken.asks and not match["field"]):
        return None
    said, filter = f"the same {spoken_name(field)} as {named((hit,), spoken.before)}", Compare(field, "=", value)
    if re.match(r"(?:but )?(?:not|no|none|without|except|nothing)\b", rest):
        search = spoken.before.search
        intent = again(search, search.text, f"{repeated(search.text)}, without {said}")
        return replace(intent, filter=all_of((*parts(search.filter), Not(filter))))
    text = " ".join(own) or said_value(value)
    return Intent(text, without=(hit.record.id,), filter=filter, how="rules", said=f"with {said}")


def _field_of(called: str, hit: Hit, spoken: Spoken) -> str | None:
    """The field of this name; for a person the one that says who made the picture."""
    fields = {spoken_name(field).casefold(): field for field in spoken.index.fields()}
    if called in fields:
        return fields[called]
    makers = (fields[name] for name in _MAKERS if name in fields) if not called or called in _PERSONS else ()
    return next((field for field in makers if hit.record.fields.get(field)), None)
