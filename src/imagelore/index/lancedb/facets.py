"""Counts of values, from a stream of batches."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from imagelore.types import Facet, FieldType

_KEPT = 100_000  # distinct values counted at once: past that the rarest half is forgotten


class Tally:
    """The values of one column so far."""

    def __init__(self, field: str, kind: str) -> None:
        self._field = field
        self._kind: FieldType = "date" if kind == "time" else kind  # type: ignore[assignment]
        self._counted = kind != "time"  # moments seldom repeat: their range says more
        self._counts: Counter[Any] = Counter()
        self._complete = True
        self._low: Any = None
        self._high: Any = None

    def add(self, column: Any) -> None:
        """Counts a batch's values."""
        values = pc.drop_null(pc.list_flatten(column) if pa.types.is_list(column.type) else column)
        if not len(values):
            return
        if self._kind in ("integer", "number", "date"):
            ends = pc.min_max(values).as_py()
            self._low = ends["min"] if self._low is None else min(self._low, ends["min"])
            self._high = ends["max"] if self._high is None else max(self._high, ends["max"])
        if not self._counted:
            self._complete = False
            return
        for pair in pc.value_counts(values).to_pylist():
            self._counts[pair["values"]] += pair["counts"]
        if len(self._counts) > _KEPT:
            self._counts = Counter(dict(self._counts.most_common(_KEPT // 2)))
            self._complete = False

    def facet(self, most: int) -> Facet:
        """The `most` frequent values, ties in the order of the values, whether these are all, and the range."""
        ordered = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
        complete = self._complete and len(ordered) == len(self._counts)
        return Facet(self._field, self._kind, tuple(ordered), self._low, self._high, complete)
