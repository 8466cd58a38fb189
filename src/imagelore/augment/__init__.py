"""augment: hits and conversation -> a prompt within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from imagelore.errors import ImageloreError
from imagelore.types import Hit, Prompt, PromptSource, Record, Turn

_AT_ONCE = 4  # pictures opened side by side: they may come over a network


@dataclass(frozen=True, slots=True)
class Budget:
    """What a prompt may carry at most."""

    pictures: int = 6  # of sources; 0 for a generator that reads text only
    history: int = 6_000  # characters of earlier turns; the latest are kept


def augment(
    asked: Prompt, hits: Sequence[Hit], open_picture: Callable[[Record], bytes], budget: Budget = Budget()
) -> Prompt:
    """What was asked, with its hits as sources numbered from 1, and the history cut to the budget.

    `open_picture` hands over a record's picture as a JPEG fit for a model; one that it cannot (an `ImageloreError`)
    leaves its place in the budget to the next hit's. The question's own pictures always stay, so that a generator that
    reads text only still knows of them.
    """
    opened = _opened(hits, open_picture, budget.pictures)
    sources = tuple(PromptSource(n, hit, opened.get(n)) for n, hit in enumerate(hits, start=1))
    return replace(asked, sources=sources, history=_latest(asked.history, budget.history))


def _opened(hits: Sequence[Hit], open_picture: Callable[[Record], bytes], most: int) -> dict[int, bytes]:
    """Source number -> JPEG, for the best hits whose pictures can be had."""

    def tried(entry: tuple[int, Hit]) -> bytes | None:
        try:
            return open_picture(entry[1].record)
        except ImageloreError:
            return None

    waiting = list(enumerate(hits, start=1))
    opened: dict[int, bytes] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting and (missing := most - len(opened)) > 0:
            wave, waiting = waiting[:missing], waiting[missing:]
            fetched = zip(wave, pool.map(tried, wave), strict=True)
            opened |= {number: jpeg for (number, _), jpeg in fetched if jpeg is not None}
    return opened


def _latest(history: Sequence[Turn], limit: int) -> tuple[Turn, ...]:
    """The last turns that fit into `limit` characters; a single turn that does not is cut."""
    kept: list[Turn] = []
    for turn in reversed(history):
        size = len(turn.question) + len(turn.answer)
        if size > limit:
            if not kept:
                kept.append(_cut(turn, limit))
            break
        kept.append(turn)
        limit -= size
    return tuple(reversed(kept))


def _cut(turn: Turn, limit: int) -> Turn:
    question = turn.question[: limit // 2]
    room = max(0, limit - len(question) - 1)
    return replace(turn, question=question, answer=turn.answer[:room] + "…" if len(turn.answer) > room else turn.answer)
