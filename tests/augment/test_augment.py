"""The prompt: numbered sources, pictures and history within their budgets, bad pictures left out or refused."""

from __future__ import annotations

from imagelore.augment import Budget, augment
from imagelore.errors import UnreadableError
from imagelore.types import Count, Hit, Prompt, Record, Turn


def hit(n: int) -> Hit:
    record = Record(id=f"r{n}", source="s", path=f"{n}.jpg", version="1", digest="1")
    return Hit(record, f"/{n}.jpg", 1.0, {})


def never(record: Record) -> bytes:
    raise AssertionError(f"{record.id} was opened")


def test_sources_are_numbered_from_one_in_the_order_of_the_hits() -> None:
    hits = [hit(7), hit(3)]
    counts = [Count(1, 2, 'tagged "owl"')]
    prompt = augment(Prompt("Where?", counts=tuple(counts), total=2), hits, never, Budget(pictures=0))
    assert [(source.number, source.hit.record.id) for source in prompt.sources] == [(1, "r7"), (2, "r3")]
    assert prompt.question == "Where?"
    assert prompt.counts == tuple(counts)
    assert prompt.total == 2


def test_the_best_pictures_come_along_within_the_count() -> None:
    prompt = augment(Prompt("?"), [hit(n) for n in range(5)], lambda record: record.id.encode(), Budget(2))
    assert [source.picture for source in prompt.sources] == [b"r0", b"r1", None, None, None]


def test_the_questions_own_pictures_are_always_there() -> None:
    prompt = augment(Prompt("?", pictures=(b"mine",)), [], never, Budget(0))
    assert prompt.pictures == (b"mine",)


def test_picture_that_fails_leaves_its_place_to_the_next() -> None:
    def broken(record: Record) -> bytes:
        if record.id in ("r0", "r1"):
            raise UnreadableError("gone")
        return b"one"

    prompt = augment(Prompt("?"), [hit(n) for n in range(5)], broken, Budget(2))
    assert [bool(source.picture) for source in prompt.sources] == [False, False, True, True, False]


def test_history_keeps_the_latest_turns_that_fit() -> None:
    history = [Turn("q" * 10, "a" * 10), Turn("r" * 10, "b" * 10), Turn("s" * 10, "c" * 10)]
    prompt = augment(Prompt("?", history=tuple(history)), [], never, Budget(history=45))
    assert prompt.history == tuple(history[1:])


def test_single_turn_that_is_too_long_is_cut() -> None:
    prompt = augment(Prompt("?", history=(Turn("why", "b" * 500),)), [], never, Budget(history=50))
    assert prompt.history[0].question == "why"
    assert len(prompt.history[0].answer) < 50
    assert prompt.history[0].answer.endswith("…")
