"""`openai`: any server that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp, LM Studio."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import openai

from imagelore.errors import GeneratorError, UsageError
from imagelore.generate.openai.checks import probe
from imagelore.generate.openai.engine import ChatGenerator, patience
from imagelore.generate.openai.errors import Endpoint
from imagelore.settings import Settings
from imagelore.types import Check, GeneratorEvent, Prompt, Reply, Task

_ADDRESS = "https://api.openai.com/v1"
_LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*:?//)?.*@", re.IGNORECASE | re.DOTALL)  # a user and a password before a host


def create(settings: Settings) -> OpenAIGenerator:
    """The generator for `openai_base_url` (empty: OpenAI's own); nothing is sent yet.

    Raises:
        UsageError: the address is no http or https address.
    """
    return OpenAIGenerator(settings)


def check(settings: Settings) -> Iterator[Check]:
    """Whether the server answers, and whether its model sees pictures; asks one short question.

    Raises:
        ImageloreError: it does not answer, and what to do.
    """
    yield from probe("openai", create(settings), "`IMAGELORE_OPENAI_MODEL`")


class OpenAIGenerator(ChatGenerator):
    """Streams answers from one model. Safe to use from several threads."""

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        address, key, timeout = settings.openai_base_url or _ADDRESS, settings.openai_api_key, settings.openai_timeout
        endpoint = Endpoint(_without_secrets(address), settings.openai_model, key, timeout)
        client = openai.OpenAI(
            base_url=address,
            api_key=key or "none",  # local servers want none; the library insists on one
            timeout=patience(timeout),
            max_retries=0,
        )
        super().__init__(client, endpoint, settings.answer_pictures, settings.openai_retries, sleep)
        self._keyless = not settings.openai_base_url and not key

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """As `ChatGenerator.stream`; OpenAI's own server is not asked without a key."""
        self._need_a_key()
        yield from super().stream(prompt)

    def complete(self, task: Task) -> Reply:
        """As `ChatGenerator.complete`; OpenAI's own server is not asked without a key."""
        self._need_a_key()
        return super().complete(task)

    def _need_a_key(self) -> None:
        if self._keyless:
            raise GeneratorError(
                f"{self._endpoint.host} wants a key: set `OPENAI_API_KEY`, or `OPENAI_BASE_URL` to a server of your own"
            )

    def _explained(self, error: Exception) -> GeneratorError:
        if isinstance(error, openai.NotFoundError) and (offered := self._offered()):
            return GeneratorError(
                f"{self._endpoint.host} has no model {self._endpoint.model!r}: set `IMAGELORE_OPENAI_MODEL`, "
                f"for example to {' or '.join(map(repr, offered))}"
            )
        return super()._explained(error)

    def _offered(self) -> list[str]:
        """A few models that the server offers, those with the most similar names first; none if it does not say."""
        try:
            names = [model.id for model in self._client.with_options(timeout=3.0).models.list().data or []]
        except (openai.OpenAIError, ValueError, AttributeError, TypeError):
            return []  # this only improves a message
        if self._endpoint.model in names:
            return []
        similar = difflib.get_close_matches(self._endpoint.model, names, n=3, cutoff=0.3)
        return similar or sorted(names)[:3]


def _without_secrets(address: str) -> str:
    """An address without user, password, query and fragment.

    Raises:
        UsageError: it is no http or https address.
    """
    try:
        parts = urlsplit(address)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        shown = re.split(r"[?#]", _LOGIN.sub(r"\1", address), maxsplit=1)[0]
        raise UsageError(f"`OPENAI_BASE_URL` is no http address: {shown!r}; it looks like http://127.0.0.1:11434/v1")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
