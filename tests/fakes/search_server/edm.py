"""Values of the service's types: read from JSON, checked, and written back.

https://learn.microsoft.com/rest/api/searchservice/supported-data-types
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.search_server.errors import Refused

SIMPLE = ("String", "Int32", "Int64", "Double", "Boolean", "DateTimeOffset")
NUMBERS = {"Edm.Int32", "Edm.Int64", "Edm.Double"}
VECTORS = {"Collection(Edm.Single)", "Collection(Edm.Half)", "Collection(Edm.Int16)", "Collection(Edm.SByte)"}
TYPES = {f"Edm.{name}" for name in SIMPLE} | {f"Collection(Edm.{name})" for name in SIMPLE} | VECTORS
MAX_TERM = 32_766  # bytes of UTF-8
DATE = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d{1,12})?(Z|[+-]\d\d:\d\d)")


def parse_date(text: str) -> datetime | None:
    """A moment in UTC, cut to milliseconds; None where the text is none, or has no time zone."""
    if not (found := DATE.fullmatch(text)):
        return None
    day, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{'+00:00' if zone == 'Z' else zone}")
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment + timedelta(milliseconds=int((fraction or ".0")[1:4].ljust(3, "0")))


def write(value: Any) -> Any:
    """A value as the service answers it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds").rstrip("0").rstrip(".") + "Z"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    return [write(item) for item in value] if isinstance(value, list) else value


def read(value: Any, kind: str, name: str) -> Any:
    """A value of a field.

    Raises:
        Refused: it is not of the field's type.
    """
    if kind.startswith("Collection("):
        if value is None:
            raise _wrong(
                f"A null value was found for the property named '{name}', which has the expected type "
                f"'{kind}[Nullable=False]'. The expected type '{kind}[Nullable=False]' does not allow null values."
            )
        if not isinstance(value, list):
            raise _wrong(
                "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader. A 'StartArray' "
                "node was expected."
            )
        if any(item is None for item in value):
            raise _wrong(
                "A null value was detected in the items of a collection property value; non-nullable instances of "
                f"collection types do not support null values as items: '{name}'."
            )
        inner = kind[len("Collection(") : -1]
        if inner == "Edm.Single" and all(type(item) is float for item in value):
            return value  # vectors are long
        return [_single(item, inner) for item in value]
    return None if value is None else _single(value, kind)


def _single(value: Any, kind: str) -> Any:
    if isinstance(value, (dict, list)):
        node = "StartObject" if isinstance(value, dict) else "StartArray"
        raise _wrong(
            f"An unexpected '{node}' node was found when reading from the JSON reader. A 'PrimitiveValue' node was "
            "expected."
        )
    reader: Callable[[Any], Any] = _READERS.get(kind, _real)
    found = reader(value)
    if found is None:
        raise _wrong(f"Cannot convert the literal '{value}' to the expected type '{kind}'.")
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any) -> datetime | None:
    return parse_date(value) if isinstance(value, str) else None


def _integer(value: Any, bits: int) -> int | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    return value if fits else None


def _real(value: Any) -> float | None:
    if value in ("NaN", "INF", "-INF"):
        return float(value.lower())
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_READERS: dict[str, Callable[[Any], Any]] = {
    "Edm.String": _text,
    "Edm.Boolean": _truth,
    "Edm.DateTimeOffset": _date,
    "Edm.Int32": lambda value: _integer(value, 32),
    "Edm.Int64": lambda value: _integer(value, 64),
    "Edm.Int16": lambda value: _integer(value, 16),
    "Edm.SByte": lambda value: _integer(value, 8),
}


def _wrong(message: str) -> Refused:
    return Refused(f"The request is invalid. Details: {message}")
