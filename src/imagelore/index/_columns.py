"""Column names for the user's own fields: any field name as `m_` and characters that every engine takes.

Azure AI Search allows letters, digits and `_` in a field's name, SQL engines fold case: so lower-case letters and
digits stay, `_` is doubled, and every other character is written as its code point in hex between underscores.
"""

from __future__ import annotations

import re

PREFIX = "m_"
_KEPT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ESCAPE = re.compile(r"_([0-9a-f]*)_")


def escaped(name: str) -> str:
    """A name in `[a-z0-9_]`, different for different names."""
    return "".join(c if c in _KEPT else "__" if c == "_" else f"_{ord(c):x}_" for c in name)


def unescaped(name: str) -> str:
    """The name that `escaped` was given."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", name)


def field_column(field: str) -> str:
    """The column of a user's field."""
    return PREFIX + escaped(field)


def column_field(column: str) -> str | None:
    """The user's field that a column holds; None for a column of the record's own."""
    return unescaped(column.removeprefix(PREFIX)) if column.startswith(PREFIX) else None
