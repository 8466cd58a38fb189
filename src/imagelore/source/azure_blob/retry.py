"""How long to wait before a request is tried again."""

from __future__ import annotations

import random
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob import ExponentialRetry

_FIRST, _LONGEST = 0.8, 30.0  # seconds
_CONNECT = 3  # a mistyped account has no host: nobody should wait long to hear that


class Patience(ExponentialRetry):
    """The SDK's retries, but `Retry-After` is obeyed, 429 is tried again, and a sign-in that failed is not.

    Storage throttles with 503 (https://learn.microsoft.com/azure/storage/blobs/scalability-targets); what stands
    before it (a gateway, a proxy) does so with 429.
    """

    def __init__(self, retries: int, longest: float) -> None:
        connect = min(retries, _CONNECT)
        super().__init__(retry_total=retries, retry_connect=connect, retry_read=retries, retry_status=retries)
        self._longest = longest

    def send(self, request: Any) -> Any:
        """As the SDK does, and again while the answer is 429; bodies are bytes here, so they can be sent twice."""
        response = super().send(request)  # type: ignore[no-untyped-call]
        for count in range(1, self.total_retries + 1):
            if response.http_response.status_code != 429:
                break
            request.context.transport.sleep(self._pause(response.http_response, count))
            response = super().send(request)  # type: ignore[no-untyped-call]
        return response

    def increment(self, settings: dict[str, Any], request: Any, response: Any = None, error: Any = None) -> bool:
        """Whether to try again."""
        if isinstance(error, ClientAuthenticationError):  # a minute of the same answer from `az`
            return False
        return bool(super().increment(settings, request, response, error))

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        """Seconds to wait, by what the answer says, or ever longer."""
        history = settings["history"]  # of answers and broken connections, not of all that fails
        return self._pause(history[-1].http_response if history else None, settings["count"])

    def _pause(self, response: Any, count: int) -> float:
        said = str(response.headers.get("Retry-After", "")) if response is not None else ""
        if said.replace(".", "", 1).isdigit():
            return min(float(said), self._longest)
        return min(_FIRST * 2.0 ** (count - 1), _LONGEST) * random.uniform(0.75, 1.25)
