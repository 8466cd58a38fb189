"""The head of the hits in a better order, by a judge that looks at each of them beside the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from imagelore.retrieve._relevance import FITS
from imagelore.types import Found, Hit, Usage

ANSWERS = 2.0
"""The grade from which a hit fits its question: 0 has nothing to do with it, 1 is near, 2 answers it, 3 in full."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A grade from 0 to 3 for each hit, in their order; none where the judge could not tell, then `notice` says why."""

    grades: tuple[float, ...] = ()
    notice: str = ""
    usage: Usage = Usage()


class Reranker(Protocol):
    """Grades hits for a question: a vision model, a cross-encoder."""

    def judge(self, question: str, pictures: Sequence[bytes], hits: Sequence[Hit]) -> Judgement:
        """How well each hit, by its picture and its text, answers a question in words, pictures or both.

        Never raises for what its model says or leaves out: no grades are a judgement too.
        """
        ...


def reranked(hits: Sequence[Hit], grades: Sequence[float]) -> tuple[Hit, ...]:
    """Hits by their grades, those of one grade as they were; what was not graded comes after.

    A hit whose grade says that it answers fits, whatever its scores say; those that fit stay before the others.
    """
    order = sorted(range(len(grades)), key=lambda at: -grades[at])
    rank = {at: 1 + sum(other > grades[at] for other in grades) for at in order}
    judged = [
        replace(
            hits[at] if grades[at] < ANSWERS else _fitting(hits[at]),
            found={**hits[at].found, "judge": Found(rank[at], grades[at])},
        )
        for at in order
    ]
    return tuple(sorted([*judged, *hits[len(grades) :]], key=lambda hit: not hit.fits))


def _fitting(hit: Hit) -> Hit:
    return replace(hit, fits=True, confidence=max(hit.confidence, FITS))
