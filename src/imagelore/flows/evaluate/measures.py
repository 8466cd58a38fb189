"""The figures: retrieval through `ir-measures`, citations, facts, abstention, latency."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelore.errors import MissingExtraError
from imagelore.flows.evaluate.results import Figures, Measures, Outcome

RETRIEVAL = {
    "success@1": "Success@1",
    "success@5": "Success@5",
    "success@10": "Success@10",
    "recall@1": "R@1",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "nDCG@10": "nDCG@10",
    "MRR": "RR",
}
ORDER = (
    *RETRIEVAL,
    *("citation precision", "citation recall", "facts", "judged correct", "judged grounded", "judged abstained"),
    *("answered", "abstained", "AUROC", "false answers at 95 %"),
)
"""The measures as tables list them."""
LESS_IS_BETTER = frozenset({"false answers at 95 %"})
_COVERAGE = 0.95
_ONE_SCRIPT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")  # written without spaces


def measured(outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """The same outcomes with their measures.

    Raises:
        MissingExtraError: `ir-measures` is not installed.
    """
    retrieval = _retrieval(outcomes)
    return tuple(
        replace(o, measures={**retrieval.get(o.question.id, {}), **_answered(o), **_judged(o)}) for o in outcomes
    )


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Means of the measures over the questions that they apply to, AUROC over those without an error, and latency."""
    values = defaultdict(list)
    for outcome in outcomes:
        for name, value in outcome.measures.items():
            values[name].append(value)
    means = {name: float(np.mean(v)) for name, v in values.items()}
    counts = {name: len(v) for name, v in values.items()}
    sure = [outcome for outcome in outcomes if not outcome.error]  # nothing is known of the others
    fitting = np.array([o.confidence for o in sure if o.question.answerable])
    unfitting = np.array([o.confidence for o in sure if o.question.answerable is False])
    if len(fitting) and len(unfitting):
        means |= {"AUROC": auroc(fitting, unfitting), "false answers at 95 %": false_answers(fitting, unfitting)}
        counts |= dict.fromkeys(("AUROC", "false answers at 95 %"), len(fitting) + len(unfitting))
    ordered = {name: means[name] for name in ORDER if name in means}
    return Figures(len(outcomes), ordered, counts, _seconds(outcomes))


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """The chance that an answerable question is held for surer than an unanswerable one; equal ones count half.

    The area under the receiver operating characteristic as the Mann-Whitney statistic (Hanley and McNeil, "The meaning
    and use of the area under a ROC curve", Radiology 143, 1982, page 31).
    """
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left")
    equal = np.searchsorted(ordered, positive, "right") - below
    return float((below + 0.5 * equal).sum() / (len(positive) * len(negative)))


def false_answers(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """The share of unanswerable questions that get an answer where 95 % of the answerable ones do.

    The false positive rate at 95 % true positives; coverage as in Geifman and El-Yaniv, "Selective classification for
    deep neural networks", NIPS 2017.
    """
    kept = int(np.ceil(_COVERAGE * len(positive)))
    threshold = np.sort(positive)[len(positive) - kept]
    return float(np.mean(negative >= threshold))


def holds(answer: str, fact: str) -> bool:
    """Whether an answer states a fact, as whole words: 1962 is not in "19621"; spelling of case and spaces is free."""
    said, wanted = _plain(answer), _plain(fact)
    if _ONE_SCRIPT.search(wanted):
        return wanted in said
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", said) is not None


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def library() -> Any:
    """The library that knows the retrieval measures.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        raise MissingExtraError(f'evaluation needs `{error.name}`: pip install "imagelore[eval]"') from error
    return ir_measures


def _retrieval(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Question id -> retrieval measures, for the questions whose relevant pictures are known.

    A hit that stands for near-duplicates counts once, for the first of the relevant ones that it covers; the others are
    found with it. A further part of a document that is relevant as a whole takes no place in the ranking.
    """
    ir_measures = library()
    judged: dict[str, dict[str, int]] = {}
    run: dict[str, dict[str, float]] = {}
    for outcome in outcomes:
        if not outcome.question.relevant:
            continue
        ranked = [hit.covers[0] if hit.covers else "" for hit in outcome.hits if hit.covers or not hit.right]
        along = {path for hit in outcome.hits for path in hit.covers[1:]}
        names = {path: f"r{n}" for n, path in enumerate(outcome.question.relevant) if path not in along}
        judged[outcome.question.id] = dict.fromkeys(names.values(), 1)
        run[outcome.question.id] = {names.get(path, f"h{n}"): -float(n) for n, path in enumerate(ranked)}
    measures = {ir_measures.parse_measure(theirs): ours for ours, theirs in RETRIEVAL.items()}
    found = {id: dict.fromkeys(RETRIEVAL, 0.0) for id in judged}
    if judged:
        for metric in ir_measures.iter_calc(list(measures), judged, run):
            found[metric.query_id][measures[metric.measure]] = float(metric.value)
    return found


def _answered(outcome: Outcome) -> Measures:
    """Whether it answered or abstained as it should; what the answer cites and states. A failure is a wrong answer."""
    question, values = outcome.question, {}
    if question.answerable is not None:
        right = not outcome.error and question.answerable != outcome.abstained
        values["answered" if question.answerable else "abstained"] = float(right)
    if outcome.answer is None and not outcome.error:
        return values
    if question.relevant:
        cited = [hit for hit in outcome.hits if hit.cited]
        covered = {path for hit in cited for path in (*hit.covers, *hit.right)}
        if cited:
            values["citation precision"] = sum(bool(hit.covers or hit.right) for hit in cited) / len(cited)
        values["citation recall"] = len(covered) / len(question.relevant)
    if question.facts:
        values["facts"] = sum(holds(outcome.answer or "", fact) for fact in question.facts) / len(question.facts)
    return values


def _judged(outcome: Outcome) -> Measures:
    judged = outcome.judgement
    if judged is None:
        return {}
    values = {"judged correct": judged.correct, "judged grounded": judged.grounded}
    if outcome.question.answerable is False:
        values = {"judged abstained": judged.abstained}
    return {name: float(value) for name, value in values.items() if value is not None}


def _seconds(outcomes: Iterable[Outcome]) -> dict[str, tuple[float, float]]:
    steps = defaultdict(list)
    for outcome in outcomes:
        for step, seconds in outcome.timings.items():
            steps[step].append(seconds)
    return {step: (float(np.percentile(v, 50)), float(np.percentile(v, 95))) for step, v in steps.items()}
