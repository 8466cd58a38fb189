"""A served page for the tests: painted pictures, the `palette` embedder, a real socket on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.app import build_app
from imagelore.ui.serve import listen
from imagelore.ui.session import Session
from tests.flows.pictures import folder

ROWS: dict[str, dict[str, Any]] = {
    "boat.png": {
        "title": "Red boat", "text": "A red boat lies in the harbour of Leith.", "tags": ["boat", "harbour"],
        "place": "Leith", "year": 1987,
    },
    "barn.png": {
        "title": "Red barn", "text": "A red barn stands near Leeds.", "tags": ["barn"], "place": "Leeds", "year": 1990,
    },
    "lake.png": {"title": "Blue lake", "text": "A blue lake.", "tags": ["water"], "place": "Leeds", "year": 2001},
    "rowing.png": {"title": "Blue boat", "text": "A blue boat on the water.", "tags": ["boat"], "place": "Leeds"},
    "odd.png": {"title": "<img src=x onerror=alert(1)>", "text": "A title that wants to be HTML."},
}  # fmt: skip
COLOURS = {
    "boat.png": "red", "barn.png": "#c01818", "lake.png": "blue", "rowing.png": "#1818c0", "odd.png": "green",
    "plain.png": "yellow", "scan.tif": "olive",
}  # fmt: skip


def filled(root: Path, **more: Any) -> Session:
    """A session on a fresh knowledge base of painted pictures, answered by `extractive` if nothing else is said."""
    settings = Settings(
        kb=str(root / ".imagelore"), embedder="palette", **{"generator": "extractive", "port": 0, **more}
    )
    ingest(settings, str(folder(root / "photos", COLOURS, ROWS)))
    return Session(settings, KnowledgeBase(settings))


@dataclass(frozen=True)
class Served:
    """Where the page is, and what it works on."""

    url: str
    session: Session


@contextmanager
def served(session: Session) -> Iterator[Served]:
    """The page, answering on a free port until the block ends."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(build_app(session), log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", session)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
