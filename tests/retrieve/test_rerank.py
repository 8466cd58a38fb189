"""Hits in the order of their grades."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imagelore.retrieve import reranked
from imagelore.types import Hit, Record

grades = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), max_size=8)


def made(count: int, fitting: int = 99) -> list[Hit]:
    return [Hit(Record(f"r{n}", "s", f"{n}.png", "", ""), "", 1 / (n + 1), {}, n < fitting) for n in range(count)]


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.record.id for hit in hits]


def test_the_best_grade_comes_first_and_equal_ones_stay_as_they_were() -> None:
    found = reranked(made(5), (1.0, 3.0, 1.0, 3.0))
    assert ids(found) == ["r1", "r3", "r0", "r2", "r4"]  # the last one was not graded
    assert [hit.found["judge"].rank for hit in found[:4]] == [1, 1, 3, 3]
    assert "judge" not in found[4].found


def test_what_answers_fits_and_comes_before_what_does_not() -> None:
    found = reranked(made(3, fitting=0), (0.0, 1.0, 2.0))
    assert [(hit.record.id, hit.fits) for hit in found] == [("r2", True), ("r1", False), ("r0", False)]
    assert found[0].confidence >= 0.5


def test_a_low_grade_does_not_make_a_hit_unfit() -> None:
    assert all(hit.fits for hit in reranked(made(2), (0.0, 0.0)))


@given(grades, st.integers(0, 8), st.integers(0, 8))
def test_nothing_is_lost_or_made_up(given_grades: list[float], more: int, fitting: int) -> None:
    hits = made(len(given_grades) + more, fitting)
    found = reranked(hits, given_grades)
    assert sorted(ids(found)) == sorted(hit.record.id for hit in hits)
    assert [hit.fits for hit in found] == sorted((hit.fits for hit in found), reverse=True)


def test_without_grades_the_order_stays() -> None:
    assert ids(reranked(made(4), ())) == ["r0", "r1", "r2", "r3"]
