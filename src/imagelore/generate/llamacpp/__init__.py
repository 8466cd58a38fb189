"""`llamacpp:FILE.gguf`: a model of one's own, computed in this process by llama.cpp; no server, no network.

With the model's `mmproj` file beside it, it sees pictures. The first question loads it; then it stays in memory.
`llamacpp:NAME` is one of the table in `generate/_named.py`, which the first question downloads where it is not here.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

from imagelore._hub import whole
from imagelore.generate.llamacpp.engine import Local, check_download, check_memory, context, room, start
from imagelore.generate.llamacpp.files import NONE, Model, found, mmproj, offered
from imagelore.settings import Settings
from imagelore.types import Check, GeneratorEvent, Prompt, Reply, Task


def create(settings: Settings) -> LlamaCppGenerator:
    """The generator of the model in `generator`; a file's header is read, and nothing is loaded or downloaded yet.

    Raises:
        UsageError: no model is named, or its file is missing, damaged or no GGUF file.
    """
    return LlamaCppGenerator(settings)


def check(settings: Settings) -> Iterator[Check]:
    """Whether the model fits into memory and can be loaded; it is asked nothing, which may take minutes.

    Raises:
        ImageloreError: it cannot, and what to do.
    """
    generator = create(settings)
    if generator.missing:
        mend = f"get it with `imagelore models pull {generator.name}`, or ask a question"
        said = f"{generator.missing / 1e9:.1f} GB of {generator.label} are not on this machine"
        yield Check("llamacpp: files", False, said, mend)
        return
    wanted = check_memory(generator.model, settings) / 1e9
    room = context(generator.model, settings)
    yield Check("llamacpp: memory", True, f"{generator.label} will take {wanted:.1f} GB, with {room:,} tokens to read")
    generator.load()
    yield Check("llamacpp: loads", True, f"{generator.label} is ready to answer")


class LlamaCppGenerator:
    """Streams answers from one model. Safe to use from several threads: one is answered after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._offered = offered(settings)
        self._locating, self._loading = threading.Lock(), threading.Lock()
        self._model = None if self._offered else found(settings)
        self._chat: Local | None = None

    @property
    def model(self) -> Model:
        """Its files; those of a model of the table are downloaded when this is first asked for.

        Raises:
            GeneratorError: they cannot be had, or there is too little memory for them.
        """
        with self._locating:
            if self._model is None:
                if self.missing and self._offered:
                    check_download(self._offered)
                self._model = found(self._settings)
            return self._model

    @property
    def name(self) -> str:
        """The table's name for it, or the file's."""
        return self._offered.name if self._offered else self.model.name

    @property
    def missing(self) -> int:
        """Bytes of its files that are not on this machine: the first question downloads them."""
        if self._offered is None:
            return 0
        wanted = [file for file in self._offered.files if file.role != "mmproj" or not mmproj(self._settings)]
        return sum(file.size for file in wanted if not whole(file))

    @property
    def label(self) -> str:
        """The model's name and what it works with."""
        return f"{self.name} in llama.cpp{'' if self._sees else ' (reads texts only)'}"

    @property
    def pictures(self) -> int:
        """As set; none without the model's `mmproj` file."""
        return self._settings.answer_pictures if self._sees else 0

    @property
    def _sees(self) -> bool:
        if self._offered:
            return mmproj(self._settings) != NONE
        return self.model.encoder is not None

    def room(self) -> int:
        """See `Bounded.room`: what the model's own context leaves; a model of the table is downloaded for it."""
        return room(self.model, self._settings)

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """See `Generator.stream`; leaving the iterator ends the computation."""
        yield from self.load().stream(prompt)

    def complete(self, task: Task) -> Reply:
        """See `ChatModel.complete`; the time for loading does not count."""
        return self.load().complete(task)

    def load(self) -> Local:
        """Loads the model, once.

        Raises:
            GeneratorError: there is too little memory, or llama.cpp cannot load it.
        """
        model = self.model
        with self._loading:
            if self._chat is None:
                self._chat, end = start(model, self._settings)
                weakref.finalize(self, end)  # with its threads, at the latest before the interpreter does
            return self._chat
