"""What the page answers at all, and what every response is sent with: a Content-Security-Policy, no other host."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelore.ui.session import is_loopback

_FOREIGN = re.compile(
    r"\s*<(?:meta\b[^>]*(?:og:|twitter:)[^>]*|link\b[^>]*(?:https?://|manifest)[^>]*)>", re.IGNORECASE
)
_RESIZER = re.compile(r"<script>(?:(?!</script>).)*?iframeResizer\.contentWindow.*?</script>", re.DOTALL)
_SCRIPT = re.compile(r"<script(?=[\s>])")


def policy(nonce: str) -> str:
    """Scripts: our own files, and inline ones that carry this page's nonce. Nothing at all from another host.

    Gradio sets `style` attributes, hence `unsafe-inline` for styles.
    """
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    )


Shell = Callable[[], tuple[str, str, str]]


class Guard:
    """ASGI middleware: foreign requests refused, security headers on all responses, shell and nonce in the page itself.

    Args:
        app: what answers.
        shell: makes, anew for each page, the HTML for the end of `<head>`, before the chat and after it; in a thread.
        local: the page serves this machine only. Then a name in `Host` that is not this machine's own is an attack (a
            stranger's name that resolves to 127.0.0.1), and so is a request that changes something and comes from
            another site's page, Gradio's own upload among them.
    """

    def __init__(self, app: ASGIApp, shell: Shell, local: bool) -> None:
        self._app = app
        self._shell = shell
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on; the page at `/` is collected whole and rewritten."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        if self._local and (refusal := foreign(scope["method"], Headers(scope=scope))):
            await PlainTextResponse(refusal, 403)(scope, receive, _Guarding(send, nonce))
            return
        page = scope["path"] in ("", "/") and scope["method"] in ("GET", "HEAD")
        if page:  # the page must not arrive compressed here
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await self._app(scope, receive, _Rewriting(send, self._shell, nonce) if page else _Guarding(send, nonce))


def foreign(method: str, headers: Headers) -> str:
    """Why a request to a page for this machine only is refused; "" where it is not."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if not is_loopback(_hostname(host)):
        return "this page answers on this machine only: open it as http://127.0.0.1 with its port\n"
    if method not in ("GET", "HEAD") and origin is not None and origin.partition("://")[2] != host:
        return "this request comes from another site's page\n"
    return ""


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that hold no address
        return ""


class _Guarding:
    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._nonce = nonce

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            _guard(message, self._nonce)
        await self._send(message)


class _Rewriting:
    def __init__(self, send: Send, shell: Shell, nonce: str) -> None:
        self._send, self._shell, self._nonce = send, shell, nonce
        self._start: MutableMapping[str, Any] | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            _guard(message, self._nonce)
            self._start = message
            return
        self._body += message.get("body", b"")
        if self._start is None or message.get("more_body"):
            return
        if Headers(raw=self._start["headers"]).get("content-type", "").startswith("text/html"):
            self._body = await self._page()
            headers = MutableHeaders(raw=self._start["headers"])
            headers["content-length"] = str(len(self._body))
            headers["cache-control"] = "no-store"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})

    async def _page(self) -> bytes:
        shell = await run_in_threadpool(self._shell)  # it reads the knowledge base
        return rewritten(self._body.decode(), shell, self._nonce).encode()


def _guard(message: Message, nonce: str) -> None:
    headers = MutableHeaders(scope=message)
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "no-referrer"
    headers["content-security-policy"] = policy(nonce)


def rewritten(html: str, shell: tuple[str, str, str], nonce: str) -> str:
    """Gradio's page with our own parts, without the addresses of other hosts.

    The scripts of Gradio and of our head get the nonce. What goes before and after the chat comes from records, and
    goes in afterwards: a script in it never gets one.
    """
    head, before, after = shell
    html = _RESIZER.sub("", _FOREIGN.sub("", html))
    html = _SCRIPT.sub(f'<script nonce="{nonce}"', html.replace("</head>", f"{head}</head>", 1))
    html = html.replace("</gradio-app>", f"</gradio-app>{after}", 1)
    return html.replace("<gradio-app", f"{before}<gradio-app", 1)
