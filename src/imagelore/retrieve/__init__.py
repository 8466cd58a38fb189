"""retrieve: a question (words, pictures or both) -> named rankings -> one fused list of hits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from imagelore.retrieve._duplicates import near_duplicate
from imagelore.retrieve._fusion import fused, shared_ranks
from imagelore.retrieve._relevance import Relevance
from imagelore.types import EmbedderInfo, Found, Hit, Query, Ranking, Record, Scope

__all__ = ["fused", "near_duplicate", "retrieve"]


class Rankable(Protocol):
    """What retrieval needs of an index."""

    def rank(self, query: Query, scope: Scope = ...) -> list[Ranking]:
        """Named rankings of the records in scope."""
        ...

    def get(self, ids: Sequence[str], scope: Scope = ...) -> list[Record]:
        """Records by id, in the order of `ids`."""
        ...


def retrieve(
    query: Query,
    index: Rankable,
    embedder: EmbedderInfo,
    uri: Callable[[Record], str],
    top: int,
    scope: Scope = Scope(),
) -> tuple[Hit, ...]:
    """The `top` best records for a question, best first, near-duplicates collapsed into one.

    Rankings are cut where their scores stop meaning anything (`Space.text_floor`, `Space.image_floor`) and joined by
    reciprocal rank fusion; the entries below the cut follow behind with `fits=False`. When nothing lies above it, all
    hits are of that kind: nothing relevant is an answer too.
    """
    rankings = index.rank(query, scope)
    relevance = Relevance(query, embedder)
    order = dict.fromkeys(id for cut in (relevance.cut(rankings), rankings) for id, _ in fused(cut))
    scores, found = dict(fused(rankings)), _found(rankings)
    hits: list[Hit] = []
    for record in _records(index, list(order), scope, page=2 * top):
        places = found[record.id]
        fits, why = relevance.fits(record, places), relevance.why(record, places)
        _collapse(hits, Hit(record, uri(record), scores[record.id], places, fits, why))
        if len(hits) > top:
            break
    return tuple(hits[:top])


def _found(rankings: Sequence[Ranking]) -> Mapping[str, dict[str, Found]]:
    found: dict[str, dict[str, Found]] = defaultdict(dict)
    for ranking in rankings:
        ranks, scores = shared_ranks(ranking), dict(ranking.entries)
        for id, rank in ranks.items():
            found[id][ranking.name] = Found(rank, scores[id])
    return found


def _records(index: Rankable, ids: Sequence[str], scope: Scope, page: int) -> Iterator[Record]:
    for at in range(0, len(ids), page):
        yield from index.get(ids[at : at + page], scope)


def _collapse(hits: list[Hit], hit: Hit) -> None:
    """Adds a hit, or notes it as a near-duplicate of a better one."""
    for at, better in enumerate(hits):
        same = hit.record.sha256 and hit.record.sha256 == better.record.sha256
        if same or near_duplicate(hit.record.phash, better.record.phash):
            hits[at] = replace(better, duplicates=(*better.duplicates, hit.record.id))
            return
    hits.append(hit)
