"""Launching the page: a free port, the address, the browser."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from imagelore.errors import UsageError
from imagelore.settings import Settings
from imagelore.ui.session import Session

_TRIES = 50


def serve(settings: Settings, *, open_browser: bool = False, told: Callable[[str], None] | None = None) -> None:
    """Serves the page until it is interrupted.

    Args:
        settings: `host` and `port` say where; a port that is taken is followed by the next free one, 0 takes any.
        open_browser: open the page once it answers.
        told: hears the page's address once it answers; by default it is written to stdout.

    Raises:
        ImageloreError: the knowledge base cannot be opened, and the page serves this machine only.
        UsageError: the address cannot be listened on.
    """
    session = open_session(settings)
    listener = listen(settings.host, settings.port)
    url = f"http://{_readable(settings.host)}:{listener.getsockname()[1]}"

    def ready() -> None:
        (told or _write)(f"imagelore is at {url} (Ctrl-C ends it)")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    from imagelore.ui.app import build_app

    run(build_app(session), listener, ready)


def open_session(settings: Settings) -> Session:
    """What is served: on this machine the opened knowledge base, or none where nothing is indexed yet.

    A server for others opens it later, at the first page or `/health`: whoever started it waits for its port and gives
    up after minutes, which a service that is down may take to fail. Both tell what is wrong then, and it may be mended
    meanwhile.

    Raises:
        ImageloreError: it cannot be opened, and the page serves this machine only.
    """
    session = Session(settings)
    if session.local:
        session.look_again()
    return session


def run(app: ASGIApp, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answers on a listening socket until interrupted; `ready` is called once it does."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            gc.collect()
            gc.freeze()  # what is here now stays; going through it again and again would hold answers up
            ready()

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    log = logging.getLogger("uvicorn.error")
    log.addFilter(_not_cut_off)
    try:
        Server(config).run([listener])
    except KeyboardInterrupt:
        pass
    finally:
        log.removeFilter(_not_cut_off)


def _not_cut_off(record: logging.LogRecord) -> bool:
    """Leaves out of the log what an open page makes of the server's end: its connection never ends by itself."""
    cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and not str(record.msg).startswith("Cancel %s running task")


def _readable(host: str) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return everywhere.get(host, f"[{host}]" if ":" in host else host)


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the port, or on the next free one.

    Raises:
        UsageError: there is no such address here, or no port is free.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + _TRIES if port else 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
        except (OSError, OverflowError) as error:
            listener.close()
            if getattr(error, "errno", None) not in (errno.EADDRINUSE, errno.EACCES):
                raise UsageError(f"cannot listen on `{host}` port {candidate}: {error}") from error
            continue
        listener.listen(128)
        return listener
    raise UsageError(f"no free port from {port} to {port + _TRIES - 1} on `{host}`: choose another with `--port`")
