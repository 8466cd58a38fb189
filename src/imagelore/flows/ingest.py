"""The index flow: source -> read -> embed -> index, as a pipeline whose stages overlap.

Reading (and decoding), embedding and writing each have threads of their own and a bounded number of pictures under
way. What was written stays, however the run ends; the next run goes on from there.
"""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any, Literal, cast

from imagelore.embed import Embedder
from imagelore.errors import SourceError, UnreadableError
from imagelore.flows._fields import Fields
from imagelore.flows._listing import list_into
from imagelore.flows._overlap import chunked, overlapped
from imagelore.flows._plan import Change, Plan
from imagelore.flows._stages import Embed, Embedded, Read, Skipped, Write, Written
from imagelore.flows.knowledge import index_exists, index_provider, load_embedder, open_embedder, open_index
from imagelore.flows.pictures import open_source
from imagelore.index import Index
from imagelore.read import Options, row_metadata, table_rows
from imagelore.settings import Settings
from imagelore.source import Source
from imagelore.types import Asset, SourceInfo

DEFAULT_EMBEDDER = "starter"
_CHUNK, _SECONDS = 1024, 4.0  # a chunk of records is written when it is this large, or this old
_AHEAD = 16  # pictures, per thread, that a stage may be ahead of the next
_TOLD = 200  # warnings that a report keeps; further ones are counted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `done` of `total` in this stage (total 0: not known yet)."""

    stage: Literal["listing", "indexing", "finishing"]
    done: int = 0
    total: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. `skipped` holds (uri, reason); `stopped`: it was interrupted, and the next run goes on."""

    added: int
    updated: int
    unchanged: int
    removed: int
    skipped: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    seconds: float
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What the caller of a run decides: how to hear of progress, when to stop, and what may be removed."""

    progress: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False
    allow_removals: bool = False


def ingest(settings: Settings, address: str, run: Run | None = None) -> Report:
    """Brings a knowledge base up to date with a source, and makes it if there is none.

    New and changed pictures are embedded; where only the metadata beside a picture changed, its text alone is. Records
    whose picture is gone are removed, after a listing that finished, and never more than half of them unless that was
    allowed.

    Raises:
        SourceError: the source is missing, cannot be listed to its end, or holds no picture; nothing was created.
        KnowledgeBaseError: it is locked, of another embedder, or the disk is full; what was written stays.
        EmbedderError: the model does not work at all.
    """
    run, start = run or Run(), time.perf_counter()
    source = open_source(address, settings)
    index, embedder = _opened(settings)
    name = _source_name(source, index, settings)
    tally = _Tally(run)
    with Plan() as plan:
        tables = list_into(plan, source, name, lambda seen: run.progress(Progress("listing", seen)))
        tally.skip((source.uri(path), reason) for path, reason in source.skipped)
        plan.add_manifest(index.manifest(name) if index else ())
        if not plan.pictures() and not plan.known():
            raise SourceError(f"there is no picture in `{source.root}`")
        going = plan.check_removals(address, run.allow_removals)
        index = index or cast(Index, index_provider().create(settings.kb, embedder.info, settings))
        index.remember(SourceInfo(name, source.root))
        fields = _described(plan, source, tables, Fields(index), tally)
        read = Read(source, _options(embedder, settings))
        embed = Embed(embedder, index, name, reuse=plan.known() > 0)
        tally.total = plan.compare()
        for written in _pipeline(plan.changes(), (read, embed, Write(index, fields)), settings.workers, tally):
            tally.add(written)
        stopped = run.stop()
        removed = 0 if stopped else _remove(index, plan, going)
        if tally.added or tally.updated or removed:
            run.progress(Progress("finishing"))
            index.refresh()
        return tally.report(plan.pictures() - tally.total, removed, time.perf_counter() - start, stopped)


def _described(plan: Plan, source: Source, tables: Sequence[Asset], fields: Fields, tally: _Tally) -> Fields:
    """The metadata tables, into the plan; their own fields get their types from all rows at once."""
    for table in tables:
        plan.add_rows(table.path, _rows(source, table, fields, tally))
    tally.warn(f"{origin}: there is no picture `{path}`" for origin, path in plan.orphans())
    fields.settle()
    return fields


def _remove(index: Index, plan: Plan, going: int) -> int:
    if going:
        for ids in chunked(plan.gone(), _CHUNK):
            index.delete(ids)
    return going


def _pipeline(
    changes: Iterator[Change], stages: tuple[Read, Embed, Write], workers: int, tally: _Tally
) -> Iterator[Written]:
    read, embed, write = stages
    info = embed.embedder.info
    with (
        closing(overlapped(read, tally.wanted(changes), workers or os.cpu_count() or 1, _AHEAD)) as drafts,
        closing(overlapped(embed, chunked(drafts, info.batch, 1.0), info.parallel, _AHEAD)) as embedded,
        closing(overlapped(write, chunked(tally.passing(embedded), _CHUNK, _SECONDS), 1)) as written,
    ):
        yield from written


class _Tally:
    """What a run has come to so far, and the points where it hears of progress and of a wish to stop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.total = self.added = self.updated = 0
        self._passed = self._untold = 0
        self._skipped: list[tuple[str, str]] = []
        self._warnings: list[str] = []

    def wanted(self, changes: Iterator[Change]) -> Iterator[Change]:
        """The changes, until the caller wants to stop; what is under way by then is still written."""
        for change in changes:
            if self._run.stop():
                return
            yield change

    def passing(self, batches: Iterable[Sequence[Embedded]]) -> Iterator[Embedded]:
        """The items of embedded batches, telling progress as they pass."""
        for batch in batches:
            self._passed += len(batch)
            self.skip((item.uri, item.reason) for item in batch if isinstance(item, Skipped))
            self._run.progress(Progress("indexing", self._passed, self.total, len(self._skipped)))
            yield from batch

    def add(self, written: Written) -> None:
        """Counts a chunk that is safe in the index."""
        self.added += written.added
        self.updated += written.updated
        self.warn(written.warnings)

    def skip(self, items: Iterable[tuple[str, str]]) -> None:
        """Notes (uri, reason) of pictures that are left out."""
        self._skipped += items

    def warn(self, lines: Iterable[str]) -> None:
        """Keeps warnings, up to a bound."""
        for line in lines:
            if len(self._warnings) < _TOLD:
                self._warnings.append(line)
            else:
                self._untold += 1

    def report(self, unchanged: int, removed: int, seconds: float, stopped: bool) -> Report:
        """The run's summary."""
        more = [f"... and {self._untold:,} more warnings"] if self._untold else []
        told = (tuple(self._skipped), (*self._warnings, *more))
        return Report(self.added, self.updated, unchanged, removed, *told, seconds, stopped)


def _rows(source: Source, table: Asset, fields: Fields, tally: _Tally) -> Iterator[tuple[str, dict[str, Any]]]:
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


def _options(embedder: Embedder, settings: Settings) -> Options:
    return Options(image_side=embedder.info.image_side, max_pixels=settings.max_pixels, gps=settings.gps)


def _opened(settings: Settings) -> tuple[Index | None, Embedder]:
    if index_exists(settings):
        index = open_index(settings)
        return index, open_embedder(settings, index.info().embedder)
    return None, load_embedder(settings.embedder or DEFAULT_EMBEDDER, settings)


def _source_name(source: Source, index: Index | None, settings: Settings) -> str:
    """The name that a source's records are filed under: its folder's name, told apart from other sources' by a number.

    A source whose old root cannot be listed any more has moved: it keeps its name and gets the new root.
    """
    known = {info.name: info.root for info in index.info().sources} if index else {}
    for name, root in known.items():
        if root == source.root:
            return name
    base = PurePosixPath(source.root).name or "pictures"
    for name in chain([base], (f"{base}-{n}" for n in count(2))):
        if name not in known or _is_gone(known[name], settings):
            return name
    raise AssertionError("count() has no end")


def _is_gone(root: str, settings: Settings) -> bool:
    try:
        next(open_source(root, settings).list(), None)
    except SourceError:
        return True
    return False
