"""Places in documents that a question names: "page 3 of the manual", "slides 4 to 6", "the first page"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imagelore.words import STOP_WORDS

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTED = {name: n for names in (_NUMBERS, _ORDINALS) for n, name in enumerate(names, start=1)}
_N = rf"(\d{{1,5}}|{'|'.join(_NUMBERS)})\b"
_LEAF = "(page|slide|part)s?"
_BY_NUMBER = re.compile(
    rf"\b{_LEAF} (?:no\.? ?|number |#)?{_N}(?:(?P<to> ?(?:-|–|to|through|and|or|,) ?){_N})?", re.IGNORECASE
)
_BY_ORDINAL = re.compile(rf"\b(?:the )?({'|'.join(_ORDINALS)}) (page|slide)\b", re.IGNORECASE)
_SHEET = re.compile(
    r"\bsheet [\"“'‘]?(?P<after>[\w.-]+)|\bthe [\"“'‘]?(?P<before>[\w.-]+)[\"”'’]? sheet\b", re.IGNORECASE
)
_BETWEEN = re.compile(r"^\s*(?:of|in|from)\b|\b(?:on|in|at|of|from)\s*$", re.IGNORECASE)
_MOST = 8  # places of one question


@dataclass(frozen=True, slots=True)
class Leaves:
    """The places, as records spell them, and the question without them: it names the document, or leaves that open."""

    places: tuple[str, ...]
    rest: str


def leaves(question: str) -> Leaves | None:
    """The places that a question names; None where it names none."""
    text = " ".join(question.split())
    if match := _BY_NUMBER.search(text):
        first, last = _number(match[2]), _number(match[4] or match[2])
        numbers = [first, last] if re.search(r"and|or|,", match["to"] or "") else range(first, last + 1)
        places = tuple(f"{match[1].casefold()} {n}" for n in dict.fromkeys([*numbers][:_MOST]))
    elif match := _BY_ORDINAL.search(text):
        places = (f"{match[2].casefold()} {_number(match[1])}",)
    elif match := _SHEET.search(text):
        name = match["after"] or match["before"]
        if name.casefold() in STOP_WORDS:  # "a sheet of paper"
            return None
        spelled = dict.fromkeys([name, name.capitalize(), name.upper(), name.casefold()])
        places = tuple(f"sheet {each}{part}" for each in spelled for part in ("", ", part 1", ", part 2"))
    else:
        return None
    before, after = _BETWEEN.sub("", text[: match.start()]), _BETWEEN.sub("", text[match.end() :])
    return Leaves(places, " ".join(f"{before} {after}".split())) if places else None


def _number(name: str) -> int:
    return int(name) if name.isdigit() else _COUNTED[name.casefold()]
