"""What goes wrong on purpose: shared by the fakes of cloud services.

A fake asks `take(path)` once for each request and does what the fault says: waits `pause` seconds, then closes the
connection without an answer (`status` 0), answers with `status` and `headers` in its service's error shape, or, when
`status` is None, answers as if nothing had happened (a slow request).

    fake.faults.fail_next(429, {"Retry-After": "0.01"}, times=2)     # the next two requests
    fake.faults.fail_next(503, path="search.index")                  # the next request whose path holds that text
    fake.faults.rate = 0.1                                           # one request in ten, of the kinds in `kinds`
"""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: see the module."""

    status: int | None = 500  # 0: the connection is reset; None: only slow
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds
    path: str = ""  # only requests whose path holds this text
    message: str = ""  # what the answer says; empty: what the service says


KINDS = (
    Fault(429, {"Retry-After": "0.01"}),
    Fault(503, {"Retry-After": "0.01"}),
    Fault(500),
    Fault(0),
    Fault(None, pause=0.02),
)


class Faults:
    """One-shot faults in a queue, then `rate` (0 to 1) of the other requests; the seed decides which."""

    def __init__(self, rate: float = 0.0, seed: int = 0, kinds: Sequence[Fault] = KINDS) -> None:
        self.rate = rate
        self.kinds = tuple(kinds)  # taken in turn
        self.taken: list[Fault] = []
        self._queue: list[Fault] = []
        self._random = random.Random(seed)
        self._injected = 0
        self._lock = threading.Lock()

    def fail_next(
        self,
        status: int | None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        *,
        pause: float = 0.0,
        path: str = "",
        message: str = "",
    ) -> None:
        """The next `times` requests (whose path holds `path`) get this fault."""
        with self._lock:
            self._queue += [Fault(status, headers or {}, pause, path, message)] * times

    def take(self, path: str) -> Fault | None:
        """The fault of a request for `path`, or None; to be called once for each request."""
        with self._lock:
            fault = next((waiting for waiting in self._queue if waiting.path in path), None)
            if fault:
                self._queue.remove(fault)
            elif self.rate and self._random.random() < self.rate:
                kinds = [kind for kind in self.kinds if kind.path in path]
                fault = kinds[self._injected % len(kinds)] if kinds else None
                self._injected += 1
            if fault:
                self.taken.append(fault)
            return fault


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Closes a request's connection with a TCP reset, so that the client sees `ECONNRESET`."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
