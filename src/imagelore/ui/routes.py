"""The page's own routes: pictures, records, the gallery, and on this machine alone the adding of pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from imagelore.errors import ImageloreError, KnowledgeBaseError, UnreadableError, UsageError
from imagelore.flows.add import save
from imagelore.flows.similar import similar
from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Hit, Record, Scope
from imagelore.ui import cards
from imagelore.ui.adding import checked_folder, received, run
from imagelore.ui.health import health
from imagelore.ui.picture import shown
from imagelore.ui.session import Session
from imagelore.words import said

ASSETS = Path(__file__).parent / "assets"
MAX_PICTURE = 50_000_000
"""Bytes of a picture that is uploaded to search by or to be added."""

_KEPT = "private, max-age=31536000, immutable"  # for addresses that change with their content
_CHECKED = "private, no-cache"
_PAGE = 60


def add_routes(app: FastAPI, session: Session) -> None:
    """Puts the routes under `/imagelore` on an app, and `/health`."""
    for router in (_assets(), _pictures(session), _records(session), _gallery(session), _adding(session)):
        app.include_router(router, prefix="/imagelore")
    app.include_router(health(session))
    app.add_exception_handler(ImageloreError, _explained)


async def _explained(request: Request, error: Exception) -> JSONResponse:
    del request
    status = 503 if isinstance(error, KnowledgeBaseError) else 400
    return JSONResponse({"error": str(error)}, status)


def _assets() -> APIRouter:
    router = APIRouter()

    @router.get("/assets/{name}")
    def asset(name: str) -> FileResponse:
        if name not in {"page.css", "page.js", "icon.svg"}:
            raise HTTPException(404)
        return FileResponse(ASSETS / name, headers={"Cache-Control": _KEPT})

    return router


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
        return {"pictures": [tile(record) for record in similar(session.opened().index, id)]}

    return router


def _gallery(session: Session) -> APIRouter:
    router = APIRouter()

    @router.get("/status")
    def status() -> dict[str, Any]:
        session.look_again()
        return {"records": session.kb.index.count() if session.kb else 0}

    @router.get("/facets")
    def facets() -> list[dict[str, Any]]:
        found = session.opened().index.facets()
        return [{"field": f.field, "values": [[said(v), number] for v, number in f.values]} for f in found if f.values]

    @router.get("/browse")
    def browse(after: str = "", where: str = "", limit: int = Query(_PAGE, ge=1, le=200)) -> dict[str, Any]:
        index = session.opened().index
        scope = Scope(picked(where, index.fields()))
        records = index.browse(scope, after, limit)
        last = records[-1].id if len(records) == limit else ""
        return {"pictures": [tile(r) for r in records], "next": last, "total": index.count(scope)}

    @router.get("/search")
    def search(q: str = "", where: str = "") -> dict[str, Any]:
        return _found(session, q, (), where)

    @router.post("/search")
    async def search_with_picture(request: Request, q: str = "", where: str = "") -> dict[str, Any]:
        picture = await received(request, MAX_PICTURE)
        return await run_in_threadpool(_found, session, q, (picture,), where)

    return router


def _found(session: Session, q: str, pictures: tuple[bytes, ...], where: str) -> dict[str, Any]:
    kb = session.opened()
    scope = Scope(picked(where, kb.index.fields()))
    found = kb.search(q, pictures, top=48, scope=scope)
    hits = [hit for hit in found.hits if hit.fits] or list(found.hits)
    return {
        "pictures": [_hit(hit) for hit in hits],
        "searched": found.searched,
        "fits": any(hit.fits for hit in hits),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {**tile(hit.record), "why": hit.why, "ranks": cards.ranks(hit)}


def _adding(session: Session) -> APIRouter:
    router = APIRouter()

    @router.post("/uploads")
    async def upload(request: Request, name: str) -> dict[str, str]:
        folder = checked_folder(request, session)
        data = await received(request, MAX_PICTURE)
        return {"name": (await run_in_threadpool(save, folder, name, data)).name}

    @router.post("/index")
    def index(request: Request) -> StreamingResponse:
        lines: Iterator[str] = (json.dumps(line) + "\n" for line in run(session, checked_folder(request, session)))
        return StreamingResponse(lines, media_type="application/x-ndjson")

    return router


def tile(record: Record) -> dict[str, Any]:
    """What the gallery needs of a record."""
    return {
        "id": record.id,
        "title": record.name,
        "thumbnail": cards.thumbnail(record),
        "width": record.width,
        "height": record.height,
        "facts": cards.short_facts(record),
    }


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
        "tags": list(record.tags),
        "facts": facts,
        "size": f"{record.width} × {record.height}" if record.width else "",
        "file": record.path,
        "source": record.source,
        "seen": [f"{name} ({probability:.0%})" for name, probability in record.seen.classes],
        "colours": list(record.seen.colours),
    }


def picked(where: str, fields: Any) -> Filter | None:
    """`[["tags", "bird"], ["year", "1987"]]` -> a filter: one of the values of each field.

    Raises:
        UsageError: it is not such a list, or names a field that does not exist.
    """
    if not where:
        return None
    types: dict[str, FieldType] = {"tags": "texts", **fields}
    chosen: dict[str, list[Filter]] = {}
    try:
        for field, text in json.loads(where):
            chosen.setdefault(field, []).append(Compare(field, "=", _typed(str(text), types[field])))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"the filter {where[:200]!r} does not fit this knowledge base: {error}") from error
    return AllOf(tuple(values[0] if len(values) == 1 else AnyOf(tuple(values)) for values in chosen.values()))


def _typed(text: str, kind: FieldType) -> Any:
    match kind:
        case "integer":
            return int(text)
        case "number":
            return float(text)
        case "boolean":
            return text == "yes"
        case "date":
            return datetime.strptime(text, "%d %B %Y").date()  # as `said` writes it
        case _:
            return text
