"""The name that a source's records are filed under: it survives a moved folder, and keeps two folders apart."""

from __future__ import annotations

from itertools import chain, count
from pathlib import PurePosixPath

from imagelore.errors import SourceError
from imagelore.flows._plan import Plan
from imagelore.flows.pictures import open_source, source_name
from imagelore.index import Index
from imagelore.settings import Settings
from imagelore.source import Source


def named(plan: Plan, source: Source, index: Index | None, settings: Settings, wish: str) -> str:
    """Files the plan's listing under the source's name and returns it: `wish`, or the name that its root has already.

    Another source whose root is gone has moved here, under whatever folder name, if at least half of its pictures are
    in this listing. Else it is a new one, called like its folder, with a number where that is taken.
    """
    known = {info.name: info.root for info in index.info().sources} if index else {}
    here = [wish] if wish else [name for name, root in known.items() if root == source.root]
    if here:
        _file(plan, here[0], index)
        return here[0]
    for name in [name for name, root in known.items() if _is_gone(root, settings)]:
        _file(plan, name, index)
        if plan.known() and plan.going() * 2 <= plan.known():
            return name
    base = PurePosixPath(source.root).name or "pictures"
    name = next(name for name in chain([base], (f"{base}-{n}" for n in count(2))) if name not in known)
    _file(plan, name, index)
    return name


def _file(plan: Plan, name: str, index: Index | None) -> None:
    plan.name(name, index.manifest(name) if index else ())


def _is_gone(root: str, settings: Settings) -> bool:
    if source_name(root) != "local":
        return False  # a service that does not answer today is not gone
    try:
        next(open_source(root, settings).list(), None)
    except SourceError:
        return True
    return False
