"""`azure_openai`: a chat deployment on Azure OpenAI or Foundry, by its name; any model that takes pictures.

The v1 API by default, the classic one with `azure_openai_api_version`; a key, or Entra as `DefaultAzureCredential`
finds it. Both APIs: https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import openai
from azure.core.exceptions import AzureError
from azure.identity import get_bearer_token_provider

from imagelore import _azure
from imagelore.errors import GeneratorError, UsageError
from imagelore.generate.azure_openai.errors import explained
from imagelore.generate.azure_openai.filters import ended, refused
from imagelore.generate.openai.checks import probe
from imagelore.generate.openai.engine import ChatGenerator, patience
from imagelore.generate.openai.errors import Endpoint
from imagelore.generate.openai.stream import Reader
from imagelore.settings import Settings
from imagelore.types import Check, GeneratorEvent, Notice, Prompt, PromptSource

_SCOPE = "https://ai.azure.com/.default"  # of the v1 API
_CLASSIC_SCOPE = "https://cognitiveservices.azure.{}/.default"
_V1_NAMES = {"", "v1", "preview", "latest"}  # what the v1 API's version has been called
_EXAMPLE = "https://RESOURCE.openai.azure.com"
_BELOW = re.compile(r"/(?:openai|models|api/projects)(?:/.*)?$", re.IGNORECASE)  # what portals show after the resource


def create(settings: Settings) -> AzureOpenAIGenerator:
    """The generator for `azure_openai_deployment`; nothing is sent yet, nobody signs in yet.

    Raises:
        UsageError: the endpoint is no address, or the deployment's name is missing.
    """
    return AzureOpenAIGenerator(settings)


def check(settings: Settings) -> Iterator[Check]:
    """Whether the deployment can be reached, lets us in, answers, and sees pictures; asks one short question.

    Raises:
        ImageloreError: it does not, and what to do.
    """
    yield from probe("Azure OpenAI", create(settings), "`AZURE_OPENAI_DEPLOYMENT`")


class AzureOpenAIGenerator(ChatGenerator):
    """Streams answers from one deployment. Safe to use from several threads."""

    def __init__(self, settings: Settings, sleep: Callable[[float], None] = time.sleep) -> None:
        if not settings.azure_openai_deployment:
            raise UsageError("`AZURE_OPENAI_DEPLOYMENT` is not set: it names the chat deployment that answers")
        version = settings.azure_openai_api_version
        endpoint = Endpoint(
            resource(settings.azure_openai_endpoint),
            settings.azure_openai_deployment,
            settings.azure_openai_key,
            settings.azure_timeout,
            "" if version.lower() in _V1_NAMES else version,
        )
        self._most = settings.azure_openai_pictures
        pictures = min(settings.answer_pictures, self._most)
        super().__init__(_client(endpoint), endpoint, pictures, settings.azure_retries, sleep)

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        """As `ChatGenerator.stream`, with as many pictures as a request may carry: the question's own first."""
        fitting, left = _within(prompt, self._most)
        if left:
            yield Notice(
                f"{left} {'picture was' if left == 1 else 'pictures were'} left out: a request carries at most "
                f"{self._most} (`IMAGELORE_AZURE_OPENAI_PICTURES`)."
            )
        yield from super().stream(fitting)

    def _explained(self, error: Exception) -> GeneratorError:
        return explained(error, self._endpoint)

    def _refused(self, error: Exception, pictures: bool) -> str:
        return refused(error, self._endpoint, pictures)

    def _filtered(self, reader: Reader) -> str:
        return ended(reader.filtered, self._endpoint)


def resource(endpoint: str) -> str:
    """The resource's address, of any address that a portal shows for it: with `/openai/v1`, of a deployment, a project.

    Raises:
        UsageError: it is none, or not encrypted.
    """
    return _BELOW.sub("", _azure.address(endpoint, "AZURE_OPENAI_ENDPOINT", _EXAMPLE))


def _client(endpoint: Endpoint) -> openai.OpenAI:
    """The library's client: all that it would take from the environment is given to it."""
    timeout = patience(endpoint.timeout)
    if not endpoint.version:
        key: str | Callable[[], str] = endpoint.key or _token(endpoint)
        return openai.OpenAI(base_url=f"{endpoint.address}/openai/v1/", api_key=key, timeout=timeout, max_retries=0)
    return openai.AzureOpenAI(
        azure_endpoint=endpoint.address,
        api_version=endpoint.version,
        api_key=endpoint.key or None,
        azure_ad_token_provider=None if endpoint.key else _token(endpoint),
        timeout=timeout,
        max_retries=0,
    )


def _scope(endpoint: Endpoint) -> str:
    """What a token is asked for; the clouds of a country know the classic scope only."""
    if endpoint.host.endswith((".azure.us", ".azure.cn")):
        return _CLASSIC_SCOPE.format(endpoint.host.rpartition(".")[2])
    return _CLASSIC_SCOPE.format("com") if endpoint.version else _SCOPE


def _token(endpoint: Endpoint) -> Callable[[], str]:
    """Gives a valid token at each call; its failure is told as ours, for it passes through the openai library."""
    service = _azure.Service(
        "Azure OpenAI",
        endpoint.address,
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_API_KEY",
        "Cognitive Services OpenAI User",
    )
    provide = get_bearer_token_provider(_azure.identity(), _scope(endpoint))

    def provided() -> str:
        try:
            return provide()
        except AzureError as error:
            raise GeneratorError(_azure.explain(error, service)) from error

    return provided


def _within(prompt: Prompt, most: int) -> tuple[Prompt, int]:
    """The prompt with at most so many pictures, and how many were left out."""
    own = prompt.pictures[:most]
    room = most - len(own)
    left = len(prompt.pictures) - len(own)
    sources: list[PromptSource] = []
    for source in prompt.sources:
        if source.picture is not None and not room:
            source, left = replace(source, picture=None), left + 1  # noqa: PLW2901
        room -= source.picture is not None
        sources.append(source)
    return replace(prompt, pictures=own, sources=tuple(sources)), left
