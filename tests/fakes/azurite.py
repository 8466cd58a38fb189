"""Azurite, the emulator of Blob Storage that Microsoft maintains: a real server on loopback, in memory.

It is an npm package. `azurite-blob` is looked up on the PATH, then in `.cache/azurite` of this repository, where
`INSTALL` puts it. A `Relay` stands before it where a test wants to see the requests, or to interfere.
"""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from imagelore.settings import Settings
from tests.fakes.faults import Faults, reset

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient

INSTALL = "npm install --prefix .cache/azurite azurite@3.37.0"
ROOT = Path(__file__).parents[2]
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # its documented one


def program() -> str:
    """Where Azurite is; without it the test is skipped, or fails where CI runs it."""
    places = os.pathsep.join((os.environ.get("PATH", ""), str(ROOT / ".cache/azurite/node_modules/.bin")))
    if found := shutil.which("azurite-blob", path=places):
        return found
    told = f"Azurite is not installed: {INSTALL}"
    if os.environ.get("CI") == "true":
        pytest.fail(told)
    pytest.skip(told)


class Azurite:
    """One running server; `secure`: with TLS and a certificate of our own, so that it takes tokens of Entra."""

    def __init__(self, scratch: Path, *, secure: bool = False) -> None:
        self.certificate = scratch / "azurite.pem"
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"]
        options += ["--disableTelemetry", "--skipApiVersionCheck"]  # the SDK's version is newer than the emulator's
        if secure:
            key = certify(self.certificate)
            options += ["--oauth", "basic", "--cert", str(self.certificate), "--key", str(key)]
        self.process = subprocess.Popen(
            [program(), *options], cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.containers = 0
        said = ""
        assert self.process.stdout
        for line in self.process.stdout:  # it says when it listens, and where
            said += line
            if found := re.search(r"successfully listens on (https?://127\.0\.0\.1:(\d+))", line):
                self.endpoint, self.port = f"{found[1]}/{ACCOUNT}", int(found[2])
                return
        self.close()
        raise RuntimeError(f"Azurite did not start: {said}")

    def settings(self, **others: Any) -> Settings:
        """Settings that lead to this server, with its key."""
        values: dict[str, Any] = {"azure_storage_endpoint": self.endpoint, "azure_storage_key": KEY, "azure_retries": 1}
        return Settings(**values | others)

    def environment(self) -> dict[str, str]:
        """The variables that lead to this server, with its key."""
        return {"AZURE_STORAGE_BLOB_ENDPOINT": self.endpoint, "AZURE_STORAGE_KEY": KEY}

    def client(self) -> BlobServiceClient:
        """The SDK's own client."""
        from azure.storage.blob import BlobServiceClient

        return BlobServiceClient(
            self.endpoint,
            credential={"account_name": ACCOUNT, "account_key": KEY},
            connection_verify=str(self.certificate) if self.endpoint.startswith("https") else True,
            retry_total=0,
        )

    def fresh(self) -> str:
        """The name of a container that is not there yet."""
        self.containers += 1
        return f"c-{os.getpid()}-{self.containers}"

    def close(self) -> None:
        """Stops the server and waits for its end."""
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()


def certify(path: Path) -> Path:
    """Writes a certificate for 127.0.0.1, signed by itself; returns where its key is."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = path.with_suffix(".key")
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return private


class Relay:
    """Stands before Azurite: keeps (method, path and query, headers) of each request, and lets a test interfere.

    `before(method, path)` is called before a request goes on; a status that it returns is the answer instead. `faults`
    injects what goes wrong in networks. The signature of a request does not cover its host, so keys work through it.
    """

    def __init__(self, azurite: Azurite) -> None:
        self.azurite = azurite
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.before: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
        self.faults = Faults()
        self.hidden: set[str] = set()  # headers, in lower case, that answers come without
        self.lost = 0  # so many PUTs are done, but their answer gets lost
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"relay": self}))
        server.daemon_threads = True
        self.secure: ssl.SSLContext | None = None
        if azurite.certificate.exists():
            self.secure = ssl.create_default_context(cafile=str(azurite.certificate))
            here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            here.load_cert_chain(azurite.certificate, azurite.certificate.with_suffix(".key"))
            server.socket = here.wrap_socket(server.socket, server_side=True)
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.port = server.server_address[1]
        self.endpoint = f"http{'s' * bool(self.secure)}://127.0.0.1:{self.port}/{ACCOUNT}"

    def settings(self, **others: Any) -> Settings:
        """Settings that lead through here."""
        return self.azurite.settings(azure_storage_endpoint=self.endpoint, **others)

    def count(self, method: str, part: str) -> int:
        """How many requests of this method had that text in their path or query."""
        return sum(seen == method and part in path for seen, path, _ in self.seen)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    relay: Relay
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.relay.seen.append((self.command, self.path, dict(self.headers.items())))
        fault = self.relay.faults.take(self.path)
        time.sleep(fault.pause if fault else 0)
        if fault and fault.status == 0:
            reset(self)
            return
        if fault and fault.status:
            self._answer(fault.status, dict(fault.headers), b"")
            return
        if instead := self.relay.before(self.command, self.path):
            status, code = instead
            text = (
                f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>Told to.</Message></Error>"
            )
            self._answer(status, {"x-ms-error-code": code, "Content-Type": "application/xml"}, text.encode())
            return
        port, secure = self.relay.azurite.port, self.relay.secure
        onward = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=secure)
            if secure
            else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        )
        try:
            onward.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                onward.putheader(name, value)
            onward.endheaders(body or None)
            answer = onward.getresponse()
            dropped = self.relay.hidden | {"transfer-encoding", "connection"}
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in dropped}
            data = answer.read()
            if self.relay.lost and self.command == "PUT":
                self.relay.lost -= 1
                reset(self)
                return
            self._answer(answer.status, kept, data)
        finally:
            onward.close()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if self.command != "HEAD":
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            headers["Content-Length"] = str(len(body))
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
