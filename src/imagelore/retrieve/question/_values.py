"""The tags and field values that a question may name, also those that facets leave out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from imagelore.retrieve.question._conditions import LONGEST_VALUE, is_grammar
from imagelore.retrieve.question._filters import within
from imagelore.retrieve.question._reading import Readable
from imagelore.types import AnyOf, Compare, Facet, Mentions, Scope
from imagelore.words import singular, stem, words

_TOLD = 5_000  # values of a field that a facet tells at once
_WORDS = 8  # words of a question that are looked up
_DIRECT = 100  # spellings that are looked up for one of them


def values_in(tokens: Sequence[str], index: Readable, scope: Scope) -> tuple[list[Facet], frozenset[str]]:
    """The facets that hold each value the words may name, and the words that may be a tag nevertheless.

    Where a facet tells only its most frequent values, it is asked again within the records that mention one of the
    words: a record has its tags and field values among its words. What is then still not listed, is counted as it is
    written and in its other cases and numbers.
    """
    facets = index.facets(scope, most=_TOLD)
    partial = [facet.field for facet in facets if not facet.complete and facet.type in ("text", "texts")]
    if not partial:
        return facets, frozenset()
    asked = [token for token in dict.fromkeys(tokens) if not is_grammar([token]) or token.isdigit()]
    unsure = {*asked[_WORDS:]} if "tags" in partial else set()
    for word in asked[:_WORDS]:
        for near in index.facets(within(scope, Mentions(word)), partial):
            named = tuple(entry for entry in near.values if isinstance(entry[0], str) and _is_named(entry[0], tokens))
            if not near.complete:
                exact = tuple(_counted(near.field, tokens, word, index, scope))
                named += exact
                unsure |= {word} if near.field == "tags" and not exact else set()
            facets.append(Facet(near.field, near.type, named))
    return facets, frozenset(unsure)


def _is_named(value: str, tokens: Sequence[str]) -> bool:
    key, stemmed = [stem(word) for word in words(value)], [stem(token) for token in tokens]
    return any(stemmed[n : n + len(key)] == key for n in range(len(tokens))) if key else False


def _counted(field: str, tokens: Sequence[str], word: str, index: Readable, scope: Scope) -> Iterator[tuple[str, int]]:
    """The spellings of the word, alone and with its neighbours, that records have in this field."""
    spellings = [*dict.fromkeys(s for phrase in _phrases(tokens, word) for s in _spellings(phrase))][:_DIRECT]
    conditions = tuple(Compare(field, "=", spelling) for spelling in spellings)
    if index.count(within(scope, AnyOf(conditions))):  # most often there is none: one look-up for all
        for spelling, condition in zip(spellings, conditions, strict=True):
            if number := index.count(within(scope, condition)):
                yield spelling, number


def _phrases(tokens: Sequence[str], word: str) -> Iterator[Sequence[str]]:
    """The shortest first: the word, then with the words beside it."""
    for length in range(1, min(LONGEST_VALUE, len(tokens)) + 1):
        for start in range(len(tokens) - length + 1):
            phrase = tokens[start : start + length]
            if word in phrase and not is_grammar(phrase[:1]) and not is_grammar(phrase[-1:]):
                yield phrase


def _spellings(phrase: Sequence[str]) -> Iterator[str]:
    *most, last = phrase
    for end, joint in product(dict.fromkeys((last, singular(last), last + "s")), " -_" if most else " "):
        text = joint.join([*most, end])
        yield from (text, text.capitalize(), text.title(), text.upper())
