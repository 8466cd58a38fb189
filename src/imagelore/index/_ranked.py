"""What a question is ranked by, and how entries become a ranking: the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from imagelore.index._columns import image_column, text_column
from imagelore.types import EmbedderInfo, Query, Vectors

_PICTURES = 8  # a question's pictures that are looked for

Entries = list[tuple[str, float]]


def looked_for(query: Query, embedder: EmbedderInfo) -> Iterator[tuple[str, str, list[Vectors]]]:
    """(ranking, column, vectors) of every ranking by vectors that the question and the embedder allow."""
    for name, column, given in (
        ("meaning", text_column, query.texts),
        ("image", image_column, query.texts),
        ("look", image_column, query.images),
    ):
        space = embedder.space(name)
        if space and (vectors := _rows(given.get(space.name))):
            yield name, column(space.name), vectors


def best(entries: Iterable[tuple[str, float]], depth: int) -> Entries:
    """Each id once, with its best score; best first, ties by id, at most `depth` of them."""
    scores: dict[str, float] = {}
    for key, score in entries:
        scores[key] = max(score, scores.get(key, score))
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))[:depth]


def _rows(vectors: Vectors | None) -> list[Vectors]:
    """The vectors that have a direction, one by one."""
    if vectors is None:
        return []
    rows = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    return [row for row in rows if row.any() and np.isfinite(row).all()][:_PICTURES]
