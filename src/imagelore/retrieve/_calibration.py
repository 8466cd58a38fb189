"""How well a hit must score in one knowledge base to fit its question: measured when it is indexed.

Raw scores mean something else with each embedder and in each collection: a cosine of 0.4 may be chance among a million
pictures and a find among a hundred. So they are compared with the best scores of questions that nothing here answers,
and weighed by logistic regression (Platt, "Probabilistic outputs for support vector machines", Advances in Large Margin
Classifiers, 1999, pp. 61-74) between these and questions made of the records' own words. The weights start from a
prior: a tiny collection hardly moves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from imagelore.retrieve._signals import KINDS, Floats, Scale, Signals, confidence, kind_of, row, signals
from imagelore.types import Calibration, Hit, Query, Vectors
from imagelore.words import stems

VERSION = 1  # changes whenever signals, scales or kinds do: what was measured before is then measured anew
# Of the questions made of records, so many find something that fits; of people's own, 0.95 and more on the samples and
# the stamps. A higher quantile of so few questions would be left to chance.
COVERAGE = 0.93
RARE = 0.05  # of the unrelated questions: fewer false answers are not worth a right one
BARE_ERRORS = 0.1  # of the unrelated questions, as many may find a picture without text

PRIOR: Mapping[str, tuple[float, ...]] = {
    "described": (-1.5, 3.5, 0.95, 0.25, 0.2),
    "bare": (-2.0, 0.9, 2.0),
    "look": (-1.5, 1.5),
}
"""Kind of evidence -> intercept and weights of its signals, 0 being the threshold; see `bench/abstention.py`."""

_STRENGTH = 10.0  # precision of the prior
_STEADY = 20  # questions that the prior's own threshold counts for
_TYPICAL = 0.95  # of the questions taken for unrelated: the rest may be answered here, in other words
_FEWEST_LOOKS = 8  # pictures whose pairs say something
_SAME = 0.95  # cosine from which a picture is taken for another one's copy, however alike all of them are
_ROUNDS, _STEPS = 12, 60
_NARROWEST = 0.02  # a spread that no scores fall below
_DEVIATION = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


Hits = tuple[tuple[str, Signals], ...]
"""Of one question: the kind of each record that was found, and what speaks for it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A question of a calibration with the signals of its hits.

    `own`: what the hit that the question was made of says for itself; None: nothing here is to answer it.
    """

    hits: Hits
    own: Signals | None = None


def trial(query: Query, hits: Sequence[Hit], own: str = "") -> Trial | None:
    """What a question found, for `calibrated`.

    Args:
        query: the question.
        hits: what retrieval found for it.
        own: id of the record that it was made of; "" for an unrelated one. None comes back where it was not found.
    """
    wordings = [set(stems(wording)) for wording in query.wordings]
    found = tuple((kind_of(hit.record), signals(hit.record, hit.found, wordings)) for hit in hits)
    if not own:
        return Trial(found)
    at = next((n for n, hit in enumerate(hits) if own in (hit.record.id, *hit.duplicates)), None)
    return None if at is None else Trial(found, found[at][1])


def calibrated(trials: Sequence[Trial], looks: Vectors, records: int) -> Calibration:
    """What these questions tell of a knowledge base.

    Args:
        trials: questions made of some of its described records, and unrelated ones.
        looks: `[n, d]`, vectors of the ranking `look` of some of its pictures.
        records: how many it has.
    """
    unrelated = [t.hits for t in trials if t.own is None and t.hits and not _answered(t.hits)]
    unrelated = _typical(unrelated, _scale(unrelated))
    scale = {**_scale(unrelated), **_look_scale(looks, records)}
    own = [t.own for t in trials if t.own is not None]
    weights = dict(PRIOR)
    mine = _rows(scale, "described", own)
    if own and unrelated:
        against = [_rows(scale, "described", (raw for _, raw in hits)) for hits in unrelated]
        weights["described"] = _fitted(mine, against, PRIOR["described"])
    noise = {kind: [_best(scale, kind, hits, weights) for hits in unrelated] for kind in ("described", "bare")}
    if own and unrelated:  # where both are far apart, the threshold is nearer to the unrelated
        reached = np.quantile(mine @ weights["described"], 1 - COVERAGE)
        at = min(float(reached), float(np.quantile(noise["described"], 1 - RARE)))
        weights["described"] = _shifted(weights["described"], at, len(own))
    if unrelated:  # what a picture without text should reach is not known: so few unrelated questions may reach it
        at = float(np.quantile(noise["bare"], 1 - BARE_ERRORS))
        weights["bare"] = _shifted(weights["bare"], at, len(unrelated))
    made = Calibration(VERSION, records, len(own), len(unrelated), 0.0, scale, weights)
    wrong = [any(confidence(made, kind, raw) >= 0.5 for kind, raw in hits) for hits in unrelated]
    return replace(made, false_answers=sum(wrong) / max(1, len(wrong)))


def _answered(hits: Hits) -> bool:
    """A record has all of the question's words: it is not unrelated here."""
    return any(raw["words"] >= 1 for _, raw in hits)


def _typical(unrelated: list[Hits], scale: Scale) -> list[Hits]:
    """Without those that find the most: a collection may answer them in other words."""
    found = [max(_logit(scale, kind, raw, PRIOR) for kind, raw in hits) for hits in unrelated]
    limit = np.quantile(found, _TYPICAL) if found else 0.0
    return [hits for hits, best in zip(unrelated, found, strict=True) if best <= limit]


def _scale(unrelated: Sequence[Hits]) -> dict[str, tuple[float, float]]:
    """Median and spread of each ranking's best score over these questions."""
    best: dict[str, list[float]] = defaultdict(list)
    for hits in unrelated:
        for name in ("meaning", "image"):
            if scores := [raw[name] for _, raw in hits if name in raw]:
                best[name].append(max(scores))
    return {name: _normal(np.array(scores)) for name, scores in best.items()}


def _look_scale(looks: Vectors, records: int) -> dict[str, tuple[float, float]]:
    """What the best of so many unrelated pictures reaches: from pairs of them, most of which are unrelated.

    The largest of n draws from a normal distribution is about its quantile 1 - 1/n (Cramér, Mathematical Methods of
    Statistics, 1946, section 28.6).
    """
    if len(looks) < _FEWEST_LOOKS:
        return {}
    cosines = (looks @ looks.T)[np.triu_indices(len(looks), 1)].astype(np.float64)
    centre, spread = _normal(cosines)
    best = centre + spread * NormalDist().inv_cdf(1 - 1 / max(2, records))
    return {"look": (min(best, _SAME - spread), spread)}


def _normal(values: Floats) -> tuple[float, float]:
    """Centre and standard deviation of the bulk, whatever the tails: median and median absolute deviation."""
    centre = float(np.median(values))
    return centre, max(_NARROWEST, _DEVIATION * float(np.median(np.abs(values - centre))))


def _fitted(own: Floats, against: Sequence[Floats], prior: Sequence[float]) -> tuple[float, ...]:
    """Weights that tell `own` (`[n, 1 + signals]`) from the best hit of each other question.

    Which hit is best depends on the weights: both are found in turn. None is below 0: evidence never speaks against.
    """
    weights = np.array(prior)
    for _ in range(_ROUNDS):
        best = [rows[np.argmax(rows @ weights)] for rows in against]
        weights = (weights + _logistic(own, np.array(best), np.array(prior))) / 2
        weights[1:] = np.maximum(0.0, weights[1:])
    return tuple(map(float, weights))


def _logistic(positive: Floats, negative: Floats, prior: Floats) -> Floats:
    """Logistic regression, both classes of equal weight, with a normal prior for the weights.

    By Newton steps with the greatest curvature there can be, which never overshoot (Böhning and Lindsay, "Monotonicity
    of quadratic-approximation algorithms", Annals of the Institute of Statistical Mathematics 40, 1988, pp. 641-663).
    """
    rows = np.concatenate([positive, negative])
    target = np.repeat([1.0, 0.0], [len(positive), len(negative)])
    share = np.repeat([0.5 / len(positive), 0.5 / len(negative)], [len(positive), len(negative)]) * len(rows)
    bend = (rows.T * share) @ rows / 4 + _STRENGTH * np.eye(len(prior))
    weights = prior.copy()
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (likely - target)) + _STRENGTH * (weights - prior)
        weights = weights - np.linalg.solve(bend, slope)
    return weights


def _shifted(weights: Sequence[float], at: float, questions: int) -> tuple[float, ...]:
    """The weights with 0, the threshold, moved there; few questions move it little."""
    return weights[0] - at * questions / (questions + _STEADY), *weights[1:]


def _best(scale: Scale, kind: str, hits: Hits, weights: Mapping[str, Sequence[float]]) -> float:
    return max(_logit(scale, kind, raw, weights) for _, raw in hits)


def _logit(scale: Scale, kind: str, raw: Signals, weights: Mapping[str, Sequence[float]]) -> float:
    return float(row(scale, kind, raw) @ np.array(weights[kind]))


def _rows(scale: Scale, kind: str, raw: Iterable[Signals]) -> Floats:
    return np.array([row(scale, kind, each) for each in raw]).reshape(-1, 1 + len(KINDS[kind]))
