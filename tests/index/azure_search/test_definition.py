"""The index's definition, its stamp, and addresses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.search.documents.indexes.models import SearchField, SearchIndex
from hypothesis import given
from hypothesis import strategies as st

from imagelore.errors import KnowledgeBaseError, UsageError
from imagelore.index import azure_search
from imagelore.index._columns import image_column, text_column
from imagelore.index._stamp import Stamp
from imagelore.index.azure_search.connection import Connection
from imagelore.index.azure_search.definition import LATER, LONGEST_STAMP, SCHEMA, definition, stamp_text
from imagelore.index.azure_search.documents import key, to_document
from imagelore.index.azure_search.store import AzureSearchIndex
from imagelore.settings import Settings
from imagelore.types import Compare, Described, Mentions, Missing, Scope, SourceInfo
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
        (
            lambda text: text.replace(f'"schema":{SCHEMA}', '"schema":99'),
            r"newer imagelore.*pip install --upgrade imagelore",
        ),
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


@pytest.mark.parametrize("change", [{"name": "roots"}, {"type": "Edm.String"}, {"filterable": False}], ids=str)
def test_an_index_without_a_field_of_ours_is_told_before_anything_is_done(
    server: FakeSearch, change: dict[str, Any]
) -> None:
    make(server)
    fields = server.indexes["pictures"].schema.definition["fields"]
    next(field for field in fields if field["name"] == "stems").update(change)
    of_it = settings(server)
    for act in (
        lambda: azure_search.open(ADDRESS, of_it),
        lambda: azure_search.create(ADDRESS, EMBEDDER, of_it),
        lambda: list(azure_search.check(ADDRESS, of_it)),
    ):
        with pytest.raises(
            KnowledgeBaseError, match=r"`pictures` at .* is damaged .*'stems'.*: index into another one"
        ):
            act()


def earlier(server: FakeSearch) -> AzureSearchIndex:
    """An index as it was made before documents and descriptions, with one record of that time."""
    connection = Connection(ADDRESS, settings(server))
    made = definition("pictures", EMBEDDER, stamp_text(Stamp(1, EMBEDDER), ADDRESS))
    made.fields = [field for field in made.fields if field.name not in LATER]
    connection.indexes.create_index(made)
    document = to_document(record("old", title="A boat"), {})
    connection.documents.upload_documents([{name: value for name, value in document.items() if name not in LATER}])
    connection.close()
    return azure_search.open(ADDRESS, settings(server))


def test_an_earlier_index_is_read_and_says_what_it_lacks(server: FakeSearch) -> None:
    index = earlier(server)
    assert [r.title for r in index.browse()] == ["A boat"]
    assert list(index.manifest("photos")) == [("old", "1", "d", "")]
    with pytest.raises(KnowledgeBaseError, match="made before this imagelore and has no `described` yet: run `imagel"):
        index.count(Scope(Missing("described")))
    index.trim("old", "2", "d")
    index.delete(["nobody"])
    assert (index.count(), index.info().schema) == (1, 1)
    fields = server.indexes["pictures"].schema.definition["fields"]
    assert not {field["name"] for field in fields} & set(LATER)


def test_an_earlier_index_grows_at_the_end_of_a_run(server: FakeSearch) -> None:
    index = earlier(server)
    assert index.refresh() == ""
    assert azure_search.open(ADDRESS, settings(server)).count(Scope(Missing("described"))) == 1


def test_an_earlier_index_grows_when_it_is_written_to(server: FakeSearch) -> None:
    index, reader = earlier(server), azure_search.open(ADDRESS, settings(server))
    assert reader.count() == 1
    told = record("new", place="page 2", parent="old", described=Described("A pier", (), "m"))
    index.upsert([told])
    assert reader.get(["new"]) == [told]
    assert index.info().schema == SCHEMA
    assert reader.count(Scope(Missing("described"))) == 1
    assert list(reader.manifest("photos")) == [("new", "1", "d", "old"), ("old", "1", "d", "")]
    index.delete(["old"])
    assert reader.count() == 0


def test_a_users_field_of_such_a_name_is_the_users(server: FakeSearch) -> None:
    index = earlier(server)
    index.declare({"place": "text"})
    index.upsert([record("new", place="page 2", fields={"place": "Delft"})])
    assert [r.id for r in index.browse(Scope(Compare("place", "=", "Delft")))] == ["new"]
    assert index.get(["new"])[0].place == "page 2"


def test_a_later_field_that_somebody_else_made_is_told(server: FakeSearch) -> None:
    add(earlier(server), SearchField(name="parent", type="Edm.Int32", filterable=True))
    with pytest.raises(KnowledgeBaseError, match=r"is damaged .*'parent'"):
        azure_search.open(ADDRESS, settings(server))


def add(index: AzureSearchIndex, field: SearchField) -> None:
    """A field as somebody adds it in the portal."""
    indexes = index._connection.indexes
    definition = indexes.get_index("pictures")
    indexes.create_or_update_index(SearchIndex({**definition, "fields": [*definition.fields, field]}))


@pytest.mark.parametrize("field", [
    SearchField(name="m_stock", type="Edm.Int32"),
    SearchField(name="m_stock", type="Edm.Int64", filterable=False),
], ids=["type", "filter"])  # fmt: skip
def test_a_column_that_somebody_added_is_neither_written_nor_filtered_by(
    server: FakeSearch, field: SearchField
) -> None:
    add(make(server), field)
    index = azure_search.open(ADDRESS, settings(server))
    index.declare({"stock": "integer", "year": "integer"})
    index.upsert([record("a", fields={"stock": 12, "year": 1900})])
    assert index.info().fields == {"year": "integer"}
    assert [facet.field for facet in index.facets()] == ["tags", "year"]
    assert index.get(["a"])[0].fields == {"stock": 12, "year": 1900}
    assert index.count(Scope(Mentions("12"))) == 1
    with pytest.raises(UsageError, match="stock"):
        index.count(Scope(Compare("stock", "=", 12)))


@pytest.mark.parametrize("name", ["m_Stock", "m_a_ffffffff_", "m_a_110000_b", "m_in_stock"])
def test_a_column_whose_name_is_not_of_our_making_is_passed_over(server: FakeSearch, name: str) -> None:
    add(make(server), SearchField(name=name, type="Edm.String"))
    index = azure_search.open(ADDRESS, settings(server))
    index.declare({"stock": "text", "Stock": "text", "in stock": "text"})
    assert index.info().fields == dict.fromkeys(("stock", "Stock", "in stock"), "text")
    assert index.count(Scope(Compare("Stock", "=", "none"))) == 0


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
        "azure-search:///a')/docs", "azure-search:///a", "azure-search:///a--b", "azure-search:///a-",
        "azure-search:///" + "a" * 129,
    ],
)  # fmt: skip
def test_addresses_are_plain_names(server: FakeSearch, address: str) -> None:
    with pytest.raises(UsageError, match="azure-search://SERVICE/INDEX"):
        azure_search.open(address, settings(server))
    assert server.requests == []


@pytest.mark.parametrize("index", ["ab", "a-b", "0-0-0", "a" * 128])
def test_names_that_the_service_takes_are_addresses(server: FakeSearch, index: str) -> None:
    assert azure_search.create(f"azure-search:///{index}", EMBEDDER, settings(server)).count() == 0


@pytest.mark.parametrize("rest", ["pix/x?api-key=s3cret", "u:s3cret@pix/x", "pix/x#s3cret", "u:a?s3cret@pix/x@s3cret"])
def test_an_address_with_a_key_is_told_without_it(rest: str) -> None:
    with pytest.raises(UsageError, match="azure-search://SERVICE/INDEX") as told:
        azure_search.open(f"azure-search://{rest}", Settings())
    assert "s3cret" not in str(told.value)


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
