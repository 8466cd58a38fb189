"""Evaluation sets: questions whose answers are known, one JSON object a line."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imagelore.errors import UsageError

KINDS = ("text", "picture", "both", "turns", "filter", "nothing")

_TEXTS = ("id", "kind", "question", "where", "language", "part", "note")
_LISTS = ("images", "relevant", "facts", "bad")
_KNOWN = (*_TEXTS, *_LISTS, "turns")
_LONGEST = 80  # characters of a value that a message repeats


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a person puts it: words, and picture files."""

    question: str
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a set; `relevant` None: nobody has said yet which pictures are right, so retrieval is not judged."""

    id: str
    kind: str
    asked: Asked
    turns: tuple[Asked, ...] = ()  # earlier questions, asked first
    where: str = ""
    relevant: tuple[str, ...] | None = None  # paths below the source; () where nothing fits
    facts: tuple[str, ...] = ()  # what a right answer holds
    language: str = ""
    part: str = ""  # of the set: "dev" for tuning, "test" for the figures that are told
    note: str = ""
    bad: tuple[str, ...] = ()  # cited by an answer that somebody did not like: for whoever labels the question

    @property
    def answerable(self) -> bool | None:
        """Whether something fits it; None where nobody has said."""
        return None if self.relevant is None else bool(self.relevant)

    @property
    def digest(self) -> str:
        """Of what is asked and what is right: figures of two runs are compared only where this is the same."""
        told = {name: value for name, value in asdict(self).items() if name not in ("note", "bad", "language", "part")}
        told["relevant"] = None if self.relevant is None else sorted(self.relevant)
        told["asked"], told["turns"] = _named(self.asked), [_named(turn) for turn in self.turns]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """The questions of one file, and what to tell about it."""

    name: str
    questions: tuple[Question, ...]
    warnings: tuple[str, ...] = ()


def load(path: Path, part: str = "") -> EvaluationSet:
    """The set in a file, or one part of it.

    Raises:
        UsageError: it cannot be read, or a line of it is wrong: the message names the line and the reason.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise UsageError(f"the set `{path}` cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the set `{path}` is not UTF-8: byte {error.start} is no text") from error
    questions: dict[str, Question] = {}
    warnings: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _question(_object(line), path.parent, warnings, number)
            if question.id in questions:
                raise _Wrong(f"the id {question.id!r} is there twice")
        except _Wrong as wrong:
            raise UsageError(f"`{path}`, line {number}: {wrong}") from None
        questions[question.id] = question
    asked = tuple(question for question in questions.values() if part in ("", question.part))
    if not asked:
        raise UsageError(f"`{path}` holds no question" + (f" of the part {part!r}" if part else ""))
    return EvaluationSet(path.name, asked, tuple(warnings))


class _Wrong(Exception):
    """What is wrong with a line."""


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Wrong(f"it is no JSON: {str(error) or 'nested too deep'}") from error
    if not isinstance(value, dict):
        raise _Wrong('a question is an object: {"id": ..., "kind": ..., "question": ...}')
    return value


def _question(row: Mapping[str, Any], folder: Path, warnings: list[str], number: int) -> Question:
    warnings += [f"line {number}: the key {_short(key)} means nothing here" for key in sorted(row.keys() - set(_KNOWN))]
    texts = {name: _text(row, name) for name in _TEXTS}
    lists = {name: _strings(row, name) for name in _LISTS}
    for name in ("id", "kind"):
        if not texts[name]:
            raise _Wrong(f"`{name}` is missing")
    kind, relevant = texts["kind"], lists["relevant"] if row.get("relevant") is not None else None
    if kind not in KINDS:
        raise _Wrong(f"`kind` is {_short(kind)}; there are {', '.join(KINDS)}")
    if kind == "nothing" and relevant:
        raise _Wrong("where `kind` is nothing, `relevant` is empty")
    if kind != "nothing" and relevant == ():
        raise _Wrong("`relevant` is empty: name the right pictures, or leave it out while nobody knows them")
    return Question(
        texts["id"],
        kind,
        _asked(texts["question"], lists["images"], folder),
        tuple(_turns(row, folder)),
        texts["where"],
        () if kind == "nothing" else relevant,
        lists["facts"],
        texts["language"],
        texts["part"],
        texts["note"],
        lists["bad"],
    )


def _turns(row: Mapping[str, Any], folder: Path) -> Iterator[Asked]:
    turns = row.get("turns") or []
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise _Wrong('`turns` is a list of objects: {"question": ..., "images": [...]}')
    for turn in turns:
        if unknown := turn.keys() - {"question", "images"}:
            raise _Wrong(f"a turn has a question and images, not {_short(min(unknown))}")
        yield _asked(_text(turn, "question"), _strings(turn, "images"), folder)


def _asked(question: str, images: tuple[str, ...], folder: Path) -> Asked:
    if not question and not images:
        raise _Wrong("`question` is missing")
    for image in images:
        if not os.path.isfile(folder / image):  # `Path.is_file` raises for a name that is too long
            raise _Wrong(f"there is no picture `{folder / image}`")
    return Asked(question, tuple(str(folder / image) for image in images))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str | None):
        raise _Wrong(f"`{name}` is a text, not {_short(value)}")
    return _whole(value or "").strip()


def _strings(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(entry, str) and entry.strip() for entry in value):
        raise _Wrong(f"`{name}` is a list of texts, not {_short(value)}")
    return tuple(dict.fromkeys(_whole(entry).strip() for entry in value))


def _whole(text: str) -> str:
    """A text that can be written again: JSON can spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Wrong(f"a text holds half a character at {error.start}") from None
    return text


def _named(asked: Asked) -> list[Any]:
    return [asked.question, [Path(image).name for image in asked.images]]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
