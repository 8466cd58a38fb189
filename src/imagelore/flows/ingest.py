"""The index flow: source -> read -> embed -> index, as a pipeline whose stages overlap.

Reading (and decoding), embedding and writing each have threads of their own and a bounded number of pictures under
way. A picture becomes a record, a document as many as it has parts. What was written stays, however the run ends; the
next run goes on from there.
"""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, cast

from imagelore.embed import Embedder
from imagelore.errors import ImageloreError, SourceError, UnreadableError
from imagelore.flows._calibrate import calibrate
from imagelore.flows._fields import Fields
from imagelore.flows._listing import Listing, list_into
from imagelore.flows._naming import named
from imagelore.flows._overlap import chunked, interleaved, overlapped
from imagelore.flows._plan import Plan, scratch
from imagelore.flows._reading import Draft, Read, effort
from imagelore.flows._stages import Embed, Write, Written
from imagelore.flows._tally import Progress, Report, Run, Tally
from imagelore.flows.knowledge import (
    embedder_name,
    index_exists,
    index_provider,
    load_embedder,
    open_embedder,
    open_index,
)
from imagelore.flows.pictures import open_source
from imagelore.index import Index
from imagelore.read import Options, row_metadata, table_rows
from imagelore.settings import Settings
from imagelore.source import Source
from imagelore.types import Asset, SourceInfo

__all__ = ["Progress", "Report", "Run", "ingest"]

_CHUNK, _SECONDS = 1024, 4.0  # a chunk of records is written when it is this large, or this old
_PATIENCE = (
    150.0  # seconds of nothing but refusals until a run gives an embedder up: a minute of throttling, twice over
)
_AHEAD = 16  # pictures, per thread, that a stage may be ahead of the next
_OPEN = 2  # documents, per thread, that are open at once


def ingest(settings: Settings, address: str, run: Run | None = None) -> Report:
    """Brings a knowledge base up to date with a source, and makes it if there is none.

    New and changed files are read and embedded; where only the metadata beside a picture changed, its text alone is.
    Records whose file is gone are removed, after a listing that finished, and never those of more than half of the
    files unless that was allowed.

    Raises:
        SourceError: the source is missing, or holds nothing that can be read (nothing was created), or more than half
            of its files are gone.
        MissingExtraError: text in pictures is to be read in any case, and what reads it is not installed.
        KnowledgeBaseError: it is locked, of another embedder, or the disk is full; what was written stays.
        EmbedderError: the model does not work at all.
    """
    run, start = run or Run(), time.perf_counter()
    source, ocr = open_source(address, settings), effort(settings)
    index, embedder = _opened(settings)
    tally, fields = Tally(run), Fields(index.info().fields if index else {})
    with scratch("gps" if settings.gps else "", ocr) as plan:
        listing = listed(plan, source, Listing(fields, settings.documents), run, tally)
        name = named(plan, source, index, settings, run.name)
        if not plan.files() and not plan.known():
            raise SourceError(f"there is no {listing.wanted} in `{source.root}`{listing.hindered()}")
        going = 0 if tally.incomplete else plan.check_removals(address, run.allow_removals, settings.documents)
        described(plan, source, listing.tables, fields, tally)
        tally.total = plan.compare()
        options = Options(
            image_side=embedder.info.image_side, max_pixels=settings.max_pixels, gps=settings.gps, ocr=ocr
        )
        read = Read(source, options, name, run.stop, misses=settings.ocr == "auto" and ocr == "off")
        index = index or _made(plan, read, embedder, settings)
        index.remember(SourceInfo(name, source.root))
        if new := fields.settle():
            index.declare(new)
        stages = (read, Embed(embedder, index, name, reuse=plan.known() > 0), Write(index, fields))
        for written in _pipeline(plan, stages, settings.workers, tally):
            tally.add(written)
        if going and not run.stop():
            tally.removed = _remove(index, plan)
        if tally.added or tally.updated or tally.removed:
            run.progress(Progress("finishing"))
        tally.unseen = index.refresh()  # also when nothing changed: the run before may have been killed just here
        if not run.stop():
            _calibrate(index, embedder, tally)
        return tally.report(plan.files(), time.perf_counter() - start)


def _opened(settings: Settings) -> tuple[Index | None, Embedder]:
    settings = replace(settings, azure_patience=max(settings.azure_patience, _PATIENCE))
    if index_exists(settings):
        index = open_index(settings)
        return index, open_embedder(settings, index.info().embedder)
    return None, load_embedder(embedder_name(settings), settings)


def listed(plan: Plan, source: Source, listing: Listing, run: Run, tally: Tally) -> Listing:
    """The listing, into the plan. A part that cannot be listed is told at the end; all else is indexed."""
    try:
        list_into(plan, source, lambda seen: run.progress(Progress("listing", seen)), listing)
    except SourceError as error:
        if not plan.files():
            raise
        tally.incomplete = f"{error}; the rest was indexed, and nothing was removed"
    tally.skip((source.uri(path), reason) for path, reason in source.skipped)
    tally.warn(source.notes)
    if listing.unread:
        tally.warn([f"{listing.passed_over()} passed over: imagelore does not read them{listing.mend()}"])
    return listing


def described(plan: Plan, source: Source, tables: Sequence[Asset], fields: Fields, tally: Tally) -> None:
    """The metadata tables, into the plan; their own fields get their types from all rows at once."""
    for table in tables:
        plan.add_rows(table.path, _rows(source, table, fields, tally))
    for origin, paths in groupby(plan.orphans(), key=itemgetter(0)):
        first, *more = (path for _, path in paths)
        tally.warn([f"{origin}: there is no file `{first}`" + (f", nor {len(more):,} others" if more else "")])


def _rows(source: Source, table: Asset, fields: Fields, tally: Tally) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, row) of one metadata table; its own fields are learned on the way."""
    folder = posixpath.dirname(table.path)
    taught: set[tuple[str, ...]] = set()  # columns that have all got their types already
    try:
        data = source.read(table)
    except UnreadableError as error:
        tally.warn([f"{table.path}: {error}"])
        return
    for item in table_rows(table.path, data):
        if isinstance(item, str):
            tally.warn([item])
            continue
        name, row = item
        if (columns := tuple(row)) not in taught and not fields.learn(row_metadata(row).fields):
            taught.add(columns)
        yield posixpath.join(folder, name), row


def _made(plan: Plan, read: Read, embedder: Embedder, settings: Settings) -> Index:
    """A new knowledge base, once a file could be read and the embedder answers: nothing is made of nothing."""
    reasons: list[str] = []
    count = 0
    for change in plan.changes():
        for item in read.parts(change):
            if isinstance(item, Draft):
                embedder.embed_texts(["a picture"], role="query")  # a key that is wrong leaves no empty knowledge base
                return cast(Index, index_provider(settings.kb).create(settings.kb, embedder.info, settings))
            if len(reasons) < 3:
                reasons.append(f"{item.uri}: {item.reason}")
        count += 1
    told = "; ".join(reasons) + ("; ..." if count > len(reasons) else "")
    raise SourceError(f"none of the {count:,} files in `{read.source.root}` can be read: {told}")


def _pipeline(plan: Plan, stages: tuple[Read, Embed, Write], workers: int, tally: Tally) -> Iterator[Written]:
    read, embed, write = stages
    info, workers = embed.embedder.info, workers or os.cpu_count() or 1
    batches = max(2, _AHEAD // info.batch)
    with (
        closing(interleaved(read, tally.wanted(plan.changes(documents=False)), workers, _AHEAD)) as pictures,
        closing(interleaved(read, tally.wanted(plan.changes(documents=True)), workers, _OPEN)) as parts,
        closing(chunked(chain(pictures, parts), info.batch, 1.0)) as drafts,
        closing(overlapped(embed, drafts, info.parallel, batches)) as embedded,
        closing(overlapped(write, chunked(tally.passing(embedded), _CHUNK, _SECONDS), 1)) as written,
    ):
        yield from written


def _calibrate(index: Index, embedder: Embedder, tally: Tally) -> None:
    """What is written stays and can be searched also where this fails."""
    try:
        calibrate(index, embedder, tally.added + tally.updated + tally.removed + tally.parts)
    except ImageloreError as error:
        tally.warn([f"what fits a question could not be measured, and the next run tries again: {error}"])


def _remove(index: Index, plan: Plan) -> int:
    removed = 0
    for ids in chunked(plan.gone(), _CHUNK):
        index.delete(ids)
        removed += len(ids)
    return removed
