"""generate: a prompt in, a stream of events out.

A provider is a module with `create(settings) -> Generator`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from imagelore.generate._checked import checked, citations, uncited
from imagelore.generate._support import doubts
from imagelore.types import GeneratorEvent, Prompt, Reply, Task

__all__ = ["Bounded", "ChatModel", "Generator", "LocalModel", "checked", "citations", "doubts", "uncited"]


class Generator(Protocol):
    """Answers from the numbered sources of a prompt, citing them as `[1]`."""

    @property
    def label(self) -> str:
        """What the page calls it: "extractive (quotes your records)", "gpt-x at api.example.com"."""
        ...

    @property
    def pictures(self) -> int:
        """How many pictures a prompt may carry; 0 for a generator that reads text only."""
        ...

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """Deltas and notices as they come, at most one `Usage`, and a `Stop` last.

        Closing the iterator ends the request behind it.

        Raises:
            GeneratorError: no answer can be had; raised before the first delta. Once text has come, a failure is
                a `Notice` and `Stop("broken")`: what came stays.
        """
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A generator that can be given tasks beside answering; `extractive`, which quotes, is none."""

    def complete(self, task: Task) -> Reply:
        """The model's whole reply to one task: whoever asks goes on without it where none comes.

        The task's texts go as data between markers; each text that others wrote still needs a line of its own, without
        line breaks. Pictures that cannot be sent are left out: `usage.pictures` tells how many went.

        Raises:
            GeneratorError: no reply can be had within the task's time.
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """A generator that knows how much it can read: a prompt beyond that would be refused."""

    def room(self) -> int:
        """Tokens that a prompt may take.

        Raises:
            GeneratorError: the model cannot be had.
        """
        ...


@runtime_checkable
class LocalModel(Protocol):
    """A generator whose model is computed on this machine: one question after the other."""

    @property
    def name(self) -> str:
        """The model's."""
        ...

    @property
    def missing(self) -> int:
        """Bytes of its files that are not on this machine: the first question downloads them."""
        ...
