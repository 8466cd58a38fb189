"""Azure AI Search for a test: an address, settings, and the requests that it got."""

from __future__ import annotations

from typing import Any

from imagelore.index import azure_search
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo
from tests.contract.index_records import EMBEDDER
from tests.fakes.search_server import FakeSearch

ADDRESS = "azure-search:///pictures"


def settings(server: FakeSearch, **others: Any) -> Settings:
    return Settings(azure_search_endpoint=server.url, azure_search_key=server.admin_key, **others)


def make(server: FakeSearch, embedder: EmbedderInfo = EMBEDDER, **others: Any) -> AzureSearchIndex:
    return azure_search.create(ADDRESS, embedder, settings(server, **others))


def sent(server: FakeSearch, ending: str) -> list[Any]:
    """The bodies of the requests so far whose path ends like this."""
    return [body for _, path, body in server.requests if path.endswith(ending)]


def searches(server: FakeSearch) -> list[Any]:
    return sent(server, "search.post.search")


def uploads(server: FakeSearch) -> list[int]:
    return [len(body["value"]) for body in sent(server, "search.index")]
