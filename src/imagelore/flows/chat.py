"""One turn of a conversation: retrieve, augment, generate."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imagelore.augment import Budget, augment
from imagelore.augment.counting import counted
from imagelore.flows.pictures import jpeg
from imagelore.generate import checked, citations, uncited
from imagelore.types import (
    ChatEvent,
    Delta,
    Done,
    GeneratorEvent,
    Hit,
    Notice,
    Prompt,
    Record,
    Retrieved,
    Scope,
    Stop,
    Turn,
    Usage,
)
from imagelore.words import follows, subject

if TYPE_CHECKING:
    from imagelore.flows.knowledge import KnowledgeBase

ChatStream = Generator[ChatEvent, None, None]
"""`Retrieved`, then `Delta` and `Notice`, then `Done`; closing it ends the request behind it."""

_LEANS_ON = 300  # characters of an earlier question that a later one is searched with


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
    found = kb.search(in_context(question, () if pictures else history), pictures, top=top, scope=scope)
    yield Retrieved(found.hits, found.searched)
    start = time.perf_counter()
    sent = tuple(jpeg(data, kb.settings.answer_side, kb.settings) for data in pictures)
    prompt = _prompt(kb, Prompt(question, pictures=sent, history=tuple(history)), found.hits, scope)
    timings = {**found.timings, "augment": time.perf_counter() - start}
    yield from _answer(kb, prompt, timings)


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


def _prompt(kb: KnowledgeBase, asked: Prompt, hits: Sequence[Hit], scope: Scope) -> Prompt:
    """The prompt for the generator: what was asked, exact counts, and the sources with their pictures."""

    def shrunk(record: Record) -> bytes:
        return jpeg(kb.pictures.open(record).data, kb.settings.answer_side, kb.settings)

    count = counted(asked.question, kb.index, scope)
    asked = replace(asked, counts=(count,) if count else (), total=kb.index.count(scope))
    return augment(asked, hits, shrunk, Budget(pictures=min(kb.settings.answer_pictures, kb.generator.pictures)))


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
