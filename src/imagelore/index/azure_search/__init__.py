"""Azure AI Search: a knowledge base in one index of a service, `azure-search://SERVICE/INDEX`.

https://learn.microsoft.com/azure/search/ ; only generally available features, by the version that the SDK speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from azure.core.exceptions import ResourceExistsError

from imagelore.index._stamp import Stamp, check_embedder
from imagelore.index.azure_search.connection import DEFINE, METHODS, Connection
from imagelore.index.azure_search.definition import SCHEMA, definition, stamp_text
from imagelore.index.azure_search.known import Known
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.settings import Settings
from imagelore.types import Check, EmbedderInfo


def open(address: str, settings: Settings) -> AzureSearchIndex:
    """The knowledge base at an address.

    Raises:
        UsageError: the address is none.
        KnowledgeBaseError: there is none, it was made by a newer imagelore or by something else, or the service fails.
    """
    return AzureSearchIndex(Connection(address, settings), settings)


def exists(address: str, settings: Settings) -> bool:
    """Whether there is an index at an address; `open` says whether it is a knowledge base.

    Raises:
        UsageError: the address is none.
        KnowledgeBaseError: the service cannot be asked.
    """
    return Known(Connection(address, settings)).defined() is not None


def create(address: str, embedder: EmbedderInfo, settings: Settings) -> AzureSearchIndex:
    """Makes a knowledge base for an embedder's vectors, or opens the one that is there.

    Raises:
        MismatchError: the one that is there was made by another embedder.
        KnowledgeBaseError: it cannot be made, or the one that is there cannot be opened.
    """
    connection = Connection(address, settings)
    if Known(connection).defined() is None:
        made = definition(connection.index, embedder, stamp_text(Stamp(SCHEMA, embedder), address))
        with connection.edge(DEFINE), suppress(ResourceExistsError):  # another process was first
            connection.indexes.create_index(made, retry_on_methods=METHODS)
    index = AzureSearchIndex(connection, settings)
    check_embedder(address, index.embedder, embedder)
    return index


def check(address: str, settings: Settings) -> Iterator[Check]:
    """Whether the service can be reached, holds a knowledge base whose stamp can be read, and shows its records.

    Raises:
        ImageloreError: the next of these fails.
    """
    connection = Connection(address, settings)
    known, name = Known(connection), "Azure AI Search"
    known.defined()
    yield Check(f"{name}: service", True, f"reachable at {connection.host}; it takes the key or identity")
    made_by = known.stamp().embedder.name
    yield Check(f"{name}: index", True, f"`{connection.index}`, made by the embedder {made_by!r}")
    count = AzureSearchIndex(connection, settings).count()
    yield Check(f"{name}: records", True, f"{count:,} can be read")
