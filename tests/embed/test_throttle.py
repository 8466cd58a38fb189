"""The pace of calls, on a clock that only moves when somebody sleeps."""

from __future__ import annotations

from itertools import pairwise

import pytest

from imagelore.embed._throttle import Throttle, shared


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttle(clock: Clock, allowed: float) -> Throttle:
    return Throttle(allowed, clock, clock.sleep)


def settled(clock: Clock) -> Throttle:
    """One whose rate is as high as it gets, at 20 calls a second."""
    paced = throttle(clock, 20)
    for _ in range(200):
        paced.wait()
        paced.succeeded()
    return paced


def test_calls_start_evenly_just_below_the_allowed_rate(clock: Clock) -> None:
    paced = settled(clock)
    starts = [paced.wait() for _ in range(22)]
    assert [later - start for start, later in pairwise(starts)] == pytest.approx([1 / 19.4] * 21)
    assert starts[20] - starts[0] > 1  # not more than 20 in any second


def test_at_first_there_is_more_room(clock: Clock) -> None:
    paced = throttle(clock, 20)
    starts = [paced.wait() for _ in range(21)]
    assert starts[20] - starts[0] > 1.05


def test_a_pause_is_not_made_up_for_by_a_burst(clock: Clock) -> None:
    paced = settled(clock)
    clock.sleep(60)
    starts = [paced.wait() for _ in range(3)]
    assert starts[2] - starts[0] == pytest.approx(2 / 19.4 - 0.01)  # a little, so that late wake-ups do not add up


def test_without_a_limit_nobody_waits(clock: Clock) -> None:
    free = throttle(clock, 0)
    assert {free.wait() for _ in range(500)} == {1000.0}


def test_a_refusal_stops_all_calls_for_as_long_as_the_service_says(clock: Clock) -> None:
    paced = throttle(clock, 20)
    paced.refused(paced.wait(), 7.0)
    assert paced.wait() == pytest.approx(1007.0)


def test_the_rate_is_cut_once_for_calls_that_were_under_way_together(clock: Clock) -> None:
    paced = settled(clock)
    starts = [paced.wait() for _ in range(5)]
    for start in starts:
        paced.refused(start, 1.0)
    assert paced.rate == pytest.approx(0.8 * 19.4)
    paced.refused(paced.wait(), 1.0)
    assert paced.rate == pytest.approx(0.8 * 0.8 * 19.4)


def test_the_rate_comes_back_and_never_exceeds_the_allowed_one(clock: Clock) -> None:
    paced = throttle(clock, 20)
    for _ in range(20):
        paced.refused(paced.wait(), 0.0)
    assert paced.rate == 0.5
    before = clock.now
    while paced.rate < 0.99 * 19.4:
        paced.wait()
        paced.succeeded()
    assert clock.now - before < 60
    for _ in range(100):
        paced.wait()
        paced.succeeded()
        assert paced.rate <= 19.4


def test_a_refusal_teaches_a_rate_where_none_was_set(clock: Clock) -> None:
    free = throttle(clock, 0)
    starts = [free.wait() for _ in range(100)]
    free.refused(starts[-1], 0.0)
    assert free.rate == pytest.approx(80)


def test_how_long_there_was_nothing_but_refusals(clock: Clock) -> None:
    paced = throttle(clock, 20)
    assert paced.refused(paced.wait(), 10.0) == pytest.approx(10.0)
    assert paced.refused(paced.wait(), 10.0) == pytest.approx(20.0)
    paced.succeeded()
    assert paced.refused(paced.wait(), 10.0) == pytest.approx(10.0)


def test_a_refusal_long_ago_is_none_of_a_new_question(clock: Clock) -> None:
    paced = throttle(clock, 20)
    paced.refused(paced.wait(), 30.0)
    clock.now += 600
    began = clock.now
    assert paced.refused(paced.wait(), 1.0, began) == pytest.approx(1.0)


def test_whoever_waits_hears_that_it_is_pointless(clock: Clock) -> None:
    paced = throttle(clock, 20)
    paced.refused(paced.wait(), 600.0)

    def check() -> None:
        if clock.now > 1002:
            raise LookupError

    with pytest.raises(LookupError):
        paced.wait(check)
    assert clock.now < 1003


def test_of_many_that_wait_none_sleeps_before_it_hears(clock: Clock) -> None:
    paced = throttle(clock, 20)
    paced.refused(paced.wait(), 600.0)

    def check() -> None:
        raise LookupError

    for _ in range(64):
        with pytest.raises(LookupError):
            paced.wait(check)
    assert clock.now == 1000


@pytest.mark.parametrize(("allowed", "window"), [(20, 60.0), (20, 1.0), (5, 1.0)])
def test_what_the_service_really_allows_is_used_and_nothing_starves(clock: Clock, allowed: int, window: float) -> None:
    """Set to 20 calls a second, against a service that counts in a sliding window."""
    paced, admitted, calls, longest = throttle(clock, 20), [0.0], 0, 0.0
    begin = clock.now
    while len(admitted) <= 200:
        start, calls = paced.wait(), calls + 1
        recent = [at for at in admitted if at > start - window]
        if len(recent) < allowed:
            admitted.append(start)
            paced.succeeded()
        else:
            longest = max(longest, paced.refused(start, max(1.0, round(recent[0] + window - start))))
    assert longest <= window + 1
    assert 200 / (clock.now - begin) > 0.7 * allowed / window
    assert calls < 260


def test_callers_of_a_service_share_one_throttle() -> None:
    one, same, other = shared("https://a", 20), shared("https://a", 20), shared("https://b", 20)
    assert one is same
    assert one is not other
