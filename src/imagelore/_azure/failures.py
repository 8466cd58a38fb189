"""What Azure's libraries raise, as one line that says what failed and what to set; and what must never be in one."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError

logging.getLogger("azure").addHandler(logging.NullHandler())  # its failures reach people as ours, not as log lines
logging.getLogger("azure.identity").setLevel(logging.ERROR)

_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+")  # a signature may stand there
_NO_WORDS = re.compile(r"Operation returned an invalid status '[^']*'")  # azure-core's own, for an empty answer
_TOKEN = re.compile(r"\b(?:eyJ[\w-]+\.[\w-]+\.[\w-]*|(?:AccountKey|sig|api-key|SharedAccessSignature)=[^\s;&]+)")


class Service(NamedTuple):
    """One service, as a message names it."""

    name: str  # "Azure AI Search"
    address: str
    endpoint: str  # the variable that holds its address
    key: str  # the variable that would hold a key
    role: str  # the least role that an identity needs
    secrets: tuple[str, ...] = ()  # only to keep them out of messages

    def __repr__(self) -> str:
        return f"Service({self.name!r}, {self.host!r})"

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.address).netloc.rpartition("@")[2]


def explain(error: Exception, service: Service) -> str:
    """Any exception of Azure's libraries as one line: what failed, and what to set; classes go by their base class."""
    kind = next(cls for cls in type(error).__mro__ if cls in ERRORS)
    return hidden(ERRORS[kind](error, service), service.secrets)


def says(error: Exception, service: Service) -> str:
    """The service's own words, in one line and without secrets."""
    inner = getattr(error, "error", None)
    words = getattr(inner, "message", None) or getattr(error, "message", None) or str(error)
    words = str(words).partition("RequestId:")[0]  # an id and the time follow
    line = hidden(" ".join(words.split()), service.secrets)
    return line[:240] + "…" * (len(line) > 240)


def hidden(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A text without these secrets, and without what looks like a token, a key or a signature."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…").replace(repr(secret)[1:-1], "…")
    return _TOKEN.sub("…", _QUERY.sub(r"\1", text))


def status(error: Exception) -> int:
    """The HTTP status behind an error; 0: there was no answer."""
    return (getattr(error, "status_code", None) or 0) if isinstance(error, HttpResponseError) else 0


def _nobody(_: Exception, service: Service) -> str:
    return f"no Azure identity was found for {service.name}: run `az login`, or set `{service.key}`"


def _answered(error: Exception, service: Service) -> str:
    said = says(error, service)
    said = "" if _NO_WORDS.fullmatch(said) else f" ({said})"
    match status(error):
        case 401:
            return (
                f"{service.name} at {service.host} refused the key or identity: set `{service.key}`, or run `az login`"
            )
        case 403:
            return (
                f"{service.name} at {service.host} does not allow this{said}: give the identity the role "
                f"{service.role!r}, or open the service's firewall for this machine"
            )
        case 404:
            return f"{service.name} at {service.host} has no such thing{said}: check `{service.endpoint}`"
        case 408 | 429:
            return f"{service.name} at {service.host} gets too many requests{said}: run this again later"
        case code if code >= 500:
            return f"{service.name} at {service.host} failed with status {code}{said}: run this again"
        case code:
            return (
                f"{service.name} at {service.host} refused the request with status {code}{said}: check "
                f"`{service.endpoint}`, and what was asked for"
            )


def _unauthenticated(error: Exception, service: Service) -> str:
    if status(error):  # with a response: from the service itself, or from Entra
        return _answered(error, service)
    if "from the included credentials" in str(error):  # nobody in the whole chain
        return _nobody(error, service)
    return (
        f"no identity could sign in for {service.name} ({says(error, service)}): run `az login`, or set `{service.key}`"
    )


def _unreached(error: Exception, service: Service) -> str:
    return (
        f"cannot reach {service.name} at {service.host} ({_cause(error)}): check `{service.endpoint}` and the network"
    )


def _broken(error: Exception, service: Service) -> str:
    return f"{service.name} at {service.host} did not answer ({_cause(error)}): run this again"


def _garbled(_: Exception, service: Service) -> str:
    return f"what answers at {service.host} is not {service.name}: check `{service.endpoint}`"


def _failed(error: Exception, service: Service) -> str:
    return f"{service.name} at {service.host} failed ({says(error, service)}): run this again"


def _cause(error: BaseException) -> str:
    """The innermost reason, in a few words."""
    words = " ".join(str(error).split())
    for sign, told in _CAUSES.items():
        if sign in words.lower():
            return told
    return words[:120]


_CAUSES = {
    "name or service not known": "there is no such host",
    "failed to resolve": "there is no such host",
    "nodename nor servname": "there is no such host",
    "connection refused": "nothing listens there",
    "timed out": "it took too long",
    "certificate": "its certificate is not trusted",
    "wrong_version_number": "it does not speak TLS",
    "too many redirects": "it leads on and on",
    "maximum redirect": "it leads on and on",
    "max retries exceeded": "no connection was made",
    "in header value": "the key cannot be sent",
    "connection aborted": "the connection broke",
    "connection reset": "the connection broke",
}

ERRORS: dict[type[Exception], Callable[[Exception, Service], str]] = {
    AzureError: _failed,
    HttpResponseError: _answered,
    ClientAuthenticationError: _unauthenticated,
    CredentialUnavailableError: _nobody,
    DecodeError: _garbled,
    ServiceRequestError: _unreached,
    ServiceResponseError: _broken,
    ValueError: _garbled,  # an answer that cannot be deserialised
}
