"""What is known of an index's definition: read when it is needed, remembered for a while, changed under its ETag."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.search.documents.indexes.models import SearchIndex

from imagelore.errors import KnowledgeBaseError
from imagelore.index._stamp import Stamp, missing
from imagelore.index.azure_search.connection import DEFINE, LOOK, Connection
from imagelore.index.azure_search.definition import LATER, declared, lacking, read_stamp
from imagelore.types import FieldType

FRESH = 30.0  # seconds: a service rations how often a definition is read
_TRIES = 5  # at changing a definition that others change at the same time


class Known:
    """The definition of one index. Threads may share it: each sees one definition or the next, never half of one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._index: SearchIndex | None = None
        self._read = -FRESH

    def defined(self) -> SearchIndex | None:
        """The definition as it is now; None where there is no such index.

        Raises:
            KnowledgeBaseError: the service cannot be asked.
        """
        with self._connection.edge(LOOK):
            try:
                return self._connection.indexes.get_index(self._connection.index)
            except ResourceNotFoundError as error:
                if error.error is None:  # not in the service's own words: something else answers there
                    raise
                return None

    def index(self, fresh: bool = False) -> SearchIndex:
        """The definition, at most `FRESH` seconds old.

        Raises:
            KnowledgeBaseError: there is no such index, or the service cannot be asked.
        """
        known = self._index
        if fresh or known is None or time.monotonic() > self._read + FRESH:
            known = self._changed(self.defined())
        return known

    def stamp(self, fresh: bool = False) -> Stamp:
        """Who made it, and of what.

        Raises:
            KnowledgeBaseError: as `index`; it is not ours, newer, or damaged.
        """
        return read_stamp(self.index(fresh), self._connection.address)

    def fields(self, needed: frozenset[str] = frozenset()) -> Mapping[str, FieldType]:
        """The user's fields with a column of ours, and their types."""
        return {name: kind for name, kind in self.columns(needed).items() if kind}

    def columns(self, needed: frozenset[str] = frozenset()) -> Mapping[str, FieldType | None]:
        """As `declared`; read anew where a needed field is not among them: another process may have added it."""
        known = declared(self.index())
        return known if needed <= known.keys() else declared(self.index(fresh=True))

    def lacks(self, names: Iterable[str] = LATER) -> list[str]:
        """Those of these fields of our own that the index, made by an earlier release, does not have yet."""
        wanted = [name for name in LATER if name in set(names)]
        if not wanted or not lacking(self.index()):
            return []
        later = {field.name for field in lacking(self.index(fresh=True))}
        return [name for name in wanted if name in later]

    def change(self, edit: Callable[[SearchIndex], bool]) -> None:
        """Applies an edit, which says whether there is anything to change, to the newest definition.

        Raises:
            KnowledgeBaseError: others keep changing it, or the service refused.
        """
        for _ in range(_TRIES):
            index = deepcopy(self.index(fresh=True))  # what the service refuses must not be remembered
            if not edit(index):
                return
            with self._connection.edge(DEFINE):
                try:
                    made = self._connection.indexes.create_or_update_index(
                        index, match_condition=MatchConditions.IfNotModified
                    )
                except ResourceModifiedError:
                    continue
            self._changed(made)
            return
        raise KnowledgeBaseError(
            f"another imagelore run keeps changing the index at `{self._connection.address}`: run this again when it "
            "is done"
        )

    def _changed(self, index: SearchIndex | None) -> SearchIndex:
        if index is None:
            raise missing(self._connection.address)
        self._index, self._read = index, time.monotonic()
        return index
