"""Records as documents of an index, and back.

A record comes back from the fields `record` (its facts as JSON, exact to the microsecond and the last character),
`thumbnail` and its vectors; the other fields are there to be filtered, counted, searched and ranked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields as facts_of
from datetime import date, datetime
from typing import Any

import numpy as np

from imagelore.errors import KnowledgeBaseError
from imagelore.index._columns import field_column, image_column, text_column, vector_space
from imagelore.index._lines import lines_of, lines_value
from imagelore.index._values import clean, directed, utf8
from imagelore.index._words import searched, stems
from imagelore.index.azure_search.definition import has_column
from imagelore.types import Described, FieldType, FieldValue, Record, Seen, Vectors

_LONGEST = 32_000  # bytes of a string that is filtered by; the service takes 32,766
_TERM = 255  # characters that the service's tokenizer keeps together
_PLAIN_KEY = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]*")
_APART = ("thumbnail", "images", "texts", "seen", "taken_at", "fields", "extra", "lines", "described")
_OWN = tuple(fact.name for fact in facts_of(Record) if fact.name not in _APART)
_COLUMNS = (
    *("source", "path", "version", "digest", "parent", "place"),
    *("title", "text", "tags", "groups", "sha256", "width", "height"),
)


def key(id: str) -> str:
    """An id as a document key, which may hold letters, digits, `_`, `-` and `=` only; different ids differ."""
    if _PLAIN_KEY.fullmatch(id):
        return id
    return "=" + base64.urlsafe_b64encode(utf8(id).encode()).decode()


def filtered(value: str) -> str:
    """A text as it is filtered by: a very long one is cut and told apart by its hash."""
    data = utf8(value).encode()
    if len(data) <= _LONGEST:
        return data.decode()
    return data[: _LONGEST - 64].decode(errors="ignore") + hashlib.sha256(data).hexdigest()


def moment(value: date) -> str:
    """A day, or a moment cut to milliseconds, as `Edm.DateTimeOffset`; the camera's own clock passes for UTC."""
    if not isinstance(value, datetime):
        return f"{value.isoformat()}T00:00:00.000Z"
    return f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def to_document(record: Record, known: Mapping[str, FieldType | None]) -> dict[str, Any]:
    """A record as a document without a stale field of an older one.

    Raises:
        KnowledgeBaseError: a field that the index has no column for, or a value of another type.
    """
    document: dict[str, Any] = {"key": key(record.id), "id": utf8(record.id)}
    for name in _COLUMNS:
        value = getattr(record, name)
        document[name] = _column(value) if value or isinstance(value, tuple) else None
    document["described"] = filtered(record.described.text) or None
    document["taken_at"] = moment(record.taken_at) if record.taken_at else None
    document["words"] = utf8(searched(record))
    document["seen_words"] = utf8(record.seen.words())
    document["stems"] = [filtered(stem) for stem in stems(record)]
    document["thumbnail"] = base64.b64encode(record.thumbnail).decode() if record.thumbnail else None
    document["record"] = _facts(record)
    for column, vectors in ((image_column, record.images), (text_column, record.texts)):
        told = {column(space): directed(vector) for space, vector in vectors.items()}
        document |= {name: numbers(vector) for name, vector in told.items() if vector is not None}
    for name, value in record.fields.items():
        if not has_column(name):
            continue
        if name not in known:
            raise KnowledgeBaseError(
                f"the knowledge base has no column {field_column(name)!r} for `{record.path}`: declare the field "
                f"`{name}` before writing"
            )
        if kind := known[name]:
            document[field_column(name)] = _typed(name, value, kind)
    return document


def to_record(document: Mapping[str, Any]) -> Record:
    """The record of a document with its fields `record`, `thumbnail` and, where they are wanted, its vectors."""
    facts = json.loads(document["record"])
    own: dict[str, Any] = {name: facts[name] for name in _OWN if name in facts}
    own |= {name: tuple(own[name]) for name in ("tags", "groups") if name in own}
    if "seen" in facts:
        classes, colours = facts["seen"]
        own["seen"] = Seen(tuple((name, score) for name, score in classes), tuple(colours))
    if "taken_at" in facts:
        own["taken_at"] = datetime.fromisoformat(facts["taken_at"])
    if "described" in facts:
        text, tags, model = facts["described"]
        own["described"] = Described(text, tuple(tags), model)
    own["lines"] = lines_of(facts.get("lines", ()))
    own["fields"] = {name: _value(kind, value) for name, (kind, value) in facts.get("fields", {}).items()}
    own["extra"] = facts.get("extra", {})
    own["thumbnail"] = base64.b64decode(document.get("thumbnail") or "")
    for kind in ("image", "text"):
        vectors = {name: value for name, value in document.items() if name.startswith(f"{kind}_") and value}
        own[f"{kind}s"] = {vector_space(name): np.asarray(value, dtype=np.float32) for name, value in vectors.items()}
    return Record(**own)


def _facts(record: Record) -> str:
    facts: dict[str, Any] = {name: clean(getattr(record, name)) for name in _OWN if getattr(record, name)}
    if record.seen != Seen():
        facts["seen"] = [record.seen.classes, record.seen.colours]
    if record.described != Described():
        said = record.described
        facts["described"] = [clean(said.text), clean(said.tags), clean(said.model)]
    if record.taken_at:
        facts["taken_at"] = record.taken_at.isoformat()
    facts["lines"] = lines_value(record.lines)
    own = {name: value for name, value in record.fields.items() if clean(value) is not None}
    facts["fields"] = {name: ["date" if isinstance(value, date) else "", clean(value)] for name, value in own.items()}
    facts["extra"] = dict(record.extra)
    return json.dumps({name: value for name, value in facts.items() if value}, default=str, separators=(",", ":"))


def _value(kind: str, value: Any) -> FieldValue:
    if kind == "date":
        return date.fromisoformat(value)
    found: FieldValue = tuple(value) if isinstance(value, list) else value
    return found


def _column(value: Any) -> Any:
    if isinstance(value, str):
        return filtered(value)
    return [filtered(item) for item in value] if isinstance(value, tuple) else value


def _typed(name: str, value: FieldValue, kind: FieldType) -> Any:
    """A value of a user's field as its column takes it."""
    if clean(value) is None:
        return None
    if not _fits(value, kind):
        raise KnowledgeBaseError(f"a value of field `{name}` is not of its type {kind}: {str(value)[:80]!r}")
    if isinstance(value, float) and math.isinf(value):
        return "INF" if value > 0 else "-INF"
    if isinstance(value, date):
        return moment(value)
    return _column(value)


def _fits(value: Any, kind: FieldType) -> bool:
    if isinstance(value, bool) != (kind == "boolean") or (kind == "date" and isinstance(value, datetime)):
        return False
    if kind == "integer":
        return isinstance(value, int) and -(2**63) <= value < 2**63
    return isinstance(value, _TYPES[kind])


_TYPES: dict[FieldType, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (date,),
    "texts": (tuple,),
}


def numbers(vector: Vectors) -> list[float]:
    """Nine digits give every 32-bit float back, and take a third less room than Python's own writing of them."""
    return [float(f"{value:.9g}") for value in vector.tolist()]


def terms(words: str) -> str:
    """A question's words for the simple query syntax: none too long for a term, and no character an operator."""
    return re.sub(r"([^\w\s])", r"\\\1", " ".join(word[:_TERM] for word in utf8(words).split()))
