"""index: stores records with their vectors, and ranks them.

A provider is a module with `open(address, settings) -> Index` and
`create(address, embedder: EmbedderInfo, settings) -> Index` (opens it where it exists already), and
`exists(address, settings) -> bool`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from imagelore.types import Calibration, Facet, FieldType, IndexInfo, Query, Ranking, Record, Scope, SourceInfo


class Index(Protocol):
    """A knowledge base. Safe to read from several threads; one process writes at a time.

    Every method may raise `KnowledgeBaseError` (gone, locked, disk full); what was written before stays readable. Reads
    may see a write a moment later where the engine is a service; after `refresh` they see all of them.
    """

    def upsert(self, records: Sequence[Record]) -> Mapping[str, str]:
        """Writes whole records by id; idempotent. Their fields' columns must have been declared.

        Boxes of lines are kept to five digits.

        Returns id -> reason of records that the engine refused for good while it took the others; mostly none.
        """
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Removes records, and those that name one of them as their parent; unknown ids are no error."""
        ...

    def trim(self, parent: str, version: str, digest: str) -> None:
        """Removes the parts of a document that are left from another content version or metadata digest of it."""
        ...

    def declare(self, fields: Mapping[str, FieldType]) -> None:
        """Adds columns for the user's fields; a field that exists keeps its type.

        Also those of our own that an earlier release made the knowledge base without, as `upsert` and `refresh` do.
        """
        ...

    def remember(self, source: SourceInfo) -> None:
        """Stores a source's name and root; a known name gets the new root."""
        ...

    def calibrate(self, calibration: Calibration) -> None:
        """Stores what scores mean here, in the place of what was stored before."""
        ...

    def calibration(self) -> Calibration | None:
        """What was stored; cheap, and perhaps half a minute old."""
        ...

    def refresh(self) -> str:
        """Called at the end of a run: brings search structures up to date and builds those the size calls for.

        Returns "" once reads see every write; after a while one line that says which they do not show yet.
        """
        ...

    def manifest(self, source: str) -> Iterator[tuple[str, str, str, str]]:
        """(id, content version, metadata digest, parent) of every record of a source, in constant memory."""
        ...

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        """One ranking per way that the query and this index allow; see `Ranking` for their names."""
        ...

    def get(self, ids: Sequence[str], scope: Scope = Scope(), vectors: bool = False) -> list[Record]:
        """The records with these ids that the scope lets through, in the order of `ids`; unknown ones are left out.

        Vectors come along only when asked for.
        """
        ...

    def find(self, hashes: Sequence[str]) -> dict[str, str]:
        """sha256 -> id of a record with that content, for those that exist: a renamed file reuses its vectors."""
        ...

    def browse(self, scope: Scope = Scope(), after: str = "", limit: int = 50) -> list[Record]:
        """A page of records by id, those after `after`."""
        ...

    def count(self, scope: Scope = Scope()) -> int:
        """How many records the scope lets through."""
        ...

    def facets(self, scope: Scope = Scope(), fields: Sequence[str] = (), most: int = 50) -> list[Facet]:
        """The values of these fields (none named: `tags` and every user field) within the scope.

        A facet tells the `most` frequent values at most; its `complete` says whether these are all.
        """
        ...

    def fields(self) -> Mapping[str, FieldType]:
        """The user's fields and their types; cheap, and of a service perhaps half a minute old."""
        ...

    def info(self) -> IndexInfo:
        """The stamp, and what is inside, as it is now."""
        ...
