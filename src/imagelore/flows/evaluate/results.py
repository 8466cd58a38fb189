"""What an evaluation found: for each question, and over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imagelore.flows.evaluate.sets import Question

Measures = Mapping[str, float]
"""Measure -> value between 0 and 1; those that do not apply to a question are left out."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One hit of a question.

    `covers`: which of the relevant paths it stands for, itself or by a near-duplicate, and no hit before it; `right`:
    which of them it stands for at all. A path names every part of a document: its second part covers nothing new.
    """

    id: str
    path: str
    title: str
    fits: bool
    covers: tuple[str, ...] = ()
    cited: bool = False
    right: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a vision model thought of an answer; None where it does not apply."""

    correct: bool | None
    grounded: bool | None
    abstained: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question."""

    question: Question
    hits: tuple[Listed, ...] = ()
    searched: str = ""
    answer: str | None = None  # None: it was not asked for one, or failed to give one
    confidence: float = 0.0  # of the surest hit, that it answers the question
    judgement: Judgement | None = None
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by step
    error: str = ""  # why there is no answer
    measures: Measures = field(default_factory=dict)

    @property
    def abstained(self) -> bool:
        """Whether it was said that nothing fits."""
        return not any(hit.fits for hit in self.hits)

    @property
    def missed(self) -> tuple[str, ...]:
        """The relevant paths that no hit covers."""
        found = {path for hit in self.hits for path in hit.covers}
        return tuple(path for path in self.question.relevant or () if path not in found)


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures over some questions."""

    questions: int
    means: Measures
    counts: Mapping[str, int]  # measure -> over how many questions its mean is
    seconds: Mapping[str, tuple[float, float]]  # step -> 50th and 95th percentile

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "questions": self.questions,
            "measures": {name: {"mean": round(m, 6), "questions": self.counts[name]} for name, m in self.means.items()},
            "seconds": {step: {"p50": round(p[0], 4), "p95": round(p[1], 4)} for step, p in self.seconds.items()},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A run over a set. `groups`: by what ("kind", "language", "part") -> value -> figures."""

    set: str
    about: Mapping[str, Any]  # what was asked: knowledge base, embedder, generator, settings that matter
    outcomes: tuple[Outcome, ...]
    overall: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    complete: bool = True  # False: it was interrupted
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON: what `--json` prints and `--out` writes."""
        return {
            "set": self.set,
            "about": dict(self.about),
            "complete": self.complete,
            "overall": self.overall.document(),
            **{f"by_{name}": {v: f.document() for v, f in group.items()} for name, group in self.groups.items()},
            "questions": [_outcome(outcome) for outcome in self.outcomes],
            "warnings": list(self.warnings),
        }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    question = outcome.question
    row: dict[str, Any] = {
        "id": question.id,
        "digest": question.digest,
        "kind": question.kind,
        "language": question.language,
        "part": question.part,
        "question": question.asked.question,
        "searched": outcome.searched,
        "measures": {name: round(value, 6) for name, value in outcome.measures.items()},
        "confidence": round(outcome.confidence, 4),
        "hits": [hit.path for hit in outcome.hits],
        "cited": [hit.path for hit in outcome.hits if hit.cited],
        "missed": list(outcome.missed),
        "seconds": {step: round(seconds, 4) for step, seconds in outcome.timings.items()},
    }
    if outcome.answer is not None:
        row["answer"] = outcome.answer
    if outcome.judgement is not None:
        judged = outcome.judgement
        row["judged"] = {name: getattr(judged, name) for name in ("correct", "grounded", "abstained", "reason")}
    return row | ({"error": outcome.error} if outcome.error else {})
