"""Words that point at a picture by its place: "the second one", "number 3", "the last two", "[2]"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagelore.retrieve.question._leaning import OF_THE_ASKING
from imagelore.words import STOP_WORDS, singular, stem, stems, words

_UNITS = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh"),
    *("twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_TENS = ("twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet")
_ENDS = ("st", "nd", "rd", "th")
_PLACES = {
    **{name: n for n, name in enumerate(_UNITS, start=1)},
    **{f"{ten}ieth": 10 * n for n, ten in enumerate(_TENS, start=2)},
    **{f"{t}y-{u}": 10 * n + m for n, t in enumerate(_TENS, start=2) for m, u in enumerate(_UNITS[:9], start=1)},
    **{f"{n}{end}": n for n in range(1, 100) for end in _ENDS},
    "hundredth": 100, "last": -1, "final": -1, "penultimate": -2, "second last": -2, "second to last": -2,
    "last but one": -2,
}  # fmt: skip
_NUMBER_NAMES = "one two three four five six seven eight nine ten"
_NAMED_NUMBERS = {name: n for n, name in enumerate(_NUMBER_NAMES.split(), start=1)}
_SOME = {**dict([*_NAMED_NUMBERS.items()][1:6]), **{str(n): n for n in range(2, 10)}}
_ORDINAL = "|".join(sorted(_PLACES, key=len, reverse=True))
_KIND = "ones?|pictures?|photos?|photographs?|images?|pics?|snapshots?|shots?|results?|hits?|matches|match|cards?"
_NAMED = rf"(?P<noun> (?:{_KIND})\b|(?! (?:{_KIND})\b) [a-z]+)?"
_BY_PLACE = re.compile(
    r"(?:\b(?:the|your|that|this) (?:very )?"
    rf"|(?<!\ba )(?<!\bmy )(?<!\bour )(?<!\bevery )\b(?=(?:{_ORDINAL}) (?:{_KIND})\b))"
    rf"(?P<nth>{_ORDINAL})(?P<more>(?:(?:,? and|,? or|,) (?:the )?(?:{_ORDINAL}))*){_NAMED}"
)
_SEVERAL = re.compile(
    rf"\b(?:the )?(?:(?P<end>first|last|top) (?P<some>{'|'.join(_SOME)})"
    rf"|(?P<some2>{'|'.join(_SOME)}) (?P<end2>first|last)){_NAMED}"
)
_BRACKETED = r"\[\d{1,3}\]"
_DIGIT_PAIR = rf"(?:\d{{1,2}}|(?:{'|'.join(_NAMED_NUMBERS)})\b)"
_AND = r"(?:, ?(?:and |or )?| and | or |)"
_BY_NUMBER = re.compile(
    rf"(?:\b(?:numbers?|nos?\.?|nr\.?|{_KIND}) ?)?{_BRACKETED}(?:{_AND}{_BRACKETED})*"
    rf"|(?:\b(?:the )?(?:numbers?|no\.|nr\.?|(?:{_KIND}) (?:number |no\. )?)|#) ?{_DIGIT_PAIR}"
    rf"(?:(?:, ?| and |, and | or )#?{_DIGIT_PAIR})*(?![\d.,]*\d)"
)
_LEADING = "the of like about with in on is was are were to for me than or and what show compare between from not see"
_BEFORE_NUMBERS = frozenset(_LEADING.split())
_DIGITS = re.compile(rf"\d+|\b(?:{'|'.join(_NAMED_NUMBERS)})\b")
_BARE = re.compile(r"\d{1,2}$")
_AFTER = re.compile(  # what may stand after "the second", that has no noun
    r"(?:$|[?!.,;:]|(?:[a-z]+er than|is|was|are|were|does|did|has|had|taken|made|again|then|please"
    r"|too|and|or|but|instead|show|shows|look"
    r"|looks|in the list|of (?:them|these|those|the list|your list|the results))\b)"
)
_OTHERWISE = re.compile(r"(?:to|ever|that (?:was )?ever|of (?!them\b|these\b|those\b|the list|the results|your))\b")


@dataclass(frozen=True, slots=True)
class Pointed:
    """Places that a question names, from 1, or from -1 backwards; `noun`: what is counted, where it is named."""

    places: tuple[int, ...]
    start: int
    end: int
    phrase: str
    noun: str = ""


def pointed(text: str, topic: str = "") -> list[Pointed]:
    """The words that point by place, in order.

    Args:
        text: a question, casefolded.
        topic: what was asked before: "the second bird" points where birds were asked for.
    """
    found = [*_several(text, topic), *_by_place(text, topic), *_by_number(text)]
    kept: list[Pointed] = []
    for one in sorted(found, key=lambda p: (p.start, -p.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _by_place(text: str, topic: str) -> Iterator[Pointed]:
    for match in _BY_PLACE.finditer(text):
        named = _named(match, text, topic)
        if named:
            end, noun = named
            ordinals = re.findall(rf"\b(?:{_ORDINAL})\b", match["nth"] + match["more"])
            places = tuple(dict.fromkeys(_PLACES[name] for name in ordinals))
            yield Pointed(places, match.start(), end, text[match.start() : end], noun)


def _several(text: str, topic: str) -> Iterator[Pointed]:
    for match in _SEVERAL.finditer(text):
        if named := _named(match, text, topic):
            end, noun = named
            some = range(1, _SOME[match["some"] or match["some2"]] + 1)
            last = "last" in (match["end"], match["end2"])
            places = tuple(-n for n in reversed(some)) if last else tuple(some)
            yield Pointed(places, match.start(), end, text[match.start() : end], noun)


def _named(match: re.Match[str], text: str, topic: str) -> tuple[int, str] | None:
    """Where the pointing words end, and the noun that they count; None where they point at nothing that was shown."""
    noun = (match["noun"] or "").strip()
    after = text[match.end() :].lstrip()
    if re.fullmatch(_KIND, noun):
        return None if _OTHERWISE.match(after) else (match.end(), "")
    if noun and noun not in STOP_WORDS and stem(noun) in stems(topic):
        return match.end(), singular(noun)
    end = match.start("noun") if noun else match.end()
    return (end, "") if _AFTER.match(text[end:].lstrip()) else None


def _by_number(text: str) -> Iterator[Pointed]:
    if _BARE.match(text) and int(text):
        yield Pointed((int(text),), 0, len(text), text)
    for match in _BY_NUMBER.finditer(text):
        before = words(text[: match.start()])[-1:]
        bracketed = "[" in match[0]
        if not bracketed and before and before[0] not in _BEFORE_NUMBERS:
            continue  # "tram number 7"
        if not bracketed and re.match(r" (?!of (?:them|these|those)\b)[a-z]+", text[match.end() :]):
            follower = words(text[match.end() :])[:1]
            if follower and follower[0] not in STOP_WORDS | OF_THE_ASKING:
                continue  # "number 10 Downing Street"
        places = tuple(dict.fromkeys(_NAMED_NUMBERS.get(d) or int(d) for d in _DIGITS.findall(match[0])))
        if 0 not in places:
            yield Pointed(places, match.start(), match.end(), match[0].strip())
