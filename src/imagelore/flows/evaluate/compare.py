"""Two runs over the same questions: what changed, and whether chance alone would change as much."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelore.errors import UsageError
from imagelore.flows.evaluate.measures import LESS_IS_BETTER, ORDER
from imagelore.flows.evaluate.results import Measures, Report
from imagelore.flows.evaluate.sets import Question

_ROUNDS = 20_000
_EXACT = 14  # so many differences have at most 16,384 signs to try: all of them
_EQUAL = 1e-5  # runs are written with six digits
_SEED = 20070  # the same runs give the same p
_CHANCE = 0.05  # a drop with a smaller p is none of chance
_MARGIN = 0.01  # a drop smaller than this matters to nobody, however sure it is
_MUCH = 0.05  # a drop larger than this counts without being sure ...
_FEW = 3  # ... where so many more questions got worse than better: rounding on another machine flips one or two


@dataclass(frozen=True, slots=True)
class Earlier:
    """A run that was written to a file."""

    name: str
    digests: Mapping[str, str]  # question id -> what was asked
    measures: Mapping[str, Measures]  # question id -> measures
    overall: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """One measure in both runs, over the questions that both have it for."""

    measure: str
    before: float
    after: float
    questions: int
    p: float | None  # None: the measure is not one of single questions
    better: tuple[str, ...] = ()  # ids
    worse: tuple[str, ...] = ()

    @property
    def chance(self) -> str:
        """p in words: 0.012, <0.001, or nothing."""
        return "" if self.p is None else "<0.001" if self.p < 0.001 else f"{self.p:.3f}"

    @property
    def gain(self) -> float:
        """How much better it became; negative: worse."""
        return (self.before - self.after) if self.measure in LESS_IS_BETTER else self.after - self.before

    @property
    def dropped(self) -> bool:
        """Whether it became worse by more than noise."""
        if self.p is None:
            return self.gain < -_MUCH
        if self.p < _CHANCE and self.gain < -_MARGIN:
            return True
        return self.gain < -_MUCH and len(self.worse) - len(self.better) >= _FEW


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed since an earlier run."""

    against: str
    common: int
    left_out: int  # questions that only one of the runs has
    changes: tuple[Change, ...]

    @property
    def dropped(self) -> tuple[Change, ...]:
        """The measures that became worse by more than noise: what a gate refuses."""
        return tuple(change for change in self.changes if change.dropped)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "against": self.against,
            "common": self.common,
            "left_out": self.left_out,
            "measures": {
                change.measure: {
                    "before": round(change.before, 6),
                    "after": round(change.after, 6),
                    "questions": change.questions,
                    "p": change.p if change.p is None else round(change.p, 5),
                    "better": list(change.better),
                    "worse": list(change.worse),
                }
                for change in self.changes
            },
        }


def earlier(path: Path) -> Earlier:
    """A run from its file.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        return Earlier(
            path.name,
            {str(row["id"]): str(row["digest"]) for row in run["questions"]},
            {str(row["id"]): {name: float(v) for name, v in row["measures"].items()} for row in run["questions"]},
            {name: float(told["mean"]) for name, told in run["overall"]["measures"].items()},
        )
    except OSError as error:
        raise UsageError(f"the run `{path}` cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"`{path}` is no run of `imagelore eval --out`") from error


def in_common(before: Earlier, set: str, questions: Iterable[Question]) -> list[str]:
    """The ids of those questions of the set `set` that an earlier run asked; to be looked at before they are asked.

    Raises:
        UsageError: there is none, or one of them was changed in between.
    """
    common = [question for question in questions if question.id in before.digests]
    if not common:
        raise UsageError(f"`{before.name}` is a run over another set: no question of `{set}` is in it")
    if changed := [question.id for question in common if question.digest != before.digests[question.id]]:
        more = f" and {len(changed) - 1} more" if changed[1:] else ""
        raise UsageError(
            f"`{before.name}` is a run over another set: question {changed[0]!r}{more} of `{set}` was another one; "
            "make the earlier run again with `--out`"
        )
    return [question.id for question in common]


def compare(before: Earlier, after: Report) -> Comparison:
    """The differences over the questions that both runs asked.

    Raises:
        UsageError: they have none in common, or one of these was changed in between.
    """
    now = {outcome.question.id: outcome for outcome in after.outcomes}
    common = in_common(before, after.set, [outcome.question for outcome in after.outcomes])
    measures = [name for name in ORDER if any(name in now[id].measures for id in common)]
    changes = [_change(name, common, before.measures, {id: now[id].measures for id in common}) for name in measures]
    whole = before.overall.keys() & after.overall.means.keys() - set(measures)
    if len(common) == len(now) == len(before.digests):  # these are of the run as a whole
        changes += [Change(n, before.overall[n], after.overall.means[n], len(common), None) for n in sorted(whole)]
    left_out = len(now) + len(before.digests) - 2 * len(common)
    return Comparison(before.name, len(common), left_out, tuple(change for change in changes if change))


def randomisation(differences: Sequence[float]) -> float:
    """The chance that the mean of paired differences is as far from zero as here, if both runs were equally good.

    Two-sided randomisation test (Smucker, Allan and Carterette, "A comparison of statistical significance tests for
    information retrieval evaluation", CIKM 2007, section 2.3): each pair's labels are swapped at random. With few
    differences every swap is tried; else 20,000 random ones, the observed one counted in, so that p is never 0
    (Phipson and Smyth, "Permutation p-values should never be zero", 2010).
    """
    changed = np.array([d for d in differences if abs(d) > _EQUAL])
    if not len(changed):
        return 1.0
    observed = abs(changed.sum()) - 1e-9  # sums of floats
    if len(changed) <= _EXACT:
        bits = np.arange(2 ** len(changed))[:, None] >> np.arange(len(changed))
        return float(np.mean(_sums(bits & 1, changed) >= observed))
    random, extreme = np.random.default_rng(_SEED), 0
    for _ in range(20):  # in parts: a thousand questions would take 160 MB at once
        swaps = random.integers(0, 2, (_ROUNDS // 20, len(changed)), dtype=np.int8)
        extreme += int((_sums(swaps, changed) >= observed).sum())
    return (extreme + 1) / (_ROUNDS + 1)


def _sums(swaps: NDArray[np.integer[Any]], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs((1.0 - 2.0 * swaps) @ differences)


def _change(
    name: str, ids: Sequence[str], before: Mapping[str, Measures], after: Mapping[str, Measures]
) -> Change | None:
    both = [id for id in ids if name in before[id] and name in after[id]]
    if not both:
        return None
    old, new = np.array([before[id][name] for id in both]), np.array([after[id][name] for id in both])
    differences = new - old
    return Change(
        name,
        float(old.mean()),
        float(new.mean()),
        len(both),
        randomisation(differences.tolist()),
        tuple(id for id, d in zip(both, differences, strict=True) if d > _EQUAL),
        tuple(id for id, d in zip(both, differences, strict=True) if d < -_EQUAL),
    )
