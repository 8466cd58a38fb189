"""augment: hits and conversation -> a prompt within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from imagelore.augment._pictures import shrunk
from imagelore.errors import ImageloreError, UnreadableError, UsageError
from imagelore.types import Count, Hit, Prompt, PromptSource, Record, Turn

_AT_ONCE = 4  # pictures opened side by side: they may come over a network


@dataclass(frozen=True, slots=True)
class Budget:
    """What a prompt may carry at most."""

    pictures: int = 6  # of sources; 0 for a generator that reads text only
    side: int = 768  # pixels, the longer side of a picture
    history: int = 6_000  # characters of earlier turns; the latest are kept


def augment(
    question: str,
    hits: Sequence[Hit],
    *,
    open_picture: Callable[[Record], bytes],
    budget: Budget = Budget(),
    pictures: Sequence[bytes] = (),
    history: Sequence[Turn] = (),
    counts: Sequence[Count] = (),
    total: int = 0,
) -> Prompt:
    """The prompt for a question: hits numbered from 1, pictures downscaled, history cut to the budget.

    `open_picture` hands over a record's full picture bytes; a picture that it cannot open, or that cannot be decoded,
    leaves its place in the budget to the next hit's. `pictures` are the question's own, as they were sent; they are
    always in the prompt, so that a generator that reads text only still knows of them.

    Raises:
        UsageError: one of the question's own pictures is no picture.
    """
    opened = _opened(hits, open_picture, budget)
    return Prompt(
        question=question,
        sources=tuple(PromptSource(n, hit, opened.get(n)) for n, hit in enumerate(hits, start=1)),
        pictures=_sent(pictures, budget.side),
        history=_latest(history, budget.history),
        counts=tuple(counts),
        total=total,
    )


def _opened(hits: Sequence[Hit], open_picture: Callable[[Record], bytes], budget: Budget) -> dict[int, bytes]:
    """Source number -> JPEG, for the best hits whose pictures can be had."""

    def fetch(entry: tuple[int, Hit]) -> bytes | None:
        try:
            return shrunk(open_picture(entry[1].record), budget.side)
        except ImageloreError:
            return None

    waiting = list(enumerate(hits, start=1))
    opened: dict[int, bytes] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while waiting and (missing := budget.pictures - len(opened)) > 0:
            wave, waiting = waiting[:missing], waiting[missing:]
            fetched = zip(wave, pool.map(fetch, wave), strict=True)
            opened |= {number: jpeg for (number, _), jpeg in fetched if jpeg is not None}
    return opened


def _sent(pictures: Sequence[bytes], side: int) -> tuple[bytes, ...]:
    small = []
    for number, data in enumerate(pictures, start=1):
        try:
            small.append(shrunk(data, side))
        except UnreadableError as error:
            which = "the question's picture" if len(pictures) == 1 else f"picture {number} of the question"
            raise UsageError(f"{which} cannot be read: {error}; send a JPEG, PNG or WebP file") from error
    return tuple(small)


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
