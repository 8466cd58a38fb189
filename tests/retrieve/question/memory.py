"""A small knowledge base in memory that evaluates filters in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from imagelore.types import Facet, FieldType, Record, Scope
from tests.index.filters import holds


class Memory:
    """What counting needs of an index, over a list of records."""

    def __init__(self, records: Sequence[Record], fields: dict[str, FieldType], most: int = 50) -> None:
        self._records = sorted(records, key=lambda record: record.id)
        self._fields = fields
        self._most = most

    def count(self, scope: Scope = Scope()) -> int:
        return len(self._within(scope))

    def browse(self, scope: Scope = Scope(), after: str = "", limit: int = 50) -> list[Record]:
        return [record for record in self._within(scope) if record.id > after][:limit]

    def get(self, ids: Sequence[str], scope: Scope = Scope()) -> list[Record]:
        found = {record.id: record for record in self._within(scope)}
        return [found[id] for id in ids if id in found]

    def facets(self, scope: Scope = Scope(), fields: Sequence[str] = (), most: int = 50) -> list[Facet]:
        found = []
        for name in fields or ["tags", *self._fields]:
            values: Counter[Any] = Counter()
            for record in self._within(scope):
                value = _value(record, name)
                values.update(value if isinstance(value, tuple) else [value] if value is not None else [])
            told = tuple(values.most_common(min(most, self._most)))
            low, high = (min(values), max(values)) if values and name == "taken_at" else (None, None)
            complete = len(told) == len(values)
            found.append(Facet(name, self._fields.get(name, "texts"), told, low, high, complete))
        return found

    def fields(self) -> dict[str, FieldType]:
        return self._fields

    def _within(self, scope: Scope) -> list[Record]:
        return [
            record
            for record in self._records
            if (scope.filter is None or holds(scope.filter, record))
            and (scope.groups is None or not record.groups or scope.groups & {*record.groups})
        ]


def _value(record: Record, name: str) -> Any:
    return getattr(record, name) if name in _BUILT_IN else record.fields.get(name)


_BUILT_IN = ("title", "text", "tags", "path", "source", "taken_at", "width", "height")
