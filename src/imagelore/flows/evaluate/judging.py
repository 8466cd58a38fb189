"""Answers judged by a vision model that sees the pictures, the question's and the cited ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from imagelore.errors import GeneratorError, ImageloreError, UsageError
from imagelore.flows.evaluate.asking import Came
from imagelore.flows.evaluate.results import Judgement
from imagelore.flows.evaluate.sets import Question
from imagelore.flows.knowledge import KnowledgeBase, generator_name, load_generator
from imagelore.flows.pictures import jpeg
from imagelore.generate import ChatModel, Generator
from imagelore.settings import Settings
from imagelore.types import Record, Task

_CITED = 4  # pictures of an answer's sources that the judge sees
_OWN = 2  # of the question's own
_TEXT = 1_500  # characters of a text that it reads
_SECONDS = 60.0
_REASON = 300  # characters
_IN_A_ROW = 3
_ASKED = ("correct", "grounded", "abstained")


@dataclass(frozen=True, slots=True)
class Judge:
    """A chat model as the judge of answers."""

    model: ChatModel
    label: str

    def judged(self, kb: KnowledgeBase, question: Question, came: Came) -> Judgement:
        """What it thinks of an answer.

        Raises:
            GeneratorError: it says nothing, or nothing that can be read as a verdict.
        """
        reply = self.model.complete(Task(_instructions(), tuple(_parts(kb, question, came)), 300, _SECONDS))
        verdict = verdict_in(reply.text)
        if verdict is None:
            raise GeneratorError(f"the judge's reply is no verdict: {_line(reply.text)[:80]!r}")
        return verdict


class Verdicts:
    """A judge's verdicts on one run; after three failures in a row it is not asked again."""

    def __init__(self, judge: Judge | None) -> None:
        self.notes: list[str] = []  # what went wrong
        self._judge = judge
        self._failures = 0

    def on(self, kb: KnowledgeBase, question: Question, came: Came) -> Judgement | None:
        """The verdict on an answer; None where there is no answer, no judge, or nothing to be had from it."""
        if self._judge is None or came.answer is None:
            return None
        try:
            verdict = self._judge.judged(kb, question, came)
        except GeneratorError as error:
            self._failures += 1
            self.notes.append(f"question {question.id!r} was not judged: {error}")
            if self._failures == _IN_A_ROW:
                self.notes.append("the judge failed three times in a row and was not asked again")
                self._judge = None
            return None
        self._failures = 0
        return verdict


def judge(settings: Settings) -> Judge:
    """The judge that the settings call for: the model that answers, or `judge_model` on the same service; where
    `extractive` answers, that of the service whose address or key is set.

    Raises:
        UsageError: no chat model is set, or it sees no pictures.
    """
    if settings.generator == "extractive":
        settings = replace(settings, generator="")
    if settings.judge_model:
        settings = replace(settings, openai_model=settings.judge_model, azure_openai_deployment=settings.judge_model)
    model: Generator = load_generator(settings)
    if not isinstance(model, ChatModel) or not model.pictures:
        raise UsageError(
            f"`--judge` needs a chat model that sees pictures, and {generator_name(settings)!r} is none: set "
            "`OPENAI_BASE_URL` or `OPENAI_API_KEY`, or `AZURE_OPENAI_ENDPOINT`"
        )
    return Judge(model, model.label)


def verdict_in(reply: str) -> Judgement | None:
    """The verdict in a model's reply: the one JSON object in it with the three answers as true or false, else None.

    Text around it is passed over (models like to explain, or to fence it); of two different verdicts neither counts.
    """
    decoder, found, at = json.JSONDecoder(), [], reply.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(reply, at)
        except (ValueError, RecursionError):
            value, end = None, at + 1
        if isinstance(value, dict) and all(isinstance(value.get(name), bool) for name in _ASKED):
            found.append(value)
        at = reply.find("{", end)
    if len({tuple(value[name] for name in _ASKED) for value in found}) != 1:
        return None
    verdict, reason = found[0], found[0].get("reason")
    said = _line(reason)[:_REASON] if isinstance(reason, str) else ""
    return Judgement(verdict["correct"], verdict["grounded"], verdict["abstained"], said)


@cache
def _instructions() -> str:
    return resources.files("imagelore.flows.evaluate").joinpath("judge.md").read_text(encoding="utf-8").strip()


def _parts(kb: KnowledgeBase, question: Question, came: Came) -> Iterator[str | bytes]:
    """What the judge is shown; each text is one line, so that none can pass for the next."""
    for turn in question.turns:
        yield f"Asked before: {_line(turn.question)}"
    yield f"Question: {_line(question.asked.question) or '(the picture alone)'}"
    for image in question.asked.images[:_OWN]:
        yield "Picture that was asked with:"
        yield jpeg(Path(image).read_bytes(), kb.settings.answer_side, kb.settings)
    if question.where:
        yield f"Only records that meet: {_line(question.where)}"
    if question.answerable is False:
        yield "Known: nothing in the collection fits."
    if question.facts:
        yield f"Known: a right answer says {_line('; '.join(question.facts))}"
    yield f"Answer: {_line(came.answer or '') or '(empty)'}"
    for citation in came.citations[:_CITED]:
        record = citation.hit.record
        yield f"Record of source {citation.number}: {_line(_told(record))}"
        if picture := _picture(kb, record):
            yield f"Picture of source {citation.number}:"
            yield picture


def _picture(kb: KnowledgeBase, record: Record) -> bytes:
    try:
        return jpeg(kb.pictures.open(record).data, kb.settings.answer_side, kb.settings)
    except ImageloreError:
        return record.thumbnail


def _told(record: Record) -> str:
    fields = [f"{name}: {value}" for name, value in record.fields.items()]
    guess = f"a model's guess: {record.described.text}" if record.described.text else ""
    return "; ".join(filter(None, [record.name, record.text, ", ".join(record.tags), *fields, record.read, guess]))


def _line(text: str) -> str:
    return " ".join(text.split())[:_TEXT]
