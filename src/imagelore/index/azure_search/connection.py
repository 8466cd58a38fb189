"""The way to one index of one service: its address, its clients, and its errors as ours."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.search.documents import SearchClient
from azure.search.documents.indexes import SearchIndexClient

from imagelore import _azure
from imagelore.errors import KnowledgeBaseError, UsageError
from imagelore.index._stamp import missing
from imagelore.settings import Settings

SCHEME = "azure-search://"
_ENDPOINT, _KEY = "AZURE_SEARCH_ENDPOINT", "AZURE_SEARCH_API_KEY"  # the first variables of their settings
# what an identity needs: https://learn.microsoft.com/azure/search/search-security-rbac
READ = "Search Index Data Reader"  # documents
WRITE = "Search Index Data Contributor"
LOOK = "Reader"  # the index's definition, which holds the stamp
DEFINE = "Search Service Contributor"
_SERVICE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])")
_NAMED = re.compile(r"([^.]+)\.search\.(?:windows\.net|azure\.us|azure\.cn)")  # a service's own host
_CLOUDS = (".azure.us", ".azure.cn")  # of governments, and of China: their tokens are of their own
# https://learn.microsoft.com/rest/api/searchservice/naming-rules
_INDEX = re.compile(r"(?=.{2,128}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
_HARMLESS = re.compile(r"[a-z-]+://[\w./-]*")  # no key or signature can stand in it, as in a query or before an @
_CONNECT, _CONNECTS = 10.0, 2  # seconds, and further tries: a mistyped name, or a closed door, is told soon
METHODS = frozenset({"GET", "HEAD", "POST", "PUT"})  # all that we send may be sent twice


class Connection:
    """One index of an AI Search service; its clients may be used by several threads.

    Args:
        address: `azure-search://SERVICE/INDEX`; the setting `azure_search_endpoint` stands in for an empty SERVICE, and
            is where the service is reached when it is set: in a cloud of its own, behind a gateway.
        settings: key, endpoint, timeout and retries.

    Raises:
        UsageError: the address is no such address, or the endpoint is that of another service.
    """

    def __init__(self, address: str, settings: Settings) -> None:
        endpoint, self.index = _parts(address, settings)
        self.address = address
        self.timeout = settings.azure_timeout
        self.retries = settings.azure_retries
        self._service = _azure.Service(
            "Azure AI Search",
            endpoint,
            _ENDPOINT if settings.azure_search_endpoint else "--kb",  # where the host was named
            _KEY,
            READ,
            (settings.azure_search_key,),
        )
        credential = _azure.credential(settings.azure_search_key)
        options = _options(endpoint, settings)
        self.documents = SearchClient(endpoint, self.index, credential, **options)
        self.indexes = SearchIndexClient(endpoint, credential, **options)
        self._close = weakref.finalize(self, _closed, self.documents, self.indexes)

    @property
    def host(self) -> str:
        """Host and port of the service."""
        return self._service.host

    def close(self) -> None:
        """Closes the sockets; happens by itself when nobody holds the connection."""
        self._close()

    def search(self, **query: Any) -> list[dict[str, Any]]:
        """The documents that a query finds, all pages.

        Raises:
            KnowledgeBaseError: the service refused, or cannot be reached.
        """
        with self.edge(READ):
            return list(self.documents.search(retry_on_methods=METHODS, **query))

    def pages(self, **query: Any) -> Any:
        """The same query as the SDK's own result, which also has counts and facets; to be used inside `edge`."""
        return self.documents.search(retry_on_methods=METHODS, **query)

    @contextmanager
    def edge(self, role: str) -> Iterator[None]:
        """Maps what the SDK raises to one line of ours; `role` is what an identity needs for the work inside.

        Raises:
            KnowledgeBaseError: the service failed.
        """
        try:
            yield
        except ResourceNotFoundError as error:
            if getattr(error, "error", None):  # in the service's own words; else something else answers there
                raise missing(self.address) from error
            raise KnowledgeBaseError(_azure.explain(error, self._service)) from error
        except (AzureError, ValueError) as error:
            raise KnowledgeBaseError(self._told(error, role)) from error

    def _told(self, error: Exception, role: str) -> str:
        said = _azure.says(error, self._service)
        if "quota" in said.lower() and _azure.status(error) not in (0, 429):
            return (
                f"Azure AI Search at {self.host} is full ({said}): delete indexes that nobody needs, or move to a "
                "larger tier; what was written before is kept"
            )
        if _azure.status(error) == 403 and self._service.secrets[0]:
            return (
                f"Azure AI Search at {self.host} refused the key for this: set `{self._service.key}` to an admin key "
                "of this service, or leave it out and sign in with `az login`"
            )
        line = _azure.explain(error, self._service._replace(role=role))
        indexes = f"; an identity that indexes needs {DEFINE!r} and {WRITE!r}"  # told at once, not one after the other
        return line + indexes if _azure.status(error) == 403 and role != READ else line


def _options(endpoint: str, settings: Settings) -> dict[str, Any]:
    retries = settings.azure_retries
    cloud = next((cloud for cloud in _CLOUDS if endpoint.endswith(f".search{cloud}")), ".azure.com")
    signs_in = not settings.azure_search_key  # a request with a key does not know the option that the policy sets
    return {
        "audience": f"https://search{cloud}",
        "per_call_policies": [_azure.LoopbackPolicy()] if signs_in else [],
        "connection_timeout": min(_CONNECT, settings.azure_timeout),
        "read_timeout": settings.azure_timeout,
        "retry_total": retries,
        "retry_connect": min(_CONNECTS, retries),
        "retry_read": retries,
        "retry_status": retries,
    }


def _parts(address: str, settings: Settings) -> tuple[str, str]:
    """Endpoint and index of an address; plain names only, so that no address leads to another host."""
    service, _, index = address.removeprefix(SCHEME).partition("/")
    if (
        not address.startswith(SCHEME)
        or not _INDEX.fullmatch(index)
        or not (not service or _SERVICE.fullmatch(service))
    ):
        shown = address if _HARMLESS.fullmatch(address) else f"{SCHEME}…"
        raise UsageError(
            f"`{shown}` is no address of an index: it looks like azure-search://SERVICE/INDEX, both names of 2 or more "
            "lower-case letters and digits, with single dashes between them"
        )
    if service and not settings.azure_search_endpoint:
        return f"https://{service}.search.windows.net", index
    endpoint = _azure.address(settings.azure_search_endpoint, _ENDPOINT, "https://NAME.search.windows.net")
    named = _NAMED.fullmatch(urlsplit(endpoint).hostname or "")
    if service and named and named[1] != service:
        raise UsageError(
            f"`{_ENDPOINT}` is of the service {named[1]!r}, the address names {service!r}: mend one of them, or write "
            f"`{SCHEME}/{index}`"
        )
    return endpoint, index


def _closed(*clients: Any) -> None:
    for client in clients:
        client.close()
