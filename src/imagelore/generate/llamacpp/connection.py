"""Connections to the server in this process, which can be ended while threads wait for what comes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import httpx2  # what the openai library speaks HTTP with


class Connections(httpx2.HTTPTransport):
    """Keeps the sockets of the requests that it carries.

    llama.cpp's server ends when nobody waits for it any more, and closing a socket does not wake up who reads from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._ended = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """As its base does, telling us of each new connection: https://www.encode.io/httpcore/extensions/#trace."""
        if self._ended:
            raise httpx2.ConnectError("the server has ended", request=request)
        request.extensions["trace"] = self._trace
        return super().handle_request(request)

    def end(self) -> None:
        """Breaks all connections, and makes no more."""
        self._ended = True
        for connected in list(self._sockets):
            with suppress(OSError):  # it is broken already
                connected.shutdown(socket.SHUT_RDWR)
        self.close()

    def _trace(self, event: str, told: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._sockets.add(told["return_value"].get_extra_info("socket"))
