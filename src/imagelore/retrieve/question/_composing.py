"""Earlier questions with something else put in: another thing, another colour, other years, a title for "it"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from imagelore.retrieve.question._leaning import OF_THE_ASKING
from imagelore.retrieve.question._periods import period
from imagelore.words import COLOURS, STOP_WORDS, content_words, stem, words

_BE = r"is|are|was|were|does|do|did|has|have|had|can|could|will|would"
_ENDING = (
    r"(?: (?:located|situated|built|made|taken|painted|photographed|shot|found|kept|born|from|like"
    r"|called|named|there|old"
    r"|die|live|look like|come from|do you have|are there|is there))*"
)
_THING = r"(?P<thing>(?:(?:the|a|an|any|some|my|our|your|this|that|these|those) )?[^?!.]+?)"
_FRAMES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:how many) {_THING}(?P<end> (?:are there|is there|do (?:you|we) have|are (?:in|on) .*)?[?!. ]*)$",
        rf"(?:how (?:old|tall|big|large|long|high|wide|heavy|far)|(?:in|on|from|by) (?:what|which) \w+"
        rf"|(?:what|which) \w+|where"
        rf"|when|who|whom|why|how|what) (?:{_BE}|'s) {_THING}(?P<end>{_ENDING}[?!. ]*)$",
        r"who (?:painted|made|built|took|photographed|designed|drew|wrote|owns"
        r"|shot) (?P<thing>[^?!.]+?)(?P<end>[?!. ]*)$",
        rf"(?:please )?(?:can you |could you )?(?:show|find|give|get|tell)(?: me)?(?: (?:more|something))?(?: about)?"
        rf"(?: (?:some |all |the )?(?:pictures?|photos?|photographs?|images?) (?:of|with"
        rf"|showing))? {_THING}(?P<end>[?!. ]*)$",
        rf"(?:is|are) there {_THING}(?P<end>(?: here)?[?!. ]*)$",
        rf"do (?:you|we) have {_THING}(?P<end>[?!. ]*)$",
        r"(?:is|are|was|were) (?P<thing>(?:the|a|an) \w+(?=(?: \w+)?\b[?!. ]*$))(?P<end>(?: \w+)?[?!. ]*)$",
    )
)  # fmt: skip
_QUOTED = re.compile(r"“[^“”]*”(?:(?:, | and )“[^“”]*”)*")
_PREPOSITION = re.compile(
    r"(?:\b(?:in|at|on|from|of|by|with|during|since|before|after|until|dated|the|year|and) )*$", re.I
)


def of_another(question: str, thing: str) -> str:
    """The same question of another thing: "Where is the mill?" and "the tram" -> "Where is the tram?".

    Where the question does not show what it is about, or says much of it that another may not do, the thing alone.
    """
    if quoted := _QUOTED.search(question):
        said_of = [word for word in content_words(question[quoted.end() :]) if word not in OF_THE_ASKING]
        return question[: quoted.start()] + thing + question[quoted.end() :] if len(said_of) < 2 else thing
    for frame in _FRAMES:
        if match := frame.match(question):
            return question[: match.start("thing")] + thing + question[match.end("thing") :]
    return thing


def with_more(question: str, more: str) -> str:
    """A search with further words, which take the place of its colours and years where they bring their own."""
    tokens = words(more)
    if COLOURS & {stem(token) for token in tokens}:
        parts = question.split()
        coloured = [n for n, part in enumerate(parts) if {stem(word) for word in words(part)} & COLOURS]
        if coloured:
            kept = [more if n == coloured[0] else part for n, part in enumerate(parts) if n not in coloured[1:]]
            return " ".join(kept)
    base = without_years(question) if period(tokens) else question
    end = len(base.rstrip("?!. "))
    return f"{base[:end]} {more}{base[end:].strip()}".strip()


def without_years(question: str) -> str:
    """A question without its period: "birds before 1970" -> "birds"."""
    tokens = words(question)
    when = period(tokens)
    return without_words(question, tokens[when.start : when.end]) if when else question


def without_words(question: str, tokens: Sequence[str]) -> str:
    """A question without these words, which stand together in it, nor the prepositions before them."""
    found = re.search(r"[\W_]+".join(map(re.escape, tokens)), question, re.IGNORECASE) if tokens else None
    if found is None:
        return question
    before = question[: found.start()]
    cut = _PREPOSITION.search(before)
    kept = before[: cut.start()] if cut else before
    rest = f"{kept.rstrip()} {question[found.end() :].lstrip()}".strip()
    return re.sub(r" (?=[?!.,])", "", rest)


_THEIRS = re.compile(r"\b(?:its|his|their)(?= \w)|\bher(?= [a-z]+)", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:(?:this|that|the) (?:one|pictures?|photos?|photographs?|images?|pics?|snapshots?)"
    r"|these(?: (?:ones|pictures))?"
    r"|those(?: (?:ones|pictures))?|it|this|that|they|them|he|she|him|her)\b",
    re.IGNORECASE,
)


def with_name(question: str, name: str) -> str:
    """A question with a name where it points: "Where is it?" -> "Where is “Mill”?"; else with the name after it."""
    for pattern, put in ((_NAMED, name), (_THEIRS, f"{name}'s")):
        if match := pattern.search(question):
            return question[: match.start()] + put + question[match.end() :]
    return f"{question.rstrip('?!. ')} {name}{'?' if question.rstrip().endswith('?') else ''}"


def carried(text: str) -> str:
    """Words without leading and trailing grammar: "in a red one" -> "red one"."""
    tokens = text.strip(" ?!.,").split()
    while tokens and tokens[0].casefold() in STOP_WORDS:
        tokens.pop(0)
    return " ".join(tokens)
