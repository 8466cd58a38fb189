"""LanceDB: a knowledge base in a folder, or on an object store; nothing to run beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lancedb

from imagelore.index._stamp import check_embedder, embedder_value, missing
from imagelore.index.lancedb import stamp as stamps
from imagelore.index.lancedb.calls import call, edge, is_local, locked
from imagelore.index.lancedb.rows import schema
from imagelore.index.lancedb.store import LanceIndex
from imagelore.index.lancedb.upkeep import prepare
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo

__all__ = ["LanceIndex", "create", "exists", "open"]


def open(address: str, settings: Settings) -> LanceIndex:
    """The knowledge base at an address: a folder, or an object store's URI that LanceDB understands.

    Raises:
        KnowledgeBaseError: there is none, it was made by a newer imagelore, or it is damaged.
    """
    if not exists(address, settings):
        raise missing(address)
    return LanceIndex(address, _connect(address))


def exists(address: str, settings: Settings) -> bool:  # noqa: ARG001
    """Whether there is a knowledge base at an address; looking creates nothing.

    Raises:
        KnowledgeBaseError: the place may not be looked into.
    """
    if is_local(address):  # a process killed while making one may have left folders without a committed version
        with edge(address):
            return any((Path(address) / "stamp.lance" / "_versions").glob("*.manifest"))
    return "stamp" in call(address, _connect(address).list_tables()).tables


def create(address: str, embedder: EmbedderInfo, settings: Settings) -> LanceIndex:
    """Makes a knowledge base for an embedder's vectors, or opens the one that is there.

    Raises:
        MismatchError: the one that is there was made by another embedder.
        KnowledgeBaseError: it cannot be written, or the one that is there cannot be opened.
    """
    if is_local(address):
        with edge(address):
            Path(address).mkdir(parents=True, exist_ok=True)
    database = _connect(address)
    with locked(address):
        if not exists(address, settings):
            call(address, _make(database, embedder))
    index = open(address, settings)
    check_embedder(address, index.info().embedder, embedder)
    return index


async def _make(database: Any, embedder: EmbedderInfo) -> None:
    for name in ("records", "stamp"):  # of a process that was killed just here
        await database.drop_table(name, ignore_missing=True)
    made = await database.create_table("records", schema=schema(embedder))
    await prepare(made)
    values = {
        "schema": stamps.SCHEMA,
        "embedder": embedder_value(embedder),
        "sources": [],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    await database.create_table("stamp", stamps.rows(values))  # last: without it nothing else counts


def _connect(address: str) -> Any:
    # an interval of zero: each read looks for what another process has committed meanwhile
    return call(address, lancedb.connect_async(address, read_consistency_interval=timedelta(0)))
