"""A tiny knowledge base's contents: an embedder of few dimensions, and records with vectors that can be foretold."""

from __future__ import annotations

from typing import Any

import numpy as np

from imagelore.types import EmbedderInfo, Record, Seen, Space, Vectors

EMBEDDER = EmbedderInfo(
    "fake",
    "1",
    (Space("joint", 8, images=True, documents=True, queries=True), Space("look", 4, images=True)),
    64,
)


def unit(*values: float, dimensions: int = 8) -> Vectors:
    """A normalised vector: the values, then zeros."""
    vector = np.zeros(dimensions, dtype=np.float32)
    vector[: len(values)] = values
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def look(*values: float) -> Vectors:
    """The same in the space of pictures only."""
    return unit(*values, dimensions=4)


def record(id: str, **facts: Any) -> Record:
    """A record with the facts that a test names."""
    given: dict[str, Any] = {"source": "photos", "path": f"{id}.jpg", "version": "1", "digest": "d"}
    return Record(id, **(given | facts))


BOAT = record(
    "a1",
    title="Two boats",
    text="Fishing boats on a calm lake at dawn.",
    tags=("water", "dawn"),
    seen=Seen((("canoe", 0.6), ("dock", 0.2)), ("blue", "grey")),
    width=640,
    height=480,
    images={"joint": unit(1, 0.2), "look": look(1, 0)},
    texts={"joint": unit(1, 0, 0.3)},
)
CAT = record(
    "b2",
    title="A cat",
    text="She sleeps in a basket.",
    tags=("animal",),
    seen=Seen((("tabby", 0.9),), ("orange",)),
    width=100,
    height=100,
    images={"joint": unit(0, 1), "look": look(0, 1)},
    texts={"joint": unit(0.1, 1)},
)
BARE = record("c3", path="harbour/OldBoatHouse12.jpg", images={"joint": unit(0.9, 0.4), "look": look(1, 1)})
RECORDS = (BOAT, CAT, BARE)
