"""Which sentences of the sources hold most of a question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from imagelore.generate.extractive.reading import Reading, Sentence
from imagelore.words import COLOURS

_COLOUR_WEIGHT = 0.5  # a colour says less of what a sentence is about than a noun does


class Ranker:
    """Orders sentences by the question's words that they hold, rare ones first (inverse document frequency)."""

    def __init__(self, readings: Iterable[Reading], subject: Sequence[str]) -> None:
        self._subject = {*subject}
        frequency: Counter[str] = Counter()
        self._total = 1
        for reading in readings:
            for sentence in reading.sentences:
                self._total += 1
                frequency.update(self._subject & {*sentence.stems})
        self._frequency = frequency

    def score(self, sentence: Sentence) -> float:
        """0: it holds no word of the question. A long sentence and a title count a little less."""
        shared = self._subject & {*sentence.stems}
        weight = sum(
            math.log(1 + self._total / (1 + self._frequency[s])) * (_COLOUR_WEIGHT if s in COLOURS else 1.0)
            for s in shared
        )
        return weight / (1 + 0.01 * len(sentence.stems)) * (0.9 if sentence.title else 1.0)

    def best(self, reading: Reading, least: float = 1e-9) -> list[Sentence]:
        """A source's sentences with a score of at least this, best first."""
        scored = [(self.score(s), -n, s) for n, s in enumerate(reading.sentences)]
        return [s for score, _, s in sorted(scored, key=lambda entry: entry[:2], reverse=True) if score >= least]
