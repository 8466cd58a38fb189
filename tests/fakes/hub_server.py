"""The Hugging Face hub, as far as `hf_hub_download` asks: a file's head, then its bytes."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


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

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
