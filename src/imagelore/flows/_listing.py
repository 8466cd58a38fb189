"""The first half of a run: a source's listing, and the metadata tables beside its files, into a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from imagelore.errors import SourceError
from imagelore.flows._fields import Fields
from imagelore.flows._kinds import SIDECARS, UNREAD, is_document, is_table, readers, suffix
from imagelore.flows._plan import Plan
from imagelore.read import cells, row_metadata
from imagelore.source import Source
from imagelore.types import Asset

_PAGE = 5_000
_HEIC = {".heic", ".heif", ".hif"}


@dataclass
class Listing:
    """What a listing found beside pictures and documents: metadata tables, and pictures that no reader takes, by kind.

    `fields` learns from the facts that came with the files.
    """

    fields: Fields
    documents: bool = True  # whether they are wanted
    tables: list[Asset] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def passed_over(self) -> str:
        """ "3 .heic and 1 .svg files", or nothing."""
        kinds = [f"{number:,} {ending}" for ending, number in self.unread.most_common()]
        return f"{' and '.join(kinds)} file{'s' if self.unread.total() > 1 else ''}" if kinds else ""

    @property
    def wanted(self) -> str:
        """What is looked for."""
        return "picture or document" if self.documents else "picture"

    def hindered(self) -> str:
        """Why nothing was found, as far as that is known."""
        return f": {self.passed_over()} cannot be read{self.mend()}" if self.unread else ""

    def mend(self) -> str:
        """What would let more of them be read; nothing where nothing would."""
        return '; for .heic: pip install "imagelore[heic]"' if _HEIC & set(self.unread) else ""

    def takes(self, asset: Asset) -> bool:
        """Whether an asset becomes records."""
        return suffix(asset.path) in readers(self.documents) and not is_table(asset.path)


def list_into(plan: Plan, source: Source, tell: Callable[[int], None], listing: Listing) -> None:
    """Fills the plan with pictures, documents and sidecars, `listing` with the rest; tells how many files were seen.

    Raises:
        SourceError: a part of the source could not be listed; all that could is in the plan.
    """
    seen = 0
    try:
        for page, failed in _pages(source.list()):
            seen += len(page)
            listing.tables += (a for a in page if is_table(a.path))
            listing.unread.update(kind for a in page if (kind := suffix(a.path)) in UNREAD and not listing.takes(a))
            plan.add_files((a, is_document(a.path)) for a in page if listing.takes(a))
            plan.add_rows("", _facts(page, listing))
            plan.add_sidecars(a for a in page if suffix(a.path) in SIDECARS and not is_table(a.path))
            tell(seen)
            if failed:
                raise failed
    finally:
        plan.part_sidecars()


def _facts(page: Iterable[Asset], listing: Listing) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, row) of what the source itself says about its files."""
    for asset in page:
        if asset.facts and listing.takes(asset):
            row = cells(asset.facts)
            listing.fields.learn(row_metadata(row).fields)
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
