"""What the page answers at all, and what every response is sent with: a Content-Security-Policy, no other host."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imagelore.settings import Settings
from imagelore.ui.health import PATH as HEALTH
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


Shell = Callable[[str], tuple[str, str, str]]
USER, NAME = "x-ms-client-principal-id", "x-ms-client-principal-name"
"""Who is signed in, as App Service tells it: always an id, mostly a name. It takes these headers off what clients send,
but only while its sign-in is on (https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities).
"""


class Guard:
    """ASGI middleware: foreign requests refused, security headers on all responses, shell and nonce in the page itself.

    Args:
        app: what answers.
        shell: makes, anew for each page and who is signed in, the HTML for the end of `<head>`, before the chat and
            after it; in a thread.
        settings: where the page is served, and whether a sign-in stands before it.
    """

    def __init__(self, app: ASGIApp, shell: Shell, settings: Settings) -> None:
        self._app = app
        self._shell = shell
        self._local = is_loopback(settings.host)
        self._signed_in = settings.behind_sign_in
        self._closed = self._signed_in and sign_in_is_off()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on; the page at `/` is collected whole and rewritten."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce, headers = secrets.token_urlsafe(16), Headers(scope=scope)
        user = _signed_in(headers) if self._signed_in else ""
        if refusal := foreign(scope["method"], headers, self._local):
            await PlainTextResponse(refusal, 403)(scope, receive, _Guarding(send, nonce))
            return
        if self._signed_in and (self._closed or not user) and scope["path"] != HEALTH:
            await PlainTextResponse(_OFF if self._closed else _NOBODY, 401)(scope, receive, _Guarding(send, nonce))
            return
        page = scope["path"] in ("", "/") and scope["method"] in ("GET", "HEAD")
        if page:  # the page must not arrive compressed here
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        shell = partial(self._shell, user)
        await self._app(scope, receive, _Rewriting(send, shell, nonce) if page else _Guarding(send, nonce))


_NOBODY = (
    "nobody is signed in: open the page through its site's sign-in, or turn `IMAGELORE_BEHIND_SIGN_IN` off where there "
    "is none\n"
)
_OFF = (
    "this site's sign-in is switched off, and anybody could claim to be anyone: turn App Service's authentication on "
    "again (`azd provision`), or `IMAGELORE_BEHIND_SIGN_IN` off\n"
)


def sign_in_is_off() -> bool:
    """Whether this is App Service without its sign-in, where any client can claim to be anybody.

    The platform tells it in variables that are its own, and starts the site anew when that changes:
    https://learn.microsoft.com/azure/app-service/reference-app-settings
    """
    on = os.environ.get("WEBSITE_AUTH_ENABLED", "").lower() in ("true", "1")
    return "WEBSITE_SITE_NAME" in os.environ and not on


def _signed_in(headers: Headers) -> str:
    """The name to show for who is signed in; "" where nobody is."""
    if not headers.get(USER, "").strip():
        return ""
    return headers.get(NAME, "").strip() or "signed in"


def foreign(method: str, headers: Headers, local: bool) -> str:
    """Why a request is refused as another site's doing; "" where it is not.

    Args:
        method: a request that changes nothing is refused for the name it asks by only.
        headers: the request's.
        local: the page serves this machine only. Then a name in `Host` that is not this machine's own is an attack (a
            stranger's name that resolves to 127.0.0.1). Elsewhere a proxy may have changed `Host`, and what the browser
            itself says of where a request comes from must do.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if local and not is_loopback(_hostname(host)):
        return "this page answers on this machine only: open it as http://127.0.0.1 with its port\n"
    if method in ("GET", "HEAD"):
        return ""
    elsewhere = local and origin is not None and origin.partition("://")[2] != host
    if elsewhere or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
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
    def __init__(self, send: Send, shell: Callable[[], tuple[str, str, str]], nonce: str) -> None:
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
