"""Languages other than English, by cheap means: which one a text is in, its stop words, its stems.

Everything here is rules and word lists, so it is there without a download; what an embedder understands by itself is
better, and `EmbedderInfo.languages` says when it does.
"""

from __future__ import annotations

import re
import threading
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import snowballstemmer

__all__ = ["SPOKEN", "language_of", "stem", "stop_words"]

SPOKEN = {"de": "German", "fr": "French", "es": "Spanish", "zh": "Chinese"}
"""The languages that are known besides English."""

_SNOWBALL = {"de": "german", "fr": "french", "es": "spanish"}
_STEMMING = threading.Lock()  # a Snowball stemmer keeps the word that it works on
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_LETTERS = {"de": "äöüß", "fr": "àâçèêëîïôùûœ", "es": "ñ¿¡áíóú"}
_SHARED = """
    man hat die den war bin gab mal also dies dir wen son sa ton ma pas plus image images photo photos dont pour par
    l d sin he favor tan todo mi foto fotos ser sea solo y s t m n j"""
_ALSO_ENGLISH = frozenset(_SHARED.split())
_ARTICLES = frozenset(
    {"le", "la", "les", "el", "los", "las", "der", "das", "de", "du", "del", "des", "von", "un", "una"}
)


def stop_words(language: str) -> frozenset[str]:
    """The words of a language that carry grammar or a request, case-folded; none of a language that is not known."""
    return _stop_words().get(language, frozenset())


def stem(word: str, language: str) -> str:
    """What the forms of a word share ("windmuhl" of "Windmühlen"), by the Snowball stemmer of its language.

    M. F. Porter, "Snowball: A language for stemming algorithms", 2001. A word of a language without one stays as it is.
    """
    return _stem(word.casefold(), language) if language in _SNOWBALL else word


def language_of(text: str, english: frozenset[str]) -> str:
    """The language of a text by its grammar: "de", "fr", "es", "zh"; "" for English and for what cannot be told.

    Another language must show more words of its own grammar than English does; a single article tells nothing, because
    names have it ("El Greco").

    Args:
        text: a question, or the beginning of a text.
        english: the stop words of English.
    """
    text = text.casefold()
    if _HAN.search(text):
        han = len(_HAN.findall(text))
        return "zh" if not _KANA_OR_HANGUL.search(text) and 2 * han >= len(_WORD.findall(text)) else ""
    words = _WORD.findall(text)
    theirs = {language: _evidence(words, text, language, english) for language in _SNOWBALL}
    best = max(theirs, key=lambda language: theirs[language])
    ours = sum(word in english and word not in stop_words(best) for word in words)
    return best if theirs[best] > ours and list(theirs.values()).count(theirs[best]) == 1 else ""


def _evidence(words: list[str], text: str, language: str, english: frozenset[str]) -> float:
    """How much speaks for a language: words of its grammar that English has not, its own letters."""
    grammar = {*words} & stop_words(language)
    own = grammar - english - _ALSO_ENGLISH
    letters = any(letter in text for letter in _LETTERS[language])
    if own <= _ARTICLES and len(own) + letters < 2:
        return 0.0
    return len(own) + 0.4 * len(grammar - own) + 0.8 * letters


@cache
def _stop_words() -> dict[str, frozenset[str]]:
    lists = tomllib.loads(resources.files(__package__).joinpath("stop_words.toml").read_text(encoding="utf-8"))
    return {language: frozenset(words.casefold().split()) for language, words in lists.items()}


@lru_cache(maxsize=50_000)
def _stem(word: str, language: str) -> str:
    with _STEMMING:
        return str(_stemmer(language).stemWord(word))


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_SNOWBALL[language])
