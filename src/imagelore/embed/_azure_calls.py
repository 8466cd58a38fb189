"""Many small calls to one Azure service, side by side: paced, tried again where that helps, cancelled together.

The pipeline (connections, keys, tokens) is azure-core's, with this module in the place of its retry policy, which knows
nothing of the other calls that are under way.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import requests
from azure.core import PipelineClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
)
from azure.core.pipeline.policies import (
    AzureKeyCredentialPolicy,
    BearerTokenCredentialPolicy,
    RetryPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from imagelore._azure import LoopbackPolicy, Service, explain, identity, says, status
from imagelore.embed._throttle import shared
from imagelore.errors import EmbedderError
from imagelore.settings import Settings

SIDE_BY_SIDE = 64  # calls at once, and connections: two batches of 32. At 20 a second a second of latency needs 20
SCOPE = "https://cognitiveservices.azure.com/.default"
_PAUSES = (0.2, 20.0)  # seconds before the first and, at most, before any further attempt
_RETRY = RetryPolicy()  # reads Retry-After, as seconds or a date
_UNFIT = {400, 413, 415, 422}  # statuses that are about what was sent

T = TypeVar("T")
R = TypeVar("R")


class Unfit(Exception):
    """The service will not take this one input; the text says why."""


class Exhausted(EmbedderError):
    """A call failed as often as it may; `alone`: others were answered meanwhile, so it seems to be this input."""

    alone = False


class Calls:
    """The calls to one service. Safe to use from several threads; `close` gives the connections back."""

    def __init__(
        self,
        service: Service,
        header: str,  # takes the key; without one a token of Entra goes into `Authorization`
        settings: Settings,
        rate: float,
    ) -> None:
        self.service, self._patience, self._retries = service, settings.azure_patience, settings.azure_retries
        self._pipeline = _pipeline(service, header, settings.azure_timeout)
        self._throttle = shared(service.address, rate)
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="embed")
        self._alone = threading.Lock()
        self._proven = False
        self._failure: tuple[float, str] = (0.0, "")  # when it ended all that was under way, and why

    def close(self) -> None:
        """Ends the threads and the connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pipeline.close()

    def prove(self, hello: Callable[[], object]) -> None:
        """Makes sure that a call which cannot be at fault has succeeded before any other is made.

        So a wrong key or address costs one call, and a later refusal is about what was sent.
        """
        began = time.monotonic()
        with self._alone:
            self._check(began)
            if not self._proven:
                hello()
                self._proven = True

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`work` for each item, side by side. The first exception cancels what has not begun."""
        began = time.monotonic()

        def run(item: T) -> R:
            self._check(began)
            return work(item)

        futures = [self._pool.submit(run, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def post(self, path: str, **request: Any) -> Any:
        """The JSON that the service answers with.

        Raises:
            Unfit: it refuses this input.
            Exhausted: it failed as often as `retries` allow.
            EmbedderError: no call can succeed; those under way hear the same.
        """
        began, failures, refusals = time.monotonic(), 0, 0
        while True:
            started = self._throttle.wait(lambda: self._check(began))
            answer, error = self._sent(HttpRequest("POST", self.service.address + path, **request))
            if error is None:
                self._throttle.succeeded()
                return answer
            pause = _wanted(error)
            if status(error) == 429 and not isinstance(error, ClientAuthenticationError):
                refusals += 1
                pause = _backoff(refusals) if pause is None else pause
                if (seconds := self._throttle.refused(started, pause, began)) > self._patience:
                    raise self.failed(self._throttled(seconds))
            elif self._passing(error, failures):
                failures += 1
                if failures > self._retries:
                    raise self._exhausted(error, began)
                time.sleep(_backoff(failures) if pause is None else min(pause, self._patience))
            elif status(error) in _UNFIT and not isinstance(error, ClientAuthenticationError):
                raise Unfit(says(error, self.service))
            else:
                raise self.failed(self.explained(error))

    def explained(self, error: Exception) -> str:
        """An error in one line; a provider may know better words."""
        return explain(error, self.service)

    def failed(self, message: str) -> EmbedderError:
        """The error to raise when no call can succeed: those that wait hear the same."""
        self._failure, self._proven = (time.monotonic(), message), False
        return EmbedderError(message)

    def garbled(self) -> EmbedderError:
        """The error to raise when an answer is not what this service answers."""
        return self.failed(explain(ValueError(), self.service))

    def _check(self, began: float) -> None:
        when, message = self._failure
        if when >= began and message:
            raise EmbedderError(message)

    def _sent(self, request: HttpRequest) -> tuple[Any, Exception | None]:
        try:
            response = self._pipeline.send_request(request)
            if response.status_code == 200:
                return response.json(), None
            if response.status_code < 400:  # a redirect to a sign-in page
                return None, ValueError()
            return None, HttpResponseError(response=response)
        except (AzureError, ValueError) as error:
            return None, error

    def _passing(self, error: Exception, failures: int) -> bool:
        """Whether another attempt may succeed."""
        if isinstance(error, ClientAuthenticationError):
            return False
        if (code := status(error)) == 401:  # a token that has just expired; the policy fetches another
            return self._proven and not failures and not self.service.secrets[0]
        if isinstance(error, ServiceRequestError):  # no connection: a wrong address, unless it was right before
            return self._proven
        return code == 408 or code >= 500 or (isinstance(error, AzureError) and not code)

    def _exhausted(self, error: Exception, began: float) -> EmbedderError:
        if self._throttle.succeeded_at < began:
            return self.failed(self.explained(error))
        exhausted = Exhausted(self.explained(error))
        exhausted.alone = True
        return exhausted

    def _throttled(self, seconds: float) -> str:
        return (
            f"{self.service.name} at {self.service.host} takes no calls for {seconds:,.0f} seconds (too many "
            "requests): run this again later, or raise the resource's quota"
        )


def _pipeline(service: Service, header: str, timeout: float) -> PipelineClient[HttpRequest, HttpResponse]:
    """Azure-core's, with a connection for each of the calls at once."""
    session = requests.Session()
    session.trust_env = False  # the environment is read here once, not for each call
    session.proxies.update(get_environ_proxies(service.address))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=SIDE_BY_SIDE))
    transport = RequestsTransport(
        session=session,
        connection_timeout=min(timeout, 10.0),
        read_timeout=timeout,
        connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
    )
    policies: list[Any] = [UserAgentPolicy(base_user_agent="imagelore")]
    if key := service.secrets[0].strip():
        policies.append(AzureKeyCredentialPolicy(AzureKeyCredential(key), header))
    else:
        policies += [LoopbackPolicy(), BearerTokenCredentialPolicy(identity(), SCOPE)]
    return PipelineClient(service.address, transport=transport, policies=policies)


def _wanted(error: Exception) -> float | None:
    """Seconds until the next attempt, as the service asks for them; None where it does not."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, scale in (("Retry-After", 1.0), ("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001)):
        if value := headers.get(name):
            try:
                return _RETRY.parse_retry_after(value) * scale
            except ValueError:
                return None
    return None


def _backoff(attempt: int) -> float:
    """Exponential, with jitter so that calls which failed together do not come back together."""
    first, most = _PAUSES
    return float(min(most, first * 2 ** (attempt - 1)) * random.uniform(0.5, 1))
