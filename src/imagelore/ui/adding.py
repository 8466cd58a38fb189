"""Adding files through the page: who may, how their bytes are received, and the run that indexes them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request

from imagelore.errors import ImageloreError
from imagelore.flows.ingest import Progress, Report
from imagelore.ui.session import Session

HEADER = "x-imagelore"
"""The page sends it with every request that writes; another site's page cannot, without being asked first (CORS).

`guard` has checked `Host` and `Origin` by then; this holds where an old browser sends no `Origin`.
"""


def checked_folder(request: Request, session: Session) -> Path:
    """The folder to add to, when the page serves this machine only and the request comes from the page.

    Raises:
        HTTPException: 403.
    """
    folder = session.folder
    if folder is None or request.headers.get(HEADER) != "page":
        raise HTTPException(403, "files can be added on the machine itself only: imagelore index FOLDER")
    return folder


async def received(request: Request, limit: int) -> bytes:
    """The request's body, as long as it is no larger than `limit` bytes.

    Raises:
        HTTPException: 413.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise HTTPException(413, f"a file may have {limit / 1e6:.0f} MB at most on this page")
    return bytes(data)


def run(session: Session, folder: Path) -> Iterator[dict[str, Any]]:
    """Indexes the added files; yields its progress, then `report` or `error`. One run at a time."""
    if not session.adding.acquire(blocking=False):
        yield {"error": "files are being added already; wait until that is done"}
        return
    lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def work() -> None:
        try:
            lines.put(_reported(session.index_added(folder, lambda progress: lines.put(_told(progress)))))
        except ImageloreError as error:
            lines.put({"error": str(error)})
        finally:
            session.adding.release()
            lines.put(None)

    threading.Thread(target=work, name="imagelore-add", daemon=True).start()
    yield from iter(lines.get, None)


def _told(progress: Progress) -> dict[str, Any]:
    return {"stage": progress.stage, "done": progress.done, "total": progress.total, "parts": progress.parts}


def _reported(report: Report) -> dict[str, Any]:
    skipped = [{"file": uri.rsplit("/", 1)[-1], "reason": reason} for uri, reason in report.skipped]
    counts = {"added": report.added, "updated": report.updated, "parts": report.parts}
    return {"report": counts | {"skipped": skipped}}
