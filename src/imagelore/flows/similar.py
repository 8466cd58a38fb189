"""The pictures that look like one of the knowledge base's own, by the vectors that are stored already."""

from __future__ import annotations

from imagelore.index import Index
from imagelore.types import Query, Record, Scope


def similar(index: Index, id: str, limit: int = 12, scope: Scope = Scope()) -> list[Record]:
    """The nearest records to a record's picture, nearest first, itself left out.

    Where the embedder compares picture to picture (the ranking `look`) that ranking decides; else the one from
    picture vectors to a joint space (`image`).

    Raises:
        KnowledgeBaseError: the index cannot be read.
    """
    found = index.get([id], scope, vectors=True)
    if not found or not found[0].images:
        return []
    images = {space: vector.reshape(1, -1) for space, vector in found[0].images.items()}
    rankings = {ranking.name: ranking.entries for ranking in index.rank(Query(images=images, depth=limit + 1), scope)}
    entries = rankings.get("look") or rankings.get("image") or ()
    return index.get([other for other, _ in entries if other != id][:limit], scope)
