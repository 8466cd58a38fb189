"""Marks the sentences of an answer that the sources they cite do not support.

Only what can be compared without a model is: numbers, times, colours, names, denials. A sentence is doubted where its
sources tell something else ("the sources say 1962, not 1926"), or where they tell nothing of the kind and no picture
was sent in which the model could have seen it. Everything else passes, so most of what is invented does: few doubts,
and those right. `eval/support.jsonl` holds the labelled sentences on which that is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from imagelore.generate._sentences import cited
from imagelore.generate._support.colours import miscoloured
from imagelore.generate._support.denials import contradicted
from imagelore.generate._support.names import misattributed, misnamed
from imagelore.generate._support.numbers import miscounted, misdated
from imagelore.generate._support.reading import Evidence, Statement
from imagelore.types import Doubt, PromptSource
from imagelore.words import stems

_HEDGED = re.compile(
    r"\b(?:may|might|maybe|perhaps|probably|possibly|presumably|likely|looks? like|seems?|appears?|guess(?:ed|es)?"
    r"|could be|classifier|vielleicht|vermutlich|wahrscheinlich|könnte|scheint|peut-être|probablement|quizás|parece)\b"
    r"|\b(?:says?|mentions?|tells?|states?|knows?|written|recorded|information|unknown|unclear) (?:nothing|no)\b"
    r"|\b(?:not|n't|nothing|no|none|never|nicht|nichts|keine?|pas|rien)\b.{0,40}\b(?:say|said|mention|tell|told|state|know|"
    r"written|record|recorded|information|details?|given|match|matches|fit|fits|find|found|steht|bekannt|erwähnt|indiqué)",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\b(?:source|picture|photo|image|record|result|hit|bild|quelle)s? (?:no\. ?)?\d+\b", re.IGNORECASE)
_LONGEST = 600  # characters of a sentence; a longer one is no sentence
_READ = 20_000  # characters of an answer


def doubts(answer: str, sources: Sequence[PromptSource]) -> tuple[Doubt, ...]:
    """The sentences of checked text that their citations do not support, in order, each with one reason.

    Sentences without citations, suppositions and what says that nothing is known are not judged.
    """
    return tuple(_doubts(answer, sources))


def _doubts(answer: str, sources: Sequence[PromptSource]) -> Iterator[Doubt]:
    known = {source.number: source for source in sources}
    wanted = frozenset(stems(answer[:_READ]))
    read: dict[tuple[int, ...], Evidence] = {}
    for sentence, numbers in cited(answer[:_READ]):
        named = tuple(sorted(number for number in numbers if number in known))
        if not named or not _is_judged(sentence):
            continue
        for key in (named, *((n,) for n in known)):
            if key not in read:
                read[key] = Evidence([known[n] for n in key], wanted)
        others = [(n, read[n,]) for n in known if n not in named]
        if reason := _reason(Statement(_ASIDE.sub("", sentence)), read[named], others):
            yield Doubt(sentence, reason)


def _is_judged(sentence: str) -> bool:
    return len(sentence) <= _LONGEST and not sentence.endswith("?") and not _HEDGED.search(sentence)


def _reason(claim: Statement, evidence: Evidence, others: Sequence[tuple[int, Evidence]]) -> str:
    return (
        misdated(claim, evidence)
        or miscounted(claim, evidence)
        or miscoloured(claim, evidence)
        or contradicted(claim, evidence)
        or misnamed(claim, evidence, others)
        or misattributed(claim, evidence, others)
    )
