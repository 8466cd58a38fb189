"""One turn of a conversation: retrieve, augment, generate."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imagelore.augment import Budget, augment
from imagelore.flows._answering import answered
from imagelore.flows.pictures import jpeg
from imagelore.generate import uncited
from imagelore.retrieve.question.counting import counted, within
from imagelore.types import (
    ChatEvent,
    Count,
    Hit,
    Notice,
    Prompt,
    Record,
    Retrieved,
    Scope,
    Turn,
)
from imagelore.words import follows, subject

if TYPE_CHECKING:
    from imagelore.flows.knowledge import KnowledgeBase, Retrieval

ChatStream = Generator[ChatEvent, None, None]
"""`Retrieved`, then `Delta` and `Notice`, then `Done`; closing it ends the request behind it."""

_LEANS_ON = 300  # characters of an earlier question that a later one is searched with
_LONGEST_COUNTED = 1_000  # characters of a question that may ask for a count


def chat(
    kb: KnowledgeBase,
    question: str,
    pictures: Sequence[bytes] = (),
    history: Sequence[Turn] = (),
    *,
    top: int | None = None,
    scope: Scope = Scope(),
) -> ChatStream:
    """See `KnowledgeBase.chat`."""
    start = time.perf_counter()
    count = counted(question, kb.index, scope) if len(question) <= _LONGEST_COUNTED else None
    counting = time.perf_counter() - start
    narrow = count.filter if count and count.number else None
    text = in_context(question, () if pictures else history)
    found = kb.search(text, pictures, top=top, scope=within(scope, narrow))
    hits = found.hits
    if count and narrow:
        hits = _matching(kb, count, found, top or kb.settings.top, scope)
        count = replace(count, ids=tuple(dict.fromkeys([*(hit.record.id for hit in hits), *count.ids])))
    yield Retrieved(hits, found.searched)
    start = time.perf_counter()
    sent = tuple(jpeg(data, kb.settings.answer_side, kb.settings) for data in pictures)
    asked = Prompt(question, (), sent, tuple(history), (count,) if count else (), kb.index.count(scope))
    reduced: list[str] = []
    prompt = _prompt(kb, asked, hits, reduced)
    if reduced:
        yield Notice(f"{len(reduced)} of the pictures behind this answer could not be opened: {reduced[0]}")
    timings = {**found.timings, "augment": counting + time.perf_counter() - start}
    yield from answered(kb.generator, prompt, timings)


def in_context(question: str, history: Sequence[Turn]) -> str:
    """What to search for: a question that leans on the turns before is led by what these were about."""
    asked = [question]
    for earlier in reversed(history):
        if not follows(asked[0]):
            break
        asked.insert(0, earlier.question[:_LEANS_ON])
    return " ".join([*map(subject, asked[:-1]), question])


def turn(question: str, answer: str, hits: Sequence[Hit]) -> Turn:
    """A finished turn as the next ones remember it: its answer with the titles of its hits for their numbers."""
    return Turn(question, uncited(answer, {number: hit.record.name for number, hit in enumerate(hits, start=1)}))


def _matching(kb: KnowledgeBase, count: Count, found: Retrieval, top: int, scope: Scope) -> tuple[Hit, ...]:
    """The hits of a question that was counted: they meet its condition, also those that no ranking found."""
    hits = [hit if hit.fits else replace(hit, fits=True, why=count.condition) for hit in found.hits]
    known = {id for hit in hits for id in (hit.record.id, *hit.duplicates)}
    missing = [id for id in count.ids if id not in known][: top - len(hits)]
    hits += [Hit(r, kb.pictures.uri(r), 0.0, {}, why=count.condition) for r in kb.index.get(missing, scope)]
    return tuple(hits)


def _prompt(kb: KnowledgeBase, asked: Prompt, hits: Sequence[Hit], reduced: list[str]) -> Prompt:
    """The prompt for the generator: what was asked, exact counts, and the sources with their pictures.

    `reduced` takes a line for each picture of which only the thumbnail could be had.
    """

    def shrunk(record: Record) -> bytes:
        file = kb.pictures.open(record)
        if file.notice:
            reduced.append(file.notice)
        return jpeg(file.data, kb.settings.answer_side, kb.settings)

    return augment(asked, hits, shrunk, Budget(pictures=min(kb.settings.answer_pictures, kb.generator.pictures)))
