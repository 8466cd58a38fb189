"""Colour words of four languages, and the things that they are said of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from imagelore.words import STOP_WORDS, stem

_NAMES = {
    "red": r"red|reddish|scarlet|crimson|rot(?:e[mnrs]?)|rot|rouges?|roj[oa]s?",
    "orange": r"orange|ginger|orangefarben(?:e[mnrs]?)?|naranja|orangé(?:e|s|es)?",
    "yellow": r"yellow|yellowish|gelb(?:e[mnrs]?)?|jaunes?|amarill[oa]s?",
    "gold": r"gold|golden",
    "green": r"green|greenish|grün(?:e[mnrs]?)?|verte?s?|verdes?",
    "turquoise": r"turquoise|teal|cyan|türkis",
    "blue": r"blue|bluish|navy|blau(?:e[mnrs]?)?|bleue?s?|azul(?:es)?",
    "purple": r"purple|violet|lilac|lila|violett(?:e[mnrs]?)?|violette?s?|morad[oa]s?",
    "pink": r"pink|pinkish|rosa",
    "brown": r"brown|brownish|braun(?:e[mnrs]?)?|bruns?|brunes?|marrón|marrones",
    "beige": r"beige|cream|tan",
    "black": r"black|schwarz(?:e[mnrs]?)?|noire?s?|negr[oa]s?",
    "white": r"white|whitish|wei(?:ß|ss)(?:e[mnrs]?)?|blancs?|blanches?|blanc[oa]s?",
    "grey": r"gr[ea]y|greyish|grau(?:e[mnrs]?)?|grise?s?",
    "silver": r"silver|silvery|silbern(?:e[mnrs]?)?",
}
_NEAR = {
    *map(frozenset, (("yellow", "gold"), ("orange", "gold"), ("green", "turquoise"), ("blue", "turquoise"))),
    *map(frozenset, (("purple", "pink"), ("beige", "white"), ("beige", "brown"), ("beige", "yellow"))),
    *map(frozenset, (("grey", "silver"), ("red", "pink"), ("purple", "blue"), ("orange", "red"), ("brown", "orange"))),
}
_WORD = re.compile("|".join(f"(?P<{name}>{forms})" for name, forms in _NAMES.items()), re.IGNORECASE)
_TOKEN = re.compile(r"[^\W\d_]+|[.,;:!?()]")
_FAR = 12  # tokens between a colour and its noun
_PHOTOGRAPHY = re.compile(r"\bblack[- ]and[- ]white\b", re.IGNORECASE)
_ENDS = frozenset(".;:!?()")
_LINKS = frozenset({"and", "or", "und", "et", "y", ","})
_IS = frozenset({"is", "are", "was", "were", "looks", "appears", "ist", "sind", "est", "sont", "es", "son"})


class Hue(NamedTuple):
    """A colour that a text names, with the stems of what has it: the noun after it, or the subject before "is"."""

    name: str
    shown: str
    things: frozenset[str]
    said_of_it: bool  # "... is red": its things are the sentence's subject


def hues(text: str) -> Iterator[Hue]:
    """The colours of a text, in order; with a capital they may be names ("Red Pyramid", "Braun")."""
    tokens = _TOKEN.findall(_PHOTOGRAPHY.sub("", text))
    names = [_colour(tokens, n) for n in range(len(tokens))]
    for n, name in enumerate(names):
        if name:
            after = _after(tokens, names, n)
            before = frozenset() if after else _before(tokens, names, n)
            yield Hue(name, tokens[n], after or before, bool(before))


def alike(a: str, b: str) -> bool:
    """Colours that one viewer calls this and another that."""
    return a == b or frozenset((a, b)) in _NEAR


def _colour(tokens: list[str], n: int) -> str:
    match = _WORD.fullmatch(tokens[n])
    return (match.lastgroup or "") if match and not tokens[n][0].isupper() else ""


def _after(tokens: list[str], names: list[str], n: int) -> frozenset[str]:
    """The noun phrase that follows, past further colours: "red and white bands"."""
    things: list[str] = []
    for k in range(n + 1, min(n + _FAR, len(tokens))):
        token = tokens[k].casefold()
        if names[k] or (not things and token in _LINKS and any(names[k + 1 : k + 3])):
            continue
        if token in _ENDS | {","} or token in STOP_WORDS or len(things) == 3:
            break
        things.append(stem(token))
    return frozenset(things)


def _before(tokens: list[str], names: list[str], n: int) -> frozenset[str]:
    """The subject of "... is red", "... is light red"."""
    verb = next((k for k in range(n - 1, max(-1, n - 5), -1) if tokens[k].casefold() in _IS), -1)
    if verb < 0:
        return frozenset()
    start = max((k for k in range(verb) if tokens[k] in _ENDS or tokens[k].casefold() in _LINKS), default=-1)
    subject = [tokens[k].casefold() for k in range(start + 1, verb) if not names[k]]
    return frozenset(stem(word) for word in subject if word not in STOP_WORDS and word.isalpha()) | {"it"} & {*subject}
