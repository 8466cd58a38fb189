"""A look at a source before it is indexed: some of its pictures and documents, with all that is said about them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from PIL import Image

from imagelore.errors import SourceError
from imagelore.flows._fields import Fields
from imagelore.flows._listing import Listing
from imagelore.flows._plan import scratch
from imagelore.flows._reading import Draft, Read
from imagelore.flows._tally import Run, Tally
from imagelore.flows.ingest import described, listed
from imagelore.flows.pictures import open_source
from imagelore.read import Metadata, Options
from imagelore.settings import Settings


@dataclass(frozen=True, slots=True)
class Preview:
    """One picture of a source, or a document's first part, read as a run would read it."""

    path: str
    picture: Image.Image  # RGB, upright, reduced
    metadata: Metadata


def preview(settings: Settings, address: str, most: int = 24) -> tuple[int, list[Preview]]:
    """How many pictures and documents a source holds, and up to `most` of them, spread evenly over their paths.

    Those that cannot be read are left out; nothing is embedded and nothing is written.

    Raises:
        SourceError: the source is missing, or none of these can be read.
    """
    source, tally = open_source(address, settings), Tally(Run())
    fields = Fields({})
    read = Read(source, Options(max_pixels=settings.max_pixels, gps=settings.gps))
    with scratch() as plan:
        listing = listed(plan, source, Listing(fields, settings.documents), Run(), tally)
        plan.name("preview", ())
        described(plan, source, listing.tables, fields, tally)
        total = plan.compare()
        spread = islice(plan.changes(), 0, None, max(1, total // most))
        drafts = [item for change in islice(spread, most) if isinstance(item := next(read.parts(change)), Draft)]
    if not drafts:
        raise SourceError(f"there is nothing in `{source.root}` that can be read")
    return total, [Preview(d.change.asset.path, d.reading.picture, d.metadata) for d in drafts if d.reading]
