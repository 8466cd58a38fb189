"""Reciprocal rank fusion, fair to records that some rankings cannot hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import fsum  # the same sum in every order: ties stay ties

from imagelore.types import NOTHING, Found, Ranking

K = 60

Places = Mapping[str, Mapping[str, Found]]


def places(rankings: Sequence[Ranking]) -> dict[str, dict[str, Found]]:
    """Record id -> ranking's name -> where it was found there; equal scores share the rank of the first of them."""
    found: dict[str, dict[str, Found]] = defaultdict(dict)
    for ranking in rankings:
        rank, last = 0, None
        for position, (id, score) in enumerate(ranking.entries, start=1):
            if score != last:
                rank, last = position, score
            found[id].setdefault(ranking.name, Found(rank, score))
    return found


def fused(
    found: Places, weights: Mapping[str, float] = NOTHING, possible: Mapping[str, Collection[str]] = NOTHING
) -> list[tuple[str, float]]:
    """(id, score) of everything found, best first; ties by id.

    The score is the sum of `weight / (60 + rank)` over the rankings that found a record, rank from 1 (Cormack, Clarke
    and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009,
    p. 758), a weight being 1 unless it is named.

    A picture without text cannot be in a ranking of texts, and would lose to every described one. So with `possible`,
    id -> the rankings that could have found the record (those that did are taken for granted), the score is the mean
    over these, by weight. Without it, it is the published formula.
    """
    scores = {}
    for id, ranks in found.items():
        scores[id] = fsum(_part(place, weights.get(name, 1.0)) for name, place in ranks.items())
        if id in possible:
            scores[id] /= fsum(weights.get(name, 1.0) for name in {*possible[id], *ranks})
    return sorted(scores.items(), key=lambda entry: (-entry[1], entry[0]))


def shared(ranks: Mapping[str, Found], weights: Mapping[str, float] = NOTHING) -> dict[str, Found]:
    """The same places with what each of them adds to the record's fused score, as shares of 1."""
    parts = {name: _part(place, weights.get(name, 1.0)) for name, place in ranks.items()}
    return {name: replace(place, share=parts[name] / sum(parts.values())) for name, place in ranks.items()}


def _part(place: Found, weight: float) -> float:
    return weight / (K + place.rank)
