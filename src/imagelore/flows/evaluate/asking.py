"""Asks the questions of a set the way people ask them: through the chat flow, earlier turns first."""

from __future__ import annotations

import time
from collections.abc import Mapping
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

    hits: tuple[Hit, ...] = ()
    searched: str = ""
    answer: str | None = None
    citations: tuple[Citation, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)
    failure: GeneratorError | UsageError | None = None  # why there is no answer


def ask(kb: KnowledgeBase, question: Question, scope: Scope, *, answers: bool, top: int) -> Came:
    """One question. Without `answers` each turn ends once it has retrieved, and its time is all that is measured.

    Raises:
        KnowledgeBaseError, EmbedderError: nothing can be asked at all.
    """
    history: list[Turn] = []
    try:
        for earlier in question.turns:
            found, done, _ = _turn(kb, earlier, history, scope, answers, top)
            history.append(
                turn(earlier.question, done.answer if done else "", found, [Path(i) for i in earlier.images])
            )
        found, done, seconds = _turn(kb, question.asked, history, scope, answers, top)
    except (GeneratorError, UsageError) as failure:
        return Came(failure=failure)
    if done is None:
        return Came(found.hits, found.searched, timings={"retrieve": seconds})
    timings = {**done.timings, "all": seconds}
    return Came(found.hits, found.searched, done.answer, done.citations, timings)


def _turn(
    kb: KnowledgeBase, asked: Asked, history: list[Turn], scope: Scope, answers: bool, top: int
) -> tuple[Retrieved, Done | None, float]:
    pictures = [Path(image).read_bytes() for image in asked.images]
    start = time.perf_counter()
    stream = kb.chat(asked.question, pictures, history, top=top, scope=scope)
    found, done = cast(Retrieved, next(stream)), None
    if answers:
        *_, last = stream
        done = cast(Done, last)
    stream.close()
    return found, done, time.perf_counter() - start
