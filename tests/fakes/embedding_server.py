"""What the fakes of embedding services have in common: a server with latency, a rate limit, faults and an identity."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes import identity_server
from tests.fakes.faults import Faults, reset

AUDIENCE = "https://cognitiveservices.azure.com"


class Refused(Exception):
    """A request that gets an error: status, code, message, inner code, further headers."""

    def __init__(
        self, status: int, code: str, message: str, inner: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.inner = status, code, message, inner
        self.headers = headers or {}


class FakeEmbedding:
    """The server, running. `calls` counts all that arrived, refused ones too; `most` those at the same time."""

    key = "0123456789abcdef0123456789abcdef"
    key_header = ""

    def __init__(self, handler: type[Handler]) -> None:
        self.calls = 0
        self.most = 0
        self.latency = 0.0  # seconds
        self.allowed = 0  # calls in any `window` seconds; 0: no limit
        self.window = 1.0
        self.retry_after = ""  # empty: the seconds until a call is free again
        self.role = True  # False: a token's owner may not call it
        self.page = ""  # an HTML page with which everything is answered
        self.faults = Faults()
        self.lock = threading.Lock()
        self._under_way = 0
        self._admitted: list[float] = []
        self._server = _Server(("127.0.0.1", 0), type("Handler", (handler,), {"fake": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def enter(self) -> None:
        """A call arrives."""
        with self.lock:
            self.calls += 1
            self._under_way += 1
            self.most = max(self.most, self._under_way)

    def leave(self) -> None:
        """A call has been answered."""
        with self.lock:
            self._under_way -= 1

    def admit(self) -> None:
        """Refuses the call where the rate does not allow it."""
        if not self.allowed:
            return
        with self.lock:
            now = time.monotonic()
            self._admitted = [at for at in self._admitted if at > now - self.window]
            if len(self._admitted) < self.allowed:
                self._admitted.append(now)
                return
            left = self._admitted[0] + self.window - now
        seconds = self.retry_after or str(max(1, round(left)))
        message = f"Requests have exceeded the call rate limit of your pricing tier. Retry after {seconds} seconds."
        raise Refused(429, "429", message, headers={"Retry-After": seconds})

    def authorise(self, headers: Mapping[str, str]) -> None:
        """Refuses a call that brings neither the key nor a token, or both, or wrong ones."""
        key, bearer = headers.get(self.key_header), headers.get("Authorization")
        if (key is None) == (bearer is None):
            raise Refused(401, "401", "Access denied: either a key or a token is required")
        if key is not None and key != self.key:
            raise Refused(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        if bearer is not None and identity_server.audience(bearer) != AUDIENCE:
            raise Refused(401, "InvalidAuthenticationToken", "The access token has expired or has a wrong audience")
        if bearer is not None and not self.role:
            raise Refused(403, "PermissionDenied", "Principal does not have access to API/Operation.")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class Handler(BaseHTTPRequestHandler):
    """One call; a service says in `embed` what it answers, and in `told` how it tells an error."""

    fake: Any
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for the whole answer
    disable_nagle_algorithm = True

    def embed(self, body: bytes) -> dict[str, Any]:
        """The answer to a call."""
        raise NotImplementedError

    def told(self, error: Refused) -> dict[str, Any]:
        """The body of an error."""
        raise NotImplementedError

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.fake.enter()
        try:
            self._answer(body)
        except Refused as error:
            headers = {"Content-Type": "application/json", "x-ms-error-code": error.code, **error.headers}
            self._send(error.status, json.dumps(self.told(error)).encode(), headers)
        finally:
            self.fake.leave()

    def _answer(self, body: bytes) -> None:
        fault = self.fake.faults.take(self.path)
        time.sleep(self.fake.latency + (fault.pause if fault else 0))
        if fault and fault.status == 0:
            reset(self)
        elif fault and fault.status:
            raise Refused(fault.status, str(fault.status), "injected", headers=fault.headers)
        elif self.fake.page:
            self._send(200, self.fake.page.encode(), {"Content-Type": "text/html"})
        else:
            self.fake.authorise(self.headers)
            self.fake.admit()
            data = json.dumps(self.embed(body)).encode()
            self._send(200, data, {"Content-Type": "application/json; charset=utf-8"})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, text in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()


def parsed(body: bytes) -> dict[str, Any]:
    """A body that is a JSON object."""
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refused(400, "InvalidRequest", "The body is no JSON object", "BadArgument")
    return given
