"""ConSE: a classifier's picture of the world, put into the space of sentences.

Norouzi et al., "Zero-Shot Learning by Convex Combination of Semantic Embeddings", ICLR 2014, equation 2: a picture's
vector is the sum of its most probable classes' text vectors, weighted by their probabilities.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from imagelore.types import Vectors

MOST_CLASSES = 50  # classes that make a picture's vector
TEMPERATURE = 1.2  # softens the probabilities: a second guess helps more often than it hurts
WORTH_SHOWING = 0.35  # probability from which a name is shown
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Concepts:
    """The classes of a classifier: their text vectors, their names, and the general names that some share."""

    vectors: NDArray[np.float32]  # [classes, d]
    names: tuple[str, ...]  # of each class: "golden retriever"
    general: tuple[tuple[str, ...], ...]  # of each class: ("dog",)

    @classmethod
    def load(cls, vectors: NDArray[np.float16], names: bytes) -> Concepts:
        """From the files that `tools/build_starter.py` writes."""
        table = json.loads(names)
        return cls(vectors.astype(np.float32), tuple(table["names"]), tuple(map(tuple, table["general"])))

    def vector(self, logits: NDArray[np.float32]) -> Vectors:
        """Logits `[classes]` of one picture -> its vector `[d]`, L2-normalised."""
        top = np.argpartition(-logits, MOST_CLASSES)[:MOST_CLASSES]
        total = softmax(logits / TEMPERATURE)[top] @ self.vectors[top]
        return cast(Vectors, total / np.linalg.norm(total))

    def seen(self, logits: NDArray[np.float32]) -> tuple[tuple[str, float], ...]:
        """The names worth showing for one picture, with their probabilities, most probable first.

        A general name's probability is the sum over its classes: a dog of an uncertain breed is still a dog.
        """
        probabilities = softmax(logits)
        sums: dict[str, float] = {}
        for i in np.flatnonzero(probabilities > 0.001):
            for name in {self.names[i], *self.general[i]}:
                sums[name] = sums.get(name, 0.0) + float(probabilities[i])
        shown = [(name, round(p, 3)) for name, p in sums.items() if p >= WORTH_SHOWING]
        return tuple(sorted(shown, key=lambda pair: (-pair[1], pair[0]))[:MOST_SHOWN])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits `[classes]` -> probabilities."""
    powers = np.exp(logits - logits.max())
    return cast(NDArray[np.float32], powers / powers.sum())
