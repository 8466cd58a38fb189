"""retrieve: a question (words, pictures or both) -> named rankings -> one fused list of hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from imagelore.retrieve._duplicates import near_duplicate
from imagelore.retrieve._fusion import WEIGHTS, Places, fused, places
from imagelore.retrieve._relevance import Relevance
from imagelore.types import EmbedderInfo, Hit, Query, Ranking, Record, Scope

__all__ = ["fused", "near_duplicate", "places", "retrieve"]

_OF_TEXTS = frozenset({"text", "meaning", "semantic"})  # rankings that cannot hold a picture without text
_PAGE = 4  # times `top`: records that are fetched at once


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
    """The `top` best records for a question, near-duplicates collapsed into one.

    Rankings are joined by weighted reciprocal rank fusion. Of near-duplicates, the one most like the question's picture
    is shown, else the best; pictures that are described differently stay apart. Of the best, those that fit the
    question come first, then those that are only the closest there are (`fits=False`): nothing relevant is an answer
    too.
    """
    rankings = index.rank(query, scope)
    found, relevance = places(rankings), Relevance(query, embedder)
    groups: list[list[Hit]] = []
    for record, score in _records(index, found, {r.name for r in rankings}, scope, _PAGE * top):
        at = found[record.id]
        _collapse(groups, Hit(record, uri(record), score, at, relevance.fits(record, at), relevance.why(record, at)))
        if len(groups) > top:
            break
    return tuple(sorted(map(_shown, groups[:top]), key=lambda hit: not hit.fits))


def _records(
    index: Rankable, found: Places, names: set[str], scope: Scope, page: int
) -> Iterator[tuple[Record, float]]:
    """Records with their scores, best first.

    Whether a record has text is known only when it is there, so they are fetched by pages in the order that they
    would have if none of those that no text ranking found had any.
    """
    hopeful = [id for id, _ in fused(found, WEIGHTS, dict.fromkeys(found, names - _OF_TEXTS))]
    for start in range(0, len(hopeful), page):
        records = {record.id: record for record in index.get(hopeful[start : start + page], scope)}
        possible = {id: _possible(record, names) for id, record in records.items()}
        yield from ((records[id], score) for id, score in fused({id: found[id] for id in records}, WEIGHTS, possible))


def _possible(record: Record, names: set[str]) -> set[str]:
    return names if record.title or record.text or record.tags else names - _OF_TEXTS


def _collapse(groups: list[list[Hit]], hit: Hit) -> None:
    """Adds a hit to the group of its near-duplicates, or as a group of its own."""
    for group in groups:
        if _same_picture(hit.record, group[0].record) and not any(_told_apart(hit.record, o.record) for o in group):
            group.append(hit)
            return
    groups.append([hit])


def _same_picture(a: Record, b: Record) -> bool:
    return bool(a.sha256 and a.sha256 == b.sha256) or near_duplicate(a.phash, b.phash)


def _told_apart(a: Record, b: Record) -> bool:
    """Both say something of their own, and not the same: two products with one photo are two products."""
    ours, others = ((record.title.strip(), record.text.strip()) for record in (a, b))
    return any(ours) and any(others) and ours != others


def _shown(group: Sequence[Hit]) -> Hit:
    """One hit for near-duplicates: the one that looks most like the question's picture, else the first, the best."""
    shown = max(group, key=lambda hit: hit.found["look"].score if "look" in hit.found else -1.0)
    others = tuple(hit.record.id for hit in group if hit is not shown)
    return replace(shown, score=group[0].score, duplicates=others)
