"""What a conversation has shown so far, as far as a question may point at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imagelore.retrieve.question._leaning import leans
from imagelore.types import Attached, Filter, Hit, Turn

_LONGEST = 300  # characters of an earlier question that a later one is composed with
_TITLE = 80  # characters of a title inside a question


@dataclass(frozen=True, slots=True)
class Search:
    """An earlier search, as one that can be done again with a change."""

    text: str = ""
    like: tuple[str, ...] = ()
    recalled: tuple[Attached, ...] = ()
    filter: Filter | None = None
    without: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()  # ids of what it found


class Before:
    """The turns before a question, oldest first."""

    def __init__(self, history: Sequence[Turn]) -> None:
        self._any = bool(history)
        self._history = [turn for turn in history if not turn.intent.reply]  # "thanks!" leaves all as it was

    def __bool__(self) -> bool:
        return self._any

    @property
    def last(self) -> Turn | None:
        """The turn right before."""
        return self._history[-1] if self._history else None

    @property
    def listed(self) -> tuple[Hit, ...]:
        """The pictures that "the second one" counts: those of the last answer, numbered as they were shown.

        An answer about one of them leaves the list that it was picked from in place, and so does a question that was
        not understood and found nothing.
        """
        with_hits = [turn for turn in self._history if turn.hits and not _is_lost(turn)]
        lists = (turn.hits for turn in reversed(with_hits) if len(turn.intent.only) != 1)
        return next(lists, with_hits[-1].hits if with_hits else ())

    @property
    def lists(self) -> list[tuple[Hit, ...]]:
        """The pictures of every answer that fit, the latest first."""
        return [fitting(turn.hits) for turn in reversed(self._history) if turn.hits and not _is_lost(turn)]

    @property
    def targets(self) -> tuple[Hit, ...]:
        """What "they" are: the pictures that the last answer cites, else those that fit."""
        turn = self.last
        if turn is None or not turn.hits:
            return ()
        if turn.intent.only:
            return turn.hits
        cited = [turn.hits[number - 1] for number in turn.cited if 0 < number <= len(turn.hits)]
        return tuple(cited) or fitting(turn.hits)

    @property
    def search(self) -> Search:
        """The last search that was not about single pictures, nor only leaning on one that is not remembered."""
        for n, turn in reversed([*enumerate(self._history)]):
            intent = turn.intent
            of_filter = intent.filter is not None and not (intent.recalled or turn.pictures or intent.like)
            understood = intent.text or ("" if of_filter else turn.question)
            if turn.intent.only or (n and _is_lost(turn)) or (n and not turn.intent.text and leans(understood)):
                continue
            shown = tuple(hit.record.id for hit in fitting(turn.hits))
            recalled = (*intent.recalled, *turn.pictures)
            return Search(understood[:_LONGEST], intent.like, recalled, intent.filter, intent.without, shown)
        return Search()

    @property
    def pictures(self) -> list[tuple[Attached, ...]]:
        """The pictures that the user showed, by question, the latest first."""
        return [turn.pictures for turn in reversed(self._history) if turn.pictures]


def _is_lost(turn: Turn) -> bool:
    return turn.intent.how == "as written" and not any(hit.fits for hit in turn.hits)


def fitting(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits that fit their question; all where none does."""
    return tuple(hit for hit in hits if hit.fits) or tuple(hits)


def named(hits: Sequence[Hit], before: Before) -> str:
    """Pictures as they were shown last: [2] “Owl”."""
    numbers = {hit.record.id: n for n, hit in enumerate(before.listed, start=1)}
    *most, last = [f"[{numbers[h.record.id]}] {quoted(h)}" if h.record.id in numbers else quoted(h) for h in hits]
    return f"{', '.join(most)} and {last}" if most else last


def quoted(hit: Hit) -> str:
    """A hit's name as a question can hold it: “Owl”."""
    return f"“{titled(hit)}”"


def titled(hit: Hit) -> str:
    """A hit's name on one line, cut."""
    name = " ".join(hit.record.name.translate(_PLAIN).split())
    return name if len(name) <= _TITLE else name[:_TITLE].rstrip() + "…"


_PLAIN = str.maketrans(dict.fromkeys('“”"[]【】<>', " "))
