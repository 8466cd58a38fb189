"""Rules for questions that point by what a picture shows: "the red one", "the one from Leeds", "back to the owl"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from imagelore.retrieve.question._before import fitting
from imagelore.retrieve.question._composing import with_name
from imagelore.retrieve.question._intents import about, names
from imagelore.retrieve.question._leaning import leans
from imagelore.retrieve.question._selecting import chosen
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Hit, Intent
from imagelore.words import content_words, stem, stems

_ONES = re.compile(
    r"\b(?P<det>the|which|any of the|all the|all|those|these|that"
    r"|this) ?(?P<adjectives>(?:(?!(?:this|that|these|those|the)\b)[\w'-]+ ){0,4}?)(?P<one>ones?)\b(?!-)"
    r"(?P<rest>.*)"
)
_EXTREME = re.compile(r"which (?:one )?(?:is|was|are) (?P<which>the (?:\w+|most recent))")
_RELATED = re.compile(
    r" (?:(?:that|which|who)(?:'s| is| are| was| were| has| have)? |(?:is|are|was|were) |(?:taken"
    r"|made|painted|photographed) )?"
    r"(?P<rest>(?:(?:from|in|with|of|by|at|on|near|before|after|since|without|showing|dated|wearing|holding) )?.+)"
)
_MENTIONED = re.compile(
    r"\b(?P<what>(?:the|that) [^:;,.?!]+?) (?:that |which )?you(?:'ve| have)?(?: just)? (?:mentioned|named|listed"
    r"|described|showed|shown|found|gave|told me about|talked about|spoke of)(?: me| us)?"
    r"(?: before| earlier| first| above| just now| already)?",
    re.I,
)
_QUESTION = re.compile(r"\b(?:where|when|who|what|how|why)\b")
_OF_THEM = re.compile(
    r"\b(?:of|among) (?:them|these|those)\b|^(?:only |just )?(?:those|these) (?=(?:from|in|with|of|by|at|on|near)\b)"
)


def by_attribute(spoken: Spoken) -> Intent | None:
    """ "the red one", "the one from Leeds", "which of them are red?": those of the last pictures that it holds for."""
    shown = fitting(spoken.before.listed)
    if not shown:
        return None
    if them := _OF_THEM.search(spoken.low):
        around = spoken.low[: them.start()] + " " + spoken.low[them.end() :]
        hits = chosen(around, _them(spoken, shown), spoken) or (_them(spoken, shown) if spoken.asks else ())
        return about(spoken, hits) if hits else None
    if (extreme := _EXTREME.fullmatch(spoken.low)) and (hits := chosen(extreme["which"], shown, spoken)):
        return replace(about(spoken, hits), text=names(hits))
    for match in _ONES.finditer(spoken.low):
        adjectives = match["adjectives"].strip()
        related = _RELATED.match(match["rest"])
        phrase = " ".join(filter(None, (adjectives, related["rest"] if related else "")))
        if match["det"] in ("that", "this") and not adjectives:
            continue
        hits = chosen(phrase, shown, spoken, one=match["one"] == "one") if content_words(phrase) else ()
        if not hits and adjectives:
            hits = chosen(adjectives, shown, spoken, one=match["one"] == "one")
        if hits:
            hits = tuple(_spoken_of(hits, spoken)) if match["one"] == "one" else hits
            asks = spoken.asks and not match.group(0).startswith("which") and _asks_beside(spoken.low[: match.start()])
            if not (spoken.asks or _QUESTION.search(match["rest"])):
                return about(spoken, hits, (0, len(spoken.low)))
            return about(spoken, hits, None if not asks else (match.start(), match.end("one")))
    return None


def the_thing(spoken: Spoken) -> Intent | None:
    """ "the bird", alone: the one of the pictures shown that is called so."""
    match = re.fullmatch(r"(?:the|that) ((?:[\w'-]+ ?){1,3})", spoken.low)
    if match is None or spoken.asks:
        return None
    wanted = {stem(word) for word in content_words(match[1])}
    hits = [hit for hit in fitting(spoken.before.listed) if wanted and wanted <= _called(hit)]
    hits = [*_spoken_of(hits, spoken)]
    return about(spoken, tuple(hits), (0, len(spoken.low))) if len(hits) == 1 else None


def back_to(spoken: Spoken) -> Intent | None:
    """ "back to the owl: where does it live?": the picture of any earlier answer that is called so."""
    match = re.match(
        r"(?:(?:let's |let us )?(?:go|come|get) )?back to (?P<what>[^:;,.?!]+)[:;,.?! ]*(?P<asks>.*)$",
        spoken.rest,
        re.I,
    )
    if match is None or not content_words(match["what"]):
        return None
    for hits in spoken.before.lists:
        if hits := chosen(match["what"], hits, spoken, one=True):
            text = with_name(match["asks"], names(hits)) if leans(match["asks"]) else match["asks"]
            intent = about(spoken, hits, (0, len(spoken.low)))
            return replace(intent, text=text or intent.text)
    return None


def mentioned(spoken: Spoken) -> Intent | None:
    """ "the cat you mentioned, who took it?": the picture of any earlier answer that is called so."""
    match = _MENTIONED.search(spoken.rest)
    if match is None:
        return None
    lists = spoken.before.lists if content_words(match["what"]) else [spoken.before.targets[:1]]
    found = (chosen(match["what"], hits, spoken, one=True) if content_words(match["what"]) else hits for hits in lists)
    hits = next(filter(None, found), ())
    if not hits:
        return None
    return about(spoken, hits, match.span())


def _asks_beside(before: str) -> bool:
    return bool(content_words(before)) or bool(_QUESTION.search(before))


def _them(spoken: Spoken, shown: tuple[Hit, ...]) -> tuple[Hit, ...]:
    last = spoken.before.last
    return last.hits if last and len(last.intent.only) > 1 else shown


def _called(hit: Hit) -> set[str]:
    return {s for text in (hit.record.title, *hit.record.tags) for s in stems(text)}


def _spoken_of(hits: Sequence[Hit], spoken: Spoken) -> Sequence[Hit]:
    """Of several, the one that the last answer cites."""
    last = spoken.before.last
    cited = {last.hits[n - 1].record.id for n in last.cited if 0 < n <= len(last.hits)} if last else set()
    told = [hit for hit in hits if hit.record.id in cited]
    return told if len(told) == 1 else hits
