"""Records as rows of an Arrow table, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from imagelore.errors import KnowledgeBaseError
from imagelore.index._columns import (
    column_field,
    field_column,
    image_column,
    text_column,
    vector_columns,
    vector_space,
)
from imagelore.index._lines import lines_of, lines_value
from imagelore.index._values import clean, directed
from imagelore.index._words import searched, stems
from imagelore.types import Described, EmbedderInfo, FieldType, FieldValue, Record, Seen

_TEXTS = pa.list_(pa.string())
_PLAIN: dict[str, Any] = {  # a record's facts that are stored as they are
    **dict.fromkeys(("id", "source", "path", "version", "digest", "title", "text"), pa.string()),
    "tags": _TEXTS,
    "groups": _TEXTS,
    "taken_at": pa.timestamp("us"),
    "width": pa.int32(),
    "height": pa.int32(),
    **dict.fromkeys(("sha256", "phash", "parent", "place"), pa.string()),
    "thumbnail": pa.binary(),
}
_LATER: dict[str, Any] = {  # columns that knowledge bases of earlier releases get when they are written to
    "lines": pa.binary(),
    "described": pa.string(),
    "described_tags": _TEXTS,
    "described_model": pa.string(),
}
_OWN = {
    **_PLAIN,
    **dict.fromkeys(("seen", "seen_words", "words", "extra"), pa.string()),
    "stems": _TEXTS,
    **_LATER,
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


def schema(embedder: EmbedderInfo) -> Any:
    """The Arrow schema of a knowledge base without fields of the user's own."""
    vectors = [pa.field(name, pa.list_(pa.float32(), size)) for name, size in vector_columns(embedder).items()]
    return pa.schema([pa.field(name, kind) for name, kind in _OWN.items()] + vectors)


def lacking(columns: Any) -> list[Any]:
    """The Arrow fields of our own that a table of an earlier release does not have."""
    return [pa.field(name, kind) for name, kind in _LATER.items() if name not in columns.names]


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
    row: dict[str, Any] = {name: clean(getattr(record, name)) or None for name in _PLAIN}
    row["seen"] = json.dumps([record.seen.classes, record.seen.colours])
    row["seen_words"] = clean(record.seen.words())
    row["words"] = clean(searched(record))
    row["stems"] = clean(stems(record)) or None
    row["extra"] = json.dumps(dict(record.extra), default=str) if record.extra else None
    row["lines"] = _packed(lines_value(record.lines)) if record.lines else None
    row["described"] = clean(record.described.text) or None
    row["described_tags"] = clean(record.described.tags) or None
    row["described_model"] = clean(record.described.model) or None
    for name, vector in record.images.items():
        row[image_column(name)] = directed(vector)
    for name, vector in record.texts.items():
        row[text_column(name)] = directed(vector)
    for name, value in record.fields.items():
        row[field_column(name)] = clean(value)
    return row


def to_records(rows: Any) -> list[Record]:
    """Records from rows as `columns_read` selects them."""
    return [_record(row, rows.schema.names) for row in rows.to_pylist()]


def columns_read(columns: Any, embedder: EmbedderInfo, vectors: bool) -> list[str]:
    """The columns that make up a record."""
    left_out = {*_DERIVED, *(() if vectors else vector_columns(embedder))}
    return [name for name in columns.names if name not in left_out]


def _record(row: Mapping[str, Any], names: Sequence[str]) -> Record:
    classes, colours = json.loads(row["seen"])
    own = {name: row[name] for name in _PLAIN if row[name] is not None}
    for name in ("tags", "groups"):
        own[name] = tuple(row[name] or ())
    own["seen"] = Seen(tuple((name, score) for name, score in classes), tuple(colours))
    own["extra"] = json.loads(row["extra"]) if row["extra"] else {}
    if row.get("lines"):
        own["lines"] = lines_of(json.loads(zlib.decompress(row["lines"])))
    text, tags, model = (row.get(name) for name in ("described", "described_tags", "described_model"))
    own["described"] = Described(text or "", tuple(tags or ()), model or "")
    own["fields"] = {
        field: _value(row[name])
        for name in names
        if (field := column_field(name)) is not None and row[name] is not None
    }
    for kind in ("image", "text"):
        vectors = {name: row[name] for name in names if name.startswith(f"{kind}_") and row[name] is not None}
        own[f"{kind}s"] = {vector_space(name): np.asarray(vector, dtype=np.float32) for name, vector in vectors.items()}
    return Record(**own)


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _value(value: Any) -> FieldValue:
    found: FieldValue = tuple(value) if isinstance(value, list) else value
    return found.date() if isinstance(found, datetime) else found
