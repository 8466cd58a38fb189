"""The index as a knowledge base: writes, reads, rankings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from azure.search.documents.indexes.models import SearchIndex

from imagelore.errors import KnowledgeBaseError
from imagelore.index._columns import vector_columns
from imagelore.index._filters import column_of
from imagelore.index._stamp import with_source
from imagelore.index._values import chunks
from imagelore.index.azure_search.connection import READ, Connection
from imagelore.index.azure_search.definition import (
    SCHEMA,
    declared,
    has_column,
    lacking,
    read_stamp,
    stamp_text,
    user_field,
)
from imagelore.index.azure_search.documents import to_document, to_record
from imagelore.index.azure_search.facets import facets
from imagelore.index.azure_search.filter import both, named, odata, one_of, text
from imagelore.index.azure_search.known import Known
from imagelore.index.azure_search.rank import Ranker
from imagelore.index.azure_search.writing import CHUNK, Part, Writer
from imagelore.settings import Settings
from imagelore.types import (
    EXACT_FIELDS,
    OWN_FIELDS,
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

PAGE = 1_000  # documents that the service answers at once
RECORDS = 100  # whole records fetched at once: with thumbnails and vectors they are large
_WHOLE = ("record", "thumbnail")  # the fields of a record, but its vectors


class AzureSearchIndex:
    """A knowledge base in one index of AI Search. Safe to read from several threads; one process writes at a time.

    Raises:
        KnowledgeBaseError: there is none, it was made by a newer imagelore or by something else, or the service fails.
    """

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection = connection
        self._known = Known(connection)
        self.embedder = self._known.stamp().embedder
        self._writer = Writer(connection)
        self._ranker = Ranker(connection, settings.azure_search_semantic)

    def close(self) -> None:
        """Closes the sockets; happens by itself when the index is no longer used."""
        self._connection.close()

    def upsert(self, records: Sequence[Record]) -> Mapping[str, str]:
        """Writes whole records by id; of records with the same id the last one stays."""
        if not records:
            return {}
        self._complete()
        needed = frozenset(name for record in records for name in record.fields if has_column(name))
        known = self._known.columns(needed)
        return self._writer.upload([to_document(r, known) for r in {r.id: r for r in records}.values()])

    def delete(self, ids: Sequence[str]) -> None:
        """Removes records, and those that name one of them as their parent; unknown ids are no error."""
        self._writer.delete([*ids, *self._parts(ids)])

    def trim(self, parent: str, version: str, digest: str) -> None:
        """Removes the parts of a document that are left from another content version or metadata digest of it."""
        parts = self._parts([parent])
        self._writer.delete([id for id, part in parts.items() if (part.version, part.digest) != (version, digest)])

    def _parts(self, parents: Sequence[str]) -> Mapping[str, Part]:
        """Id -> what names one of these as its parent, also what no read shows yet."""
        found: dict[str, Part] = {}
        wanted = [] if self._known.lacks(["parent"]) else [parent for parent in parents if parent]
        for chunk in chunks(wanted, CHUNK):
            for row in chain.from_iterable(self._pages(one_of("parent", chunk), ["id", *Part._fields], PAGE)):
                found[row["id"]] = Part.of(row)
        return self._writer.now(found, frozenset(wanted))

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        """Adds columns for the user's fields, and those of ours that an earlier release did not make."""

        def edit(index: SearchIndex) -> bool:
            known = declared(index)
            new = [user_field(name, kind) for name, kind in fields.items() if name not in known and has_column(name)]
            new += (late := lacking(index))
            if late:  # whoever made it would take a document's parts for files that are gone
                address = self._connection.address
                index.description = stamp_text(replace(read_stamp(index, address), schema=SCHEMA), address)
            index.fields = [*index.fields, *new]
            return bool(new)

        self._known.change(edit)

    def remember(self, source: SourceInfo) -> None:
        """Stores a source's name and root; a known name gets the new root."""

        def edit(index: SearchIndex) -> bool:
            address = self._connection.address
            stamp = read_stamp(index, address)
            index.description = stamp_text(replace(stamp, sources=with_source(stamp.sources, source)), address)
            return source not in stamp.sources

        self._known.change(edit)

    def calibrate(self, calibration: Calibration) -> None:
        """Stores what scores mean here, in the place of what was stored before."""

        def edit(index: SearchIndex) -> bool:
            address = self._connection.address
            stamp = read_stamp(index, address)
            index.description = stamp_text(replace(stamp, calibration=calibration), address)
            return stamp.calibration != calibration

        self._known.change(edit)

    def calibration(self) -> Calibration | None:
        """What was stored, as it was half a minute ago at the earliest."""
        return self._known.stamp().calibration

    def refresh(self) -> str:
        """Waits until reads see every write; the service keeps its search structures up to date by itself."""
        self._complete()
        return self._writer.wait()

    def _complete(self) -> None:
        if self._known.lacks():
            self.declare({})

    def manifest(self, source: str) -> Iterator[tuple[str, str, str, str]]:
        """(id, content version, metadata digest, parent) of every record of a source, page by page."""
        where, lacks = f"source eq {text(source)}", self._known.lacks(["parent"])
        columns = ["id", *(name for name in Part._fields if name not in lacks)]
        for row in chain.from_iterable(self._pages(where, columns, PAGE)):
            part = Part.of(row)
            yield row["id"], part.version, part.digest, part.parent

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        """BM25 over words and over what was seen, cosines over vectors, as far as the query has what they need."""
        return self._ranker.rankings(query, self._filter(scope), self.embedder)

    def get(self, ids: Sequence[str], scope: Scope = Scope(), vectors: bool = False) -> list[Record]:
        """The records with these ids that the scope lets through, in the order of `ids`."""
        visible = self._filter(scope)
        found = {r.id: r for chunk in chunks(ids, RECORDS) for r in self._whole(chunk, visible, vectors)}
        return [found[id] for id in ids if id in found]

    def find(self, hashes: Sequence[str]) -> dict[str, str]:
        """sha256 -> id of a record with that content: the first by id where several have it."""
        found: dict[str, str] = {}
        for chunk in chunks(hashes, CHUNK):
            for row in chain.from_iterable(self._pages(one_of("sha256", chunk), ["id", "sha256"], PAGE)):
                found.setdefault(row["sha256"], row["id"])
        return found

    def browse(self, scope: Scope = Scope(), after: str = "", limit: int = 50) -> list[Record]:
        """A page of records by id, those after `after`."""
        pages = self._pages(self._filter(scope), ["id", *_WHOLE], min(limit, RECORDS), after)
        rows = chain.from_iterable(pages)
        return [to_record(row) for row in islice(rows, limit)]

    def count(self, scope: Scope = Scope()) -> int:
        """How many records the scope lets through."""
        query = {"filter": self._filter(scope), "top": 0, "include_total_count": True}
        with self._connection.edge(READ):
            number: int = self._connection.pages(search_text="*", **query).get_count()
        return number

    def facets(self, scope: Scope = Scope(), fields: Sequence[str] = (), most: int = 50) -> list[Facet]:
        """The values of these fields (none named: `tags` and every user field) within the scope."""
        known = self._fields(frozenset(fields))
        columns = {field: column_of(field, known) for field in (fields or ["tags", *known])}
        return facets(self._connection, columns, self._filter(scope), most)

    def fields(self) -> Mapping[str, FieldType]:
        """The user's fields and their types, as they were half a minute ago at the earliest."""
        return self._known.fields()

    def info(self) -> IndexInfo:
        """The stamp, and what is inside, as it is now."""
        stamp = self._known.stamp(fresh=True)
        details: dict[str, Any] = {"vector_search": "HNSW, scalar quantisation, rescored"}
        details["semantic_ranker"] = self._ranker.state
        return IndexInfo(
            self._connection.address,
            stamp.schema,
            self.count(),
            stamp.embedder,
            stamp.sources,
            self._known.fields(),
            details,
            stamp.calibration,
        )

    def _fields(self, needed: frozenset[str]) -> Mapping[str, FieldType]:
        return self._known.fields(needed - OWN_FIELDS.keys() - EXACT_FIELDS.keys())

    def _filter(self, scope: Scope) -> str | None:
        if scope.filter is None:
            return odata(scope, {})
        names = named(scope.filter)
        fields = self._fields(names)
        if lost := self._known.lacks(names - fields.keys()):
            raise KnowledgeBaseError(
                f"the index at `{self._connection.address}` was made before this imagelore and has no `{lost[0]}` yet: "
                "run `imagelore index` on its source once"
            )
        return odata(scope, fields)

    def _whole(self, ids: Sequence[str], visible: str | None, vectors: bool) -> list[Record]:
        columns = [*_WHOLE, *(vector_columns(self.embedder) if vectors else ())]
        query = {"filter": both(one_of("id", ids), visible), "select": columns, "order_by": ["id"], "top": len(ids)}
        return [to_record(row) for row in self._connection.search(search_text="*", **query)]

    def _pages(self, where: str | None, columns: list[str], size: int, after: str = "") -> Iterator[list[Any]]:
        """Documents by id, those after `after`, page by page: the service's own `$skip` ends at 100,000."""
        rows: list[Any] = []
        while size and (not rows or len(rows) == size):
            later = f"id gt {text(after)}" if after else None
            query = {"filter": both(where, later), "select": columns, "order_by": ["id"], "top": size}
            rows = self._connection.search(search_text="*", **query)
            if not rows:
                return
            yield rows
            after = rows[-1]["id"]
