"""Rules for questions that point without a name: "it", "that one", "more like this", "my picture"."""

from __future__ import annotations

import re

from imagelore.retrieve.question._before import fitting
from imagelore.retrieve.question._composing import carried, with_name
from imagelore.retrieve.question._intents import PICTURE, POINTS, about, alike, as_written, names, told
from imagelore.retrieve.question._leaning import leans
from imagelore.retrieve.question._places import RELATIVE
from imagelore.retrieve.question._selecting import chosen
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Intent
from imagelore.words import NUMBERS, STOP_WORDS, content_words, stem, subject

_MINE = re.compile(
    rf"\b(?:my|our) (?:own |(?P<which>first|second|third|last|earlier|other|previous) )?{PICTURE}\b"
    r"(?! (?:of|with|from(?! (?:the )?(?:beginning|start|before|earlier))|where|showing|that|taken|in"
    r"|by|near|collection"
    r"|at(?! the (?:beginning|start))|album|archive|library|folder|base)\b)(?P<begin> (?:from"
    r"|at) (?:the )?(?:beginning|start))?"
    rf"|\b(?:the|that) (?P<which2>first |second |third |last )?{PICTURE} (?:that |which )?(?:i"
    rf"|we)(?:'ve)?(?: have)?(?: just)? "
    r"(?:sent|send|uploaded|showed|shown|gave|attached|shared|posted|provided|started with)(?: you)?\b"
    r"|\bwhat i (?:sent|showed|uploaded|shared)(?: you)?\b"
)
_MORE_ALIKE = re.compile(
    r"\b(?:(?:more|others?|ones?|something|anything|things?|some|any|pictures?|photos?|images?)|(?P<noun>\w+s))"
    r" ?(?:that |which )?(?:(?:looks?|are|is) )?(?:a bit |more |very |just )?(?:like|similar to|resembling|close to) "
    r"(?P<what>(?:this|that|these|those|it|them|him|her)(?: one| ones| pictures?| photos?| images?)?)\b"
    r"(?(noun)(?=$|[ ,]*but\b))"
    r"|^(?:(?:show|find|give|get|any|some|are there|do you have|have you got|more"
    r"|other)\b ?(?:me )?(?:any |some |more |other )?)*"
    r"(?:(?:something|anything|others?) (?:more )?similar|similar (?:ones?|pictures?|photos?|images?"
    r"|things?)|look-?alikes?"
    r"|more of the same(?: kind| sort)?)\b"
)
_PLURAL = re.compile(r"\b(?:they|them|their|these|those|both|all|which one)\b")
_THE_PICTURE = re.compile(rf"\b(?:this|that|the) {PICTURE}\b")
_THAT_THING = re.compile(
    r"(?:^|\b(?!(?:is|was|are|were|does|do|did|like) )\w+ )(?:this|that|these|those) (?P<thing>[a-z-]+)\b"
    r"|\b(?:these|those) (?P<things>people|men|women|children|[a-z-]{2,}s)\b"
)
_COMPARED = re.compile(r"\bthan (?!\d)(.+)")
_PICTURE_OF = re.compile(rf"(?:{PICTURE}|one)s?$")


def mine(spoken: Spoken) -> Intent | None:
    """ "like my picture", "the photo I sent": the pictures that the user showed are part of the question again."""
    match = _MINE.search(spoken.low)
    if match is None:
        return None
    shown = spoken.before.pictures
    if not shown:
        return as_written(
            spoken, f"no picture was sent with an earlier question, so there is nothing that “{match[0]}” could be"
        )
    which = "first" if match["begin"] else (match["which"] or match["which2"] or "").strip()
    places = {"first": -1, "second": -2, "third": -3, "previous": 1, "earlier": 1}
    place = places.get(which, 0)
    if not -len(shown) <= place < len(shown):
        return as_written(spoken, f"there is no {which} picture of yours: pictures came with {_times(len(shown))}")
    before, after = spoken.low[: match.start()], spoken.low[match.end() :]
    if back := re.fullmatch(r"(?:(?:go|come|get|now) )?back to ", before):
        before, after = "", after.strip(" ,:;.")
    own = before + after
    asked = after if back else spoken.rest
    text = asked if _is_asking(own) else " ".join(content_words(own))
    return Intent(text, recalled=shown[place], how="rules", said=f"with {told(shown[place])}")


def alike_pointing(spoken: Spoken) -> Intent | None:
    """ "more like it", "something similar": like the picture that the last answer is about, or the user's own."""
    match = _MORE_ALIKE.search(spoken.low)
    if match is None or not spoken.before:
        return None
    last = spoken.before.last
    words = carried(spoken.low[match.end() :].removeprefix(" but"))
    what = match["what"] or ""
    if last and last.pictures and (not what or _THE_PICTURE.search(what) or what in ("this", "it", "that", "this one")):
        said = f"with {told(last.pictures)}"
        return Intent(words, recalled=last.pictures, how="rules", said=said)
    targets = spoken.before.targets
    if not targets:
        return None
    return alike(targets if _PLURAL.search(what) else targets[:1], words, spoken)


def pointing(spoken: Spoken) -> Intent | None:
    """ "it", "that one", "this picture", or only "where?": what the last answer is about."""
    if not leans(spoken.text) or not (spoken.asks or POINTS.search(spoken.low)) or RELATIVE.search(spoken.low):
        return None
    last, targets = spoken.before.last, spoken.before.targets
    if thing := _thing(spoken.low):
        targets = chosen(thing, fitting(spoken.before.listed), spoken, one=not _PLURAL.search(spoken.low))
        if not targets:
            return None
    if last and last.pictures and _THE_PICTURE.search(spoken.low):
        return Intent(spoken.rest, recalled=last.pictures, how="rules", said=f"with {told(last.pictures)}")
    if targets and (other := _COMPARED.search(spoken.low)) and content_words(other[1]):
        text = with_name(spoken.text, names(targets[:1]))
        return Intent(text, how="rules", said=f"read as “{text}”")
    if targets:
        return about(spoken, targets if _PLURAL.search(spoken.low) else targets[:1])
    if before := subject(spoken.before.search.text):
        text = with_name(spoken.rest, before) + ("?" if spoken.text.endswith("?") else "")
        return Intent(text, how="rules", said=f"read as “{text}”")
    return None


def _thing(text: str) -> str:
    """What "that temple" or "these people" calls the pictures that it points at."""
    match = _THAT_THING.search(text)
    thing = (match["thing"] or match["things"]) if match else ""
    idle = thing in STOP_WORDS or stem(thing) in NUMBERS or _PICTURE_OF.match(thing)
    return "" if idle else thing


def _is_asking(text: str) -> bool:
    """What is left without the words for the picture asks something of it: "what is in", and not "more like"."""
    return bool(re.match(r"(?:what|where|who|when|which \w+ is|how|is|are|was|does|do)\b", text)) and "like" not in text


def _times(number: int) -> str:
    return "one question" if number == 1 else f"{number} questions"
