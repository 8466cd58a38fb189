"""The rankings of a question: BM25 over words, cosines over vectors; all of them at once."""

from __future__ import annotations

import asyncio
from typing import Any

from lancedb.query import MatchQuery

from imagelore.index._ranked import Entries, best, looked_for
from imagelore.index._words import asked
from imagelore.types import EmbedderInfo, Query, Ranking, Vectors

PROBES = 20  # partitions that a vector search looks into
CANDIDATES = 100  # of a vector search, at least: their exact cosines are computed


async def rankings(table: Any, query: Query, where: str | None, embedder: EmbedderInfo) -> list[Ranking]:
    """One ranking per way that the question and the embedder allow."""
    ways = {}
    if terms := asked(*query.wordings):
        ways["text"] = _matches(table, "words", terms, where, query.depth)
        ways["seen"] = _matches(table, "seen_words", terms, where, query.depth)
    for name, column, vectors in looked_for(query, embedder):
        ways[name] = _nearest(table, column, vectors, where, query.depth)
    found = await asyncio.gather(*ways.values())
    return [Ranking(name, tuple(entries)) for name, entries in zip(ways, found, strict=True)]


async def _matches(table: Any, column: str, terms: str, where: str | None, depth: int) -> Entries:
    search = table.query().nearest_to_text(MatchQuery(terms, column)).select(["id", "_score"]).limit(depth)
    rows = await (search.where(where) if where else search).to_arrow()
    return best(zip(rows["id"].to_pylist(), rows["_score"].to_pylist(), strict=True), depth)


async def _nearest(table: Any, column: str, vectors: list[Vectors], where: str | None, depth: int) -> Entries:
    found = await asyncio.gather(*(_near(table, column, vector, where, depth) for vector in vectors))
    return best((entry for entries in found for entry in entries), depth)


async def _near(table: Any, column: str, vector: Vectors, where: str | None, depth: int) -> Entries:
    search = table.query().nearest_to(vector).column(column).distance_type("cosine").nprobes(PROBES)
    search = search.refine_factor(-(-CANDIDATES // max(1, depth))).select(["id", "_distance"]).limit(depth)
    rows = await (search.where(where) if where else search).to_arrow()
    return list(zip(rows["id"].to_pylist(), (1 - d for d in rows["_distance"].to_pylist()), strict=True))
