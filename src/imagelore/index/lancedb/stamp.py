"""The stamp of a knowledge base as rows of key and JSON: schema version, embedder, sources, creation time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from imagelore.errors import KnowledgeBaseError
from imagelore.types import EmbedderInfo, SourceInfo, Space

SCHEMA = 1  # raised whenever an older imagelore could no longer read or write the tables
COLUMNS = pa.schema([("key", pa.string()), ("value", pa.string())])


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who made a knowledge base, and of what."""

    schema: int
    embedder: EmbedderInfo
    sources: tuple[SourceInfo, ...]


def rows(values: Mapping[str, Any]) -> Any:
    """Stamp values as rows."""
    return pa.table({"key": list(values), "value": [json.dumps(v) for v in values.values()]}, schema=COLUMNS)


def embedder_value(embedder: EmbedderInfo) -> dict[str, Any]:
    """An embedder's info as JSON."""
    return asdict(embedder)


def sources_value(sources: Sequence[SourceInfo]) -> list[dict[str, Any]]:
    """Sources as JSON."""
    return [asdict(source) for source in sources]


def read(table: Any, address: str) -> Stamp:
    """The stamp from its rows.

    Raises:
        KnowledgeBaseError: it was written by a newer imagelore, or is damaged.
    """
    try:
        values = {row["key"]: json.loads(row["value"]) for row in table.to_pylist()}
        version = int(values["schema"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(address, error) from error
    if version > SCHEMA:
        raise KnowledgeBaseError(
            f"the knowledge base at `{address}` was made by a newer imagelore (its schema is {version}, this one reads "
            f"up to {SCHEMA}): pip install --upgrade imagelore"
        )
    try:
        facts = dict(values["embedder"])
        spaces = tuple(Space(**space) for space in facts.pop("spaces"))
        sources = tuple(SourceInfo(**source) for source in values["sources"])
        return Stamp(version, EmbedderInfo(spaces=spaces, **facts), sources)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(address, error) from error


def _damaged(address: str, error: Exception) -> KnowledgeBaseError:
    return KnowledgeBaseError(
        f"the stamp of the knowledge base at `{address}` is damaged ({type(error).__name__}: {error}): remove it and "
        "index again, or give another one with --kb"
    )
