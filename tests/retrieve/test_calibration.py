"""What a calibration makes of questions: which hits fit afterwards, whatever range an embedder's scores have."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.retrieve import Choice, Trial, Wanted, calibrated, retrieve, trial
from imagelore.types import Calibration, EmbedderInfo, Found, Hit, Query, Ranking, Record, Scope, Seen, Space

EMBEDDER = EmbedderInfo(
    "test",
    "1",
    (
        Space("joint", 2, images=True, documents=True, queries=True, text_floor=0.5, image_floor=0.3),
        Space("look", 2, images=True, look_floor=0.6),
    ),
    64,
)
NO_LOOKS = np.empty((0, 2), np.float32)
BOAT = Record("boat", "s", "boat.png", "", "", title="A red boat", seen=Seen((("boat", 0.6),)))
BARN = Record("barn", "s", "barn.png", "", "", title="A building", text="Hay is kept in it.")
BARE = Record("bare", "s", "p1.png", "", "", seen=Seen((("owl", 0.8),)))


def trials(low: float, high: float, count: int = 60, spread: float = 0.03) -> list[Trial]:
    """Questions of which the unrelated reach about `low` and the answerable about `high`, in all rankings."""
    chance = random.Random(1)

    def raw(words: float, score: float) -> dict[str, float]:
        return {"words": words, "seen": 0.0} | {n: chance.gauss(score, spread) for n in ("meaning", "image")}

    made = [Trial((("described", raw(0.0, low)), ("bare", raw(0.0, low)))) for _ in range(count)]
    for _ in range(count):
        own = raw(chance.choice([0.0, 0.5, 1.0]), high)
        made.append(Trial((("described", own), ("described", raw(0.0, low))), own))
    return made


class Fixed:
    """An index that ranks as it is told."""

    def __init__(self, calibration: Calibration | None, rankings: Sequence[Ranking]) -> None:
        self._calibration, self._rankings = calibration, list(rankings)

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        return self._rankings

    def get(self, ids: Sequence[str], scope: Scope = Scope()) -> list[Record]:
        return [record for id in ids for record in (BOAT, BARN, BARE) if record.id == id]

    def calibration(self) -> Calibration | None:
        return self._calibration


def found(calibration: Calibration | None, text: str, *rankings: Ranking) -> dict[str, Hit]:
    hits = retrieve(Query(text), Fixed(calibration, rankings), EMBEDDER, lambda record: record.path)
    return {hit.record.id: hit for hit in hits}


@pytest.mark.parametrize(("low", "high"), [(0.2, 0.5), (0.7, 0.8), (0.02, 0.1)])
def test_what_fits_is_told_by_this_collection_s_own_scores(low: float, high: float) -> None:
    made = calibrated(trials(low, high, spread=(high - low) / 10), NO_LOOKS, 500)
    assert found(made, "a ship", Ranking("meaning", (("boat", high),)))["boat"].fits
    assert not found(made, "a ship", Ranking("meaning", (("boat", low),)))["boat"].fits
    assert found(made, "an animal", Ranking("image", (("bare", high),)))["bare"].fits
    assert not found(made, "an animal", Ranking("image", (("bare", low),)))["bare"].fits


def test_without_a_calibration_the_embedder_s_floors_decide() -> None:
    near, far = (Ranking("meaning", (("boat", score),)) for score in (0.51, 0.49))
    assert [found(None, "a ship", ranking)["boat"].fits for ranking in (near, far)] == [True, False]
    assert [found(None, "a ship", ranking)["boat"].confidence for ranking in (near, far)] == [1.0, 0.0]


def test_a_record_that_has_all_the_words_fits_also_where_its_meaning_is_no_nearer_than_others() -> None:
    made = calibrated(trials(0.3, 0.5), NO_LOOKS, 500)
    rankings = Ranking("text", (("boat", 4.0),)), Ranking("meaning", (("boat", 0.3),))
    assert found(made, "red boat", *rankings)["boat"].fits
    assert not found(made, "red parliament of wombats", *rankings)["boat"].fits


def test_most_of_the_answerable_questions_are_answered_and_few_of_the_others() -> None:
    asked = trials(0.3, 0.5)
    made = calibrated(asked, NO_LOOKS, 500)
    own = [t.own for t in asked if t.own]
    scores = [found(made, "a ship", Ranking("meaning", (("boat", raw["meaning"]),)))["boat"] for raw in own]
    assert np.mean([hit.fits for hit in scores]) >= 0.9
    assert made.answerable == 60
    assert made.false_answers <= 0.15


def test_questions_that_the_collection_does_answer_are_not_taken_for_unrelated() -> None:
    asked = trials(0.3, 0.5)
    answered = Trial((("described", {"words": 1.0, "seen": 0.0, "meaning": 0.9, "image": 0.9}),))
    assert calibrated([*asked, *[answered] * 40], NO_LOOKS, 500) == calibrated(asked, NO_LOOKS, 500)


def test_a_few_that_it_answers_in_other_words_move_little() -> None:
    asked = trials(0.3, 0.5)
    in_other_words = Trial((("described", {"words": 0.0, "seen": 0.0, "meaning": 0.7, "image": 0.3}),))
    made, mixed = (calibrated(each, NO_LOOKS, 500) for each in (asked, [*asked, *[in_other_words] * 3]))
    assert mixed.unrelated["meaning"] == pytest.approx(made.unrelated["meaning"], abs=0.02)


def test_pictures_are_compared_with_what_the_nearest_of_as_many_strangers_reaches() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 30)).astype(np.float32)
    looks = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    few, many = (calibrated(trials(0.3, 0.5), looks, records) for records in (100, 1_000_000))
    own = looks[:50] @ looks[50:].T
    assert few.unrelated["look"][0] == pytest.approx(np.median(own.max(axis=1)), abs=0.15)
    assert many.unrelated["look"][0] > few.unrelated["look"][0]
    stranger, copy = (Ranking("look", (("bare", score),)) for score in (few.unrelated["look"][0], 0.95))
    assert [found(few, "", ranking)["bare"].fits for ranking in (stranger, copy)] == [False, True]


def test_a_copy_fits_also_where_all_pictures_are_alike() -> None:
    made = calibrated(trials(0.3, 0.5), np.full((30, 4), 0.5, np.float32), 30)
    copy, other = (Ranking("look", (("bare", score),)) for score in (1.0, 0.6))
    assert [found(made, "", ranking)["bare"].fits for ranking in (copy, other)] == [True, False]


def test_too_few_pictures_to_compare_leave_the_embedder_s_floor() -> None:
    made = calibrated(trials(0.3, 0.5), NO_LOOKS, 3)
    near, far = (Ranking("look", (("bare", score),)) for score in (0.61, 0.59))
    assert [found(made, "", ranking)["bare"].fits for ranking in (near, far)] == [True, False]


@pytest.mark.parametrize("asked", [[], [Trial(())], trials(0.3, 0.5, count=1)])
def test_next_to_nothing_to_go_by_leaves_the_prior(asked: list[Trial]) -> None:
    made = calibrated(asked, NO_LOOKS, 1)
    rankings = Ranking("text", (("boat", 1.0),)), Ranking("meaning", (("boat", 0.6),))
    assert found(made, "red boat", *rankings)["boat"].fits
    assert not found(made, "a parliament of wombats", Ranking("meaning", (("boat", 0.0),)))["boat"].fits


def test_in_words_alone_the_surest_comes_first_unless_weights_were_set() -> None:
    made = calibrated(trials(0.3, 0.5), NO_LOOKS, 500)
    rankings = Ranking("meaning", (("barn", 0.5), ("boat", 0.45))), Ranking("text", (("boat", 4.0),))
    once, twice = Wanted(), Wanted(choice=Choice(weights={"meaning": 9.0, "text": 0.1}))
    paths = [
        [
            hit.record.id
            for hit in retrieve(Query("red boat"), Fixed(made, rankings), EMBEDDER, lambda r: r.path, wanted)
        ]
        for wanted in (once, twice)
    ]
    assert paths == [["boat", "barn"], ["barn", "boat"]]


SCORES = st.floats(-1, 1)


@given(st.lists(st.tuples(SCORES, SCORES, st.booleans()), max_size=30), SCORES, st.floats(0, 1))
def test_more_of_anything_never_makes_a_hit_less_sure(
    scores: list[tuple[float, float, bool]], score: float, more: float
) -> None:
    asked = []
    for meaning, image, answerable in scores:
        raw = {"words": 0.0, "seen": 0.0, "meaning": meaning, "image": image}
        asked.append(Trial((("described", raw), ("bare", raw)), raw if answerable else None))
    made = calibrated(asked, NO_LOOKS, 50)
    for name, id in (("meaning", "boat"), ("image", "boat"), ("image", "bare")):
        less, least = (found(made, "a ship", Ranking(name, ((id, s),)))[id] for s in (score + more, score))
        assert less.confidence >= least.confidence


def test_a_question_s_own_record_is_found_also_among_the_copies_of_a_hit() -> None:
    query = Query("a red boat")
    hit = Hit(BOAT, "boat.png", 1.0, {"meaning": Found(1, 0.8)}, duplicates=("copy",))
    for own in ("boat", "copy"):
        tried = trial(query, [hit], own)
        assert tried is not None
        assert tried.own == {"words": 1.0, "seen": 0.5, "meaning": 0.8}
    assert trial(query, [hit], "another") is None
