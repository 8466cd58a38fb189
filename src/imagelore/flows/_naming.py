"""The name that a source's records are filed under: it survives a moved folder, and keeps two folders apart."""

from __future__ import annotations

from itertools import count
from pathlib import PurePosixPath

from imagelore.errors import SourceError
from imagelore.flows._plan import Plan
from imagelore.flows.pictures import open_source
from imagelore.index import Index
from imagelore.settings import Settings
from imagelore.source import Source


def named(plan: Plan, source: Source, index: Index | None, settings: Settings, wish: str) -> str:
    """Files the plan's listing under the source's name and returns it: `wish`, or by its root, or by its folder's name.

    A known source of the same folder name has moved here if its old root is gone and at least half of its pictures are
    in this listing. Otherwise this is another folder of that name, and gets a number.
    """
    known = {info.name: info.root for info in index.info().sources} if index else {}
    here = [name for name, root in known.items() if root == source.root]
    if wish or here:
        _file(plan, wish or here[0], index)
        return wish or here[0]
    base = PurePosixPath(source.root).name or "pictures"
    for number in count(1):
        name = base if number == 1 else f"{base}-{number}"
        if name not in known or _is_gone(known[name], settings):
            _file(plan, name, index)
            if name not in known or plan.going() * 2 <= plan.known():
                return name
    raise AssertionError("count() has no end")


def _file(plan: Plan, name: str, index: Index | None) -> None:
    plan.name(name, index.manifest(name) if index else ())


def _is_gone(root: str, settings: Settings) -> bool:
    try:
        next(open_source(root, settings).list(), None)
    except SourceError:
        return True
    return False
