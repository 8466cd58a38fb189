"""A folder of this machine into a container: `imagelore upload FOLDER az://ACCOUNT/CONTAINER[/PREFIX]`.

Every file that a local source lists goes along, pictures, documents and the metadata beside them alike, so that
indexing the container gives what indexing the folder gives; hidden files stay here. Nothing is ever deleted there. A
blob is written whole or not at all, so an interrupted upload is continued by the next one: what is there with the same
size and MD5 is left alone. Listing and remote listing meet in a scratch SQLite file: memory does not grow with the
folder.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imagelore import providers
from imagelore.errors import SourceError, UnreadableError, UsageError
from imagelore.flows._overlap import overlapped
from imagelore.flows._tally import Progress, Run, Skips
from imagelore.flows.pictures import source_name
from imagelore.settings import Settings
from imagelore.source import Source
from imagelore.types import Asset

if TYPE_CHECKING:
    from imagelore.source.azure_blob.container import Container

__all__ = ["Run", "UploadReport", "upload"]

_PARALLEL = 8  # files at once: the SDK keeps ten connections
_LARGE = 64_000_000  # bytes: of what is larger, one file at a time is in memory
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE here (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID;
CREATE TABLE there (path TEXT PRIMARY KEY, size INTEGER, md5 TEXT) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class UploadReport:
    """What an upload did. `skipped` holds (uri here, reason) of the first 1,000 of `skipped_count`.

    `warnings`: sentences. `stopped`: it was interrupted, and the next one goes on. `incomplete`: what of the folder
    could not be listed.
    """

    uploaded: int
    unchanged: int
    skipped: tuple[tuple[str, str], ...]
    skipped_count: int
    warnings: tuple[str, ...]
    seconds: float
    stopped: bool = False
    incomplete: str = ""


def upload(settings: Settings, folder: str, address: str, run: Run | None = None) -> UploadReport:
    """Brings a container up to date with a folder, and makes the container if there is none.

    Raises:
        UsageError: `address` is no container.
        SourceError: the folder or the account is missing, or the account does not let us write; what was written stays.
    """
    if source_name(address) == "local":
        raise UsageError(f"{address!r} is no container: give `az://ACCOUNT/CONTAINER[/PREFIX]`")
    run, start = run or Run(), time.perf_counter()
    source: Source = providers.load("source", "local").create(folder, settings)
    target: Container = providers.load("source", source_name(address)).target(address, settings)
    done: dict[str, int] = {"uploaded": 0, "unchanged": 0}
    with _scratch() as db:
        incomplete = _list(db, source, run)
        skips = Skips((source.uri(path), reason) for path, reason in source.skipped)
        target.make()
        db.executemany("INSERT OR REPLACE INTO there VALUES (?, ?, ?)", target.sums())
        total = db.execute("SELECT count(*) FROM here").fetchone()[0]
        with closing(overlapped(_Send(source, target), _wanted(db, run), _PARALLEL)) as sent:
            for number, (path, outcome) in enumerate(sent, 1):
                if outcome in done:
                    done[outcome] += 1
                else:
                    skips.add([(source.uri(path), outcome)])
                run.progress(Progress("uploading", number, total, skips.count))
    return UploadReport(
        **done,
        skipped=tuple(skips.named),
        skipped_count=skips.count,
        warnings=tuple(target.notes),
        seconds=time.perf_counter() - start,
        stopped=run.stop(),
        incomplete=incomplete,
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A file here, and the blob of its name; `size` is None where there is none."""

    asset: Asset
    size: int | None
    md5: str


class _Send:
    """Sends one file, unless the same is there; says (path, "uploaded" or "unchanged" or why not)."""

    def __init__(self, source: Source, target: Container) -> None:
        self._source, self._target = source, target
        self._large = threading.Lock()

    def __call__(self, file: _File) -> tuple[str, str]:
        path = file.asset.path
        with self._large if file.asset.size > _LARGE else nullcontext():
            try:
                data = self._source.read(file.asset)
                if file.size == len(data) and file.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest():
                    return path, "unchanged"
                self._target.write(path, data, exists=file.size is not None)
            except UnreadableError as error:
                return path, str(error)
        return path, "uploaded"


@contextmanager
def _scratch() -> Iterator[sqlite3.Connection]:
    try:
        with (
            tempfile.TemporaryDirectory(prefix="imagelore-") as folder,
            closing(sqlite3.connect(Path(folder) / "upload.sqlite")) as db,
        ):
            db.executescript(_SCHEMA)
            yield db
    except sqlite3.Error as error:
        place = tempfile.gettempdir()
        raise SourceError(f"the scratch file in `{place}` failed ({error}): make room there, or set TMPDIR") from error


def _list(db: sqlite3.Connection, source: Source, run: Run) -> str:
    """The folder's listing, into the scratch file; what could not be listed of it."""
    seen = 0
    try:
        for seen, asset in enumerate(source.list(), 1):
            db.execute("INSERT OR REPLACE INTO here VALUES (?, ?)", (asset.path, asset.size))
            if seen % 1_000 == 0:
                run.progress(Progress("listing", seen))
    except SourceError as error:
        if not seen:
            raise
        return f"{error}; the rest was uploaded"
    return ""


def _wanted(db: sqlite3.Connection, run: Run) -> Iterator[_File]:
    """The files, until the caller wants to stop; what is under way by then is still written."""
    rows = db.execute(
        "SELECT here.path, here.size, there.size, there.md5 FROM here LEFT JOIN there USING (path) ORDER BY here.path"
    )
    for path, size, remote, md5 in rows:
        if run.stop():
            return
        yield _File(Asset(path, "", size), remote, md5 or "")
