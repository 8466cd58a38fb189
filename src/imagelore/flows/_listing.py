"""The first half of a run: a source's listing, and the metadata tables beside its pictures, into a plan."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from functools import cache
from itertools import islice

from imagelore import providers
from imagelore.flows._plan import Plan
from imagelore.source import Source
from imagelore.types import Asset

TABLES = ("metadata.jsonl", "metadata.csv")
SIDECARS = (".json", ".txt")
_PAGE = 5_000


@cache
def readers() -> dict[str, str]:
    """File name ending -> the read provider that takes it."""
    return {ending: name for name in providers.names("read") for ending in providers.load("read", name).SUFFIXES}


def suffix(asset: Asset) -> str:
    """An asset's file name ending, lower-case, with its dot."""
    return posixpath.splitext(asset.path)[1].lower()


def list_into(plan: Plan, source: Source, name: str, tell: Callable[[int], None]) -> list[Asset]:
    """Fills the plan with pictures and sidecars, telling how many files were seen; returns the metadata tables."""
    tables: list[Asset] = []
    seen, assets = 0, source.list()
    while page := list(islice(assets, _PAGE)):
        seen += len(page)
        tables += (a for a in page if _is_table(a))
        plan.add_pictures(name, (a for a in page if suffix(a) in readers()))
        plan.add_sidecars(a for a in page if suffix(a) in SIDECARS and not _is_table(a))
        tell(seen)
    return tables


def _is_table(asset: Asset) -> bool:
    return posixpath.basename(asset.path) in TABLES
