"""Plays scripted dialogues on the sample knowledge base and says where they do not go as they should."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagelore import KnowledgeBase
from imagelore.flows.chat import turn
from imagelore.types import Done, Filter, Retrieved, Scope, Turn
from imagelore.where import parsed

EVAL = Path(__file__).parents[2] / "eval"


@dataclass(frozen=True)
class Dialogue:
    """Questions in their order, each with what has to come of it."""

    id: str
    turns: Sequence[dict[str, Any]]
    place: Path = field(default=EVAL)


def dialogues(name: str) -> list[Dialogue]:
    """The dialogues of a file in `eval/`."""
    lines = (EVAL / name).read_text(encoding="utf-8").splitlines()
    return [Dialogue(row["id"], row["turns"]) for row in map(json.loads, filter(str.strip, lines))]


def play(kb: KnowledgeBase, dialogue: Dialogue) -> Iterator[tuple[dict[str, Any], Retrieved, str]]:
    """Each turn with what was found and answered."""
    history: list[Turn] = []
    for scripted in dialogue.turns:
        asked = _resolved(scripted, history[-1] if history else None)
        files = [dialogue.place / name for name in asked.get("images", ())]
        events = list(kb.chat(asked["question"], [file.read_bytes() for file in files], history))
        found, done = events[0], events[-1]
        assert isinstance(found, Retrieved)
        assert isinstance(done, Done)
        yield asked, found, done.answer
        history.append(turn(asked["question"], done.answer, found, files))


def _resolved(asked: dict[str, Any], before: Turn | None) -> dict[str, Any]:
    """A number among the expected paths is the picture that the turn before showed under it, whichever that was."""
    expected = {
        name: [before.hits[path - 1].record.path if before and isinstance(path, int) else path for path in value]
        if isinstance(value, list)
        else value
        for name, value in asked.get("expect", {}).items()
    }
    return {**asked, "expect": expected}


def wrong(kb: KnowledgeBase, asked: dict[str, Any], found: Retrieved) -> list[str]:
    """What is not as the dialogue expects it."""
    expected, intent = asked.get("expect", {}), found.intent
    hits = [hit.record.path for hit in found.hits]

    def paths(ids: Sequence[str]) -> list[str]:
        return sorted(record.path for record in kb.index.get(ids))

    def selected(filter: Filter) -> set[str]:
        return {record.id for record in kb.index.browse(Scope(filter), limit=1_000)}

    said = []
    for name, ids in (("about", intent.only), ("like", intent.like)):
        if name in expected and paths(ids) != sorted(expected[name]):
            said.append(f"{name}: {paths(ids)}, not {expected[name]}")
    if "first" in expected and hits[:1] != [expected["first"]]:
        said.append(f"first: {hits[:1]}, not {expected['first']}")
    if "any" in expected and not {*expected["any"]} & {*hits}:
        said.append(f"any: {hits} holds none of {expected['any']}")
    if bad := {*expected.get("none_of", ())} & {*hits}:
        said.append(f"none_of: {sorted(bad)}")
    if "filter" in expected:
        wanted = parsed(expected["filter"], kb.index.fields())
        if intent.filter is None or selected(intent.filter) != selected(wanted):
            said.append(f"filter: {intent.filter}, not {expected['filter']}")
    if "how" in expected and intent.how != expected["how"]:
        said.append(f"how: {intent.how!r}, not {expected['how']!r}")
    return said
