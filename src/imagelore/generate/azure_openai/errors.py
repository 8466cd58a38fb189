"""What Azure OpenAI answers when it does not answer: one line that says what failed and what to set.

The codes are the service's own (`DeploymentNotFound`, `OperationNotSupported`, `PermissionDenied`, ...); where it says
less ("Resource not found", for an unknown api-version and for a retired model alike), the line names what it may be.
https://learn.microsoft.com/azure/foundry/openai/reference
"""

from __future__ import annotations

import re
from collections.abc import Callable

import openai

from imagelore import _azure
from imagelore.errors import GeneratorError
from imagelore.generate.openai.errors import ERRORS, Endpoint, Explained, cause, explain, says, status, words

_ROLE = "'Cognitive Services OpenAI User'"
_DENIED = re.compile(r"PermissionDenied|lacks the required data action", re.IGNORECASE)
_KEYLESS = re.compile(
    r"AuthenticationTypeDisabled|key.based authentication is (?:disabled|not permitted)", re.IGNORECASE
)
_CLOSED = re.compile(r"virtual network|firewall|public access is disabled|private endpoint", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_?quota|exceeded your current quota|quota.{0,20}exhausted", re.IGNORECASE)


def explained(error: Exception, endpoint: Endpoint) -> GeneratorError:
    """Any error of the openai library, asking Azure, as one of ours."""
    if status(error) in {400, 404, 410}:
        said = words(error)
        for sign, tell in _SIGNS:
            if sign.search(said):
                return _told(tell(error, endpoint), endpoint)
    return _told(str(explain(error, endpoint, _EXPLAINED)), endpoint)


def _told(line: str, endpoint: Endpoint) -> GeneratorError:
    return GeneratorError(_azure.hidden(line, (endpoint.key,)))


def _unknown_version(error: Exception, endpoint: Endpoint) -> str:
    said = says(error, endpoint)
    if not endpoint.version:
        return (
            f"{endpoint.host} does not know the v1 API ({said}): set `AZURE_OPENAI_API_VERSION` to a version that the "
            "resource knows"
        )
    return (
        f"{endpoint.host} does not know the API version {endpoint.version!r} ({said}): unset "
        "`AZURE_OPENAI_API_VERSION` for the v1 API, or set it to one that the resource knows"
    )


def _retired(error: Exception, endpoint: Endpoint) -> str:
    return (
        f"the model behind deployment {endpoint.model!r} at {endpoint.host} is retired ({says(error, endpoint)}): "
        "deploy a current model that takes pictures and set `AZURE_OPENAI_DEPLOYMENT` to its deployment's name"
    )


def _no_chat(error: Exception, endpoint: Endpoint) -> str:
    return (
        f"deployment {endpoint.model!r} at {endpoint.host} is no chat model, or a retired one "
        f"({says(error, endpoint)}): set `AZURE_OPENAI_DEPLOYMENT` to a chat model that takes pictures"
    )


def _no_deployment(_: Exception, endpoint: Endpoint) -> str:
    return (
        f"{endpoint.host} has no deployment {endpoint.model!r} (a new one takes some minutes): "
        "set `AZURE_OPENAI_DEPLOYMENT` to the deployment's name, which need not be the model's"
    )


_SIGNS: tuple[tuple[re.Pattern[str], Callable[[Exception, Endpoint], str]], ...] = (
    (re.compile(r"api[ _-]?version", re.IGNORECASE), _unknown_version),
    (re.compile(r"\bretired\b|deprecated|no longer (?:available|supported|deployed)", re.IGNORECASE), _retired),
    (
        re.compile(r"OperationNotSupported|not work with the specified model|unsupported_?model", re.IGNORECASE),
        _no_chat,
    ),
    (re.compile(r"DeploymentNotFound|unknown[_ ]model|model_not_found", re.IGNORECASE), _no_deployment),
)


def _unauthorized(error: Exception, endpoint: Endpoint) -> str:
    if _DENIED.search(words(error)):  # the service says 401 where HTTP means 403
        return _forbidden(error, endpoint)
    if endpoint.key:
        return (
            f"{endpoint.host} refused the key: set `AZURE_OPENAI_API_KEY`, or `AZURE_OPENAI_ENDPOINT` if the key is "
            "another resource's"
        )
    return (
        f"{endpoint.host} refused the identity ({says(error, endpoint)}): run `az login` to the resource's tenant, or "
        "set `AZURE_OPENAI_API_KEY`"
    )


def _forbidden(error: Exception, endpoint: Endpoint) -> str:
    said = words(error)
    if _KEYLESS.search(said):
        return f"{endpoint.host} takes no keys: unset `AZURE_OPENAI_API_KEY` to sign in with Entra"
    if _CLOSED.search(said):
        return (
            f"{endpoint.host} does not let this network in ({says(error, endpoint)}): allow this machine in the "
            "resource's networking, or run inside its virtual network"
        )
    return (
        f"{endpoint.host} does not allow this ({says(error, endpoint)}): give the identity the role {_ROLE} on the "
        "resource, and wait some minutes"
    )


def _not_found(_: Exception, endpoint: Endpoint) -> str:
    if endpoint.version:
        return (
            f"{endpoint.host} finds nothing for deployment {endpoint.model!r} with API version {endpoint.version!r} "
            "(an unknown version, or a retired model): unset `AZURE_OPENAI_API_VERSION`, or set another "
            "`AZURE_OPENAI_DEPLOYMENT`"
        )
    return (
        f"{endpoint.host} finds nothing for deployment {endpoint.model!r} (no Azure OpenAI resource, or a retired "
        "model): check `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_DEPLOYMENT`"
    )


def _too_many(error: Exception, endpoint: Endpoint) -> str:
    if _QUOTA.search(words(error)):
        return (
            f"deployment {endpoint.model!r} at {endpoint.host} has no quota left ({says(error, endpoint)}): raise its "
            "quota, or set another `AZURE_OPENAI_DEPLOYMENT`"
        )
    return (
        f"deployment {endpoint.model!r} at {endpoint.host} gets too many requests ({says(error, endpoint)}): try again "
        "later, or raise its tokens per minute"
    )


def _unreached(error: Exception, endpoint: Endpoint) -> str:
    if not (why := cause(error)):
        return f"the connection to {endpoint.host} broke before an answer came: try again"
    return f"cannot reach {endpoint.address} ({why}): check `AZURE_OPENAI_ENDPOINT` and the network"


def _timed_out(_: Exception, endpoint: Endpoint) -> str:
    return (
        f"{endpoint.host} did not answer within {endpoint.timeout:g} s: try again, or raise `IMAGELORE_AZURE_TIMEOUT`"
    )


def _failed(error: Exception, endpoint: Endpoint) -> str:
    code = f" with status {status(error)}" if status(error) else ""
    return (
        f"{endpoint.host} failed{code} ({says(error, endpoint)}): try again, or look at the resource's health in Azure"
    )


def _unreadable(_: Exception, endpoint: Endpoint) -> str:
    return f"what answers at {endpoint.address} is not Azure OpenAI: check `AZURE_OPENAI_ENDPOINT`"


_EXPLAINED: Explained = {
    **ERRORS,
    ValueError: _unreadable,
    openai.APIError: _failed,
    openai.APIStatusError: _failed,
    openai.APIConnectionError: _unreached,
    openai.APITimeoutError: _timed_out,
    openai.APIResponseValidationError: _unreadable,
    openai.AuthenticationError: _unauthorized,
    openai.OAuthError: _unauthorized,
    openai.PermissionDeniedError: _forbidden,
    openai.NotFoundError: _not_found,
    openai.ConflictError: _failed,
    openai.RateLimitError: _too_many,
    openai.InternalServerError: _failed,
}
