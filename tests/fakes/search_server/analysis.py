"""Analyzers: text to terms with positions, as Lucene's analyzers of the same names make them, as far as documented.

https://learn.microsoft.com/azure/search/index-add-custom-analyzers#built-in-analyzers
https://learn.microsoft.com/azure/search/index-add-language-analyzers

The tokenizer approximates Unicode's word boundaries (UAX #29): letters, digits and `_` hold together, an apostrophe or
a full stop between letters and a separator between digits do not split, each ideograph is a word. English has Porter's
stemmer and Lucene's stop words. The analyzers of other languages only fold case here: their stemmers are not made up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from azure.search.documents.indexes.models import LexicalAnalyzerName

from tests.fakes.search_server.errors import invalid
from tests.fakes.search_server.porter import stem

NAMES = {str(name.value) for name in LexicalAnalyzerName}
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())
MAX_TOKEN = 255  # characters; the standard tokenizer cuts longer ones
_WORD = re.compile(r"[^\W]+(?:(?:(?<=[^\W\d_])['’.·](?=[^\W\d_])|(?<=\d)[.,;'’](?=\d))[^\W]+)*")
_IDEOGRAPH = re.compile(r"[\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WHOLE = {ord(a): b for a, b in zip("ßæÆøØœŁł", ("ss", "ae", "AE", "o", "O", "oe", "L", "l"), strict=True)}
_LETTERS = re.compile(r"[^\W\d_]+")


class Token(NamedTuple):
    """A term and its place in the text."""

    term: str
    position: int


Analyzer = Callable[[str], list[Token]]
Filter = Callable[[Iterable[Token]], Iterable[Token]]


def standard(text: str) -> list[Token]:
    """The standard tokenizer."""
    words: list[str] = []
    for word in _WORD.findall(text):
        pieces = [word] if not _IDEOGRAPH.search(word) else [p for p in re.split(f"({_IDEOGRAPH.pattern})", word) if p]
        words += [piece[n : n + MAX_TOKEN] for piece in pieces for n in range(0, len(piece), MAX_TOKEN)]
    return _numbered(words)


def fold(text: str) -> str:
    """Without accents, as the filter `asciifolding` does it."""
    text = text.translate(_WHOLE)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _numbered(words: Iterable[str]) -> list[Token]:
    return [Token(word, position) for position, word in enumerate(words)]


def _mapped(change: Callable[[str], str]) -> Filter:
    return lambda tokens: [Token(term, t.position) for t in tokens if (term := change(t.term))]


def _without_stop_words(tokens: Iterable[Token]) -> list[Token]:
    return [token for token in tokens if token.term not in STOP_WORDS]  # their positions stay empty


def _possessive(term: str) -> str:
    return term[:-2] if term.lower().endswith(("'s", "’s")) else term


TOKENIZERS: dict[str, Analyzer] = {
    "standard_v2": standard,
    "standard": standard,
    "keyword_v2": lambda text: [Token(text, 0)],
    "whitespace": lambda text: _numbered(text.split()),
    "letter": lambda text: _numbered(_LETTERS.findall(text)),
    "lowercase": lambda text: _numbered(_LETTERS.findall(text.lower())),
    "pattern": lambda text: _numbered(re.findall(r"\w+", text)),
}
FILTERS: dict[str, Filter] = {
    "lowercase": _mapped(str.lower),
    "uppercase": _mapped(str.upper),
    "trim": _mapped(str.strip),
    "asciifolding": _mapped(fold),
    "stopwords": _without_stop_words,
    "porter_stem": _mapped(stem),
    "possessive": _mapped(_possessive),
}


def chain(tokenizer: str, *filters: str) -> Analyzer:
    """An analyzer of parts with these names."""

    def analyze(text: str) -> list[Token]:
        tokens: Iterable[Token] = TOKENIZERS[tokenizer](text)
        for name in filters:
            tokens = FILTERS[name](tokens)
        return list(tokens)

    return analyze


_LOWER = chain("standard", "lowercase")
_ENGLISH = chain("standard", "possessive", "lowercase", "stopwords", "porter_stem")
_BUILT_IN = {
    "standard.lucene": _LOWER,
    "standardasciifolding.lucene": chain("standard", "lowercase", "asciifolding"),
    "en.lucene": _ENGLISH,
    "en.microsoft": _ENGLISH,
    "keyword": chain("keyword_v2"),
    "whitespace": chain("whitespace"),
    "simple": chain("lowercase"),
    "stop": chain("lowercase", "stopwords"),
    "pattern": chain("pattern", "lowercase"),
}


def analyzer(name: str, custom: list[dict[str, Any]]) -> Analyzer:
    """The analyzer of a name, built in or defined by the index.

    Raises:
        Refused: there is none of this name, or its parts are not known.
    """
    for definition in custom:
        if definition.get("name") == name:
            parts = [definition.get("tokenizer"), *(definition.get("tokenFilters") or [])]
            if parts[0] not in TOKENIZERS or not FILTERS.keys() >= set(parts[1:]) or definition.get("charFilters"):
                raise invalid("index", f"The analyzer '{name}' has parts that are not known: {parts}.")
            return chain(*parts)
    if name not in NAMES:
        raise invalid("index", f"The analyzer '{name}' could not be found.", "UnknownAnalyzer")
    return _BUILT_IN.get(name, _LOWER)


def normalizer(name: str | None) -> Callable[[str], str]:
    """What `filterable`, `sortable` and `facetable` do to a text before they compare it.

    Raises:
        Refused: there is none of this name.
    """
    table: dict[str | None, Callable[[str], str]] = {
        None: lambda text: text,
        "lowercase": str.lower,
        "uppercase": str.upper,
        "asciifolding": fold,
        "standard": lambda text: fold(text.lower()),
    }
    if name not in table:
        raise invalid("index", f"The normalizer '{name}' could not be found.")
    return table[name]
