"""Records as rows of an Arrow table, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from imagelore.errors import KnowledgeBaseError
from imagelore.index._columns import column_field, escaped, field_column, unescaped
from imagelore.index._words import searched, stems
from imagelore.types import EmbedderInfo, FieldType, FieldValue, Record, Seen, Vectors

_TEXTS = pa.list_(pa.string())
_OWN: dict[str, Any] = {
    **dict.fromkeys(("id", "source", "path", "version", "digest", "title", "text"), pa.string()),
    "tags": _TEXTS,
    "groups": _TEXTS,
    "taken_at": pa.timestamp("us"),
    "width": pa.int32(),
    "height": pa.int32(),
    **dict.fromkeys(("sha256", "phash", "parent", "place", "seen", "seen_words", "words", "extra"), pa.string()),
    "stems": _TEXTS,
    "thumbnail": pa.binary(),
}
_DERIVED = ("words", "stems", "seen_words")
_ARROW: dict[FieldType, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "texts": _TEXTS,
}


def image_column(space: str) -> str:
    """The column of the pictures' vectors in a space."""
    return f"image_{escaped(space)}"


def text_column(space: str) -> str:
    """The column of the texts' vectors in a space."""
    return f"text_{escaped(space)}"


def vector_columns(embedder: EmbedderInfo) -> dict[str, int]:
    """Every vector column with its dimensions."""
    columns = {image_column(s.name): s.dimensions for s in embedder.spaces if s.images}
    return columns | {text_column(s.name): s.dimensions for s in embedder.spaces if s.documents}


def schema(embedder: EmbedderInfo) -> Any:
    """The Arrow schema of a knowledge base without fields of the user's own."""
    vectors = [pa.field(name, pa.list_(pa.float32(), size)) for name, size in vector_columns(embedder).items()]
    return pa.schema([pa.field(name, kind) for name, kind in _OWN.items()] + vectors)


def arrow_field(name: str, kind: FieldType) -> Any:
    """The Arrow field (nullable, so that it can be added to rows) of a user's field."""
    return pa.field(field_column(name), _ARROW[kind])


def declared(columns: Any) -> dict[str, FieldType]:
    """The user's fields and their types, read off an Arrow schema."""
    kinds = {str(arrow): kind for kind, arrow in _ARROW.items()}
    # the engine may name a list's items otherwise than we did
    return {
        field: "texts" if pa.types.is_list(column.type) else kinds[str(column.type)]
        for column in columns
        if (field := column_field(column.name)) is not None
    }


def to_rows(records: Sequence[Record], columns: Any) -> Any:
    """Rows for records in the given schema; of records with the same id the last one stays.

    Raises:
        KnowledgeBaseError: a field or a space that the knowledge base has no column for, or a value of another type.
    """
    rows = [_row(record) for record in {record.id: record for record in records}.values()]
    names = set(columns.names)
    for row in rows:
        if strange := sorted(set(row) - names):
            raise KnowledgeBaseError(
                f"the knowledge base has no column {strange[0]!r} for `{row['path']}`: declare the field before writing"
            )
    arrays = []
    for column in columns:
        values = [row.get(column.name) for row in rows]
        try:
            arrays.append(pa.array(values, column.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            name = column_field(column.name) or column.name
            raise KnowledgeBaseError(f"a value of field `{name}` is not of its type {column.type}: {error}") from error
    return pa.Table.from_arrays(arrays, schema=columns)


def _row(record: Record) -> dict[str, Any]:
    own = {name: getattr(record, name) for name in _OWN if name not in _DERIVED and name not in {"seen", "extra"}}
    row: dict[str, Any] = {name: _clean(value) or None for name, value in own.items()}
    row["seen"] = json.dumps([record.seen.classes, record.seen.colours])
    row["seen_words"] = _clean(record.seen.words())
    row["words"] = _clean(searched(record))
    row["stems"] = _clean(stems(record)) or None
    row["extra"] = json.dumps(dict(record.extra), default=str) if record.extra else None
    for name, vector in record.images.items():
        row[image_column(name)] = _vector(vector)
    for name, vector in record.texts.items():
        row[text_column(name)] = _vector(vector)
    for name, value in record.fields.items():
        row[field_column(name)] = _clean(value)
    return row


def _clean(value: Any) -> Any:
    """Strings as valid UTF-8: metadata and file names may hold lone surrogates, which no engine stores."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, tuple | list):
        return [_clean(item) for item in value]
    if isinstance(value, float) and math.isnan(value):  # NaN: neither comparable nor countable
        return None
    return value


def _vector(vector: Vectors) -> Vectors | None:
    """None for a vector without a direction (an empty text): a cosine to it does not exist."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    return flat if np.isfinite(flat).all() and flat.any() else None


def to_records(rows: Any) -> list[Record]:
    """Records from rows as `columns_read` selects them."""
    return [_record(row, rows.schema.names) for row in rows.to_pylist()]


def columns_read(columns: Any, embedder: EmbedderInfo, vectors: bool) -> list[str]:
    """The columns that make up a record."""
    left_out = {*_DERIVED, *(() if vectors else vector_columns(embedder))}
    return [name for name in columns.names if name not in left_out]


def _record(row: Mapping[str, Any], names: Sequence[str]) -> Record:
    classes, colours = json.loads(row["seen"])
    own = {name: row[name] for name in _OWN if name in row and row[name] is not None}
    for name in ("tags", "groups"):
        own[name] = tuple(row[name] or ())
    own["seen"] = Seen(tuple((name, score) for name, score in classes), tuple(colours))
    own["extra"] = json.loads(row["extra"]) if row["extra"] else {}
    own["fields"] = {
        field: _value(row[name])
        for name in names
        if (field := column_field(name)) is not None and row[name] is not None
    }
    for kind in ("image", "text"):
        vectors = {name: row[name] for name in names if name.startswith(f"{kind}_") and row[name] is not None}
        own[f"{kind}s"] = {_space(name): np.asarray(vector, dtype=np.float32) for name, vector in vectors.items()}
    return Record(**own)


def _space(column: str) -> str:
    return unescaped(column.split("_", 1)[1])


def _value(value: Any) -> FieldValue:
    found: FieldValue = tuple(value) if isinstance(value, list) else value
    return found.date() if isinstance(found, datetime) else found
