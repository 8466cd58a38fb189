"""The stamp as rows of key and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from imagelore.index import _stamp
from imagelore.index._stamp import Stamp, damaged

SCHEMA = 2  # raised whenever an older imagelore could no longer read or write the tables
COLUMNS = pa.schema([("key", pa.string()), ("value", pa.string())])


def rows(values: Mapping[str, Any]) -> Any:
    """Stamp values as rows."""
    return pa.table({"key": list(values), "value": [json.dumps(v) for v in values.values()]}, schema=COLUMNS)


def read(table: Any, address: str) -> Stamp:
    """The stamp from its rows.

    Raises:
        KnowledgeBaseError: it was written by a newer imagelore, or is damaged.
    """
    try:
        values = {row["key"]: json.loads(row["value"]) for row in table.to_pylist()}
    except (TypeError, ValueError) as error:
        raise damaged(address, error) from error
    return _stamp.read(values, address, SCHEMA)
