"""The two tables as a knowledge base: writes, reads, rankings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import pyarrow.compute as pc
from lancedb.query import ColumnOrdering

from imagelore.index._filters import column_of
from imagelore.index._stamp import Stamp, calibration_value, sources_value, with_source
from imagelore.index._values import chunks
from imagelore.index.lancedb import stamp as stamps
from imagelore.index.lancedb.calls import call, locked, write
from imagelore.index.lancedb.facets import Tally
from imagelore.index.lancedb.filter import one_of, predicate, text
from imagelore.index.lancedb.rank import rankings
from imagelore.index.lancedb.rows import arrow_field, columns_read, declared, lacking, to_records, to_rows
from imagelore.index.lancedb.upkeep import refresh, structures
from imagelore.types import (
    Calibration,
    Facet,
    FieldType,
    IndexInfo,
    Query,
    Ranking,
    Record,
    Scope,
    SourceInfo,
)

_CHUNK = 500  # ids in one predicate
_FRESH = 5.0  # seconds that a calibration is remembered: each question asks for it
_BATCH = 4096  # rows held at once by a stream
_SCANS = 16  # facets remembered
_MANIFEST = ("id", "version", "digest", "parent")


class LanceIndex:
    """A knowledge base in two LanceDB tables: `records`, and `stamp`, which says who made it."""

    def __init__(self, address: str, database: Any) -> None:
        self._address = address
        self._records = call(address, database.open_table("records"))
        self._stamp = call(address, database.open_table("stamp"))
        self._embedder = self._read_stamp().embedder
        self._facets = lru_cache(_SCANS)(self._scanned)
        self._calibrated: tuple[float, Calibration | None] = (-_FRESH, None)  # when it was read, and what

    def upsert(self, records: Sequence[Record]) -> Mapping[str, str]:
        """Writes whole records by id, in one commit or not at all; of records with the same id the last one stays."""
        if records:
            self.declare({})
            rows = to_rows(records, self._columns())
            merge = self._records.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            write(self._address, lambda: merge.execute(rows, on_bad_vectors="null"))
        return {}

    def delete(self, ids: Sequence[str]) -> None:
        """Removes records, and those that name one of them as their parent; unknown ids are no error."""
        for chunk in chunks(ids, _CHUNK):
            self._remove(f"{one_of('id', chunk)} OR {one_of('parent', chunk)}")

    def trim(self, parent: str, version: str, digest: str) -> None:
        """Removes the parts of a document that are left from another content version or metadata digest of it."""
        facts = (("version", version), ("digest", digest))
        others = " OR ".join(f"COALESCE({name}, '') <> {text(value)}" for name, value in facts)
        self._remove(f"parent = {text(parent)} AND ({others})")

    def _remove(self, where: str) -> None:
        if call(self._address, self._records.count_rows(where)):  # else a commit, and a version, for nothing
            write(self._address, partial(self._records.delete, where))

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        """Adds nullable columns for the user's fields, and those of ours that an earlier release did not make."""
        if not self._wanted(fields):
            return
        with locked(self._address):
            if new := self._wanted(fields):
                if lacking(self._columns()):  # whoever made it would take a document's parts for files that are gone
                    self._keep("schema", stamps.SCHEMA)
                call(self._address, self._records.add_columns(new))

    def _wanted(self, fields: Mapping[str, FieldType]) -> list[Any]:
        columns = self._columns()
        known = declared(columns)
        return [*(arrow_field(name, kind) for name, kind in fields.items() if name not in known), *lacking(columns)]

    def remember(self, source: SourceInfo) -> None:
        """Stores a source's name and root; a known name gets the new root."""
        with locked(self._address):
            known = self._read_stamp().sources
            if source not in known:
                self._keep("sources", sources_value(with_source(known, source)))

    def calibrate(self, calibration: Calibration) -> None:
        """Stores what scores mean here, in the place of what was stored before."""
        with locked(self._address):
            self._keep("calibration", calibration_value(calibration))
        self._calibrated = (-_FRESH, None)

    def calibration(self) -> Calibration | None:
        """What was stored, as it was some seconds ago at the earliest."""
        if time.monotonic() > self._calibrated[0] + _FRESH:
            self._calibrated = (time.monotonic(), self._read_stamp().calibration)
        return self._calibrated[1]

    def refresh(self) -> str:
        """Compacts what many small writes left, brings the search structures up to date and builds missing ones."""
        self.declare({})
        with locked(self._address):
            call(self._address, refresh(self._records, self._stamp, self._embedder))
        return ""

    def manifest(self, source: str) -> Iterator[tuple[str, str, str, str]]:
        """(id, content version, metadata digest, parent) of every record of a source, batch by batch."""
        for batch in self._stream(list(_MANIFEST), f"source = {text(source)}"):
            yield from zip(*(pc.fill_null(batch[name], "").to_pylist() for name in _MANIFEST), strict=True)

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        """BM25 over words and over what was seen, cosines over vectors, as far as the query has what they need."""
        where = self._predicate(scope)
        return call(self._address, rankings(self._records, query, where, self._embedder))

    def get(self, ids: Sequence[str], scope: Scope = Scope(), vectors: bool = False) -> list[Record]:
        """The records with these ids that the scope lets through, in the order of `ids`."""
        columns = self._columns()
        visible = predicate(scope, declared(columns))
        found: dict[str, Record] = {}
        for chunk in chunks(ids, _CHUNK):
            where = one_of("id", chunk) + (f" AND {visible}" if visible else "")
            names = columns_read(columns, self._embedder, vectors)
            rows = call(self._address, self._records.query().where(where).select(names).to_arrow())
            found |= {record.id: record for record in to_records(rows)}
        return [found[key] for key in ids if key in found]

    def find(self, hashes: Sequence[str]) -> dict[str, str]:
        """sha256 -> id of a record with that content: the first by id where several have it."""
        found: dict[str, str] = {}
        for chunk in chunks(hashes, _CHUNK):
            query = self._records.query().where(one_of("sha256", chunk)).select(["id", "sha256"])
            rows = call(self._address, query.to_arrow()).sort_by([("id", "descending")])
            found |= dict(zip(rows["sha256"].to_pylist(), rows["id"].to_pylist(), strict=True))
        return found

    def browse(self, scope: Scope = Scope(), after: str = "", limit: int = 50) -> list[Record]:
        """A page of records by id, those after `after`."""
        parts = [f"id > {text(after)}"] if after else []
        if visible := self._predicate(scope):
            parts.append(visible)
        query = self._records.query().select(["id"]).order_by([ColumnOrdering(column_name="id")]).limit(limit)
        if parts:
            query = query.where(" AND ".join(parts))
        return self.get(call(self._address, query.to_arrow())["id"].to_pylist())

    def count(self, scope: Scope = Scope()) -> int:
        """How many records the scope lets through."""
        number: int = call(self._address, self._records.count_rows(self._predicate(scope)))
        return number

    def facets(self, scope: Scope = Scope(), fields: Sequence[str] = (), most: int = 50) -> list[Facet]:
        """The values of these fields (none named: `tags` and every user field) within the scope.

        From one scan, that is remembered until the table changes: each question asks what the values are.
        """
        return [*self._facets(call(self._address, self._records.version()), scope, tuple(fields), most)]

    def _scanned(self, version: int, scope: Scope, fields: Sequence[str], most: int) -> tuple[Facet, ...]:  # noqa: ARG002
        known = self.fields()
        columns = {field: column_of(field, known) for field in (fields or ["tags", *known])}
        tallies = {field: Tally(field, kind) for field, (_, kind) in columns.items()}
        names = list(dict.fromkeys(column for column, _ in columns.values()))
        for batch in self._stream(names, predicate(scope, known)):
            for field, (column, _) in columns.items():
                tallies[field].add(batch[column])
        return tuple(tally.facet(most) for tally in tallies.values())

    def fields(self) -> dict[str, FieldType]:
        """The user's fields and their types."""
        return declared(self._columns())

    def info(self) -> IndexInfo:
        """The stamp, and what is inside, as it is now."""
        stamp = self._read_stamp()
        details = call(self._address, structures(self._records))
        return IndexInfo(
            self._address,
            stamp.schema,
            self.count(),
            stamp.embedder,
            stamp.sources,
            self.fields(),
            details,
            stamp.calibration,
        )

    def _keep(self, key: str, value: Any) -> None:
        merge = self._stamp.merge_insert("key").when_matched_update_all().when_not_matched_insert_all()
        call(self._address, merge.execute(stamps.rows({key: value})))

    def _read_stamp(self) -> Stamp:
        return stamps.read(call(self._address, self._stamp.query().to_arrow()), self._address)

    def _columns(self) -> Any:
        return call(self._address, self._records.schema())

    def _predicate(self, scope: Scope) -> str | None:
        return predicate(scope, self.fields() if scope.filter else {})

    def _stream(self, columns: list[str], where: str | None) -> Iterator[Any]:
        query = self._records.query().select(columns)
        reader = call(self._address, (query.where(where) if where else query).to_batches(max_batch_length=_BATCH))
        while (batch := call(self._address, _next(reader))) is not None:
            yield batch


async def _next(reader: Any) -> Any:
    return await anext(reader, None)
