"""The index's definition, its stamp, and addresses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.errors import KnowledgeBaseError, UsageError
from imagelore.index import azure_search
from imagelore.index._columns import image_column, text_column
from imagelore.index.azure_search.connection import Connection
from imagelore.index.azure_search.definition import LONGEST_STAMP
from imagelore.index.azure_search.documents import key
from imagelore.settings import Settings
from imagelore.types import Mentions, Scope, SourceInfo
from tests.contract.index_records import EMBEDDER, record
from tests.fakes.search_server import FakeSearch
from tests.index.azure_search.service import ADDRESS, make, settings


def test_the_definition_says_what_is_searched_filtered_and_kept(server: FakeSearch) -> None:
    make(server).declare({"year": "integer"})
    made = server.indexes["pictures"].schema.definition
    fields = {field["name"]: field for field in made["fields"]}
    assert not any(fields["thumbnail"][attribute] for attribute in ("searchable", "filterable", "facetable"))
    assert not any(fields["record"][attribute] for attribute in ("searchable", "filterable", "facetable"))
    assert fields["m_year"]["filterable"]
    assert fields["image_joint"]["dimensions"] == 8
    (compression,) = made["vectorSearch"]["compressions"]
    assert compression["kind"] == "scalarQuantization"
    assert compression["rescoringOptions"]["rescoreStorageMethod"] == "preserveOriginals"
    assert made["vectorSearch"]["algorithms"][0]["hnswParameters"]["metric"] == "cosine"
    assert {fields[name]["analyzer"] for name in ("words", "seen_words")} == {"english_folded"}


def test_an_index_of_another_shape_is_named_and_left_alone(server: FakeSearch) -> None:
    make(server)
    schema = server.indexes["pictures"].schema
    schema.definition["description"] = "Hotels of the city"
    before = json.dumps(schema.definition)
    for act in (azure_search.open, lambda address, settings: azure_search.create(address, EMBEDDER, settings)):
        with pytest.raises(KnowledgeBaseError, match=r"`pictures` at .* was not made by imagelore .* give another"):
            act(ADDRESS, settings(server))
    assert json.dumps(server.indexes["pictures"].schema.definition) == before
    assert azure_search.exists(ADDRESS, settings(server))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace('"schema":1', '"schema":99'), r"newer imagelore.*pip install --upgrade imagelore"),
        (lambda text: text[:-20], "damaged"),
        (lambda text: text.replace('"spaces"', '"places"'), "damaged"),
        (lambda text: text.replace('"dimensions":8', '"dimensions":9'), "damaged .*'image_joint'"),
    ],
    ids=["newer", "cut", "keys", "vectors"],
)
def test_a_stamp_that_cannot_be_read_is_told(server: FakeSearch, change: Any, told: str) -> None:
    make(server)
    definition = server.indexes["pictures"].schema.definition
    definition["description"] = change(definition["description"])
    with pytest.raises(KnowledgeBaseError, match=told):
        azure_search.open(ADDRESS, settings(server))


def test_a_stamp_that_would_be_too_long_is_refused_before_it_is_written(server: FakeSearch) -> None:
    index = make(server)
    index.remember(SourceInfo("one", "/" + "a" * (LONGEST_STAMP // 2)))
    with pytest.raises(KnowledgeBaseError, match=r"4,000.*index this source into another index with --kb"):
        index.remember(SourceInfo("two", "/" + "b" * (LONGEST_STAMP // 2)))
    assert [source.name for source in index.info().sources] == ["one"]


def test_writers_that_change_the_definition_at_once_lose_nothing(server: FakeSearch) -> None:
    indexes = [make(server) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: indexes[n].declare({f"field{n}": "text"}), range(4)))
    assert set(indexes[0].info().fields) == {f"field{n}" for n in range(4)}


def test_a_change_that_the_service_refused_is_not_remembered(server: FakeSearch) -> None:
    index = make(server)
    with pytest.raises(KnowledgeBaseError, match="at most 1000 fields"):
        index.declare({f"f{n}": "text" for n in range(1000)})
    with pytest.raises(KnowledgeBaseError, match="declare the field `f1` before writing"):
        index.upsert([record("a", fields={"f1": "x"})])


def test_a_field_whose_name_is_too_long_is_kept_and_searched(server: FakeSearch) -> None:
    index, name = make(server), "年" * 30  # each character takes six in a column's name
    index.declare({name: "text", "year": "integer"})
    index.upsert([record("a", fields={name: "windmill", "year": 1900})])
    assert index.info().fields == {"year": "integer"}
    assert index.get(["a"])[0].fields == {name: "windmill", "year": 1900}
    assert index.count(Scope(Mentions("windmills"))) == 1


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://a.search.windows.net", "https://search.azure.com"),
        ("https://a.search.azure.us", "https://search.azure.us"),
        ("https://a.search.azure.cn", "https://search.azure.cn"),
    ],
)
def test_tokens_are_asked_for_the_cloud_of_the_endpoint(endpoint: str, audience: str) -> None:
    connection = Connection(ADDRESS, Settings(azure_search_endpoint=endpoint, azure_search_key="k"))
    for client in (connection.documents, connection.indexes):
        assert client._config.credential_scopes == [f"{audience}/.default"]
    connection.close()


def test_another_process_may_make_the_index_first(server: FakeSearch) -> None:
    make(server)
    server.faults.fail_next(404, path="indexes('pictures')")  # as it was just before
    assert make(server).count() == 0


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        "azure-search://evil.example/x", "azure-search://a@b/x", "azure-search://a:1/x", "azure-search://a/b/c",
        "azure-search://S/x", "azure-search:///A", "azure-search:///a?b", "azure-search:///a#b", "azure-search:///",
        "azure-search://service", "azure-search:///-a", "azure-search:///a\n", "https://a.search.windows.net/a",
        "azure-search:///a')/docs",
    ],
)  # fmt: skip
def test_addresses_are_plain_names(server: FakeSearch, address: str) -> None:
    with pytest.raises(UsageError, match="azure-search://SERVICE/INDEX"):
        azure_search.open(address, settings(server))
    assert server.requests == []


def test_without_a_service_the_endpoint_must_be_set() -> None:
    with pytest.raises(UsageError, match="`AZURE_SEARCH_ENDPOINT` is not set"):
        azure_search.exists(ADDRESS, Settings(azure_search_key="k"))


@pytest.mark.parametrize("endpoint", ["https://other.search.windows.net", "https://Other.search.azure.us/"])
def test_an_endpoint_of_another_service_is_told(endpoint: str) -> None:
    of_both = Settings(azure_search_endpoint=endpoint, azure_search_key="k")
    for act in (azure_search.open, azure_search.exists):
        with pytest.raises(UsageError, match=r"`AZURE_SEARCH_ENDPOINT` is of the service 'other'.* names 'mine'"):
            act("azure-search://mine/pictures", of_both)


@pytest.mark.parametrize(
    "endpoint", ["https://mine.search.windows.net", "https://search.example.com", "http://127.0.0.1:9"]
)
def test_an_endpoint_of_the_service_or_of_no_service_stands(endpoint: str) -> None:
    connection = Connection("azure-search://mine/pictures", Settings(azure_search_endpoint=endpoint))
    assert endpoint.endswith(connection.host)
    connection.close()


@pytest.mark.parametrize("id", ["a1", "k'00", "=a", "_a", "ä", "a b", "00ff-_", "YQ==", "=YQ=="])
def test_any_id_has_a_key_of_its_own(server: FakeSearch, id: str) -> None:
    index = make(server)
    index.upsert([record(id), record("YQ==x")])
    assert [r.id for r in index.get([id])] == [id]
    index.delete([id])
    assert [r.id for r in index.browse()] == ["YQ==x"]


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=2, max_size=5))
def test_keys_are_allowed_and_never_collide(ids: list[str]) -> None:
    keys = [key(id) for id in ids if id.isprintable()]
    assert len(set(keys)) == len(keys)
    assert all(set(k) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=") for k in keys)


def test_names_of_vector_columns_are_lancedbs() -> None:
    assert (image_column("a_b"), text_column("a b")) == ("image_a__b", "text_a_20_b")
