"""The server: routes, keys and roles, API versions, conditional updates, faults.

Paths as the SDK sends them (`/indexes('NAME')/docs/search.index`) and as the documents write them
(`/indexes/NAME/docs/index`). Access: https://learn.microsoft.com/azure/search/search-security-api-keys and
https://learn.microsoft.com/azure/search/search-security-rbac.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.faults import Faults, reset
from tests.fakes.identity_server import audience
from tests.fakes.search_server.errors import Refused
from tests.fakes.search_server.operations import Answer, Operations, Service

VERSIONS = ("2025-09-01", "2026-04-01", "2026-10-01")
AUDIENCE = "https://search.azure.com"
MAX_BODY = 16 * 1024 * 1024  # bytes
SERVICE = "Search Service Contributor"  # indexes
WRITER = "Search Index Data Contributor"  # documents
READER = "Search Index Data Reader"
_NAME = r"(?:\('(?P<name>[^']*)'\)|/(?P<plain>[^/()]+))"
_ROUTES = (
    ("GET", r"/servicestats", "service_statistics", {SERVICE}),
    ("GET", r"/indexes", "list_indexes", {SERVICE}),
    ("POST", r"/indexes", "create_index", {SERVICE}),
    ("GET", rf"/indexes{_NAME}", "get_index", {SERVICE}),
    ("PUT", rf"/indexes{_NAME}", "put_index", {SERVICE}),
    ("DELETE", rf"/indexes{_NAME}", "delete_index", {SERVICE}),
    ("GET", rf"/indexes{_NAME}/(?:search\.)?stats", "index_statistics", {SERVICE}),
    ("GET", rf"/indexes{_NAME}/docs/\$count", "count", {READER, WRITER}),
    ("POST", rf"/indexes{_NAME}/docs/(?:search\.post\.)?search", "search", {READER, WRITER}),
    ("POST", rf"/indexes{_NAME}/docs/(?:search\.)?index", "index_documents", {WRITER}),
    ("GET", rf"/indexes{_NAME}/docs(?:\('(?P<key>.*)'\)|/(?P<bare>[^/()]+))", "get_document", {READER, WRITER}),
)
_WORDS = {
    429: "Too many requests. Please try again later.",
    503: "The request has been rejected because the service is currently too busy. Please try again later.",
}


class FakeSearch(Service):
    """The server, running; `roles` are every identity's, `requests` holds (method, path, body) of all that came."""

    def __init__(self) -> None:
        super().__init__()
        self.admin_key, self.query_key = "admin-0123456789abcdef", "query-0123456789abcdef"
        self.roles = {SERVICE, WRITER}
        self.faults = Faults()
        self.requests: list[tuple[str, str, Any]] = []
        self.lock = threading.RLock()
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        server.daemon_threads = True
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """The variables with which a program finds this server, with its key."""
        return {"AZURE_SEARCH_ENDPOINT": self.url, "AZURE_SEARCH_KEY": self.admin_key}

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeSearch
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body in one packet

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        try:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = self.fake.faults.take(self.path)
            if fault and fault.pause:
                time.sleep(fault.pause)
            if fault and fault.status == 0:
                reset(self)
            elif fault and fault.status:
                words = fault.message or _WORDS.get(fault.status, "An error has occurred.")
                self._send(fault.status, {"error": {"code": "", "message": words}}, dict(fault.headers))
            else:
                with self.fake.lock:
                    answer = self._perform(raw)
                self._send(answer.status, answer.body, answer.headers)
        except Refused as refused:
            self._send(refused.status, refused.body(), refused.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _perform(self, raw: bytes) -> Answer:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        operation, roles, arguments = self._route(parts.path)
        self._authorize(roles)
        if asked.get("api-version") not in VERSIONS:
            raise Refused(f"The api-version '{asked.get('api-version', '')}' is missing or not supported.")
        if len(raw) > MAX_BODY:
            raise Refused(f"The request is larger than {MAX_BODY} bytes.", status=413)
        body = self._json(raw) if self.command in {"POST", "PUT"} else None
        self.fake.requests.append((self.command, unquote(parts.path), body))
        operations = Operations(self.fake, asked, self.headers, body, f"{self.fake.url}{self.path}")
        method: Callable[..., Answer] = getattr(operations, operation)
        return method(*arguments)

    def _route(self, path: str) -> tuple[str, set[str], list[str]]:
        known = False
        for method, pattern, operation, roles in _ROUTES:
            if found := re.fullmatch(pattern, path):
                known = True
                if method == self.command:
                    values = found.groupdict()
                    pairs = (("name", "plain"), ("key", "bare"))
                    given = [values.get(a) or values.get(b) for a, b in pairs if a in values]
                    return operation, roles, [unquote(each or "").replace("''", "'") for each in given]
        raise Refused("" if not known else "The method is not allowed here.", status=405 if known else 404)

    def _authorize(self, roles: set[str]) -> None:
        key, token = self.headers.get("api-key"), self.headers.get("Authorization")
        if key is not None:
            if key != self.fake.admin_key and not (key == self.fake.query_key and READER in roles):
                raise Refused("", status=403)
        elif audience(token) != AUDIENCE:
            raise Refused("", status=401, WWW_Authenticate='Bearer error="invalid_token"')
        elif not roles & self.fake.roles:
            raise Refused("", status=403)

    def _json(self, raw: bytes) -> Any:
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip()
        if kind != "application/json":
            raise Refused("The content type must be application/json.", status=415)

        def refuse(constant: str) -> Any:
            raise ValueError(f"{constant} is no number of JSON")

        try:
            return json.loads(raw, parse_constant=refuse)
        except (ValueError, RecursionError) as error:
            raise Refused(f"The request is invalid. Details: Invalid JSON: {error}") from None

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        for name, value in {"request-id": self.headers.get("x-ms-client-request-id", ""), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
