"""Asks the questions of a set the way people ask them: through the chat flow, earlier turns first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from imagelore.errors import GeneratorError, UsageError
from imagelore.flows.chat import turn
from imagelore.flows.evaluate.sets import Asked, Question
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.types import Citation, Done, Hit, Retrieved, Scope, Turn


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a question, as the chat flow told it."""

    found: Retrieved | None = None  # None: it did not come that far
    answer: str | None = None
    citations: tuple[Citation, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    failure: GeneratorError | UsageError | None = None  # why there is no answer

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Best first; none where nothing was retrieved."""
        return self.found.hits if self.found else ()


def ask(kb: KnowledgeBase, question: Question, scope: Scope, *, answers: bool, top: int) -> Came:
    """One question. Without `answers` each turn ends once it has retrieved, and its time is all that is measured.

    Raises:
        KnowledgeBaseError, EmbedderError: nothing can be asked at all.
    """
    history: list[Turn] = []
    for earlier in question.turns:
        came = _turn(kb, earlier, history, scope, answers, top)
        if came.found is None or came.failure:
            return Came(failure=came.failure)
        history.append(turn(earlier.question, came.answer or "", came.found, [Path(i) for i in earlier.images]))
    return _turn(kb, question.asked, history, scope, answers, top)


def _turn(kb: KnowledgeBase, asked: Asked, history: list[Turn], scope: Scope, answers: bool, top: int) -> Came:
    found, start = None, time.perf_counter()
    try:
        with closing(kb.chat(asked.question, _pictures(asked), history, top=top, scope=scope)) as stream:
            found = cast(Retrieved, next(stream))
            if not answers:
                return Came(found, timings={"retrieve": time.perf_counter() - start})
            *_, last = stream
    except (GeneratorError, UsageError) as failure:
        return Came(found, failure=failure)
    done = cast(Done, last)
    return Came(found, done.answer, done.citations, {**done.timings, "all": time.perf_counter() - start})


def _pictures(asked: Asked) -> list[bytes]:
    try:
        return [Path(image).read_bytes() for image in asked.images]
    except OSError as error:
        raise UsageError(f"the picture `{error.filename}` cannot be read: {error.strerror or error}") from error
