"""The streaming of one answer from chat completions, whoever serves them: OpenAI's own API, Azure's, a local server.

Sends the model, the messages and `stream_options` and nothing else: sampling and length stay the server's own, because
servers differ in what they accept. What a server or a model cannot take is left out and told: pictures, long texts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import httpx2  # what the openai library speaks HTTP with
import openai

from imagelore.errors import GeneratorError
from imagelore.generate._messages import messages, pictures_in
from imagelore.generate.openai.errors import (
    Endpoint,
    explain,
    is_refused,
    is_too_long,
    refuses,
    retry_after,
    says,
    stumbles_over_pictures,
    takes_no_pictures,
)
from imagelore.generate.openai.stream import Reader
from imagelore.generate.openai.tasks import Tasks
from imagelore.types import Delta, GeneratorEvent, Notice, Prompt, Reply, Stop, Task, Usage

_CONNECT = 10.0  # seconds
_PATIENCE = 30.0  # seconds: all waiting between the attempts of one question
_SHORT = 300  # characters of a record's text when the first prompt was too long


@dataclass(frozen=True, slots=True)
class _Way:
    """How a prompt is sent: less of it where the server or the model takes no more."""

    pictures: bool
    usage: bool
    text_limit: int | None = None  # None: the prompt's own


class ChatGenerator:
    """Streams answers from one model. Safe to use from several threads.

    Args:
        client: of the openai library; it does not retry by itself.
        endpoint: the same server, as messages name it.
        pictures: how many pictures of sources a prompt should carry.
        retries: how often a refused or failed request is tried again.
        sleep: waits between the attempts.
    """

    _most = sys.maxsize  # pictures that a request may carry

    def __init__(
        self,
        client: openai.OpenAI,
        endpoint: Endpoint,
        pictures: int,
        retries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._pictures = max(0, pictures)
        self._retries = retries
        self._sleep = sleep
        self._tasks = Tasks(client, endpoint, sleep)
        self._sees = True  # until the model says that it takes no pictures
        self._counts_tokens = True  # until the server says that it does not know `stream_options`

    @property
    def label(self) -> str:
        """The model and the server's host."""
        return f"{self._endpoint.model} at {self._endpoint.host}"

    @property
    def pictures(self) -> int:
        """As set; a model that takes none is found out when it is asked."""
        return self._pictures

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """Asks, again where that helps, and yields the answer as it comes; see `Generator.stream`."""
        carried = pictures_in(prompt)
        way = _Way(pictures=carried > 0 and self._sees, usage=self._counts_tokens)
        if carried and not self._sees:
            yield Notice(self._blind())
        attempt, waited = 0, 0.0
        while True:
            reader, came = Reader(), False
            try:
                for text in self._ask(prompt, way, reader):
                    came = True
                    yield Delta(text)
                if not came and not reader.finish:
                    raise ValueError("the stream ended before an answer came")
            except (openai.OpenAIError, ValueError) as error:
                if came or reader.finish:
                    reader.finish = reader.finish or ("content_filter" if is_refused(error) else "")
                    break
                if is_refused(error):
                    yield Notice(self._refused(error, way.pictures))
                    yield Stop("refused")
                    return
                if (adapted := self._adapt(error, way)) is not None:
                    way, notice = adapted
                    if notice:
                        yield Notice(notice)
                    continue
                waited += self._wait(error, attempt, waited)
                attempt += 1
                continue
            break
        yield from self._ended(reader, came)
        yield Usage(reader.prompt_tokens, reader.completion_tokens, carried if way.pictures else 0)
        yield _stop(reader)

    def complete(self, task: Task) -> Reply:
        """One request without streaming; see `ChatModel`. Where pictures are switched off, a task has none either."""
        return self._tasks.complete(task, self._most if self._pictures else 0, self._explained)

    def _ask(self, prompt: Prompt, way: _Way, reader: Reader) -> Iterator[str]:
        """One request; leaving the iterator closes its connection."""
        extra: dict[str, Any] = {"stream_options": {"include_usage": True}} if way.usage else {}
        sent = cast(Any, messages(prompt, pictures=way.pictures, text_limit=way.text_limit))
        stream = self._client.chat.completions.create(model=self._endpoint.model, messages=sent, stream=True, **extra)
        with stream:
            if "json" in stream.response.headers.get("content-type", ""):  # a server that knows no streams
                yield from filter(None, reader.whole(_body(stream.response)))
            else:
                yield from filter(None, reader.read(stream))

    def _adapt(self, error: Exception, way: _Way) -> tuple[_Way, str] | None:
        """What to leave out after this error, and what to tell about it; None: nothing helps."""
        if way.usage and refuses(error, "stream_options", "include_usage"):
            self._counts_tokens = False
            return replace(way, usage=False), ""
        if way.text_limit is None and is_too_long(error):
            left = "its pictures and most of its records' texts are" if way.pictures else "most of its texts are"
            notice = f"The question was too long for {self._endpoint.model}: {left} left out."
            return replace(way, pictures=False, text_limit=_SHORT), notice
        if way.pictures and takes_no_pictures(error):
            self._sees = False
            return replace(way, pictures=False), self._blind()
        if way.pictures and stumbles_over_pictures(error, self._endpoint):
            words = says(error, self._endpoint)
            notice = f"{self._endpoint.host} did not take the pictures ({words}): this answer is from the texts alone."
            return replace(way, pictures=False), notice
        return None

    def _blind(self) -> str:
        return f"{self._endpoint.model} takes no pictures: it answers from the texts alone."

    def _wait(self, error: Exception, attempt: int, waited: float) -> float:
        """Sleeps before another attempt and returns the seconds; raises where another one is of no use."""
        pause = retry_after(error, attempt)
        if pause is None or attempt >= self._retries or waited + pause > _PATIENCE:
            raise self._explained(error) from error
        self._sleep(pause)
        return pause

    def _ended(self, reader: Reader, came: bool) -> Iterator[Notice]:
        model = self._endpoint.model
        if not reader.finish:
            yield Notice(f"The connection to {self._endpoint.host} broke: this answer is not whole.")
        elif reader.finish == "content_filter":
            yield Notice(self._filtered(reader))
        elif reader.finish == "length":
            yield Notice(f"{model} reached its length limit: this answer is not whole.")
        elif not came:
            yield Notice(f"{model} gave an empty answer: ask again, or ask another way.")

    # what a service tells in words of its own

    def _explained(self, error: Exception) -> GeneratorError:
        """What failed and what to set."""
        return explain(error, self._endpoint)

    def _refused(self, error: Exception, pictures: bool) -> str:  # noqa: ARG002  (Azure's says more)
        """That a content policy refused the question, which went with or without pictures."""
        return f"{self._endpoint.model} refused the question: {says(error, self._endpoint)}"

    def _filtered(self, reader: Reader) -> str:  # noqa: ARG002  (Azure's says more)
        """That a content filter ended an answer."""
        return f"The content filter of {self._endpoint.host} ended this answer."


def patience(seconds: float) -> openai.Timeout:
    """Time-outs for a model that may think for so long before the next piece of its answer."""
    return openai.Timeout(seconds, connect=min(seconds, _CONNECT))


def _body(response: httpx2.Response) -> str:
    """The whole text of an answer that is no stream; what breaks it is told as the library tells it for a stream."""
    try:
        return response.read().decode("utf-8", "replace")
    except httpx2.TimeoutException as error:
        raise openai.APITimeoutError(request=response.request) from error
    except httpx2.RequestError as error:
        raise openai.APIConnectionError(request=response.request) from error


def _stop(reader: Reader) -> Stop:
    if not reader.finish:
        return Stop("broken")
    if reader.refusal or reader.finish == "content_filter":
        return Stop("refused")
    return Stop("length" if reader.finish == "length" else "end")
