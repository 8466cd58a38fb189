"""`llamacpp:FILE.gguf`: a model of one's own, computed in this process by llama.cpp; no server, no network.

With the model's `mmproj` file beside it, it sees pictures. The first question loads it; then it stays in memory.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator

from imagelore.generate.llamacpp.engine import Local, check_memory, context, start
from imagelore.generate.llamacpp.files import found
from imagelore.settings import Settings
from imagelore.types import Check, GeneratorEvent, Prompt, Reply, Task


def create(settings: Settings) -> LlamaCppGenerator:
    """The generator of the file in `generator`; its header is read, and nothing is loaded yet.

    Raises:
        UsageError: no file is named, or it is missing, damaged or no GGUF file.
    """
    return LlamaCppGenerator(settings)


def check(settings: Settings) -> Iterator[Check]:
    """Whether the model fits into memory and can be loaded; it is asked nothing, which may take minutes.

    Raises:
        ImageloreError: it cannot, and what to do.
    """
    generator = create(settings)
    wanted = check_memory(generator.model, settings) / 1e9
    room = context(generator.model, settings)
    yield Check("llamacpp: memory", True, f"{generator.label} will take {wanted:.1f} GB, with {room:,} tokens to read")
    generator.load()
    yield Check("llamacpp: loads", True, f"{generator.label} is ready to answer")


class LlamaCppGenerator:
    """Streams answers from one model. Safe to use from several threads: one is answered after the other."""

    def __init__(self, settings: Settings) -> None:
        self.model = found(settings)
        self._settings = settings
        self._loading = threading.Lock()
        self._chat: Local | None = None

    @property
    def label(self) -> str:
        """The model's name and what it works with."""
        return f"{self.model.name} in llama.cpp{'' if self.model.encoder else ' (reads texts only)'}"

    @property
    def pictures(self) -> int:
        """As set; none without the model's `mmproj` file."""
        return self._settings.answer_pictures if self.model.encoder else 0

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
        with self._loading:
            if self._chat is None:
                self._chat, end = start(self.model, self._settings)
                weakref.finalize(self, end)  # with its threads, at the latest before the interpreter does
            return self._chat
