"""Whether a sentence shows that the answer to a yes/no question is yes, or no."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Literal

from imagelore.generate.extractive.questions import Question
from imagelore.generate.extractive.reading import Reading, Sentence
from imagelore.words import COLOURS, NUMBERS, STOP_WORDS, stem, words

Verdict = Literal["yes", "no", ""]

_DENYING = frozenset({"not", "never", "without", "neither", "nor", "cannot", "none", "nobody", "nothing", "hardly"})
_NO_NUMBER = re.compile(r"\bnos?\.? ?(?=\d)")  # "tram no. 7" denies nothing
_CARRYING = frozenset(
    {"it", "its", "they", "their", "he", "his", "she", "her", "this", "these", "both", "the", "still"}
)
_NO_LONGER = re.compile(r"\b(?:no longer|no more|not anymore|ceased to|failed to|n't)\b")
_UNCERTAIN = frozenset(  # anywhere in the sentence
    {
        *("may", "might", "perhaps", "probably", "possibly", "planned", "proposed", "said", "believed", "rumoured"),
        *("rumored", "supposedly", "allegedly", "reportedly", "if", "unless", "until", "formerly", "maybe", "unlike"),
    }
)
_WEAKENING = frozenset(  # before one of the question's words
    {
        *("used", "could", "would", "should", "almost", "nearly", "replica", "fake", "toy", "model", "imitation"),
        *("once", "former", "like", "resembles", "seems", "seemingly", "apparently"),
    }
)
_PLACING = frozenset(
    {"under", "over", "above", "below", "between", "off", "up", "down", "out", "before", "after", "against"}
)
_STILL = frozenset({"still", "now", "today", "currently", "nowadays"})
_PAST = frozenset({"was", "were", "had"})
_PRESENT = re.compile(r"^(?:is|are|do|does|has|have)\b")
_EXACT = COLOURS | NUMBERS  # they must stand with their noun
_SHORTLY = 2  # words that a denial or a hedge reaches over
_NEAR = 3  # words between two that stand side by side in the question
_UNDECIDABLE = re.compile(r"\b(?:or|than|all|every|only|most|always|first|last|more|less|fewer|best)\b")


def verdict(question: Question, reading: Reading, sentence: Sentence) -> Verdict:
    """Yes only where the sentence holds every content word and nothing weakens it.

    Words of the title count where the sentence goes on about its thing ("It ...", "The ...").

    A colour or a number must stand with the thing that it is asked of, a denial beside one of the words makes it a no,
    and a sentence that only supposes decides nothing. Who does what to whom is not looked at.
    """
    if question.negated or not question.subject or _UNDECIDABLE.search(question.text.casefold()):
        return ""
    subject, held = {*question.subject}, {*sentence.stems}
    text = _NO_NUMBER.sub("", sentence.text.casefold())
    tokens = words(_NO_LONGER.sub(" not ", text))
    carried = {*reading.sentences[0].stems} if reading.record.title and tokens[:1] and tokens[0] in _CARRYING else set()
    if not subject <= held | carried or not held & subject:
        return ""
    asked = {*words(question.text)}
    if _UNCERTAIN & {*tokens} - asked:
        return ""
    if _before(tokens, _DENYING | {"no"}, question):
        return "" if question.exists else "no"
    if _DENYING & {*tokens}:
        return ""
    past = _PAST if _PRESENT.match(question.text.casefold()) else frozenset()
    if _before(tokens, (_WEAKENING | past) - asked, question):
        return ""
    if not (_PLACING & asked) <= {*tokens} or (_STILL & asked and not _STILL & {*tokens}):
        return ""
    exact = all(_attached(question, tokens, word) for word in question.subject if word in _EXACT or word.isdigit())
    return "yes" if exact and _joined(question, tokens) else ""


def _before(tokens: list[str], these: frozenset[str], question: Question) -> bool:
    """One of these words stands shortly before one of the question's, in the same phrase."""
    subject = {*question.subject}
    for n, token in enumerate(tokens):
        if token in these:
            phrase = list(takewhile(lambda t: t not in ("and", "but"), tokens[n + 1 : n + 1 + _SHORTLY]))
            if subject & {stem(t) for t in phrase}:
                return True
    return False


def _joined(question: Question, tokens: list[str]) -> bool:
    """Whether words that stand side by side in the question ("wooden saucer", "six sails") do so in the sentence."""
    stemmed = [stem(token) for token in tokens]
    for first, second in question.pairs:
        if first in _EXACT or second in _EXACT:
            continue
        firsts = [n for n, s in enumerate(stemmed) if s == first]
        seconds = [n for n, s in enumerate(stemmed) if s == second]
        if firsts and seconds and min(abs(a - b) for a in firsts for b in seconds) > _NEAR:
            return False
    return True


def _attached(question: Question, tokens: list[str], word: str) -> bool:
    """Whether a colour or a number belongs to the thing that it is asked of: "red boat", "the boat is red"."""
    asked = [s for s in question.subject if s not in _EXACT]
    if not asked:
        return True
    place = question.subject.index(word)
    following = [s for s in question.subject[place + 1 :] if s not in _EXACT]
    thing = {*following[:2]} if following else {asked[-1]}
    stemmed = [stem(token) for token in tokens]
    return any(s == word and _belongs(tokens, stemmed, n, thing) for n, s in enumerate(stemmed))


def _belongs(tokens: list[str], stemmed: list[str], n: int, thing: set[str]) -> bool:
    after = next((k for k in range(n + 1, len(tokens)) if stemmed[k] not in COLOURS and tokens[k] != "and"), None)
    if after is not None and tokens[after] not in STOP_WORDS:
        return bool(thing & {*stemmed[after : after + 2]})
    before = [k for k in range(n) if tokens[k] not in STOP_WORDS and stemmed[k] not in COLOURS][-2:]
    return bool(thing & {stemmed[k] for k in before})
