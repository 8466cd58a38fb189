"""Whether this server is fit to answer: what a load balancer asks every minute, signed in or not."""

from __future__ import annotations

import sys
import threading
import time

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from imagelore.errors import ImageloreError
from imagelore.ui.session import Session

PATH = "/health"
_FRESH = 10.0  # seconds that an answer is given again
_NOT_YET = "starting: the knowledge base is being opened\n"


class Health:
    """Opens the knowledge base and reads from it, one check at a time; who asks meanwhile hears the last result.

    Anyone may ask, so that the answer names no service: why a check failed goes to the server's log.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._checking = threading.Lock()
        self._until = 0.0
        self._fault = _NOT_YET

    def fault(self) -> str:
        """One line that says why this server is not fit to answer; "" when it is."""
        if time.monotonic() >= self._until and self._checking.acquire(blocking=False):
            try:
                self._fault = self._checked()
                self._until = time.monotonic() + _FRESH
            finally:
                self._checking.release()
        return self._fault

    def _checked(self) -> str:
        try:
            self._session.look_again()
            if self._session.kb is None:
                return "nothing is indexed yet: imagelore index\n"
            self._session.kb.index.count()
        except ImageloreError as error:
            sys.stderr.write(f"imagelore: not healthy: {error}\n")
            return "the knowledge base cannot be read: `imagelore doctor` says why\n"
        return ""


def health(session: Session) -> APIRouter:
    """`/health`: 200 when questions can be answered, 503 and one line when not."""
    router, state = APIRouter(), Health(session)

    @router.get(PATH)
    def healthy() -> Response:
        fault = state.fault()
        answer = PlainTextResponse(fault, 503) if fault else JSONResponse({"status": "ok"})
        answer.headers["cache-control"] = "no-store"
        return answer

    return router
