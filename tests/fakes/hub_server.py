"""The Hugging Face hub, as far as `hf_hub_download` asks: a file's head, then its bytes."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from imagelore._hub import HubFile

REVISION = "0123456789" * 4


def pinned(role: str, path: str, data: bytes) -> HubFile:
    """A file of the repository that tests pretend there is."""
    return HubFile(role, "owner/tiny", REVISION, path, hashlib.sha256(data).hexdigest(), len(data))


class FakeHub:
    """Serves `files`, by "OWNER/NAME/resolve/REVISION/PATH". `asked` lists which of them were asked for, and how."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, list[tuple[str, str]]()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                hub._answer(self, whole=False)

            def do_GET(self) -> None:
                hub._answer(self, whole=True)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def _answer(self, request: BaseHTTPRequestHandler, whole: bool) -> None:
        path = request.path.lstrip("/")
        if "/resolve/" in path:
            self.asked.append((request.command, path))
        data = self.files.get(path)
        request.send_response(404 if data is None else 200)
        if data is None:
            request.send_header("X-Error-Code", "EntryNotFound")
            request.send_header("Content-Length", "0")
        else:
            request.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            request.send_header("X-Repo-Commit", path.split("/resolve/")[1].split("/")[0])
            request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if whole and data:
            request.wfile.write(data)

    def has(self, file: HubFile, data: bytes) -> None:
        """Serves these bytes for a file."""
        self.files[f"{file.repository}/resolve/{file.revision}/{file.path}"] = data

    def stands_in(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        """The library asks this server, and keeps what comes in `cache`; its variables are read only once."""
        monkeypatch.setattr(constants, "ENDPOINT", self.url)
        url = self.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
