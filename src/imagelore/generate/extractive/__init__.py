"""Answers without a language model: sentences and fields quoted from the sources, chosen for the question.

It claims no more than the records hold: a direct answer is taken only from a source whose own words are about the
question, a "yes" needs one sentence with all its content words, and what only a model saw is told as a guess.
"""

from __future__ import annotations

from collections.abc import Iterator

from imagelore.generate.extractive import phrases
from imagelore.generate.extractive.answer import Answer
from imagelore.settings import Settings
from imagelore.types import Delta, GeneratorEvent, Prompt, Stop, Usage


def create(settings: Settings) -> Extractive:  # noqa: ARG001 - it has none
    """The generator that needs no model."""
    return Extractive()


class Extractive:
    """A `Generator` that quotes the records."""

    label = phrases.LABEL
    pictures = 0

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """The answer sentence by sentence; see `imagelore.generate.Generator`."""
        before = ""
        for sentence in Answer(prompt).sentences():
            yield Delta(before + sentence[:1].upper() + sentence[1:])
            before = " "
        yield Usage()
        yield Stop("end")
