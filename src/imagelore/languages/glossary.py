"""Questions in other languages as English words, by a glossary: for embedders that know English only.

The glossary has some 600 everyday things, colours and places in German, French, Spanish and Chinese. What it does not
have stays as it is: names are the same in most languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from imagelore.languages import SPOKEN, language_of, stem, stop_words

_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_ELIDED = re.compile(r"^(?:l|d|j|m|n|s|t|qu|c)['’](?=\w)")
_LONGEST = 3  # words of an entry
_LONGEST_HAN = 5  # characters of an entry
_SHORTEST_PART = 3  # letters of a part of a compound
_JOINTS = ("", "s", "es", "n", "en", "er", "e")  # what German puts between the parts of a compound
_TELLING = 4  # letters: shorter words of a language are too often words of another one


@dataclass(frozen=True, slots=True)
class Translated:
    """A question's words in English, and the language that they were in."""

    text: str
    language: str  # "de", "fr", "es", "zh"
    sure: bool  # its grammar tells the language; else only its words do


def in_english(text: str, english: frozenset[str]) -> Translated | None:
    """The content of a question in English, or None where it is English or the glossary has nothing of it.

    Args:
        text: the question.
        english: the stop words of English.
    """
    grammar = language_of(text, english)
    language = grammar or _of_bare_words(text, english)
    if not language:
        return None
    pieces = list(_han(text) if language == "zh" else _spaced(text, language))
    if not any(known for _, known in pieces):
        return None
    return Translated(" ".join(dict.fromkeys(piece for piece, _ in pieces)), language, bool(grammar))


def _of_bare_words(text: str, english: frozenset[str]) -> str:
    """The language of words without grammar ("Leuchtturm", "pájaro rojo"): the only one that has all of them."""
    words = [word.casefold() for word in _TOKEN.findall(text)]
    foreign = [word for word in words if word not in english and word not in _entries("en")]
    if not any(len(word) > _TELLING for word in foreign):
        return ""
    having = [language for language in ("de", "fr", "es") if _has_all(words, language)]
    return having[0] if len(having) == 1 else ""


def _has_all(words: list[str], language: str) -> bool:
    content = [word for word in words if word not in stop_words(language)]
    return bool(content) and all(all(known for _, known in _spaced(word, language)) for word in content)


def _spaced(text: str, language: str) -> Iterator[tuple[str, bool]]:
    """(English words, whether the glossary has them) for the words of a text that are no grammar, longest first."""
    tokens = [
        _ELIDED.sub("", token.casefold()) if language == "fr" else token.casefold() for token in _TOKEN.findall(text)
    ]
    spelled = _TOKEN.findall(text)
    entries, idle = _entries(language), stop_words(language)
    start = 0
    while start < len(tokens):
        shortest = start + (tokens[start] in idle)  # grammar only begins an entry of several words: "de pie"
        for end in range(min(len(tokens), start + _LONGEST), shortest, -1):
            if found := entries.get(_key(" ".join(tokens[start:end]), language)):
                yield found, True
                break
        else:
            end = start + 1
            if tokens[start] not in idle and not {*re.split("[-'’]", tokens[start])} <= idle:
                parts = _compound(tokens[start]) if language == "de" else ""
                yield (parts, True) if parts else (spelled[start], False)
        start = end


def _compound(word: str) -> str:
    """A German compound by its parts: "Segelschiff" as "sail ship"; "" where they are not known."""
    entries = _entries("de")
    for at in range(len(word) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        tail = entries.get(_key(word[at:], "de"))
        if not tail:
            continue
        for joint in _JOINTS:
            head = word[:at].removesuffix(joint) if joint else word[:at]
            if len(head) >= _SHORTEST_PART and (known := entries.get(_key(head, "de"))):
                return f"{known} {tail}"
    return ""


def _han(text: str) -> Iterator[tuple[str, bool]]:
    """The same for Chinese, by the longest entry at each place; what stands between entries and grammar is kept."""
    entries, idle = _entries("zh"), stop_words("zh")
    for run in re.findall(rf"{_HAN_RUN.pattern}|{_TOKEN.pattern}", text):
        if not _HAN_RUN.match(run):
            yield run, False
            continue
        start = 0
        while start < len(run):
            here = [run[start:end] for end in range(min(len(run), start + _LONGEST_HAN), start, -1)]
            word = next((w for w in here if w in entries or w in idle), run[start])
            if word in entries:
                yield entries[word], True
            start += len(word)


def _key(words: str, language: str) -> str:
    return " ".join(stem(word, language) for word in words.split())


@cache
def _entries(language: str) -> Mapping[str, str]:
    """Stems of a language's words -> English; of two entries for one word the first."""
    rows = resources.files(__package__).joinpath("glossary.tsv").read_text(encoding="utf-8").splitlines()
    heads = rows[0].split("\t")
    known: dict[str, str] = {}
    for row in rows[1:]:
        cells = dict(zip(heads, row.split("\t"), strict=True))
        for word in cells[language].split("|"):
            known.setdefault(_key(word, language) if language in SPOKEN else word, cells["en"])
    return known
