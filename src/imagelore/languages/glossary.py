"""Questions in other languages as English words, by a glossary: for embedders that know English only.

The glossary has some 1,000 everyday things, colours and places in German, French, Spanish and Chinese. What it does not
have stays as it is: names are the same in most languages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from imagelore.languages import language_of, stem, stop_words
from imagelore.words import STOP_WORDS, singular

_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_ELIDED = re.compile(r"^(?:l|d|j|m|n|s|t|qu|c)['’](?=\w)")
_LONGEST = 3  # words of an entry
_LONGEST_HAN = 5  # characters of an entry
_SHORTEST_PART = 3  # letters of a part of a compound
_JOINTS = ("", "s", "es", "n", "en", "er", "e")  # what German puts between the parts of a compound
_PLURALS = {"de": ("n", "en", "e"), "fr": ("s", "x"), "es": ("s", "es")}  # endings that leave the word as it is
_OF_NAMES = ("berg", "burg", "stein", "land", "mann")  # parts of names: Rosenberg, Salzburg
_TELLING = 4  # letters: shorter words of a language are too often words of another one


_ASKS = {
    "how many": r"\b(?:wie viele|combien de|cuánt[oa]s)\b|多少|几[个只张]",
    "who": r"\b(?:wer|wem|wen|quién(?:es)?)\b|^(?:par |de |à )?qui\b|谁",
    "where": r"\b(?:wo|woher|où|dónde)\b|哪里|哪儿|在哪",
    "when": r"\b(?:wann|quand|cuándo)\b|什么时候|哪年|哪一年",
}
LookUp = Callable[[str, str], str]
"""Words, a language -> their English; "" where there is none."""


@dataclass(frozen=True, slots=True)
class Translated:
    """A question's words in English, and the language that they were in."""

    text: str
    asks: str  # "who", "where", "when", "how many"; "" for all else
    language: str  # "de", "fr", "es", "zh"
    sure: bool  # its grammar tells the language; else only its words do


def in_english(text: str) -> Translated | None:
    """The content of a question in English, or None where it is English or the glossary has nothing of it."""
    grammar = language_of(text, STOP_WORDS)
    language = grammar or _of_bare_words(text)
    if not language:
        return None
    pieces = list(_han(text) if language == "zh" else _spaced(text, language, _known))
    if not any(known for _, known in pieces):
        return None
    asks = next((asks for asks, words in _ASKS.items() if re.search(words, text.casefold())), "")
    return Translated(" ".join(dict.fromkeys(piece for piece, _ in pieces)), asks, language, bool(grammar))


def _of_bare_words(text: str) -> str:
    """The language of words with hardly any grammar ("Leuchtturm", "un pájaro rojo"): the only one that has them.

    Stems are not enough here: German and English share too many ("Rock", "rocks").
    """
    having = [language for language in _PLURALS if _has(text, language)]
    return having[0] if len(having) == 1 else ""


def _is_english(word: str) -> bool:
    return not {word, singular(word)}.isdisjoint(_english())


def _has(text: str, language: str) -> bool:
    """Whether a language has all the words that are no grammar; half of them beside a word of its own grammar."""
    words = [word.casefold() for word in _TOKEN.findall(text)]
    telling = (w for w in words if len(w) > _TELLING and w not in STOP_WORDS and not _is_english(w))
    if not any(known for word in telling for _, known in _spaced(word, language, _written)):
        return False
    known = [known for _, known in _spaced(text, language, _written)]
    least = 0.5 if {*words} & (stop_words(language) - STOP_WORDS) else 1.0
    return sum(known) >= least * len(known)


def _spaced(text: str, language: str, look_up: LookUp) -> Iterator[tuple[str, bool]]:
    """(English words, whether the glossary has them) for the words of a text that are no grammar, longest first."""
    spelled = _TOKEN.findall(text)
    tokens = [_ELIDED.sub("", word.casefold()) if language == "fr" else word.casefold() for word in spelled]
    idle = stop_words(language)
    start = 0
    while start < len(tokens):
        shortest = start + (tokens[start] in idle)  # grammar only begins an entry of several words: "de pie"
        for end in range(min(len(tokens), start + _LONGEST), shortest, -1):
            if found := look_up(" ".join(tokens[start:end]), language):
                yield found, True
                break
        else:
            end = start + 1
            if not {tokens[start], *re.split("[-'’]", tokens[start])} <= idle | STOP_WORDS:
                parts = _compound(tokens[start], look_up) if language == "de" else ""
                yield (parts, True) if parts else (spelled[start], False)
        start = end


def _compound(word: str, look_up: LookUp) -> str:
    """A German compound by its parts: "Segelschiff" as "sail ship"; "" where they are not known, or make a name."""
    if word.endswith(_OF_NAMES):
        return ""
    for at in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        if not (tail := look_up(word[at:], "de")):
            continue
        for joint in _JOINTS:
            head = word[:at].removesuffix(joint) if joint else word[:at]
            if len(head) >= _SHORTEST_PART and (first := look_up(head, "de")):
                return f"{first} {tail}"
    return ""


def _han(text: str) -> Iterator[tuple[str, bool]]:
    """The same for Chinese: the longest entry at each place.

    A single character beside one that is not known is part of another word: the hand in "mobile phone" is none.
    """
    entries, idle = _entries("zh"), stop_words("zh")
    for run in re.findall(rf"{_HAN_RUN.pattern}|{_TOKEN.pattern}", text):
        if not _HAN_RUN.match(run):
            yield run, False
            continue
        words, start = [""], 0
        while start < len(run):
            here = [run[start:end] for end in range(min(len(run), start + _LONGEST_HAN), start, -1)]
            words.append(next((w for w in here if w in entries or w in idle), run[start]))
            start += len(words[-1])
        words.append("")
        for before, word, after in zip(words, words[1:], words[2:], strict=False):
            strange = any(other and other not in entries and other not in idle for other in (before, after))
            if word in entries and (len(word) > 1 or not strange):
                yield entries[word], True


def _known(words: str, language: str) -> str:
    """The English of an entry, as it is written or by its stems; "" where there is none.

    Stems alone would take a door for a harbour: Spanish "puerta" and "puerto" share theirs.
    """
    return _written(words, language) or _entries(language).get(_key(words, language), "")


def _written(words: str, language: str) -> str:
    """The English of an entry that is written so, but perhaps for a plural's ending; "" where there is none."""
    entries = _entries(language)
    forms = (words, *(words.removesuffix(ending) for ending in _PLURALS[language]))
    return next((entries[form] for form in forms if form in entries), "")


def _key(words: str, language: str) -> str:
    """Of stems, so that it is no word by accident: "*puert"."""
    return "*" + " ".join(stem(word, language) for word in words.split())


@cache
def _entries(language: str) -> Mapping[str, str]:
    """A language's words and their keys -> English; of two entries for one the first."""
    known: dict[str, str] = {}
    for row in _rows():
        for word in row[language].split("|"):
            known.setdefault(word.casefold(), row["en"])
            if language in _PLURALS:
                known.setdefault(_key(word, language), row["en"])
    return known


@cache
def _english() -> frozenset[str]:
    """Words that are English, whatever else they are."""
    return frozenset(word for row in _rows() for word in row["en"].split()) | {*_file("also_english.txt")}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    heads, *lines = (line.split("\t") for line in _file("glossary.tsv"))
    return tuple(dict(zip(heads, line, strict=True)) for line in lines)


def _file(name: str) -> list[str]:
    lines = resources.files(__package__).joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]
