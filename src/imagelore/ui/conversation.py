"""The conversation as values: a turn grows with the events of a chat, and every stage of it can be drawn."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from imagelore.errors import ImageloreError, UnreadableError
from imagelore.flows.chat import REMEMBERED
from imagelore.flows.chat import turn as as_remembered
from imagelore.flows.feedback import Judged, Verdict, keep
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.types import (
    NOTHING,
    ChatEvent,
    Citation,
    Delta,
    Done,
    Hit,
    Intent,
    Notice,
    Retrieved,
    Scope,
    Turn,
)
from imagelore.ui.conditions import conditions, spoken
from imagelore.ui.picture import small, thumbnail

FAULT = "something went wrong here; the server's log says what: try again"
_REDRAW = 0.05  # seconds between two drawings of a growing answer
_MAX_PICTURES = 4
_KEPT = 200  # turns of a conversation that stay on the page; those that nothing remembers any more as text alone


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it was asked: words, uploaded files, and a record whose picture goes with it."""

    text: str
    files: tuple[Path, ...] = ()
    like: str = ""
    where: str = ""  # the reader's own limits, as an expression
    intent: Intent | None = None  # how it is to be understood, where the reader has settled that


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """A question and as much of its answer as there is. `key` binds the citations in the text to this turn's hits."""

    key: str
    ask: Ask
    pictures: tuple[str, ...] = ()  # the question's own, small, as data URLs
    limits: tuple[str, ...] = ()  # those of `ask.where`, for people
    found: Retrieved | None = None  # None: still searching
    answer: str = ""
    notices: tuple[str, ...] = ()
    done: Done | None = None  # None: still growing, unless it ended otherwise
    error: str = ""
    stopped: bool = False  # by the reader
    verdict: Verdict = "none"
    unkept: str = ""  # why the verdict could not be kept

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.done is not None or bool(self.error) or self.stopped

    @property
    def hits(self) -> tuple[Hit, ...]:
        """What was found so far."""
        return self.found.hits if self.found else ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What the finished answer cites."""
        return self.done.citations if self.done else ()


Turns = tuple[ChatTurn, ...]


def respond(opened: Callable[[], KnowledgeBase], turns: Turns, ask: Ask) -> Iterator[Turns]:
    """The conversation with one more turn, again and again as its answer grows.

    An error that has an explanation (of `opened` too) becomes the turn's own text; what the turn held until then stays.
    Closing the iterator closes the request behind it.
    """
    turn, drawn = ChatTurn(secrets.token_hex(8), ask), 0.0
    turns = bounded(turns)
    yield (*turns, turn)
    try:
        kb = opened()
        pictures, like = _pictures(ask), (ask.like,) if ask.like else ()
        drawn_small = _drawn(pictures, kb.settings)  # refuses what is no picture: nothing read it yet
        turn = replace(turn, pictures=(*map(thumbnail, like), *drawn_small))
        yield (*turns, turn)
        scope = Scope(kb.where(ask.where))
        turn = replace(turn, limits=tuple(map(spoken, conditions(scope.filter))))
        with closing(kb.chat(ask.text, (*like, *pictures), history(turns), scope=scope, intent=ask.intent)) as events:
            for event in events:
                turn = _after(turn, event)
                if not isinstance(event, Delta) or time.monotonic() - drawn > _REDRAW:
                    drawn = time.monotonic()
                    yield (*turns, turn)
    except ImageloreError as error:
        yield (*turns, replace(turn, error=str(error)))


def history(turns: Turns) -> tuple[Turn, ...]:
    """The finished turns as the next one remembers them."""
    return tuple(past for turn in turns[-REMEMBERED:] if (past := remembered(turn)))


def remembered(turn: ChatTurn) -> Turn | None:
    """A turn as a later one remembers it; None where nothing came of it."""
    if not turn.answer or turn.found is None:
        return None
    return as_remembered(turn.ask.text, turn.answer, turn.found, turn.ask.files)


def bounded(turns: Turns) -> Turns:
    """A conversation that does not grow for ever: the last turns whole, those before as text, the first ones gone."""
    old = turns[-_KEPT + 1 : -REMEMBERED]
    return (*(_as_text(turn) for turn in old), *(_light(turn) for turn in turns[-REMEMBERED:]))


def _as_text(turn: ChatTurn) -> ChatTurn:
    past = remembered(turn)
    if past is None:
        return turn
    ended = Done(past.answer, ())
    return ChatTurn(turn.key, Ask(turn.ask.text), answer=past.answer, done=ended, verdict=turn.verdict)


def _light(turn: ChatTurn) -> ChatTurn:
    """A turn without the bytes and vectors of its records: the page asks for pictures by their addresses."""
    if turn.found is None or not any(hit.record.thumbnail for hit in turn.found.hits):
        return turn
    hits = tuple(
        replace(hit, record=replace(hit.record, thumbnail=b"", images=NOTHING, texts=NOTHING)) for hit in turn.hits
    )
    done = turn.done
    if done:
        done = replace(done, citations=tuple(replace(c, hit=hits[c.number - 1]) for c in done.citations))
    return replace(turn, found=replace(turn.found, hits=hits), done=done)


def fail(turns: Turns) -> Turns:
    """The conversation after a fault of ours in its last answer: what came stays."""
    return (*turns[:-1], replace(turns[-1], error=FAULT))


def stop(turns: Turns) -> Turns:
    """The conversation after the reader stopped its last answer: what came stays."""
    return turns if not turns or turns[-1].over else (*turns[:-1], replace(turns[-1], stopped=True))


def judged(settings: Settings, turns: Turns, key: str, verdict: Verdict) -> Turns:
    """The conversation with a verdict on one of its own turns, kept for `imagelore eval --from-feedback`.

    A key of no finished turn of this conversation changes nothing.
    """
    for n, turn in enumerate(turns):
        past = remembered(turn)
        if turn.key != key or past is None or not turn.over:
            continue
        try:
            keep(settings, Judged(key, verdict, past, history(turns[:n]), turn.ask.where))
            given = replace(turn, verdict=verdict, unkept="")
        except ImageloreError as error:
            given = replace(turn, unkept=str(error))
        return (*turns[:n], given, *turns[n + 1 :])
    return turns


def _after(turn: ChatTurn, event: ChatEvent) -> ChatTurn:
    match event:
        case Retrieved(notices=notices):
            return replace(turn, found=event, notices=turn.notices + notices)
        case Delta(text):
            return replace(turn, answer=turn.answer + text)
        case Notice(text):
            return replace(turn, notices=(*turn.notices, text))
        case Done(answer):
            return replace(turn, answer=answer, done=event)


def _pictures(ask: Ask) -> tuple[bytes, ...]:
    if len(ask.files) > _MAX_PICTURES:
        raise UnreadableError(f"{len(ask.files)} pictures were sent with the question; {_MAX_PICTURES} are the limit")
    try:
        return tuple(file.read_bytes() for file in ask.files)
    except OSError as error:
        raise UnreadableError("the picture you sent is no longer there: attach it again") from error


def _drawn(pictures: Sequence[bytes], settings: Settings) -> tuple[str, ...]:
    try:
        return tuple(small(data, settings) for data in pictures)
    except UnreadableError as error:
        raise UnreadableError(f"your picture cannot be read: {error}") from error


def numbered(turn: ChatTurn) -> Sequence[tuple[int, Hit]]:
    """The turn's hits under the numbers that its answer cites them by."""
    return list(enumerate(turn.hits, start=1))
