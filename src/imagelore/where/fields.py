"""The fields that a filter may name: which there are, what compares with them, and how their values are written."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from imagelore.types import Kind

_ORDERED = ("=", "!=", "<", "<=", ">", ">=", "between")
_OPERATORS: Mapping[Kind, Sequence[str]] = {
    "text": (*_ORDERED, "prefix"),
    "texts": ("=", "!="),
    "boolean": ("=", "!="),
}
WRITTEN: Mapping[Kind, tuple[str, str]] = {
    "text": ("a text", "write it in single quotes, as 'bird'"),
    "texts": ("a list of texts", "write one in single quotes, as 'bird'"),
    "integer": ("a whole number", "write a number without quotes, as 1960"),
    "number": ("a number", "write it without quotes, as 1.5"),
    "boolean": ("true or false", "write true or false without quotes"),
    "date": ("a date", "write it as '1969-07-20'"),
    "time": ("a date with its time", "write it as '1969-07-20' or '1969-07-20 20:17'"),
}
"""What a field of each kind is, and how a value for it is written."""

_SHOWN = 60  # characters of a word
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")


def operators(kind: Kind) -> Sequence[str]:
    """The operators of `Compare` that a field of this kind takes."""
    return _OPERATORS.get(kind, _ORDERED)


def no_field(name: str, known: Iterable[str]) -> str:
    """That there is no such field, and the near ones."""
    names = [each for each in dict.fromkeys(known) if not each.startswith(".")]
    near = difflib.get_close_matches(name, names, n=3)
    listed = ", ".join(f"`{each}`" for each in (near or names[:20]))
    return f"there is no field {shortened(name)!r}; {'did you mean' if near else 'there are'} {listed}"


def shortened(word: str) -> str:
    """A word of an expression as an error names it."""
    return word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…"


def meant(name: str, known: Iterable[str]) -> list[str]:
    """The field of this name; where there is none, those that differ in case only; `tag` also means `tags`."""
    names = set(known)
    if name in names:
        return [name]
    return sorted(each for each in names if each.casefold() == name.casefold()) or (
        ["tags"] if name.casefold() == "tag" else []
    )


def value_of(written: Any, kind: Kind) -> Any:
    """A literal (a str, int, float or bool) as a value of a field of this kind.

    Raises:
        ValueError: it is none.
    """
    match kind, written:
        case (("text" | "texts"), str()):
            return written
        case "boolean", bool():
            return written
        case (("integer" | "number"), int() | float()) if not isinstance(written, bool) and _finite(written):
            return written
        case (("date" | "time"), str()) if _DAY.fullmatch(written):
            return date.fromisoformat(written)
        case "time", str() if _MOMENT.fullmatch(written):
            return datetime.fromisoformat(written)
    raise ValueError(written)


def _finite(number: int | float) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False
