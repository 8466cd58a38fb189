"""augment: hits and conversation -> a prompt within a budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from imagelore.augment._pictures import Chosen, choose
from imagelore.augment._tokens import asked_tokens, prompt_tokens, size, source_tokens, text_tokens
from imagelore.types import Hit, Prompt, PromptSource, Record, Turn

__all__ = ["Budget", "augment", "prompt_tokens", "size", "text_tokens"]

_SHORTEST = 100  # characters of a record's text, however many records there are
_SHARE = 2  # a half of the tokens that are left may go to the records' texts, then a half of the rest to earlier turns


@dataclass(frozen=True, slots=True)
class Budget:
    """What a prompt may carry at most."""

    pictures: int = 6  # of sources; 0 for a generator that reads text only
    history: int = 6_000  # characters of earlier turns; the latest are kept
    tokens: int = 16_000  # estimated; the question and its own pictures go along even where they take more


def augment(
    asked: Prompt, hits: Sequence[Hit], open_picture: Callable[[Record], bytes], budget: Budget = Budget()
) -> Prompt:
    """What was asked, with its hits as sources numbered from 1, and all of it cut to the budget.

    In this order: the question with its own pictures (always, so that a generator that reads text only still knows of
    them), the records' texts, earlier turns, pictures of earlier turns, pictures of sources. Of pictures that look the
    same one is sent.

    `open_picture` hands over a record's picture as a JPEG fit for a model; one that it cannot (an `ImageloreError`)
    leaves its place in the budget to the next hit's.
    """
    own = asked.pictures[: len(asked.pictures) - asked.recalled]
    chosen = Chosen(budget.tokens - asked_tokens(asked.question))
    for picture in own:
        chosen.show(picture, "the user's")
    text_limit = _text_limit(asked, hits, chosen.room // _SHARE)
    chosen.room -= sum(source_tokens(hit.record, text_limit) for hit in hits)
    history = _latest(asked.history, max(0, min(budget.history, 4 * chosen.room // _SHARE)))
    chosen.room -= sum(text_tokens(turn.question + turn.answer) for turn in history)
    earlier = _earlier(asked.pictures[len(own) :], chosen)
    about = {*asked.intent.only, *asked.intent.like}
    choose(chosen, hits, about, open_picture, budget.pictures)
    sources = tuple(
        PromptSource(n, hit, chosen.by_source.get(n), chosen.twins.get(n, "")) for n, hit in enumerate(hits, start=1)
    )
    return replace(
        asked,
        sources=sources,
        pictures=own + earlier,
        recalled=len(earlier),
        history=history,
        text_limit=text_limit,
    )


def _text_limit(asked: Prompt, hits: Sequence[Hit], room: int) -> int:
    """Characters of each record's text with which all of them fit."""
    limit = asked.text_limit
    while limit > _SHORTEST and sum(source_tokens(hit.record, limit) for hit in hits) > room:
        limit = max(_SHORTEST, limit // 2)
    return limit


def _earlier(pictures: Sequence[bytes], chosen: Chosen) -> tuple[bytes, ...]:
    """Pictures of earlier turns, as many as there is room for."""
    kept = []
    for picture in pictures:
        if (fitting := chosen.fitting(picture)) is not None:
            chosen.show(fitting, "the user's")
            kept.append(fitting)
    return tuple(kept)


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
