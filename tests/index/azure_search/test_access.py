"""Keys, identities and roles, wrong endpoints, and what `imagelore doctor` finds."""

from __future__ import annotations

import dataclasses
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from imagelore.errors import KnowledgeBaseError
from imagelore.index import azure_search
from imagelore.index.azure_search.connection import Connection
from imagelore.settings import Settings
from imagelore.types import Check, Query
from tests.contract.index_records import EMBEDDER, RECORDS
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.search_server import READER, SERVICE, WRITER, FakeSearch
from tests.index.azure_search.service import ADDRESS, make, settings


def refusal(act: Any, *secrets: str) -> str:
    with pytest.raises(KnowledgeBaseError) as caught:
        act()
    told = str(caught.value)
    assert "\n" not in told
    assert not any(secret in told for secret in secrets)
    return told


def test_a_wrong_key_is_told_without_it(server: FakeSearch) -> None:
    wrong = Settings(azure_search_endpoint=server.url, azure_search_key="s3cret-wrong-key")
    told = refusal(lambda: azure_search.open(ADDRESS, wrong), "s3cret")
    assert "set `AZURE_SEARCH_API_KEY`" in told  # of the variables of the setting the one that wins


def test_a_query_key_cannot_write(server: FakeSearch) -> None:
    make(server)
    reading = Settings(azure_search_endpoint=server.url, azure_search_key=server.query_key)
    assert "admin key" in refusal(lambda: azure_search.open(ADDRESS, reading), server.query_key)


def test_an_endpoint_where_nothing_listens(server: FakeSearch) -> None:
    nobody = Settings(azure_search_endpoint="http://127.0.0.1:9", azure_search_key="s3cret", azure_retries=0)
    told = refusal(lambda: azure_search.open(ADDRESS, nobody), "s3cret")
    assert "cannot reach Azure AI Search at 127.0.0.1:9" in told
    assert "`AZURE_SEARCH_ENDPOINT`" in told


def test_a_mistyped_service_is_told_by_the_address() -> None:
    nobody = Settings(azure_search_key="s3cret", azure_retries=0)
    for act in (azure_search.open, azure_search.exists):
        told = refusal(partial(act, "azure-search://no-such-service/pictures", nobody), "s3cret")
        assert "cannot reach Azure AI Search at no-such-service.search.windows.net" in told
        assert "check `--kb`" in told


@pytest.mark.parametrize(("timeout", "retries", "connect"), [(60.0, 5, (10.0, 2)), (3.0, 1, (3.0, 1))])
def test_whoever_does_not_open_is_given_up_soon(timeout: float, retries: int, connect: tuple[float, int]) -> None:
    connection = Connection(
        "azure-search://mine/pictures", Settings(azure_search_key="k", azure_timeout=timeout, azure_retries=retries)
    )
    for client in (connection.documents, connection.indexes):
        waits: Any = client._client._pipeline._transport
        tries = client._config.retry_policy
        assert (waits.connection_config.timeout, tries.connect_retries) == connect
        assert (waits.connection_config.read_timeout, tries.read_retries) == (timeout, retries)
    connection.close()


@pytest.mark.parametrize("status", [200, 404])
def test_an_endpoint_of_another_kind(status: int) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Page) as page:
        thread = threading.Thread(target=page.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{page.server_address[1]}"
        other = Settings(azure_search_endpoint=url, azure_search_key="s3cret", azure_retries=0)
        told = refusal(lambda: azure_search.exists(ADDRESS, other), "s3cret")
        page.shutdown()
        thread.join()
    assert "check `AZURE_SEARCH_ENDPOINT`" in told


def test_an_identity_does_everything_that_a_key_does(server: FakeSearch, identity: FakeIdentity) -> None:
    signed_in = Settings(azure_search_endpoint=server.url)
    index = azure_search.create(ADDRESS, EMBEDDER, signed_in)
    index.upsert(RECORDS)
    assert azure_search.open(ADDRESS, signed_in).count() == 3
    assert index.rank(Query("boats"))[0].entries[0][0] == "a1"


@pytest.mark.parametrize(
    ("roles", "act", "needed"),
    [
        ({WRITER}, "create", "Reader"),
        ({SERVICE}, "upsert", "Search Index Data Contributor"),
        ({SERVICE}, "count", "Search Index Data Reader"),
        ({READER, SERVICE}, "upsert", "Search Index Data Contributor"),
    ],
)
def test_a_missing_role_is_named(
    server: FakeSearch, identity: FakeIdentity, roles: set[str], act: str, needed: str
) -> None:
    signed_in = Settings(azure_search_endpoint=server.url)
    index = azure_search.create(ADDRESS, EMBEDDER, signed_in)
    server.roles = roles
    acts = {
        "create": lambda: azure_search.create(ADDRESS, EMBEDDER, signed_in),
        "upsert": lambda: index.upsert(RECORDS),
        "count": index.count,
    }
    told = refusal(acts[act])
    assert f"the role {needed!r}" in told
    assert "Operation returned" not in told  # the SDK's words where the service has none
    assert (act == "count") != all(repr(role) in told for role in (SERVICE, WRITER))  # what an indexer needs, at once


def test_an_index_that_went_away(server: FakeSearch) -> None:
    index = make(server)
    server.indexes.clear()
    for act in (index.count, index.info, lambda: index.upsert(RECORDS), lambda: index.declare({"a": "text"})):
        assert "there is no knowledge base at `azure-search:///pictures`" in refusal(act)


# ---------------------------------------------------------------- doctor


def checks(server: FakeSearch, **others: Any) -> list[Check]:
    return list(azure_search.check(ADDRESS, dataclasses.replace(settings(server), **others)))


def test_doctor_finds_everything_in_order(server: FakeSearch) -> None:
    make(server).upsert(RECORDS)
    found = checks(server)
    assert [c.name for c in found] == [f"Azure AI Search: {step}" for step in ("service", "index", "records")]
    assert all(c.ok for c in found)
    assert found[-1].said == "3 can be read"


def test_doctor_says_what_is_wrong_and_how_to_mend_it(server: FakeSearch) -> None:
    assert "imagelore index FOLDER --kb azure-search:///pictures" in refusal(lambda: checks(server))
    assert "AZURE_SEARCH_API_KEY" in refusal(lambda: checks(server, azure_search_key="s3cret-wrong"), "s3cret")
    make(server)
    server.faults.fail_next(500, path="search.post.search", times=9)
    assert refusal(lambda: checks(server, azure_retries=0)).endswith(": run this again")
