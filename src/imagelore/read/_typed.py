"""The types of users' own fields.

| the values of a field are | its type |
|---|---|
| whole numbers of at most 64 bits | integer |
| numbers, or whole numbers and others | number |
| true and false | boolean |
| ISO dates (`2024-05-01`) | date |
| lists of plain values, or lists and texts | texts |
| anything else, also a mixture | text |

In a CSV table everything is written as text, so a cell counts as the number, truth value or date that it spells.
Numbers with a leading zero (`00123`) are names of things and stay texts. A date with a time of day is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from imagelore.read._dates import iso_date
from imagelore.read._tables import Cell
from imagelore.types import FieldType, FieldValue

_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,18})", re.ASCII)
_NUMBER = re.compile(r"[+-]?((0|[1-9]\d{0,17})(\.\d+)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TRUTH = {"true": True, "false": False, "yes": True, "no": False}
_LOW, _HIGH = -(2**63), 2**63 - 1


def infer(values: Iterable[Any]) -> FieldType:
    """The one type for all values of a field; None is no value. Without any: text."""
    kinds = {_kind(value) for value in values if value is not None}
    if kinds == {"integer", "number"}:
        return "number"
    if kinds == {"texts", "text"}:
        return "texts"
    return kinds.pop() if len(kinds) == 1 else "text"


def fit(value: Any, type: FieldType) -> FieldValue | None:
    """A value as its field's type; None where it does not fit.

    Nothing is lost on the way: 3.0 is the integer 3, but 3.5 does not fit; a single text is a list of one.
    """
    match type:
        case "integer":
            return _integer(value)
        case "number":
            return _number(value)
        case "boolean":
            return value if isinstance(value, bool) else _TRUTH.get(value.lower()) if isinstance(value, str) else None
        case "date":
            return _date(value)
        case "texts":
            return _texts(value)
        case "text":
            return ", ".join(texts) if isinstance(value, list | tuple) and (texts := _texts(value)) else _text(value)


def _kind(value: Any) -> FieldType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if _LOW <= value <= _HIGH else "text"
    if isinstance(value, float):
        return "number"
    if isinstance(value, list | tuple):
        return "texts" if _texts(value) is not None else "text"
    if _date(value) is not None:
        return "date"
    if isinstance(value, Cell):
        if value.lower() in ("true", "false"):
            return "boolean"
        if _integer(value) is not None:
            return "integer"
        if _number(value) is not None:
            return "number"
    return "text"


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and _LOW <= value <= _HIGH else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not (
        isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value))
    ):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _date(value: Any) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return iso_date(value) if isinstance(value, str) else None


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | float):
        return _shown(value)
    return value.isoformat() if isinstance(value, date) else None


def _shown(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return None


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None if (text := _text(value)) is None else (text,)
    texts = [_text(item) for item in value if item is not None]
    return None if None in texts else tuple(text for text in texts if text is not None)
