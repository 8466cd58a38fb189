"""What `imagelore doctor` finds out about a chat model: does it answer, and does it see?"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from PIL import Image

from imagelore.generate.openai.engine import ChatGenerator
from imagelore.types import Check, Delta, GeneratorEvent, Notice, Prompt, Stop, Usage

_SIDE = 64  # pixels
_YELLOW = (240, 220, 40)  # not what a model would guess first
_QUESTION = "Describe my picture: which one colour fills it?"


def probe(name: str, generator: ChatGenerator, model: str) -> Iterator[Check]:
    """Asks a generator for the colour of a picture. `model` is the variable that names another model.

    Raises:
        GeneratorError: it cannot answer.
    """
    sees = generator.pictures > 0
    events = list(generator.stream(Prompt(_QUESTION, pictures=(_picture(),) if sees else ())))
    stop = events[-1]
    if stop not in (Stop("end"), Stop("length")) or not _text(events):
        told = _notices(events) or f"{generator.label} gave no answer"
        yield Check(f"{name}: answers", False, told, f"run `imagelore doctor` again, or set {model} to another model")
        return
    yield Check(f"{name}: answers", True, generator.label)
    if sees:
        yield _sight(f"{name}: sees pictures", events, generator.label, model)


def _sight(name: str, events: list[GeneratorEvent], label: str, model: str) -> Check:
    """Whether the answer rests on the picture: a server may take pictures and drop them."""
    if re.search(r"\byellow|\bgold", _text(events), re.IGNORECASE):
        return Check(name, True, f"{label} told the colour of a test picture")
    taken = any(isinstance(event, Usage) and event.pictures for event in events)
    unseen = f"{label} took a test picture and did not tell its colour"
    return Check(
        name,
        False,
        unseen if taken else _notices(events) or f"{label} took no picture",
        f"set {model} to a model that sees, or `IMAGELORE_ANSWER_PICTURES=0` to have answers from texts alone",
    )


def _text(events: list[GeneratorEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def _notices(events: list[GeneratorEvent]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Notice))


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), _YELLOW).save(out, "JPEG")
    return out.getvalue()
