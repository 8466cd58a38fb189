"""A server on loopback that gives out tokens as App Service does to an app with a managed identity.

The protocol: `GET IDENTITY_ENDPOINT?api-version=2019-08-01&resource=...` with the header `X-IDENTITY-HEADER`
(https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference). With its variables
set, `DefaultAzureCredential` really runs. The tokens are unsigned JWTs whose audience is the asked resource; a fake
service looks into them with `audience`.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "identity-header-5c1c"
ISSUER = "https://sts.windows.net/00000000-0000-0000-0000-000000000000/"


def token(resource: str, lifetime: float = 3600) -> str:
    """A token for a resource, valid for so many seconds from now; for none, if that is negative."""
    now = int(time.time())
    claims = {"aud": resource, "iss": ISSUER, "iat": now, "nbf": now - 300, "exp": now + int(lifetime), "oid": "app"}
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def audience(presented: str | None) -> str | None:
    """The resource that a token is for, `Bearer` before it or not; None where it is no token of ours, or expired."""
    try:
        _, claims, _ = (presented or "").removeprefix("Bearer ").split(".")
        values = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return str(values["aud"]) if values["iss"] == ISSUER and values["exp"] > time.time() else None
    except (ValueError, KeyError, TypeError):
        return None


class FakeIdentity:
    """The server, running. `asked` holds each resource that a token was wanted for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lifetime = 3600.0  # seconds of the tokens to come; negative: they have expired already
        self.failing = ""  # what to answer instead of a token: there is no such identity
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        server.daemon_threads = True
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/msi/token"

    def environment(self) -> dict[str, str]:
        """The variables with which `DefaultAzureCredential` finds this server, and looks nowhere else."""
        return {"IDENTITY_ENDPOINT": self.url, "IDENTITY_HEADER": SECRET, "AZURE_TOKEN_CREDENTIALS": "prod"}

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeIdentity

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != "/msi/token" or asked.get("api-version") != "2019-08-01" or not asked.get("resource"):
            self._answer(400, {"statusCode": 400, "message": f"not a token request: {self.path}"})
        elif self.headers.get("X-IDENTITY-HEADER") != SECRET:
            self._answer(401, {"statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong"})
        elif self.fake.failing:
            self._answer(400, {"statusCode": 400, "message": self.fake.failing})
        else:
            self.fake.asked.append(asked["resource"])
            expires = int(time.time() + self.fake.lifetime)
            self._answer(
                200,
                {
                    "access_token": token(asked["resource"], self.fake.lifetime),
                    "expires_on": str(expires),
                    "resource": asked["resource"],
                    "token_type": "Bearer",
                    "client_id": "11111111-1111-1111-1111-111111111111",
                },
            )

    def _answer(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _part(values: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()
