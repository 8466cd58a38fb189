"""The first half of a run: a source's listing, and the metadata tables beside its pictures, into a plan."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from types import ModuleType
from typing import Any

from imagelore import providers
from imagelore.errors import SourceError
from imagelore.flows._fields import Fields
from imagelore.flows._plan import Plan
from imagelore.read import cells, row_metadata
from imagelore.source import Source
from imagelore.types import Asset

UNREAD = {".heic", ".heif", ".jxl", ".psd", ".svg", ".tga", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf"}
"""File name endings of pictures that no reader takes."""
TABLES = ("metadata.jsonl", "metadata.csv")
SIDECARS = (".json", ".txt")
_PAGE = 5_000


@cache
def readers() -> dict[str, ModuleType]:
    """File name ending -> the read provider that takes it."""
    modules = [providers.load("read", name) for name in providers.names("read")]
    return {ending: module for module in modules for ending in module.SUFFIXES}


def suffix(asset: Asset) -> str:
    """An asset's file name ending, lower-case, with its dot."""
    return posixpath.splitext(asset.path)[1].lower()


@dataclass
class Listing:
    """What a listing found beside pictures: metadata tables, and how many pictures of each kind no reader takes.

    `fields` learns from the facts that came with the pictures.
    """

    fields: Fields
    tables: list[Asset] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def passed_over(self) -> str:
        """ "3 .heic and 1 .svg files", or nothing."""
        kinds = [f"{number:,} {ending}" for ending, number in self.unread.most_common()]
        return f"{' and '.join(kinds)} file{'s' if self.unread.total() > 1 else ''}" if kinds else ""


def list_into(plan: Plan, source: Source, tell: Callable[[int], None], listing: Listing) -> None:
    """Fills the plan with pictures and sidecars, `listing` with the rest; tells how many files were seen.

    Raises:
        SourceError: a part of the source could not be listed; all that could is in the plan.
    """
    seen = 0
    for page, failed in _pages(source.list()):
        seen += len(page)
        listing.tables += (a for a in page if _is_table(a))
        listing.unread.update(suffix(a) for a in page if suffix(a) in UNREAD)
        plan.add_pictures(a for a in page if suffix(a) in readers())
        plan.add_rows("", _facts(page, listing.fields))
        plan.add_sidecars(a for a in page if suffix(a) in SIDECARS and not _is_table(a))
        tell(seen)
        if failed:
            raise failed


def _facts(page: Iterable[Asset], fields: Fields) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, row) of what the source itself says about its pictures."""
    for asset in page:
        if asset.facts and suffix(asset) in readers():
            row = cells(asset.facts)
            fields.learn(row_metadata(row).fields)
            yield asset.path, row


def _pages(assets: Iterator[Asset]) -> Iterator[tuple[list[Asset], SourceError | None]]:
    """Pages of assets; one that ends in an error comes with it."""
    while True:
        page: list[Asset] = []
        try:
            page.extend(islice(assets, _PAGE))
        except SourceError as error:
            yield page, error
            return
        if not page:
            return
        yield page, None


def _is_table(asset: Asset) -> bool:
    return posixpath.basename(asset.path) in TABLES
