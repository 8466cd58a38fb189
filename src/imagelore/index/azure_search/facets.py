"""Facets from the service's counts; the ends of a range from the first and the last document where counts do not say.

https://learn.microsoft.com/azure/search/search-faceted-navigation
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple

from imagelore.index.azure_search.connection import READ, Connection
from imagelore.index.azure_search.filter import both
from imagelore.types import Facet, FieldType

_COUNTED = 200  # asked for: a service of several shards counts the rarer ones wrongly where too few are asked for
_MOST = 1_000  # values of a facet that one answer of the service tells
_RANGED = ("integer", "number", "date", "time")
_PARALLEL = 8


class _Column(NamedTuple):
    name: str
    kind: str  # a FieldType, or "time"


def facets(connection: Connection, columns: Mapping[str, tuple[str, str]], where: str | None, most: int) -> list[Facet]:
    """The facet of each field, given its column and type, within a filter; it tells `most` values at most."""
    asked = {field: _Column(*column) for field, column in columns.items()}
    most = min(most, _MOST)
    counted = max(_COUNTED, most + 1)  # one more: whether these are all
    counts = _counts(connection, [c.name for c in asked.values() if _counted(c)], where, counted)
    told = {column: _told(column, counts.get(column.name, [])) for column in asked.values()}
    open_ended = [c for c in told if c.kind in _RANGED and (not _counted(c) or len(counts[c.name]) == counted)]
    with ThreadPoolExecutor(_PARALLEL, "facets") as pool:
        ends = dict(zip(open_ended, pool.map(lambda c: _ends(connection, c, where), open_ended), strict=True))
    return [_facet(field, column, told[column], ends.get(column), most) for field, column in asked.items()]


def _counts(
    connection: Connection, names: list[str], where: str | None, most: int
) -> dict[str, list[Mapping[str, Any]]]:
    if not names:
        return {}
    wanted = [f"{name},count:{most}" for name in dict.fromkeys(names)]
    with connection.edge(READ):
        return dict(connection.pages(search_text="*", filter=where, facets=wanted, top=0).get_facets() or {})


def _counted(column: _Column) -> bool:
    """Moments seldom repeat, their range says more; long texts never do."""
    return column.kind != "time" and column.name not in ("text", "described")


def _told(column: _Column, counts: list[Mapping[str, Any]]) -> list[tuple[Any, int]]:
    values = [(_value(column.kind, each["value"]), each["count"]) for each in counts]
    return sorted(values, key=lambda pair: (-pair[1], pair[0]))


def _facet(field: str, column: _Column, told: list[tuple[Any, int]], ends: tuple[Any, Any] | None, most: int) -> Facet:
    kind: FieldType = "date" if column.kind == "time" else column.kind  # type: ignore[assignment]
    if ends is None and column.kind in _RANGED and told:
        ends = min(value for value, _ in told), max(value for value, _ in told)
    low, high = ends or (None, None)
    complete = len(told) <= most and (_counted(column) or (column.kind == "time" and low is None))
    return Facet(field, kind, tuple(told[:most]), low, high, complete)


def _ends(connection: Connection, column: _Column, where: str | None) -> tuple[Any, Any]:
    """The least and the greatest value; None where there is no value."""
    query = {"filter": both(where, f"{column.name} ne null"), "select": [column.name], "top": 1}
    orders = ([f"{column.name} {order}"] for order in ("asc", "desc"))
    found = [connection.search(search_text="*", order_by=order, **query) for order in orders]
    low, high = (_value(column.kind, rows[0][column.name]) if rows else None for rows in found)
    return low, high


def _value(kind: str, value: Any) -> Any:
    if kind in ("date", "time"):
        moment = datetime.fromisoformat(str(value)).replace(tzinfo=None)
        return moment if kind == "time" else moment.date()
    if kind == "number":
        return float(value)
    return value
