"""The gate: the sample set asked of the sample pictures, against the committed run; see `eval/README.md`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from imagelore import KnowledgeBase, Settings
from imagelore.flows.evaluate import Run, compare, earlier, evaluate, load

EVAL = Path(__file__).parent.parent / "eval"
RENEW = "; where this is meant to be, renew eval/baseline.json (eval/README.md)"


def test_no_figure_falls_by_more_than_noise(samples: Settings) -> None:
    report = evaluate(KnowledgeBase(samples), load(EVAL / "sample.jsonl"))
    comparison = compare(earlier(EVAL / "baseline.json"), report)
    assert comparison.left_out == 0, f"the set has other questions than the committed run{RENEW}"
    fallen = [f"{c.measure} {c.before:.3f} -> {c.after:.3f} ({', '.join(c.worse)})" for c in comparison.dropped]
    assert not fallen, f"worse by more than noise: {'; '.join(fallen)}{RENEW}"
    assert not [outcome.error for outcome in report.outcomes if outcome.error]


def test_the_gate_notices_a_ranking_that_is_lost(samples: Settings) -> None:
    every = load(EVAL / "sample.jsonl", "dev")
    some = replace(every, questions=every.questions[::3])
    report = evaluate(KnowledgeBase(replace(samples, rankings="look,seen")), some, Run(answers=False))
    fallen = {change.measure for change in compare(earlier(EVAL / "baseline.json"), report).dropped}
    assert {"success@1", "recall@10", "nDCG@10", "MRR"} <= fallen
