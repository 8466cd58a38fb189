"""The end of a turn: a prompt through the generator and the citation filter to the reader."""

from __future__ import annotations

import time
from collections.abc import Iterator

from imagelore.generate import Generator, checked, citations
from imagelore.types import ChatEvent, Delta, Done, GeneratorEvent, Notice, Prompt, Stop, Usage


def answered(generator: Generator, prompt: Prompt, timings: dict[str, float]) -> Iterator[ChatEvent]:
    """The generator's events, its text through the citation filter, and what they add up to."""
    start = time.perf_counter()
    end = _End()
    pieces: list[str] = []
    numbers = {source.number for source in prompt.sources}
    events = generator.stream(prompt)
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
