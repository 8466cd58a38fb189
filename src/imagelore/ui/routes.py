"""The page's own routes: pictures, records, the gallery, and on this machine alone the adding of pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from imagelore.errors import ImageloreError, KnowledgeBaseError, UnreadableError
from imagelore.flows.add import save
from imagelore.flows.parts import around
from imagelore.flows.similar import similar
from imagelore.types import Record
from imagelore.ui import assets, gallery
from imagelore.ui.adding import checked_folder, received, run
from imagelore.ui.gallery import MAX_PICTURE, tile
from imagelore.ui.health import health
from imagelore.ui.picture import shown
from imagelore.ui.session import Session
from imagelore.words import said

_KEPT = "private, max-age=31536000, immutable"  # for addresses that change with their content
_CHECKED = "private, no-cache"


def add_routes(app: FastAPI, session: Session) -> None:
    """Puts the routes under `/imagelore` on an app, and `/health`."""
    for router in (assets.router(), _pictures(session), _records(session), gallery.router(session), _adding(session)):
        app.include_router(router, prefix="/imagelore")
    app.include_router(health(session))
    app.add_exception_handler(ImageloreError, _explained)


async def _explained(request: Request, error: Exception) -> JSONResponse:
    del request
    status = 503 if isinstance(error, KnowledgeBaseError) else 400
    return JSONResponse({"error": str(error)}, status)


def _record(session: Session, id: str) -> Record:
    found = session.opened().index.get([id])
    if not found:
        raise HTTPException(404, f"there is no picture {id!r}")
    return found[0]


def _pictures(session: Session) -> APIRouter:
    router = APIRouter()

    @router.get("/thumbnails/{id}")
    def thumbnail(id: str, request: Request, v: str = "") -> Response:
        record = _record(session, id)
        tag = f'"{record.sha256[:32]}"'
        cache = {"Cache-Control": _KEPT if v and record.sha256.startswith(v) else _CHECKED, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=cache)
        return Response(record.thumbnail, media_type="image/jpeg", headers=cache)

    @router.get("/pictures/{id}")
    def picture(id: str) -> Response:
        record = _record(session, id)
        try:
            file = shown(session.opened().pictures.open(record), session.settings)
        except UnreadableError as error:
            raise HTTPException(415, f"{record.path!r} is no picture that a browser can show: {error}") from error
        headers = {"Cache-Control": _CHECKED, "X-Imagelore-Notice": quote(file.notice)}
        return Response(file.data, media_type=file.media_type, headers=headers)

    return router


def _records(session: Session) -> APIRouter:
    router = APIRouter()

    @router.get("/records/{id}")
    def record(id: str) -> dict[str, Any]:
        return whole(_record(session, id))

    @router.get("/records/{id}/neighbours")
    def neighbours(id: str) -> dict[str, Any]:
        index, parts = session.opened().index, around(session.opened().index, _record(session, id))
        known = {id, *(part.id for part in parts)}
        alike = [record for record in similar(index, id) if record.id not in known]
        return {"pictures": [tile(record) for record in alike], "parts": [leaf(record) for record in parts]}

    return router


def _adding(session: Session) -> APIRouter:
    router = APIRouter()

    @router.post("/uploads")
    async def upload(request: Request, name: str) -> dict[str, str]:
        folder = checked_folder(request, session)
        data = await received(request, MAX_PICTURE)
        return {"name": (await run_in_threadpool(save, folder, name, data, session.settings.documents)).name}

    @router.post("/index")
    def index(request: Request) -> StreamingResponse:
        lines: Iterator[str] = (json.dumps(line) + "\n" for line in run(session, checked_folder(request, session)))
        return StreamingResponse(lines, media_type="application/x-ndjson")

    return router


def leaf(record: Record) -> dict[str, Any]:
    """A part of a document among its others: called by its place."""
    return tile(record) | {"title": record.place}


def whole(record: Record) -> dict[str, Any]:
    """Everything known about a record, as the dialog shows it."""
    facts = [[name, said(v)] for name, v in record.fields.items()]
    if record.taken_at:
        facts.append(["taken", record.taken_at.isoformat(sep=" ", timespec="minutes")])
    facts += [[name, str(v)] for name, v in record.extra.items()]
    return {
        **tile(record),
        "picture": f"imagelore/pictures/{quote(record.id, safe='')}",
        "text": record.text,
        "place": record.place,
        "lines": [[line.text, line.box] for line in record.lines],
        "described": asdict(record.described),
        "tags": list(record.tags),
        "facts": facts,
        "size": f"{record.width} × {record.height}" if record.width else "",
        "file": record.path,
        "source": record.source,
        "seen": [f"{name} ({probability:.0%})" for name, probability in record.seen.classes],
        "colours": list(record.seen.colours),
    }
