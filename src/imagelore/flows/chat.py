"""One turn of a conversation: understand, retrieve, augment, generate; and how it is remembered."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagelore.augment import Budget, augment
from imagelore.flows._answering import answered
from imagelore.flows._finding import found_for
from imagelore.flows._recalling import pictures_of
from imagelore.flows._understanding import understanding
from imagelore.flows.pictures import jpeg
from imagelore.generate import Bounded, citations, uncited
from imagelore.types import (
    NOTHING,
    Attached,
    ChatEvent,
    Delta,
    Done,
    Hit,
    Intent,
    Notice,
    Prompt,
    Record,
    Retrieved,
    Scope,
    Turn,
)

if TYPE_CHECKING:
    from imagelore.flows.knowledge import KnowledgeBase

ChatStream = Generator[ChatEvent, None, None]
"""`Retrieved`, then `Delta` and `Notice`, then `Done`; closing it ends the request behind it."""
Shown = bytes | str
"""A picture of a question: its bytes, or the id of a record whose picture it is."""
_LINES = 40  # of a page that is remembered: questions about "the one with the invoice number" look there
REMEMBERED = 40
"""Turns that shape what follows: `history` may hold more, and nothing older is looked at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with all that it is asked in."""

    question: str
    pictures: Sequence[Shown] = ()
    history: Sequence[Turn] = ()
    top: int | None = None
    scope: Scope = Scope()
    intent: Intent | None = None  # how to understand it, where that is settled; None: it is read


def chat(kb: KnowledgeBase, asked: Asked) -> ChatStream:
    """See `KnowledgeBase.chat`."""
    start = time.perf_counter()
    asked = replace(asked, history=asked.history[-REMEMBERED:])
    read = understanding(kb, asked)
    if read.intent.reply:
        yield from _replied(read.intent, time.perf_counter() - start)
        return
    pictures = pictures_of(kb, asked, read.intent)
    intent = replace(read.intent, like=tuple(record.id for record in pictures.like))
    understood = time.perf_counter() - start
    found = found_for(kb, asked, intent, pictures)
    notices = (*pictures.notices, *found.notices)
    yield Retrieved(found.hits, found.searched, notices, found.intent, found.captions)
    start = time.perf_counter()
    sent = tuple(jpeg(data, kb.settings.answer_side, kb.settings) for data in pictures.all)
    total = kb.index.count(asked.scope)
    counts = (found.count,) if found.count else ()
    back = len(pictures.back)
    prompt = Prompt(asked.question, (), sent, tuple(asked.history), counts, total, found.intent, back)
    reduced: list[str] = []
    prompt = _prompt(kb, prompt, found.hits, reduced)
    if reduced:
        yield Notice(f"{len(reduced)} of the pictures behind this answer could not be opened: {reduced[0]}")
    timings = {"understand": understood, **found.timings, "augment": time.perf_counter() - start}
    yield from answered(kb.generator, prompt, timings, kb.settings, (read.usage, found.usage))


def _replied(intent: Intent, understood: float) -> ChatStream:
    """A turn that asks for no picture: nothing is searched, and no generator is asked."""
    yield Retrieved((), "", (), intent)
    yield Delta(intent.reply)
    yield Done(intent.reply, (), timings={"understand": understood})


def turn(question: str, answer: str, found: Retrieved, files: Sequence[Path] = ()) -> Turn:
    """A finished turn as the next ones remember it.

    Args:
        question: as it was asked.
        answer: all of its text that came, with its citations.
        found: the turn's first event.
        files: where the question's own pictures (those that were bytes) are, in their order; they are read again only
            when a later question needs them, and one that is gone by then is named in a notice. Without a file, a
            picture is not remembered.
    """
    hits = tuple(map(_light, found.hits))
    captions = [*found.captions, *[""] * len(files)]
    return Turn(
        question,
        uncited(answer, {number: hit.record.name for number, hit in enumerate(hits, start=1)}),
        hits,
        tuple(citation.number for citation in citations(answer, hits)),
        tuple(Attached(file, caption) for file, caption in zip(files, captions, strict=False)),
        found.intent,
    )


def _light(hit: Hit) -> Hit:
    """A hit without its thumbnail, its vectors and all but its first lines: what a long conversation keeps is small."""
    lines = hit.record.lines[:_LINES]
    return replace(hit, record=replace(hit.record, thumbnail=b"", images=NOTHING, texts=NOTHING, lines=lines))


def _prompt(kb: KnowledgeBase, asked: Prompt, hits: Sequence[Hit], reduced: list[str]) -> Prompt:
    """The prompt for the generator: what was asked, exact counts, and the sources with their pictures.

    `reduced` takes a line for each picture of which only the thumbnail could be had.
    """

    def shrunk(record: Record) -> bytes:
        file = kb.pictures.open(record)
        if file.notice:
            reduced.append(file.notice)
        return jpeg(file.data, kb.settings.answer_side, kb.settings)

    most = min(kb.settings.answer_pictures, kb.generator.pictures)
    room = kb.generator.room() if isinstance(kb.generator, Bounded) else kb.settings.answer_tokens
    return augment(asked, hits, shrunk, Budget(pictures=most, tokens=min(kb.settings.answer_tokens, room)))
