"""Stages overlap without losing order or memory, and nothing goes on behind one that failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import count, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.flows._overlap import chunked, interleaved, overlapped


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 3), st.integers(1, 3))
def test_every_result_comes_and_each_items_in_order(sizes: list[int], workers: int, ahead: int) -> None:
    def work(item: tuple[int, int]) -> Iterator[tuple[int, int]]:
        number, size = item
        return ((number, n) for n in range(size))

    results = list(interleaved(work, enumerate(sizes), workers, ahead))
    assert sorted(results) == [(number, n) for number, size in enumerate(sizes) for n in range(size)]
    for number in range(len(sizes)):
        own = [n for item, n in results if item == number]
        assert own == sorted(own)


def test_single_results_keep_the_items_order() -> None:
    assert list(interleaved(lambda n: [n], range(100), 3, 4)) == list(range(100))


def test_a_long_item_lets_the_others_pass() -> None:
    results = interleaved(lambda item: count() if item == 0 else [item], range(30), 2)
    with closing(results):
        seen = {item for item in islice(results, 1_000) if 0 < item < 30}
    assert seen == set(range(1, 30))


def test_no_more_is_made_than_is_taken_and_a_step() -> None:
    made: list[int] = []
    begun: list[int] = []

    def work(item: int) -> Iterator[int]:
        begun.append(item)
        for n in count():
            made.append(n)
            yield n

    results = interleaved(work, count(), 2, 2)
    with closing(results):
        list(islice(results, 100))
    assert len(begun) == 4
    assert len(made) <= 100 + 4 * 2 * 16


def test_what_is_open_is_closed_when_nobody_asks_any_more() -> None:
    closed: list[int] = []

    def work(item: int) -> Iterator[int]:
        try:
            yield from count()
        finally:
            closed.append(item)

    results = interleaved(work, range(2), 2)
    next(results)
    results.close()
    del results
    assert sorted(closed) == [0, 1]


def test_an_error_comes_out_at_its_place() -> None:
    def work(item: int) -> Iterator[int]:
        yield item
        if item == 3:
            raise ValueError("three")

    results = interleaved(work, range(10), 2)
    taken = list(islice(results, 3))
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert taken == [0, 1, 2]


def test_nothing_begins_behind_what_failed() -> None:
    """A document's first part must not be written when the write of the others before it has failed."""
    done: list[int] = []
    gate = threading.Event()

    def work(item: int) -> int:
        gate.wait()
        if item == 0:
            raise ValueError("disk full")
        done.append(item)
        return item

    results = overlapped(work, range(5), 1, 4)
    threading.Timer(0.05, gate.set).start()
    with pytest.raises(ValueError, match="disk full"):
        list(results)
    assert done == []


def test_chunks_hold_everything() -> None:
    assert list(chunked(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
