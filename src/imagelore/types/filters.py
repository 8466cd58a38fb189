"""What a read of the knowledge base may be narrowed to, and the values that its fields have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from imagelore.types.records import FieldType, FieldValue


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value; for `tags` and lists of texts `=` means "contains". A missing value never matches.

    `field` is a user's field, or one of title, text, tags, path, source, taken_at, width, height. `between` takes
    `(low, high)`, both included.
    """

    field: str
    operator: Literal["=", "<", "<=", ">", ">=", "between"]
    value: FieldValue | datetime | tuple[float | date | datetime, float | date | datetime]


@dataclass(frozen=True, slots=True)
class Mentions:
    """The record's own words (title, text, tags, field values, file name; not `seen`) hold this word, in any form."""

    word: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    filters: tuple[Filter, ...]


Filter = Compare | Mentions | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Scope:
    """What a read may see; applied before ranking. `groups` None: everything."""

    filter: Filter | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A field's values within a scope: the most frequent ones with their counts, and the range where it has one."""

    field: str
    type: FieldType
    values: tuple[tuple[FieldValue, int], ...] = ()
    low: float | date | datetime | None = None
    high: float | date | datetime | None = None
    complete: bool = True  # False: there are more values than `values` tells
