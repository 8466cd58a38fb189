"""The Pictures tab's routes: pages of pictures, searches, and the facets that chat and gallery narrow by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.types import AllOf, Compare, Facet, FieldValue, Filter, Hit, Record, Scope
from imagelore.ui import cards
from imagelore.ui.adding import received
from imagelore.ui.conditions import conditions, fields_of
from imagelore.ui.picture import thumbnail
from imagelore.ui.session import Session
from imagelore.where import written
from imagelore.words import said

MAX_PICTURE = 50_000_000
"""Bytes of a picture that is uploaded to search by or to be added."""

_PAGE = 60
_FOUND = 48
_DAY, _NUMBER = date(2000, 1, 1), 2000  # what a range's ends are written for, before any is chosen


def router(session: Session) -> APIRouter:
    """Browsing, searching, facets; each within `where`, a filter as it is written for `--where`."""
    router = APIRouter()

    @router.get("/status")
    def status() -> dict[str, Any]:
        session.look_again()
        kb = session.kb
        return {"records": kb.index.count() if kb else 0, "told": cards.holdings(kb) if kb else ""}

    @router.get("/facets")
    def facets(where: str = "") -> list[dict[str, Any]]:
        kb = session.opened()
        return narrowing(kb, scope(kb, where).filter)

    @router.get("/browse")
    def browse(after: str = "", where: str = "", limit: int = Query(_PAGE, ge=1, le=200)) -> dict[str, Any]:
        kb = session.opened()
        within = scope(kb, where)
        records = kb.index.browse(within, after, limit)
        last = records[-1].id if len(records) == limit else ""
        return {"pictures": [tile(r) for r in records], "next": last, "total": kb.index.count(within)}

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
    found = kb.search(q, pictures, top=_FOUND, scope=scope(kb, where))
    hits = [hit for hit in found.hits if hit.fits] or list(found.hits)
    return {
        "pictures": [_hit(hit) for hit in hits],
        "searched": found.searched,
        "fits": any(hit.fits for hit in hits),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {**tile(hit.record), "why": hit.why, "ranks": cards.ranks(hit), **cards.found(hit)}


def tile(record: Record) -> dict[str, Any]:
    """What the gallery needs of a record."""
    return {
        "id": record.id,
        "title": record.name,
        "thumbnail": thumbnail(record.id, record.sha256),
        "width": record.width,
        "height": record.height,
        "facts": cards.short_facts(record),
    }


def scope(kb: KnowledgeBase, where: str) -> Scope:
    """A filter as people write it; an empty one lets everything through.

    Raises:
        UsageError: it does not parse, or does not fit this knowledge base.
    """
    return Scope(kb.where(where))


def narrowing(kb: KnowledgeBase, wanted: Filter | None = None) -> list[dict[str, Any]]:
    """What the page may narrow by: each field's values with their counts, or its range.

    A field is counted within the conditions on the others, so that several of its values can be chosen.
    """
    parts = conditions(wanted)
    limited = sorted(frozenset().union(*map(fields_of, parts)))
    fields = ("tags", *kb.index.fields(), "taken_at")
    found = {facet.field: facet for facet in kb.index.facets(_all(parts), [f for f in fields if f not in limited])}
    for field in limited:
        others = [part for part in parts if fields_of(part) != {field}]
        found |= {facet.field: facet for facet in kb.index.facets(_all(others), [field]) if field in fields}
    return [told for field in fields if field in found and (told := _told(found[field]))]


def _all(parts: Sequence[Filter]) -> Scope:
    return Scope(AllOf(tuple(parts))) if parts else Scope()


def _told(facet: Facet) -> dict[str, Any] | None:
    """A facet with the expressions that choose of it; None for one with nothing to choose."""
    if facet.type in ("integer", "number", "date"):
        if facet.low is None or facet.high is None or facet.low == facet.high:
            return None
        return {"field": facet.field, "range": _range(facet, facet.low, facet.high)}
    values = [[said(value), number, _is(facet.field, value)] for value, number in facet.values]
    return {"field": facet.field, "values": values, "complete": facet.complete} if values else None


def _range(facet: Facet, low: float | date, high: float | date) -> dict[str, Any]:
    """The ends, and what stands around a chosen one (a number, or a day as ISO 8601) in its expression."""
    mark: FieldValue = _DAY if facet.type == "date" else _NUMBER

    def limit(operator: Literal[">=", "<="]) -> list[str]:
        return written(Compare(facet.field, operator, mark)).rsplit(str(mark), 1)

    kind = "date" if facet.type == "date" else "number"
    return {"kind": kind, "low": _plain(low), "high": _plain(high), "from": limit(">="), "to": limit("<=")}


def _plain(end: float | date) -> str:
    if isinstance(end, datetime):
        return end.date().isoformat()
    return end.isoformat() if isinstance(end, date) else f"{end:.15g}"


def _is(field: str, value: FieldValue) -> str:
    return written(Compare(field, "=", value))
