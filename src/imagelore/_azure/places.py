"""Addresses of services: which ones a key or a token may be sent to."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from imagelore.errors import UsageError

_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")  # libraries disagree on what else leads where


def address(value: str, variable: str, example: str) -> str:
    """A service's address without user, query, fragment and closing slash.

    Raises:
        UsageError: it is empty, no address, or not encrypted and not on this machine.
    """
    if not value:
        raise UsageError(f"`{variable}` is not set: it is the service's address, like {example}")
    try:
        parts = urlsplit(value.strip())
        host, secure = parts.hostname or "", parts.scheme == "https"
        valid = (
            bool(_HOST.fullmatch(host))
            and (parts.port or 1) > 0
            and (secure or (parts.scheme == "http" and is_loopback(host)))
        )
    except ValueError:
        valid = False
    if not valid:
        shown = re.split(r"[?#]", value.rpartition("@")[2], maxsplit=1)[0]
        raise UsageError(f"`{variable}` is no https address: {shown!r}; it looks like {example}")
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class LoopbackPolicy(SansIOHTTPPolicy[Any, Any]):
    """Lets tokens go to this machine without TLS: an emulator, a stand-in. A per-call policy of the SDKs' clients."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Takes the SDK's own check off for loopback hosts."""
        if is_loopback(urlsplit(request.http_request.url).hostname or ""):
            request.context.options["enforce_https"] = False
