"""A prompt as chat messages, for every generator that talks to a chat model.

The sources stand in a block whose markers hold a random number, and each line of a record is flattened to one
line without square brackets: a record's text can neither close the block nor pass for another source.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection, Iterator
from functools import cache
from importlib import resources
from typing import Any

from imagelore import words
from imagelore.passages import excerpt
from imagelore.types import Count, Intent, Prompt, PromptSource, Record, Turn

_VALUE_LIMIT = 300  # characters of one field, of the tags, of a title
_FIELDS = 30
_SEEN = 5  # class names
_CUT = " … (cut)"

Message = dict[str, Any]
"""One message of the chat completions protocol: its role and its content, a text or a list of parts."""


def messages(prompt: Prompt, *, pictures: bool = True, text_limit: int | None = None) -> list[Message]:
    """The system's rules, the earlier turns, then the sources with the question.

    Args:
        prompt: what to answer, and from what.
        pictures: send pictures as data URLs; without, the last message is plain text.
        text_limit: characters of each record's text; None: the prompt's own limit.
    """
    listed: list[Message] = [{"role": "system", "content": system_text()}]
    for turn in prompt.history:
        listed += [said("user", turn.question + _shown(turn)), said("assistant", turn.answer)]
    parts = list(_parts(prompt, pictures, prompt.text_limit if text_limit is None else text_limit))
    if all(part["type"] == "text" for part in parts):
        return [*listed, {"role": "user", "content": "\n\n".join(part["text"] for part in parts)}]
    return [*listed, {"role": "user", "content": parts}]


def pictures_in(prompt: Prompt) -> int:
    """How many pictures a prompt carries: those of its sources and the question's own."""
    return len(prompt.pictures) + sum(source.picture is not None for source in prompt.sources)


@cache
def system_text() -> str:
    """The rules that every answer follows, from `prompts/answer.md`."""
    return resources.files("imagelore.generate").joinpath("prompts/answer.md").read_text(encoding="utf-8").strip()


def _parts(prompt: Prompt, pictures: bool, text_limit: int) -> Iterator[Message]:
    yield text_part(_block(prompt, pictures, text_limit))
    if pictures:
        for source in prompt.sources:
            if source.picture is not None:
                yield text_part(f"Picture of source [{source.number}]:")
                yield picture_part(source.picture)
        for n, picture in enumerate(prompt.pictures):
            earlier = n >= len(prompt.pictures) - prompt.recalled
            yield text_part("Picture from earlier in the conversation:" if earlier else "Picture from the user:")
            yield picture_part(picture)
    yield text_part(f"Question: {prompt.question.strip() or _wordless(prompt)}")


def _shown(turn: Turn) -> str:
    """What remains of an earlier turn's pictures: their captions."""
    shown = [_flat(picture.caption, _VALUE_LIMIT) or "a picture" for picture in turn.pictures]
    return f" (with {len(shown)} of my own pictures: {'; '.join(shown)})" if shown else ""


def _wordless(prompt: Prompt) -> str:
    return "What do my pictures show, and which of the sources are like them?" if prompt.pictures else "(none)"


def said(role: str, text: str) -> Message:
    """A message of one text."""
    return {"role": role, "content": _sendable(text)}


def _sendable(text: str) -> str:
    """Text that can be encoded: without half characters."""
    return text.encode("utf-8", "replace").decode()


def text_part(text: str) -> Message:
    """A text as a part of a message."""
    return {"type": "text", "text": _sendable(text)}


def picture_part(jpeg: bytes) -> Message:
    """A picture as a part of a message: a data URL."""
    return {"type": "image_url", "image_url": {"url": (b"data:image/jpeg;base64," + base64.b64encode(jpeg)).decode()}}


def _block(prompt: Prompt, pictures: bool, text_limit: int) -> str:
    mark = secrets.token_hex(6)
    lines = [f"<sources {mark}>"]
    if prompt.counts:
        lines += ["Over the whole knowledge base (exact):", *map(_count, prompt.counts), ""]
    if understood := _flat(_understood(prompt.intent), _VALUE_LIMIT):
        lines += [f"The question was understood as: {understood}", ""]
    wanted = frozenset(words.stems(prompt.intent.text or prompt.question))
    for source in prompt.sources:
        lines += [*_source(source, pictures, text_limit, wanted), ""]
    if not any(source.hit.fits for source in prompt.sources):
        closest = "; these are the closest there are." if prompt.sources else "."
        lines.append(f"No picture of the knowledge base fits this question{closest}")
    return "\n".join([*lines, f"</sources {mark}>"])


def _understood(intent: Intent) -> str:
    """The question as one that needs nothing before it; "" where it is as it was asked, or nothing was read into it."""
    return intent.text if intent.how in ("rules", "model") else ""


def _count(count: Count) -> str:
    return f"- {count.number} of {count.total} {count.things} {_flat(count.condition, _VALUE_LIMIT)}"


def _source(source: PromptSource, pictures: bool, text_limit: int, wanted: Collection[str]) -> Iterator[str]:
    record = source.hit.record
    yield f"[{source.number}] {_flat(record.name, _VALUE_LIMIT)}"
    if not source.hit.fits:
        yield "  only the closest there is: it may have nothing to do with the question"
    for name, value in _facts(record, text_limit, wanted):
        if value:
            yield f"  {name}: {value}"
    if pictures and source.picture is None and not record.drawn:
        yield f"  (its picture shows the same as {source.twin})" if source.twin else "  (its picture is not sent)"


def _facts(record: Record, text_limit: int, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    yield "file", _flat(record.path, _VALUE_LIMIT)
    yield "text", _flat(record.text, text_limit)
    # one line: what stands in a picture can neither end the block nor open another source
    yield _inscribed(record), _flat(excerpt(record.lines, wanted, text_limit), text_limit)
    yield "tags", _flat(", ".join(record.tags), _VALUE_LIMIT)
    yield "taken", record.taken_at.isoformat(" ", "minutes") if record.taken_at else ""
    for name, value in list(record.fields.items())[:_FIELDS]:
        yield _flat(name, 60), _flat(words.said(value), _VALUE_LIMIT)
    described = record.described
    by = f" by {_flat(described.model, 60)}" if described.model else ""
    yield f"a model's description{by} (a guess)", _flat(described.text, _VALUE_LIMIT)
    yield f"a model's tags{by} (a guess)", _flat(", ".join(described.tags), _VALUE_LIMIT)
    seen = [f"{name} ({probability:.0%})" for name, probability in record.seen.classes[:_SEEN]]
    yield "seen by a classifier (a guess)", _flat(", ".join(seen), _VALUE_LIMIT)
    yield "main colours (a guess)", _flat(", ".join(record.seen.colours), _VALUE_LIMIT)


def _inscribed(record: Record) -> str:
    if not record.place or ", picture " in record.place:
        return "text in the picture (read by a machine: letters may be wrong)"
    return f"text of {_flat(record.place, 60)}"


def _flat(text: str, limit: int) -> str:
    """One line without square brackets, cut with a mark."""
    line = " ".join(re.sub(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]", " ", text).split()).translate(_ROUND)
    return line if len(line) <= limit else line[:limit].rstrip() + _CUT


_ROUND = str.maketrans("[]【】", "()()")
