"""The conversation as values: a turn grows with the events of a chat, and every stage of it can be drawn."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from imagelore.errors import ImageloreError, UnreadableError
from imagelore.flows.chat import turn as remembered
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.types import ChatEvent, Citation, Delta, Done, Hit, Notice, Retrieved, Stop, Usage
from imagelore.ui.picture import small

FAULT = "something went wrong here; the server's log says what: try again"
_REDRAW = 0.05  # seconds between two drawings of a growing answer
_MAX_PICTURES = 4


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it was asked: words, uploaded files, and a record whose picture goes with it."""

    text: str
    files: tuple[Path, ...] = ()
    like: str = ""


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A question and as much of its answer as there is. `key` binds the citations in the text to this turn's hits."""

    key: str
    ask: Ask
    pictures: tuple[str, ...] = ()  # the question's own, small, as data URLs
    hits: tuple[Hit, ...] | None = None  # None: still searching
    searched: str = ""
    answer: str = ""
    citations: tuple[Citation, ...] = ()
    notices: tuple[str, ...] = ()
    usage: Usage = Usage()
    timings: tuple[tuple[str, float], ...] = ()
    stop: Stop | None = None  # None: still growing
    error: str = ""
    stopped: bool = False  # by the reader

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.stop is not None or bool(self.error) or self.stopped


Turns = tuple[ChatTurn, ...]


def respond(opened: Callable[[], KnowledgeBase], turns: Turns, ask: Ask) -> Iterator[Turns]:
    """The conversation with one more turn, again and again as its answer grows.

    An error that has an explanation (of `opened` too) becomes the turn's own text; what the turn held until then stays.
    Closing the iterator closes the request behind it.
    """
    turn, drawn = ChatTurn(secrets.token_hex(4), ask), 0.0
    yield (*turns, turn)
    try:
        kb = opened()
        pictures = _pictures(kb, ask)
        turn = replace(turn, pictures=_drawn(pictures, kb.settings))  # refuses what is no picture: nothing read it yet
        yield (*turns, turn)
        history = [remembered(past.ask.text, past.answer, past.hits or ()) for past in turns if past.answer]
        with closing(kb.chat(ask.text, pictures, history)) as events:
            for event in events:
                turn = _after(turn, event)
                if not isinstance(event, Delta) or time.monotonic() - drawn > _REDRAW:
                    drawn = time.monotonic()
                    yield (*turns, turn)
    except ImageloreError as error:
        yield (*turns, replace(turn, error=str(error)))


def fail(turns: Turns) -> Turns:
    """The conversation after a fault of ours in its last answer: what came stays."""
    return (*turns[:-1], replace(turns[-1], error=FAULT))


def stop(turns: Turns) -> Turns:
    """The conversation after the reader stopped its last answer: what came stays."""
    return turns if not turns or turns[-1].over else (*turns[:-1], replace(turns[-1], stopped=True))


def _after(turn: ChatTurn, event: ChatEvent) -> ChatTurn:
    match event:
        case Retrieved(hits, searched, notices):
            return replace(turn, hits=hits, searched=searched, notices=turn.notices + notices)
        case Delta(text):
            return replace(turn, answer=turn.answer + text)
        case Notice(text):
            return replace(turn, notices=(*turn.notices, text))
        case Done(answer, citations, usage, timings, why):
            return replace(
                turn, answer=answer, citations=citations, usage=usage, timings=tuple(timings.items()), stop=why
            )


def _pictures(kb: KnowledgeBase, ask: Ask) -> tuple[bytes, ...]:
    if len(ask.files) > _MAX_PICTURES:
        raise UnreadableError(f"{len(ask.files)} pictures were sent with the question; {_MAX_PICTURES} are the limit")
    pictures = [kb.picture(ask.like).data] if ask.like else []
    for file in ask.files:
        try:
            pictures.append(file.read_bytes())
        except OSError as error:
            raise UnreadableError("the picture you sent is no longer there: attach it again") from error
    return tuple(pictures)


def _drawn(pictures: Sequence[bytes], settings: Settings) -> tuple[str, ...]:
    try:
        return tuple(small(data, settings) for data in pictures)
    except UnreadableError as error:
        raise UnreadableError(f"your picture cannot be read: {error}") from error


def numbered(turn: ChatTurn) -> Sequence[tuple[int, Hit]]:
    """The turn's hits under the numbers that its answer cites them by."""
    return list(enumerate(turn.hits or (), start=1))
