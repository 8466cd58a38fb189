"""Two runs against each other: the randomisation test, what may be compared, and what a gate refuses."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.errors import UsageError
from imagelore.flows.evaluate.compare import compare, earlier, randomisation
from imagelore.flows.evaluate.measures import figures
from imagelore.flows.evaluate.results import Outcome, Report
from imagelore.flows.evaluate.sets import Asked, Question

DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0]), max_size=9)


def report(values: Mapping[str, float], measure: str = "MRR", question: str = "?") -> Report:
    outcomes = tuple(
        Outcome(Question(id, "text", Asked(question), relevant=("a",)), measures={measure: value})
        for id, value in values.items()
    )
    return Report("set.jsonl", {}, outcomes, figures(outcomes), {})


def saved(tmp_path: Path, run: Report) -> Path:
    path = tmp_path / "before.json"
    path.write_text(json.dumps(run.document()), encoding="utf-8")
    return path


def numbered(values: Sequence[float]) -> dict[str, float]:
    return {f"q{n}": value for n, value in enumerate(values)}


@given(DIFFERENCES)
def test_few_differences_are_tested_exactly(differences: list[float]) -> None:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    expected = sum(s >= abs(sum(differences)) - 1e-9 for s in sums) / len(sums)
    assert randomisation(differences) == pytest.approx(expected)


@given(DIFFERENCES)
def test_which_run_is_first_does_not_matter(differences: list[float]) -> None:
    assert randomisation(differences) == randomisation([-d for d in differences])


def test_many_differences_are_sampled() -> None:
    assert randomisation([0.1] * 200) == pytest.approx(1 / 20_001)
    assert randomisation([0.1, -0.1] * 500) > 0.9
    mixed = [0.2] * 60 + [-0.2] * 40  # about two standard deviations: p of a sign test is 0.057
    assert randomisation(mixed) == pytest.approx(0.057, abs=0.01)
    assert randomisation(mixed) == randomisation(mixed)


def test_what_changed(tmp_path: Path) -> None:
    before = earlier(saved(tmp_path, report(numbered([1, 0.5, 0.2, 0]))))
    made = compare(before, report(numbered([1, 1, 0.1, 0.0000001])))
    (change,) = made.changes
    assert (change.before, change.after) == pytest.approx((0.425, 0.525))
    assert change.questions == 4
    assert (change.better, change.worse) == (("q1",), ("q2",))
    assert change.p == 1.0  # of the four ways to swap 0.5 and -0.1 none is nearer to zero
    assert not made.dropped


def test_only_common_questions_are_compared(tmp_path: Path) -> None:
    made = compare(earlier(saved(tmp_path, report({"a": 1, "b": 0}))), report({"b": 1, "c": 0}))
    assert (made.common, made.left_out) == (1, 2)
    assert made.changes[0].before == 0


def test_runs_over_other_sets_are_refused(tmp_path: Path) -> None:
    before = earlier(saved(tmp_path, report({"a": 1})))
    with pytest.raises(UsageError, match="another set: no question of"):
        compare(before, report({"b": 1}))
    with pytest.raises(UsageError, match="another set: question 'a'"):
        compare(before, report({"a": 1}, question="another?"))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"questions": [{"id": 1}]}', '{"questions": 7}', "[" * 100_000])
def test_a_file_that_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="is no run"):
        earlier(tmp_path / "run.json")
    with pytest.raises(UsageError, match="cannot be read"):
        earlier(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("before", "after", "dropped"),
    [
        ([1] * 100, [1] * 100, False),
        ([1] * 100, [1] * 98 + [0] * 2, False),  # two flips
        ([1] * 100, [1] * 90 + [0] * 10, True),  # p = 0.002
        ([1] * 20, [1] * 16 + [0] * 4, True),  # p = 0.125, but a fifth of all
        ([1] * 20 + [0] * 20, [1] * 16 + [0] * 20 + [1] * 4, False),  # as many better as worse
        ([0.500] * 100, [0.495] * 100, False),  # sure, and too small to matter
        ([0] * 100, [1] * 100, False),
    ],
)
def test_what_a_gate_refuses(tmp_path: Path, before: list[float], after: list[float], dropped: bool) -> None:
    made = compare(earlier(saved(tmp_path, report(numbered(before)))), report(numbered(after)))
    assert [change.measure for change in made.dropped] == ["MRR"] * dropped


def sure(answerable: float, other: float) -> Report:
    outcomes = (
        *(Outcome(Question(f"a{n}", "text", Asked("?"), relevant=("a",)), confidence=answerable) for n in range(9)),
        *(Outcome(Question(f"n{n}", "nothing", Asked("?"), relevant=()), confidence=other) for n in range(9)),
    )
    return Report("set.jsonl", {}, outcomes, figures(outcomes), {})


def test_figures_of_the_whole_run(tmp_path: Path) -> None:
    made = compare(earlier(saved(tmp_path, sure(0.9, 0.1))), sure(0.1, 0.9))
    assert [(c.measure, c.before, c.after, c.p) for c in made.changes] == [
        ("AUROC", 1.0, 0.0, None),
        ("false answers at 95 %", 0.0, 1.0, None),
    ]
    assert len(made.dropped) == 2
    assert not compare(earlier(saved(tmp_path, sure(0.1, 0.9))), sure(0.9, 0.1)).dropped
