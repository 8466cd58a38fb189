"""A set out of what people thought of answers.

What a thumb tells, and what it does not: a thumb up says that the answer was right, so the pictures that it cited are
taken as the relevant ones (others may be relevant too: nobody looked), and an answer that said that nothing fits
becomes a question of the kind `nothing`. A thumb down says only that the answer was wrong or of no use, not which of
its hits were wrong and not what would have been right. So such a question is kept without `relevant`, with the cited
paths as `bad` and the comment as `note`, for a person to label; until then its retrieval is not judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from imagelore.flows.feedback import kept
from imagelore.settings import Settings


def rows(settings: Settings) -> Iterator[dict[str, Any]]:
    """The lines of a set, one for each turn that got a thumb; pictures are named by their absolute paths.

    Raises:
        KnowledgeBaseError: there is no feedback, or it cannot be read.
    """
    for told in kept(settings):
        if not told["question"].strip() and not told["pictures"]:
            continue  # its picture could not be kept, and there is nothing else to ask
        name = f"thumb-{hashlib.sha256(told['key'].encode()).hexdigest()[:10]}"
        row = {"id": name, "kind": "", "question": told["question"], "images": told["pictures"]}
        row |= {"where": told["where"], "turns": [_turn(turn) for turn in told["turns"] if any(turn.values())]}
        nothing = told["verdict"] == "up" and not told["cited"] and not told.get("fits", True)
        row["kind"] = "nothing" if nothing else _kind(told)
        if told["cited"]:
            row["relevant" if told["verdict"] == "up" else "bad"] = list(dict.fromkeys(told["cited"]))
        row["note"] = told["comment"]
        yield {name: value for name, value in row.items() if value}


def _kind(told: dict[str, Any]) -> str:
    if told["turns"]:
        return "turns"
    if told["where"]:
        return "filter"
    if told["pictures"]:
        return "both" if told["question"] else "picture"
    return "text"


def _turn(turn: dict[str, Any]) -> dict[str, Any]:
    return {"question": turn["question"], "images": turn["pictures"]}
