"""A chat model that is asked about one picture after the other, within what may be spent."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

from PIL import Image

from imagelore.augment import prompt_tokens
from imagelore.errors import GeneratorError, ImageloreError, UsageError
from imagelore.flows._captions import TOKENS, caption_in, task
from imagelore.flows._spending import Spending
from imagelore.flows.knowledge import generator_name, load_generator
from imagelore.flows.pictures import Pictures, jpeg
from imagelore.generate import ChatModel, Generator
from imagelore.settings import Settings
from imagelore.types import Described, Prompt, Record, Reply, Usage


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said of a picture; `notice`: it saw less than the full picture."""

    record: Record
    described: Described
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a picture was not described; `service`: the request failed, and not what came of it."""

    record: Record
    reason: str
    service: bool = False
    blind: bool = False  # the model was sent no picture


@dataclass(slots=True)
class Asking:
    """Asks about one picture at a time; several threads may."""

    settings: Settings
    pictures: Pictures
    model: ChatModel
    label: str  # of the model
    spending: Spending
    halt: str = ""  # why nothing more is asked: "cost", "interrupted", "service"

    def __call__(self, record: Record) -> Said | Failed | None:
        """None: it was not asked about, see `halt`."""
        if self.halt:
            return None
        try:
            file = self.pictures.open(record)
            picture = jpeg(file.data, self.settings.answer_side, self.settings)
        except ImageloreError as error:
            return Failed(record, str(error))
        try:
            reply = self._replied(picture)
        except GeneratorError as error:
            return Failed(record, str(error), service=True)
        if reply is None:
            self.stop("cost")
            return None
        if not reply.usage.pictures:
            return Failed(record, f"{self.label} takes no pictures: set a vision model", blind=True)
        if (found := caption_in(reply.text)) is None:
            return Failed(record, "there is no description in what the model replied")
        return Said(record, Described(*found, self.label), file.notice)

    def stop(self, why: str) -> None:
        """Nothing more is asked; the first reason counts."""
        self.halt = self.halt or why

    def probe(self) -> str:
        """Why the service would describe no picture at all; "" where it answers about a plain one, or that costs too
        much."""
        out = io.BytesIO()
        Image.new("RGB", (64, 64), "grey").save(out, "JPEG")
        try:
            self._replied(out.getvalue())
        except GeneratorError as error:
            return str(error)
        return ""

    def _replied(self, picture: bytes) -> Reply | None:
        """None: it might cost more than may be spent, and was not asked for."""
        estimated = Usage(prompt_tokens(Prompt("", pictures=(picture,))), TOKENS)
        held = self.spending.hold(estimated)
        if held is None:
            return None
        reply: Reply | None = None
        try:
            reply = self.model.complete(task(picture, self.settings.describe_language))
        finally:
            self.spending.settle(held, estimated, reply.usage if reply else None)
        return reply


def chat_model(settings: Settings) -> tuple[ChatModel, str]:
    """The chat model that the settings call for, and what it is called; answers may go without pictures.

    Raises:
        UsageError: what answers is no chat model, or sees no pictures.
    """
    model: Generator = load_generator(replace(settings, answer_pictures=max(1, settings.answer_pictures)))
    if isinstance(model, ChatModel) and model.pictures:
        return model, model.label
    raise UsageError(
        f"`imagelore describe` needs a chat model that sees pictures, and {generator_name(settings)!r} is none: set "
        "`OPENAI_BASE_URL` or `OPENAI_API_KEY`, or `AZURE_OPENAI_ENDPOINT`, or give --generator llamacpp:MODEL"
    )
