"""Column names for the user's own fields: any field name as `m_` and characters that every engine takes.

Azure AI Search allows letters, digits and `_` in a field's name, SQL engines fold case: so lower-case letters and
digits stay, `_` is doubled, and every other character is written as its code point in hex between underscores.
"""

from __future__ import annotations

import re
from functools import lru_cache

from imagelore.types import EmbedderInfo

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


@lru_cache(maxsize=1_000)  # each row of an answer asks for each of its columns
def column_field(column: str) -> str | None:
    """The user's field that a column holds; None for a column of the record's own, or of somebody else's making."""
    try:
        field = unescaped(column.removeprefix(PREFIX))
    except (ValueError, OverflowError):  # no code point
        return None
    return field if field_column(field) == column else None


def image_column(space: str) -> str:
    """The column of the pictures' vectors in a space."""
    return f"image_{escaped(space)}"


def text_column(space: str) -> str:
    """The column of the texts' vectors in a space."""
    return f"text_{escaped(space)}"


def vector_space(column: str) -> str:
    """The space of a column of vectors."""
    return unescaped(column.split("_", 1)[1])


def vector_columns(embedder: EmbedderInfo) -> dict[str, int]:
    """Every vector column with its dimensions."""
    columns = {image_column(s.name): s.dimensions for s in embedder.spaces if s.images}
    return columns | {text_column(s.name): s.dimensions for s in embedder.spaces if s.documents}
