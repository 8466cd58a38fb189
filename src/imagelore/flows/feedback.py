"""Thumbs: what people thought of an answer, kept beside the knowledge base in `feedback.jsonl`, one JSON object a line.

Lines are only ever appended, each by one write, so threads and processes need no lock; a thumb that is changed later is
one more line, and the last one of a turn counts. Pictures that were asked with are kept as reduced JPEGs without their
metadata in `feedback/`, because a question cannot be asked again without them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from imagelore.errors import KnowledgeBaseError, UnreadableError
from imagelore.flows._located import located
from imagelore.flows.pictures import jpeg
from imagelore.settings import Settings
from imagelore.types import Attached, Turn

Verdict = Literal["up", "down", "none"]

_FILE = "feedback.jsonl"
_PICTURES = "feedback"
_SIDE = 1024  # pixels: more than any embedder looks at
_MOST = {"answer": 16_000, "comment": 2_000, "question": 4_000, "searched": 4_000}  # characters
_MOST_HITS = 50
_MOST_TURNS = 10  # earlier questions, the latest
_MOST_PICTURES = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """A turn of a conversation, and what its reader thought of it."""

    key: str  # names the turn among all turns (a uuid): a later verdict on the same key replaces this one
    verdict: Verdict  # none: taken back
    turn: Turn
    history: tuple[Turn, ...] = ()  # the turns before it, oldest first
    where: str = ""  # the filter that was set, as it is written for `--where`
    comment: str = ""


def keep(settings: Settings, judged: Judged) -> None:
    """Appends a verdict to the knowledge base's `feedback.jsonl`.

    Safe from several threads and processes. Long texts are cut; a picture that cannot be read any more is left out.

    Raises:
        KnowledgeBaseError: it cannot be written there.
    """
    place = folder(settings)
    try:
        place.mkdir(parents=True, exist_ok=True)
        line = json.dumps(_row(settings, place, judged), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        handle = os.open(place / _FILE, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            if os.write(handle, line) < len(line):
                raise OSError("the disk is full")
        finally:
            os.close(handle)
    except OSError as error:
        raise KnowledgeBaseError(f"the verdict cannot be kept in `{place}`: {error.strerror or error}") from error


def kept(settings: Settings) -> list[dict[str, Any]]:
    """The last verdict on each turn, oldest turn first, without those taken back; broken lines are passed over.

    Each is an object as `keep` wrote it: key, when, verdict, question, answer, comment, searched, pictures (as absolute
    paths), where, turns (question, pictures), hits (id, path, uri), cited (paths), fits.

    Raises:
        KnowledgeBaseError: there is no feedback, or it cannot be read.
    """
    place = folder(settings).absolute()
    try:
        lines = (place / _FILE).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        raise KnowledgeBaseError(
            f"nobody has given a thumb yet, in the chat of `imagelore serve`: there is no `{place / _FILE}`"
        ) from None
    except OSError as error:
        raise KnowledgeBaseError(f"`{place / _FILE}` cannot be read: {error.strerror or error}") from error
    last: dict[str, dict[str, Any]] = {}
    for line in lines:
        if row := _parsed(line):
            last[row["key"]] = row | {"pictures": [str(place / name) for name in row["pictures"]]}
            for turn in last[row["key"]]["turns"]:
                turn["pictures"] = [str(place / name) for name in turn["pictures"]]
    return [row for row in last.values() if row["verdict"] != "none"]


def folder(settings: Settings) -> Path:
    """Where thumbs are kept: the setting `data`; else the knowledge base's own folder; else, for one on a service, a
    folder of its own in the user's data folder (`$XDG_DATA_HOME/imagelore`, or `~/.local/share/imagelore`).
    """
    if settings.data:
        return Path(settings.data).expanduser()
    if "://" not in settings.kb:
        return Path(settings.kb)
    base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "imagelore" / hashlib.sha256(settings.kb.encode()).hexdigest()[:16]


def _row(settings: Settings, place: Path, judged: Judged) -> dict[str, Any]:
    turn = judged.turn
    texts = {"question": turn.question, "answer": turn.answer, "comment": judged.comment, "searched": turn.intent.text}
    return {
        "key": judged.key,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "verdict": judged.verdict,
        **{name: text[: _MOST[name]] for name, text in texts.items()},
        "pictures": _stored(settings, place, turn.pictures),
        "where": judged.where,
        "turns": [
            {"question": t.question[: _MOST["question"]], "pictures": _stored(settings, place, t.pictures)}
            for t in judged.history[-_MOST_TURNS:]
        ],
        "hits": [{"id": h.record.id, "path": h.record.path, "uri": h.uri} for h in turn.hits[:_MOST_HITS]],
        "cited": [located(turn.hits[number - 1].record) for number in turn.cited if 0 < number <= len(turn.hits)],
        "fits": any(hit.fits for hit in turn.hits),
    }


def _stored(settings: Settings, place: Path, pictures: Sequence[Attached]) -> list[str]:
    """The pictures' names below `place`, each by its content: one that is asked with twice is kept once."""
    names = []
    for picture in pictures[:_MOST_PICTURES]:
        try:
            data = jpeg(picture.file.read_bytes(), _SIDE, settings)
        except (OSError, UnreadableError):
            continue
        name = f"{_PICTURES}/{hashlib.sha256(data).hexdigest()[:32]}.jpg"
        if not (place / name).exists():
            (place / _PICTURES).mkdir(exist_ok=True)
            part = place / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
            part.write_bytes(data)
            part.replace(place / name)
        names.append(name)
    return names


def _parsed(line: str) -> dict[str, Any] | None:
    """A line as `keep` wrote it, else None: a full disk may have cut one short, a person may have edited one."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    shape = {
        **dict.fromkeys(("key", "when", "verdict", "question", "answer", "comment", "searched", "where"), str),
        **dict.fromkeys(("pictures", "turns", "hits", "cited"), list),
    }
    if not isinstance(row, dict) or not all(isinstance(row.get(name), kind) for name, kind in shape.items()):
        return None
    sound = all(_is_turn(turn) for turn in row["turns"]) and _are_texts(row["pictures"]) and _are_texts(row["cited"])
    return row if sound else None


def _is_turn(turn: Any) -> bool:
    return isinstance(turn, dict) and isinstance(turn.get("question"), str) and _are_texts(turn.get("pictures"))


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
