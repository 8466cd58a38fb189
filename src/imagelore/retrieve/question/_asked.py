"""Which questions ask for a number of records, and which only look so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from imagelore.retrieve.question._conditions import COLLECTION, RECORDS, Condition
from imagelore.words import STOP_WORDS, singular, words

_HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|^(?:please |can you |could you )*count\b(?! on\b)")
_IS_THERE = re.compile(r"^(?:is|are) there\b|^(?:do|have) (?:you|we) (?:have|got|know)\b|^have you\b")
_NEXT_QUESTION = re.compile(r"[?!;]|\.(?:\s|$)|,? and (?:where|when|who|which|what|how)\b")
_NO_FILTER = """not no none without except never neither nor cannot untitled untagged unlabelled unlabeled different
    distinct unique kinds types sorts per each average percent percentage colour color often ago today yesterday last
    next"""
_ONE_THING = "it its he she his her them their these those"  # of an earlier turn
_REFUSED = frozenset(f"{_NO_FILTER} {_ONE_THING}".split())
_THAN = re.compile(r"\bthan (?!\d)")
_ONE_PICTURE = frozenset({"picture", "photo", "photograph", "image", "pic", "snapshot", "screenshot", "slide"})
_OURS = COLLECTION | {"i", "we", "you", "been", "be"}
_INVERTING = frozenset({"do", "does", "did", "has", "had", "will", "would", "should", "must", "might"})
_MAY_INVERT = frozenset({"have", "can", "could"})
_LEAVES = {"pages": "page", "slides": "slide", "sheets": "sheet"}
_LEADING = frozenset({"of", "the", "all", "my", "our", "your", "any", "a", "an", "some", "one", "other"})


@dataclass(frozen=True, slots=True)
class Asked:
    """The words after "how many" (or "is there"), without punctuation."""

    tokens: tuple[str, ...]
    existence: bool  # "is there ...?"
    spelled: tuple[str, ...]  # the same, as they were written

    @property
    def leaf(self) -> str:
        """What it counts in documents: "page" of "how many pages mention tyres"; "" where it is nothing of the kind."""
        return _LEAVES.get(next((t for t in self.tokens if t not in _LEADING), ""), "")

    def is_about_records(self, conditions: Sequence[Condition], leaf: str = "") -> bool:
        """Whether it counts records, and not something about one of them ("how many legs does the stool have").

        `leaf`: what of documents is counted, where the knowledge base has such.
        """
        if self.existence:
            return True
        head = self._head()
        known = (
            bool(leaf)
            or bool(RECORDS & {*self.tokens[head[0] : head[1]]})
            or any(c.start < head[1] and c.end > head[0] and not c.word for c in conditions)
        )
        rest = self.tokens[head[1] :]
        return not self._is_inverted(rest, known) and (known or self._is_plain(head, conditions))

    def _head(self) -> tuple[int, int]:
        """Where the counted noun stands: from its first word to the next word of grammar."""
        start = 0
        while start < len(self.tokens) and self.tokens[start] in _LEADING:
            start += 1
        end = start
        while end < len(self.tokens) and self.tokens[end] not in STOP_WORDS:
            end += 1
        return start, end

    def _is_inverted(self, rest: Sequence[str], known: bool) -> bool:
        """`rest` is "does the stool have" or "of leave do employees have", and not "do you have" or "are there"."""
        at = next((n for n, token in enumerate(rest) if token in ("do", "does", "did")), 0)
        rest = rest[at:]
        if not rest or rest[0] not in _INVERTING | _MAY_INVERT:
            return False
        subject = next((token for token in rest[1:] if token not in _LEADING | {"this"}), "")
        if subject in _OURS or (subject == "knowledge" and "base" in rest):
            return False
        return not (known and rest[0] in _MAY_INVERT)

    def _is_plain(self, head: tuple[int, int], conditions: Sequence[Condition]) -> bool:
        """An unknown noun is counted only where nothing is said of one thing, and nothing is done by many."""
        nouns = self.tokens[head[0] : head[1]]
        does = any(singular(noun) != noun for noun in nouns[:-1]) and singular(nouns[-1]) == nouns[-1]
        matched = {n for c in conditions if not c.word for n in range(c.start, c.end)}
        for n in range(head[1], len(self.tokens) - 1):
            if (
                self.tokens[n] in ("the", "a", "an")
                and n + 1 not in matched
                and self.tokens[n + 1] not in _OURS | {"knowledge"}
            ):
                return False
        return bool(nouns) and not does


def asked_for(question: str) -> Asked | None:
    """What is to be counted, or None where the question asks for no count that records could give."""
    text = question.casefold().replace("’", "'").strip()
    existence = False
    match = _HOW_MANY.search(text)
    if match is None:
        match, existence = _IS_THERE.search(text), True
    if match is None:
        return None
    text = _NEXT_QUESTION.split(text[match.end() :].strip(), maxsplit=1)[0]
    tokens = tuple(words(text))
    if "n't" in text or "'s " in text or _THAN.search(text) or _REFUSED & {*tokens} or _is_of_one(match[0], tokens):
        return None
    if existence:
        tokens = _without_leading_picture(tokens)
    spelling = {word.casefold(): word for word in re.findall(r"[^\W_]+", question)}
    return Asked(tokens, existence, tuple(spelling.get(token, token) for token in tokens))


def _is_of_one(trigger: str, tokens: Sequence[str]) -> bool:
    """The words speak of one picture, or of the number of one thing ("the number of the tram")."""
    for before, token in zip(("", *tokens), tokens, strict=False):
        if token in _ONE_PICTURE and before in ("the", "this", "that", "one"):
            return True
    if any(token == "this" and after not in COLLECTION | {"knowledge"} for token, after in _pairs(tokens)):
        return True
    if any(token == "that" and (not after or after in _ONE_PICTURE) for token, after in _pairs(tokens)):
        return True
    return trigger == "number of" and len(tokens) > 1 and tokens[0] in ("the", "a") and singular(tokens[1]) == tokens[1]


def _pairs(tokens: Sequence[str]) -> list[tuple[str, str]]:
    return [*pairwise((*tokens, ""))]


def _without_leading_picture(tokens: tuple[str, ...]) -> tuple[str, ...]:
    start = 0
    while start < len(tokens) and (tokens[start] in _LEADING or tokens[start] in _ONE_PICTURE):
        start += 1
    return tokens[start:]
