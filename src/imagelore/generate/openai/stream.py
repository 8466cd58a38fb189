"""A chat completion's stream of pieces, read into an answer's text and how it ended."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

_OPENS = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_MAY_OPEN = re.compile(r"\s*(?:<[a-z]{0,9})?", re.IGNORECASE)
_CLOSING = 12  # characters of the longest closing tag


class Reader:
    """Yields the text of an answer; afterwards says how it ended.

    Thoughts are not shown: neither a reasoning model's own field nor a local model's `<think>` block before its answer.
    """

    def __init__(self) -> None:
        self.finish = ""  # "stop", "length", "content_filter"; "": the stream broke off
        self.refusal = False  # the model refused in its own words
        self.filtered: set[str] = set()  # what a content filter found, as it calls it: "violence"
        self.prompt_tokens = 0
        self.completion_tokens = 0

    def read(self, chunks: Iterable[Any]) -> Iterator[str]:
        """The answer's text, piece by piece.

        Raises:
            ValueError: a piece is no chat completion.
            openai.OpenAIError: the stream failed.
        """
        yield from without_thoughts(self._texts(chunks))

    def whole(self, text: str) -> Iterator[str]:
        """The text of an answer that came in one piece, as JSON.

        Raises:
            ValueError: it is no chat completion.
        """
        answer = json.loads(text, object_hook=lambda members: SimpleNamespace(**members))
        choices = getattr(answer, "choices", None)
        if not isinstance(choices, list) or not all(hasattr(choice, "message") for choice in choices):
            raise ValueError("the answer is no chat completion")
        for choice in choices:
            choice.delta = choice.message
            choice.finish_reason = getattr(choice, "finish_reason", None) or "stop"
        yield from without_thoughts(self._texts([answer]))

    def _texts(self, chunks: Iterable[Any]) -> Iterator[str]:
        for chunk in chunks:
            if (usage := getattr(chunk, "usage", None)) is not None:
                self.prompt_tokens = getattr(usage, "prompt_tokens", 0) or 0
                self.completion_tokens = getattr(usage, "completion_tokens", 0) or 0
            choices = getattr(chunk, "choices", None) or []
            if not isinstance(choices, list) or not all(map(_is_choice, choices)):
                raise ValueError("a piece of the stream is no chat completion")
            for choice in choices[:1]:
                self.finish = getattr(choice, "finish_reason", None) or self.finish
                self.filtered |= filtered(getattr(choice, "content_filter_results", None))
                if (delta := getattr(choice, "delta", None)) is not None:
                    yield self._text(delta)

    def _text(self, delta: Any) -> str:
        refusal = getattr(delta, "refusal", None)
        if isinstance(refusal, str) and refusal:
            self.refusal = True
            return refusal
        content = getattr(delta, "content", None)
        return content if isinstance(content, str) else ""


def filtered(results: Any) -> set[str]:
    """The categories in which a content filter refused something, of its results by category."""
    if not isinstance(results, Mapping):
        return set()
    return {name for name, found in results.items() if isinstance(found, Mapping) and found.get("filtered")}


def _is_choice(choice: Any) -> bool:
    """A piece of text, or what an asynchronous content filter says of earlier ones."""
    return hasattr(choice, "delta") or hasattr(choice, "content_filter_results")


def without_thoughts(texts: Iterable[str]) -> Iterator[str]:
    """Leaves out a `<think>...</think>` block that stands before the answer; holds back nothing after it."""
    held, closing, decided = "", None, False
    for text in texts:
        if decided:
            yield text
            continue
        held += text
        if closing is None and (opening := _OPENS.match(held)):
            closing = re.compile(rf"</{opening.group(1)}>\s*", re.IGNORECASE)
        if closing is None and _MAY_OPEN.fullmatch(held):
            continue
        if closing is not None:
            if (close := closing.search(held)) is None:
                held = held[-_CLOSING:]
                continue
            held = held[close.end() :]
        decided = True
        yield held
    if closing is None and not decided:
        yield held
