"""The figures, against values worked out by hand and against their definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.flows.evaluate.measures import auroc, false_answers, figures, holds, measured
from imagelore.flows.evaluate.results import Judgement, Listed, Outcome
from imagelore.flows.evaluate.sets import Asked, Question

SURE = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=20)


def outcome(found: str, relevant: str | None, **more: Any) -> Outcome:
    """One letter is a picture; `found` in order, "(bc)" one hit that stands for two, an upper-case letter is cited."""
    asked = {name: more.pop(name) for name in ("facts",) if name in more}
    known = None if relevant is None else tuple(relevant)
    hits = []
    for part in found.replace("(", " (").replace(")", " ").split() if "(" in found else found:
        names = part.strip("()").lower()
        covers = tuple(letter for letter in names if letter in (known or ()))
        hits.append(Listed(names[0], names[0], names[0], more.get("fits", True), covers, part.strip("()").isupper()))
    more.pop("fits", None)
    return Outcome(Question(more.pop("id", "q"), "text", Asked("?"), relevant=known, **asked), tuple(hits), **more)


def one(found: str, relevant: str | None, **more: Any) -> dict[str, float]:
    return dict(measured([outcome(found, relevant, **more)])[0].measures)


def test_retrieval_by_hand() -> None:
    values = one("xaybzc", "abcd")
    assert (values["success@1"], values["success@5"], values["success@10"]) == (0, 1, 1)
    assert (values["recall@1"], values["recall@5"], values["recall@10"]) == (0, 0.5, 0.75)
    assert values["MRR"] == 0.5
    gained = sum(1 / math.log2(place + 1) for place in (2, 4, 6))
    ideal = sum(1 / math.log2(place + 1) for place in (1, 2, 3, 4))
    assert values["nDCG@10"] == pytest.approx(gained / ideal)


def test_a_hit_that_stands_for_near_duplicates_finds_all_of_them() -> None:
    values = one("x (ab)", "ab")
    assert (values["recall@5"], values["MRR"]) == (1, 0.5)
    assert one("(ab) x", "ab")["nDCG@10"] == 1


def test_nothing_found_counts_as_nothing() -> None:
    values = one("", "a")
    assert {values[name] for name in ("success@10", "recall@10", "nDCG@10", "MRR", "answered")} == {0}


def test_what_nobody_labelled_is_not_measured() -> None:
    assert one("ab", None, answer="x") == {}


def test_citations() -> None:
    values = one("AxBC", "aby", answer="a [1], b [3], c [4].")
    assert values["citation precision"] == pytest.approx(2 / 3)
    assert values["citation recall"] == pytest.approx(2 / 3)
    values = one("ab", "a", answer="Nothing cited.")
    assert "citation precision" not in values
    assert values["citation recall"] == 0
    assert "citation recall" not in one("Ab", "a")


def test_abstention() -> None:
    assert one("ab", "a", fits=False)["answered"] == 0
    assert one("ab", "a")["answered"] == 1
    assert one("ab", "", fits=False) == {"abstained": 1}
    assert one("ab", "") == {"abstained": 0}


def test_a_judges_verdict() -> None:
    judged = Judgement(True, False, False)
    values = one("a", "a", answer="x", judgement=judged)
    assert (values["judged correct"], values["judged grounded"]) == (1, 0)
    assert "judged abstained" not in values
    assert one("a", "", answer="x", judgement=judged) == {"abstained": 0, "judged abstained": 0}


@pytest.mark.parametrize(
    ("answer", "fact", "there"),
    [
        ("It was built in 1962.", "1962", True),
        ("It has the number 19621.", "1962", False),
        ("In  SKAGEN,\nDenmark", "skagen, denmark", True),
        ("The carpet", "car", False),
        ("Übergröße", "ÜBERGRÖSSE", True),
        ("它在京都拍摄。", "京都", True),
        ("in C++ (2.5 m)", "2.5 m", True),
        ("", "x", False),
    ],
)
def test_facts(answer: str, fact: str, there: bool) -> None:
    assert holds(answer, fact) is there


def test_the_share_of_facts() -> None:
    assert one("a", "a", answer="1962 in Leeds", facts=("Leeds", "1963"))["facts"] == 0.5


@given(SURE, SURE)
def test_auroc_is_the_share_of_pairs_in_order(positive: list[float], negative: list[float]) -> None:
    pairs = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    assert auroc(np.array(positive), np.array(negative)) == pytest.approx(sum(pairs) / len(pairs))


@given(SURE, SURE)
def test_false_answers_at_the_highest_threshold_that_covers(positive: list[float], negative: list[float]) -> None:
    covering = [t for t in positive if sum(p >= t for p in positive) >= 0.95 * len(positive)]
    expected = sum(n >= max(covering) for n in negative) / len(negative)
    assert false_answers(np.array(positive), np.array(negative)) == pytest.approx(expected)


def test_figures_are_means_over_the_questions_they_apply_to() -> None:
    outcomes = measured(
        [
            outcome("a", "a", id="1", confidence=0.9, timings={"search": 0.1}),
            outcome("xb", "b", id="2", confidence=0.4, timings={"search": 0.3}),
            outcome("y", "", id="3", confidence=0.5),
            outcome("y", None, id="4", confidence=1.0),
        ]
    )
    made = figures(outcomes)
    assert (made.questions, made.means["MRR"], made.counts["MRR"]) == (4, 0.75, 2)
    assert (made.means["AUROC"], made.means["false answers at 95 %"]) == (0.5, 1.0)
    assert made.seconds["search"] == pytest.approx((0.2, 0.29))
    assert "AUROC" not in figures(outcomes[:2]).means
