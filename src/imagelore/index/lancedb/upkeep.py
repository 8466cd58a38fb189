"""The search structures of the `records` table: full-text, vector and key indexes, and their upkeep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lancedb.index import FTS, BTree, IvfFlat, IvfRq

from imagelore.index._columns import vector_columns
from imagelore.index.lancedb.stamp import rows
from imagelore.types import EmbedderInfo

INDEXED_ROWS = 5_000  # fewer are scanned exactly: that is fast enough, and needs no training
GROWTH = 4.0  # trained partitions are trained again when the table has grown by this factor
BITS = 4  # a dimension: ten exact cosines then suffice where one bit needs a thousand, for 3 times the size
_KEYS = ("id", "sha256", "parent")
_GRACE = timedelta(minutes=5)  # how long a version stays for readers that hold it
_FULL_TEXT = ("words", "seen_words")


async def prepare(table: Any) -> None:
    """Full-text indexes of an empty table: rows that come later are found before they are indexed, too."""
    for column in _FULL_TEXT:
        await table.create_index(column, config=FTS(stem=True, ascii_folding=True, remove_stop_words=True))


async def structures(table: Any) -> dict[str, Any]:
    """What there is, for `status`: size on disk, how vectors are searched, rows that no index has yet."""
    stats = await table.stats()
    indexed = list(await table.list_indices())
    vectors = sorted({config.index_type for config in indexed if "Ivf" in config.index_type})
    return {
        "megabytes": round(stats["total_bytes"] / 1e6, 1),
        "vector_search": ", ".join(vectors) or "exact",
        "unindexed": max((config.num_unindexed_rows or 0 for config in indexed), default=0),
    }


async def refresh(table: Any, stamp: Any, embedder: EmbedderInfo) -> None:
    """Compaction, then what is missing or outgrown; nothing where nothing changed."""
    if await _unsettled(table):
        await table.optimize(cleanup_older_than=_GRACE)
    if await table.count_rows() < INDEXED_ROWS:
        return
    indexed = {config.columns[0] for config in await table.list_indices()}
    for column in _KEYS:
        if column not in indexed:
            await table.create_index(column, config=BTree())
    trained = await _trained(stamp)
    for column in vector_columns(embedder):
        count = await table.count_rows(f"{column} IS NOT NULL")
        if count >= INDEXED_ROWS and (column not in indexed or count > GROWTH * trained.get(column, count)):
            await table.create_index(column, config=_partitions(await table.schema(), column), replace=True)
            trained = {**trained, column: count}
            merge = stamp.merge_insert("key").when_matched_update_all().when_not_matched_insert_all()
            await merge.execute(rows({"trained": trained}))


def _partitions(schema: Any, column: str) -> IvfRq | IvfFlat:
    """Quantised partitions, or whole vectors where the dimensions are no multiple of eight, which RQ asks for."""
    if schema.field(column).type.list_size % 8:
        return IvfFlat(distance_type="cosine")
    return IvfRq(distance_type="cosine", num_bits=BITS)


async def _unsettled(table: Any) -> bool:
    stats = await table.stats()
    if stats["fragment_stats"]["num_fragments"] > 1:
        return True
    return any(config.num_unindexed_rows for config in await table.list_indices())


async def _trained(stamp: Any) -> Mapping[str, int]:
    """Vector column -> how many vectors its index was trained for."""
    found = (await stamp.query().where("key = 'trained'").to_arrow())["value"].to_pylist()
    return dict(json.loads(found[0])) if found else {}
