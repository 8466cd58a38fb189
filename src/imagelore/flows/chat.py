"""One turn of a conversation: retrieve, augment, generate."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from imagelore.augment import Budget, augment
from imagelore.augment.counting import counted
from imagelore.generate import checked, citations
from imagelore.types import (
    ChatEvent,
    Delta,
    Done,
    GeneratorEvent,
    Hit,
    Notice,
    Prompt,
    Retrieved,
    Scope,
    Stop,
    Turn,
    Usage,
)

if TYPE_CHECKING:
    from imagelore.flows.knowledge import KnowledgeBase

ChatStream = Generator[ChatEvent, None, None]
"""`Retrieved`, then `Delta` and `Notice`, then `Done`; closing it ends the request behind it."""


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
    found = kb.search(question, pictures, top=top, scope=scope)
    yield Retrieved(found.hits, found.searched)
    start = time.perf_counter()
    prompt = _prompt(kb, question, found.hits, pictures, history, scope)
    timings = {**found.timings, "augment": time.perf_counter() - start}
    yield from _answer(kb, prompt, timings)


def _prompt(
    kb: KnowledgeBase,
    question: str,
    hits: Sequence[Hit],
    pictures: Sequence[bytes],
    history: Sequence[Turn],
    scope: Scope,
) -> Prompt:
    settings = kb.settings
    count = counted(question, kb.index, scope)
    return augment(
        question,
        hits,
        open_picture=lambda record: kb.pictures.open(record).data,
        budget=Budget(pictures=min(settings.answer_pictures, kb.generator.pictures), side=settings.answer_side),
        pictures=pictures,
        history=history,
        counts=[count] if count else [],
        total=kb.index.count(scope),
    )


def _answer(kb: KnowledgeBase, prompt: Prompt, timings: dict[str, float]) -> Iterator[ChatEvent]:
    """The generator's events, its text through the citation filter, and what they add up to."""
    start = time.perf_counter()
    end = _End()
    pieces: list[str] = []
    numbers = {source.number for source in prompt.sources}
    events = kb.generator.stream(prompt)
    for piece in checked(end.texts(events), numbers):
        if not pieces:
            timings["first_word"] = time.perf_counter() - start
        yield from end.notices()
        pieces.append(piece)
        yield Delta(piece)
    yield from end.notices()
    timings["generate"] = time.perf_counter() - start
    answer = "".join(pieces)
    hits = [source.hit for source in prompt.sources]
    yield Done(answer, citations(answer, hits), end.usage, timings, end.stop)


class _End:
    """Takes a generator's events apart: text to the filter, the rest kept until it is asked for."""

    def __init__(self) -> None:
        self.usage, self.stop = Usage(), Stop()
        self._notices: list[Notice] = []

    def texts(self, events: Iterator[GeneratorEvent]) -> Iterator[str]:
        """The text of the deltas."""
        for event in events:
            match event:
                case Delta(text):
                    yield text
                case Notice():
                    self._notices.append(event)
                case Usage():
                    self.usage = event
                case Stop():
                    self.stop = event

    def notices(self) -> Iterator[Notice]:
        """The notices that came since the last time."""
        while self._notices:
            yield self._notices.pop(0)
