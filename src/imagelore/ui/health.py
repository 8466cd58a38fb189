"""Whether this server is fit to answer: what a load balancer asks every minute, signed in or not."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from imagelore.errors import ImageloreError
from imagelore.ui.session import Session

PATH = "/health"
PATIENCE = 300.0
"""Seconds of failures in a row that a server with an open knowledge base is forgiven: a service that throttles does so
to every instance, and replacing them would only end their conversations."""

_FRESH = 10.0  # seconds that an answer is given again


class State(NamedTuple):
    """Whether the server should get requests, and one line on why."""

    fit: bool
    said: str


class Health:
    """Opens the knowledge base and reads from it, one check at a time; who asks meanwhile hears the last result.

    Anyone may ask, so that the answer names no service: why a check failed goes to the server's log.
    """

    def __init__(self, session: Session, clock: Callable[[], float] = time.monotonic) -> None:
        self._session = session
        self._clock = clock
        self._checking = threading.Lock()
        self._until = clock()
        self._failing_since: float | None = None
        self._state = State(False, "starting: the knowledge base is being opened")

    def state(self) -> State:
        """The result of a check that is at most some seconds old."""
        if self._clock() >= self._until and self._checking.acquire(blocking=False):
            try:
                self._state = self._checked()
                self._until = self._clock() + _FRESH
            finally:
                self._checking.release()
        return self._state

    def _checked(self) -> State:
        try:
            self._session.look_again()
            if self._session.kb is not None:
                self._session.kb.index.count()
        except ImageloreError as error:
            sys.stderr.write(f"imagelore: not healthy: {error}\n")
            return State(self._forgiven(), "the knowledge base cannot be read: `imagelore doctor` says why")
        self._failing_since = None
        return State(True, "ok" if self._session.kb else "nothing is indexed yet: imagelore index")

    def _forgiven(self) -> bool:
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
        return self._session.kb is not None and now - self._failing_since < PATIENCE


def health(session: Session) -> APIRouter:
    """`/health`: 200 while the server should get requests, 503 and one line when not."""
    router, checks = APIRouter(), Health(session)

    @router.get(PATH)
    def healthy() -> Response:
        fit, said = checks.state()
        answer = JSONResponse({"status": said}) if fit else PlainTextResponse(f"{said}\n", 503)
        answer.headers["cache-control"] = "no-store"
        return answer

    return router
