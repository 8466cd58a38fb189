"""What a read of the knowledge base may be narrowed to, and the values that its fields have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from imagelore.types.records import FieldType, FieldValue

Kind = FieldType | Literal["time"]
"""What a field's values are: `time` is a moment, without a time zone."""

OWN_FIELDS: Mapping[str, Kind] = {
    "title": "text",
    "text": "text",
    "tags": "texts",
    "path": "text",
    "source": "text",
    "taken_at": "time",
    "width": "integer",
    "height": "integer",
    "parent": "text",
    "place": "text",
    "described": "text",
}
"""The fields that every record has beside the user's own, which go before where they have the same name."""

EXACT_FIELDS: Mapping[str, Kind] = {f".{name}": kind for name, kind in OWN_FIELDS.items()}
"""The same, also where the user has a field of that name: ".place" is always the place in a document."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value; a missing value never matches, an empty list is a missing one.

    `field` is a user's field, or one of `OWN_FIELDS`. Texts compare by code point. For `tags` and lists of texts `=`
    means "holds it" (a tuple: all of them), `!=` "holds others only". `between` takes `(low, high)`, both included;
    `prefix` the start of a text.
    """

    field: str
    operator: Literal["=", "!=", "<", "<=", ">", ">=", "between", "prefix"]
    value: FieldValue | datetime | tuple[float | date | datetime, float | date | datetime]


@dataclass(frozen=True, slots=True)
class Missing:
    """The record has no value in this field: none at all, an empty list, or (of `OWN_FIELDS`) an empty text or 0."""

    field: str


@dataclass(frozen=True, slots=True)
class Mentions:
    """The record's words (`Record.words`, and its path's; not `seen`) hold this word, in any form."""

    word: str


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever this does not hold for, also for want of a value."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of these holds."""

    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    filters: tuple[Filter, ...]


Filter = Compare | Missing | Mentions | Not | AllOf | AnyOf


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
