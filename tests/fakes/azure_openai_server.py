"""A stand-in for Azure OpenAI: the chat server that looks at pictures, behind Azure's two ways in.

v1: `POST /openai/v1/chat/completions`; classic: `POST /openai/deployments/NAME/chat/completions?api-version=...`
(https://learn.microsoft.com/azure/foundry/openai/reference and .../api-version-lifecycle). A key in `api-key` (v1: also
as a bearer token), or an Entra token for the audience of that API. The content filter's notes on the stream and its
refusals are as .../concepts/content-filter and .../concepts/content-streaming show them. What goes wrong is chosen by
the deployment's name, or by `faults`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from tests.fakes.faults import Faults, reset
from tests.fakes.identity_server import audience
from tests.fakes.openai_server import FakeOpenAI, Handler, Refused, check

KEY = "azure-openai-key-0123456789"
VERSIONS = {"2024-10-21", "2025-04-01-preview"}
CLASSIC_AUDIENCE = "https://cognitiveservices.azure.com"
V1_AUDIENCES = {"https://ai.azure.com", CLASSIC_AUDIENCE}
MOST_PICTURES = 10
FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry."
)
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
REFUSED = {
    "retired": (404, "Resource not found", "404"),  # reported of retired models, where nothing more is said
    "retired-told": (410, "The model 'gpt-4-turbo' of this deployment was retired on 2025-04-30.", "ModelRetired"),
    "embeddings": (400, "The embeddings operation does not work with the specified model.", "OperationNotSupported"),
    "denied": (
        401,
        "The principal `app` lacks the required data action `Microsoft.CognitiveServices/accounts/OpenAI/deployments/"
        "chat/completions/action` to perform `POST /openai/deployments/{deployment-id}/chat/completions` operation.",
        "PermissionDenied",
    ),
    "keyless": (403, "Key based authentication is disabled for this resource.", "AuthenticationTypeDisabled"),
    "closed": (403, "Access denied due to Virtual Network/Firewall rules.", "AccessDenied"),
    "picky": (400, "API version not supported", "BadRequest"),
    "no-quota": (429, "You exceeded your current quota", "insufficient_quota"),
}
PROMPT_FILTERED: dict[str, tuple[str, dict[str, Any]]] = {
    "violent": (FILTERED, {"violence": {"filtered": True, "severity": "high"}}),
    "jailbroken": (FILTERED, {"jailbreak": {"filtered": True, "detected": True}}),
    "blocklisted": (
        FILTERED,
        {"custom_blocklists": {"filtered": True, "details": [{"filtered": True, "id": "words"}]}},
    ),
    "bad-picture": ("Your input image may contain content that is not allowed by our safety system.", {}),
}
STREAM_FILTERED = {"async-filtered", "error-filtered"}


class FakeAzureOpenAI(FakeOpenAI):
    """The server, running; `paths` holds the path and query of each request, and `headers` its headers."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.faults = Faults()
        super().__init__(_Handler)
        self.url = self.url.removesuffix("/v1")
        self.key = KEY

    def environment(self, model: str = "colours", key: str = KEY) -> dict[str, str]:
        """The variables with which a program finds this server; without a key it signs in."""
        found = {"AZURE_OPENAI_ENDPOINT": self.url, "AZURE_OPENAI_DEPLOYMENT": model}
        return found | ({"AZURE_OPENAI_API_KEY": key} if key else {})


class _Handler(Handler):
    @property
    def _azure(self) -> FakeAzureOpenAI:
        return cast(FakeAzureOpenAI, self.fake)

    def authorise(self) -> None:
        self._azure.paths.append(self.path)
        self._azure.headers.append(dict(self.headers))
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        classic = "/deployments/" in self.path
        if self.headers.get("api-key") == KEY or (bearer == KEY and not classic):
            return
        wanted = {CLASSIC_AUDIENCE} if classic else V1_AUDIENCES
        if bearer.count(".") == 2 and audience(bearer) not in wanted:
            raise Refused(
                401, "Unauthorized. Access token is missing, invalid, audience is incorrect, or have expired.", "401"
            )
        if audience(bearer) not in wanted:
            raise Refused(
                401, "Access denied due to invalid subscription key or wrong API endpoint.", "invalid_subscription_key"
            )

    def _chat(self, body: bytes) -> None:
        if (fault := self._azure.faults.take(self.path)) is not None:
            time.sleep(fault.pause)
            if fault.status == 0:
                reset(self)
                return
            if fault.status is not None:
                raise Refused(fault.status, "Injected", str(fault.status), **fault.headers)
        request = json.loads(body)
        request["model"] = self._deployment(request)
        if request["model"] in REFUSED:
            raise Refused(*REFUSED[request["model"]])
        if request["model"] in PROMPT_FILTERED:
            self.fake.requests.append(request)
            raise _filtered(*PROMPT_FILTERED[request["model"]])
        pictures = sum(part["type"] == "image_url" for part in check(request))
        if pictures > MOST_PICTURES:
            raise Refused(400, f"Too many images in request. Max is {MOST_PICTURES}.", "BadRequest")
        try:
            stands_for = "colours" if request["model"] in STREAM_FILTERED else request["model"]
            self._named = request["model"]
            self.converse(request | {"model": stands_for})
        except Refused as error:
            if error.code == "model_not_found" and error.status == 404:
                raise Refused(
                    404, "The API deployment for this resource does not exist.", "DeploymentNotFound"
                ) from None
            raise

    def _deployment(self, request: dict[str, Any]) -> str:
        """The deployment that a request is for, of either API."""
        parts = urlsplit(self.path)
        version = parse_qs(parts.query).get("api-version", [""])[0]
        if parts.path == "/openai/v1/chat/completions" and not version:
            return str(request["model"])
        classic = re.fullmatch(r"/openai/deployments/([^/]+)/chat/completions", parts.path)
        if classic is None or version not in VERSIONS:
            raise Refused(404, "Resource not found", "404")
        return classic[1]

    def events(self, model: str, pieces: list[str], usage: bool) -> Iterator[str | None]:
        """What the filter says of the prompt comes first, what it says of the answer beside each piece."""
        prompt = [{"prompt_index": 0, "content_filter_results": SAFE | {"jailbreak": {"filtered": False}}}]
        yield json.dumps({"choices": [], "id": "", "model": "", "object": "", "prompt_filter_results": prompt})
        for number, event in enumerate(super().events(model, pieces, usage)):
            if number == 4 and self._named in STREAM_FILTERED:
                yield from _interrupted(self._named)
                return
            yield _annotated(event)


def _annotated(event: str | None) -> str | None:
    """The same event with the content filter's annotations on its choice."""
    if not event or '"delta"' not in event or event[-1] != "}":
        return event
    value = json.loads(event)
    for choice in value["choices"]:
        violent = choice["finish_reason"] == "content_filter"
        found = {"violence": {"filtered": True, "severity": "medium"}} if violent else {}
        choice["content_filter_results"] = SAFE | found
    return json.dumps(value)


def _interrupted(named: str) -> Iterator[str]:
    """How an asynchronous filter, or one that fails the stream, ends an answer."""
    if named == "error-filtered":
        yield json.dumps({"error": {"message": FILTERED, "code": "content_filter"}})
        return
    annotation = {"index": 0, "finish_reason": None, "content_filter_results": SAFE, "content_filter_offsets": {}}
    for choice in (
        annotation,
        annotation
        | {
            "finish_reason": "content_filter",
            "content_filter_results": {"protected_material_text": {"detected": True, "filtered": True}},
        },
    ):
        yield json.dumps({"id": "", "object": "", "created": 0, "model": "", "choices": [choice], "usage": None})
    yield "[DONE]"


def _filtered(message: str, found: dict[str, Any]) -> Refused:
    error = Refused(400, message, "content_filter")
    error.more = {"param": "prompt", "type": None, "status": 400}
    if found:
        error.more["innererror"] = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": SAFE | found}
    return error
