"""Reciprocal rank fusion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from imagelore.types import NOTHING, Ranking

K = 60


def fused(rankings: Sequence[Ranking], weights: Mapping[str, float] = NOTHING) -> list[tuple[str, float]]:
    """(id, score) of everything ranked, best first; ties by id.

    The score is the sum of `weight / (60 + rank)` over the rankings, rank from 1 (Cormack, Clarke and Büttcher,
    "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009, p. 758). A
    ranking's weight is 1 unless `weights` names it. Entries with equal raw scores share the better rank, so the order
    in which an index happens to return ties makes no difference.
    """
    scores: dict[str, float] = defaultdict(float)
    for ranking in rankings:
        for id, rank in shared_ranks(ranking).items():
            scores[id] += weights.get(ranking.name, 1.0) / (K + rank)
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))


def shared_ranks(ranking: Ranking) -> dict[str, int]:
    """id -> rank from 1; equal scores share the rank of the first of them."""
    ranks: dict[str, int] = {}
    rank, last = 0, None
    for position, (id, score) in enumerate(ranking.entries, start=1):
        if score != last:
            rank, last = position, score
        ranks.setdefault(id, rank)
    return ranks
