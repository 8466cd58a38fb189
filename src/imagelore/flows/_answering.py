"""The end of a turn: a prompt through the generator and the citation filter to the reader."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from imagelore.augment import prompt_tokens, size, text_tokens
from imagelore.generate import ChatModel, Generator, checked, citations, doubts
from imagelore.settings import Settings
from imagelore.types import ChatEvent, Delta, Done, GeneratorEvent, Notice, Prompt, Sent, Stop, Usage

_MILLION = 1_000_000


def answered(
    generator: Generator, prompt: Prompt, timings: dict[str, float], settings: Settings, before: Sequence[Usage] = ()
) -> Iterator[ChatEvent]:
    """The generator's events, its text through the citation filter, and what they add up to.

    `before`: what the turn's other requests took. Its tokens and their cost are the turn's too; of pictures, only those
    of the answer's own request are told.
    """
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
    used = end.usage or Usage()
    sent = Sent()
    if isinstance(generator, ChatModel):
        sent = _sent(prompt, end.usage)
        estimated = Usage(used.prompt_tokens or sent.tokens, used.completion_tokens or text_tokens(answer))
        sent = replace(sent, cost=cost(_with(estimated, before), settings))
    marked = doubts(answer, prompt.sources) if settings.doubts else ()
    yield Done(answer, citations(answer, hits), _with(used, before), timings, end.stop, sent, marked)


def _sent(prompt: Prompt, usage: Usage | None) -> Sent:
    """What a chat model was sent: all pictures of the prompt, or as many as it says, the question's own first."""
    pictures = {source.number: source.picture for source in prompt.sources if source.picture is not None}
    went = len(prompt.pictures) + len(pictures) if usage is None else usage.pictures
    own = prompt.pictures[:went]
    numbers = tuple(pictures)[: went - len(own)]
    sizes = [size(picture) for picture in (*own, *(pictures[number] for number in numbers))]
    pixels = sum(width * height for width, height in sizes)
    return Sent(numbers, len(own), pixels, prompt_tokens(_only(prompt, own, numbers)))


def _only(prompt: Prompt, own: Sequence[bytes], numbers: Collection[int]) -> Prompt:
    """The prompt with these pictures only."""
    sources = (s if s.number in numbers else replace(s, picture=None) for s in prompt.sources)
    return replace(prompt, pictures=tuple(own), sources=tuple(sources))


def _with(usage: Usage, before: Sequence[Usage]) -> Usage:
    every = (usage, *before)
    asked, told = (sum(each.prompt_tokens for each in every), sum(each.completion_tokens for each in every))
    return replace(usage, prompt_tokens=asked, completion_tokens=told)


def cost(usage: Usage, settings: Settings) -> float | None:
    """What so many tokens cost; None: no prices are set."""
    if not (settings.price_input or settings.price_output):
        return None
    return (usage.prompt_tokens * settings.price_input + usage.completion_tokens * settings.price_output) / _MILLION


class _End:
    """Takes a generator's events apart: text to the filter, the rest kept until it is asked for."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.stop = Stop()
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
