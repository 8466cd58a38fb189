"""What a run over a source has to do: its listing, the knowledge base's manifest and the metadata rows, joined.

The three streams meet in a scratch SQLite file, so memory does not grow with the source.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from imagelore.errors import SourceError
from imagelore.types import Asset

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE listing (path TEXT PRIMARY KEY, stem TEXT, version TEXT, size INTEGER, document INTEGER, id TEXT)
  WITHOUT ROWID;
CREATE TABLE sidecar (beside TEXT, path TEXT, version TEXT, size INTEGER, PRIMARY KEY (beside, path)) WITHOUT ROWID;
CREATE TABLE described (path TEXT, strength INTEGER, origin TEXT, row TEXT,
  PRIMARY KEY (path, strength, origin)) WITHOUT ROWID;
CREATE TABLE stored (id TEXT, version TEXT, digest TEXT, head INTEGER,
  PRIMARY KEY (id, version, digest, head)) WITHOUT ROWID;
CREATE TABLE manifest (id TEXT PRIMARY KEY, version TEXT, digest TEXT) WITHOUT ROWID;
"""

_PART = """
CREATE TEMP VIEW owner AS SELECT path, stem FROM listing WHERE path NOT IN (SELECT path FROM sidecar);
DELETE FROM listing WHERE path IN (
  SELECT path FROM sidecar WHERE beside IN (SELECT path FROM owner UNION SELECT stem FROM owner));
DELETE FROM described WHERE origin = '' AND path NOT IN (SELECT path FROM listing);
"""

# A document whose first part is missing, or differs from another part, is not whole: a run was killed on it.
_WHOLE = """
INSERT INTO manifest SELECT id, max(CASE WHEN head THEN version END),
  CASE WHEN min(version) = max(version) AND min(digest) = max(digest) THEN max(CASE WHEN head THEN digest END) END
FROM stored GROUP BY id;
"""

_COMPARE = """
CREATE TABLE todo AS SELECT path, id, version, size, digest, rows, sidecars, document, stored, known,
  CASE WHEN old_version IS NULL THEN 'added' WHEN old_version <> stored THEN 'content' ELSE 'metadata' END AS kind
FROM (
  SELECT *, digest(rows, sidecars) AS digest FROM (
    SELECT l.path, l.id, l.version, l.size, l.document, m.version AS old_version, m.digest AS old_digest,
      marked(l.version, coalesce(m.version, '')) AS stored, m.id IS NOT NULL AS known,
      (SELECT json_group_array(json(row)) FROM
        (SELECT row FROM described WHERE path = l.path ORDER BY strength DESC, origin)) AS rows,
      (SELECT json_group_array(json_array(path, version, size)) FROM
        (SELECT path, version, size FROM sidecar WHERE beside IN (l.path, l.stem)
           AND path NOT IN (SELECT path FROM listing) ORDER BY length(path) DESC, path)) AS sidecars
    FROM listing l LEFT JOIN manifest m ON m.id = l.id))
WHERE old_version IS NOT stored OR old_digest IS NOT digest ORDER BY document, path;
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One file that a run has to look at."""

    kind: Literal["added", "content", "metadata"]
    id: str  # of its one record, or of the first part of a document
    asset: Asset
    digest: str
    rows: tuple[dict[str, Any], ...]  # of metadata tables, strongest first
    sidecars: tuple[Asset, ...]
    version: str  # what its records are stored as: see `marked`
    document: bool
    known: bool  # the knowledge base holds something of it: an earlier version, or what a killed run wrote


class Plan:
    """The scratch file, from `scratch`. Fill it with the three streams, then ask what has changed and what is gone."""

    def __init__(self, db: sqlite3.Connection, how: str, ocr: str) -> None:
        self._db = db
        self._db.create_function("digest", 2, partial(_digest, how), deterministic=True)
        self._db.create_function("marked", 2, partial(marked, ocr), deterministic=True)
        self._db.create_function("record_id", 2, record_id, deterministic=True)
        self._db.executescript(_SCHEMA)

    def add_files(self, files: Iterable[tuple[Asset, bool]]) -> None:
        """The pictures and documents of the listing, and whether each is a document."""
        self._db.executemany(
            "INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?, ?, NULL)",
            ((a.path, _stem(a.path), a.version, a.size, document) for a, document in files),
        )

    def add_sidecars(self, assets: Iterable[Asset]) -> None:
        """Files that may belong to one of the same name: `photo.jpg.json`, `photo.txt`; some are documents too."""
        self._db.executemany(
            "INSERT OR REPLACE INTO sidecar VALUES (?, ?, ?, ?)",
            ((_stem(a.path), a.path, a.version, a.size) for a in assets),
        )

    def add_rows(self, origin: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """(path, row) pairs of one metadata table; a table nearer to its picture is stronger, .jsonl before .csv.

        Without an origin they are what the source itself says, weaker than any table.
        """
        strength = 2 * origin.count("/") + origin.endswith(".jsonl") if origin else -1
        self._db.executemany(
            "INSERT OR IGNORE INTO described VALUES (?, ?, ?, ?)",
            ((path, strength, origin, json.dumps(row, ensure_ascii=False, default=str)) for path, row in rows),
        )

    def part_sidecars(self) -> None:
        """Tells texts that stand beside a file of the same name from those that are documents of their own."""
        self._db.executescript(_PART)

    def name(self, source: str, manifest: Iterable[tuple[str, str, str, str]]) -> None:
        """Files the listing under a source's name, beside the manifest of what is known of that source."""
        self._db.execute("UPDATE listing SET id = record_id(?, path)", (source,))
        self._db.executescript("DELETE FROM stored; DELETE FROM manifest;")
        self._db.executemany(
            "INSERT OR IGNORE INTO stored VALUES (?, ?, ?, ?)",
            ((parent or id, version, digest, not parent) for id, version, digest, parent in manifest),
        )
        self._db.executescript(_WHOLE)

    def files(self) -> int:
        """How many pictures and documents were listed."""
        return self._count("SELECT count(*) FROM listing")

    def known(self) -> int:
        """How many files the knowledge base holds something of, of this source."""
        return self._count("SELECT count(*) FROM manifest")

    def orphans(self) -> Iterator[tuple[str, str]]:
        """(table, path) of rows that name a file which was not listed."""
        yield from self._db.execute(
            "SELECT origin, path FROM described WHERE path NOT IN (SELECT path FROM listing) ORDER BY origin, path"
        )

    def compare(self) -> int:
        """Joins the streams; returns how many files are new, or differ in content or metadata."""
        self._db.executescript(_COMPARE)
        return self._count("SELECT count(*) FROM todo")

    def changes(self, documents: bool | None = None) -> Iterator[Change]:
        """What `compare` found: pictures by path, or documents by path; None: first these, then those."""
        rows = self._db.execute(
            "SELECT kind, id, path, version, size, digest, rows, sidecars, stored, document, known FROM todo "
            "WHERE document = coalesce(?, document)",
            (documents,),
        )
        for kind, id, path, version, size, digest, rows_, sidecars, stored, document, known in rows:
            beside = tuple(Asset(*entry) for entry in json.loads(sidecars))
            asset, told = Asset(path, version, size), tuple(json.loads(rows_))
            yield Change(kind, id, asset, digest, told, beside, stored, bool(document), bool(known))

    def going(self) -> int:
        """How many files of the source are gone while the knowledge base holds records of them."""
        return self._count("SELECT count(*) FROM manifest WHERE id NOT IN (SELECT id FROM listing)")

    def gone(self) -> Iterator[str]:
        """Ids of pictures, and of documents' first parts, that were not listed."""
        for (id,) in self._db.execute("SELECT id FROM manifest WHERE id NOT IN (SELECT id FROM listing) ORDER BY id"):
            yield id

    def check_removals(self, address: str, allowed: bool, documents: bool = True) -> int:
        """How many files' records would go; `documents`: whether documents were looked for.

        Raises:
            SourceError: more than half of them, and that was not allowed: an unmounted folder must not empty a
                knowledge base.
        """
        going = self.going()
        if not allowed and going * 2 > self.known():
            raise SourceError(
                f"{going:,} of the {self.known():,} files indexed from `{address}` are gone"
                f"{'' if documents else ', or documents, which this run leaves out'}, so nothing "
                "was changed; if that is right, run it again with `--allow-removals`"
            )
        return going

    def _count(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0])


@contextmanager
def scratch(how: str = "", ocr: str = "off") -> Iterator[Plan]:
    """A plan in a scratch file of its own, which is gone afterwards.

    Args:
        how: what else the metadata of a record depends on (an option of the reader); part of every digest.
        ocr: how the text in pictures is read in this run.

    Raises:
        SourceError: the scratch file cannot be written.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="imagelore-") as folder,
            closing(sqlite3.connect(Path(folder) / "plan.sqlite")) as db,
        ):
            yield Plan(db, how, ocr)
    except sqlite3.Error as error:
        place = tempfile.gettempdir()
        raise SourceError(f"the scratch file in `{place}` failed ({error}): make room there, or set TMPDIR") from error


def record_id(source: str, path: str) -> str:
    """The id of a record: a hash of its source's name and its path, safe in URLs and as a search service's key."""
    return hashlib.blake2b(f"{source}\0{path}".encode(), digest_size=16).hexdigest()


def marked(ocr: str, version: str, known: str) -> str:
    """The version that a file's records are stored as: its own, and behind it how the text in its pictures was read.

    What was read with more effort before (`known`, of the same version) still counts as read: so turning it on reads
    every picture again, and a run without it throws nothing away.
    """
    efforts = [version, *(f"{version} ocr={effort}" for effort in ("auto", "on"))]
    mine = version if ocr == "off" else f"{version} ocr={ocr}"
    return max(mine, known if known in efforts else version, key=efforts.index)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _stem(path: str) -> str:
    return posixpath.splitext(path)[0]
