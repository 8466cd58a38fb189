"""The page's own files: style, icon, and its script as ES modules that import each other.

They are served below their version, so that what a module imports is of the same one, and browsers may keep them all.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@cache
def assets() -> dict[str, bytes]:
    """Name -> content of every file that is served."""
    found = {file.name: file for file in files(__name__).iterdir() if file.name.rpartition(".")[2] in KINDS}
    return {name: found[name].read_bytes() for name in sorted(found)}


@cache
def version() -> str:
    """Changes whenever one of the files does."""
    return hashlib.sha256(b"".join(assets().values())).hexdigest()[:12]


def router() -> APIRouter:
    """`/assets/VERSION/NAME`; another version's address gets today's file, and is not kept."""
    router = APIRouter()

    @router.get("/assets/{asked}/{name}")
    def asset(asked: str, name: str) -> Response:
        if name not in assets():
            raise HTTPException(404)
        cached = "private, max-age=31536000, immutable" if asked == version() else "private, no-cache"
        kind = KINDS[name.rpartition(".")[2]]
        return Response(assets()[name], media_type=kind, headers={"Cache-Control": cached})

    return router
