"""A record's own words: for full-text ranking, and as stems for `Mentions`."""

from __future__ import annotations

import re

from imagelore.types import Record
from imagelore.words import content_words, language, stem, stemmed, words

_DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASKED = 64  # words of a question that are searched for


def searched(record: Record) -> str:
    """What full text searches: the record's words, the title's once more (it weighs more), and its path's parts.

    The engines stem English; of text in another language the stems of that one come along.
    """
    told = f"{record.title}\n{record.words()}"
    return " ".join([*words(f"{told}\n{_path(record)}"), *_foreign_stems(told)])


def stems(record: Record) -> list[str]:
    """The stem of every word of the record, sorted."""
    return sorted({stem(word) for word in words(f"{record.words()}\n{_path(record)}")})


def mentioned(word: str) -> list[str]:
    """The stems that a record must have to mention a word, or every word of several."""
    return list(dict.fromkeys(stem(part) for part in words(word)))


def asked(*wordings: str) -> str:
    """The words of a question that are searched for, the first ones of a very long text; "" when it has none.

    Grammar counts only where there is nothing else.
    """
    found = [word for text in wordings for word in (*(content_words(text) or words(text)), *_foreign_stems(text))]
    return " ".join(list(dict.fromkeys(found))[:_ASKED])


def _foreign_stems(text: str) -> list[str]:
    """The stems of a text that is not English, those that are not words of it already."""
    return [form for form, word in stemmed(text) if form != word] if language(text) else []


def _path(record: Record) -> str:
    """The path as distinct words: "BoatHouse12" as BoatHouse12, BoatHouse, 12, Boat and House.

    A document is asked for with its file name's ending, too: "minutes.txt".
    """
    whole = re.sub(r"[\W_]+", " ", record.path if record.place else record.path.rsplit(".", 1)[0])
    cut = _DIGITS.sub(" ", whole)
    parts = dict.fromkeys((*whole.split(), *cut.split(), *_HUMPS.sub(" ", cut).split()))
    return " ".join(parts)
