"""The stand-in for Azure AI Search, driven by the SDK: what it does, and what it refuses."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceResponseError,
)
from azure.search.documents import RequestEntityTooLargeError, SearchClient
from azure.search.documents.indexes import SearchIndexClient
from azure.search.documents.indexes import models as m
from azure.search.documents.models import VectorizedQuery, VectorQuery

from tests.fakes.faults import Faults
from tests.fakes.identity_server import token
from tests.fakes.search_server import READER, SERVICE, WRITER, FakeSearch
from tests.fakes.search_server import ranking as fake_ranking
from tests.fakes.search_server.analysis import analyzer

DOCUMENTS: list[dict[str, Any]] = [
    {"id": "cat", "title": "Two running cats", "tags": ["pet", "red"], "year": 1999, "groups": ["a"], "v": [1, 0, 0]},
    {
        "id": "dog",
        "title": "A dog runs",
        "years": [1, 2],
        "tags": ["pet"],
        "year": 2005,
        "groups": ["b"],
        "v": [0, 1, 0],
    },
    {"id": "tree", "title": "An old tree, with a cat", "tags": [], "year": None, "groups": [], "v": [0.8, 0, 0.6]},
    {"id": "car", "title": "Red wi-fi car", "tags": ["red"], "year": 2020, "groups": ["a", "b"], "w": [0, 1]},
]


def index(name: str = "pictures", *more: m.SearchField, **options: Any) -> m.SearchIndex:
    """The definition that these tests use."""
    text, many = "Edm.String", "Collection(Edm.String)"
    vector: dict[str, Any] = {"type": "Collection(Edm.Single)", "searchable": True, "vector_search_profile_name": "p"}
    fields = [
        m.SimpleField(name="id", type=text, key=True, filterable=True, sortable=True),
        m.SearchableField(name="title", type=text, analyzer_name="en.lucene", sortable=True),
        m.SearchableField(name="tags", collection=True, filterable=True, facetable=True),
        m.SimpleField(name="groups", type=many, filterable=True, hidden=True),
        m.SimpleField(name="year", type="Edm.Int32", filterable=True, sortable=True, facetable=True),
        m.SimpleField(name="taken", type="Edm.DateTimeOffset", filterable=True, sortable=True),
        m.SimpleField(name="years", type="Collection(Edm.Int32)", filterable=True),
        m.SimpleField(name="ok", type="Edm.Boolean", filterable=True),
        m.SimpleField(name="share", type="Edm.Double", filterable=True),
        m.SimpleField(name="note", type=text),
        m.SearchField(name="v", vector_search_dimensions=3, **vector),
        m.SearchField(name="w", vector_search_dimensions=2, **vector),
    ]
    title = m.SemanticPrioritizedFields(title_field=m.SemanticField(field_name="title"))
    settings: dict[str, Any] = {
        "vector_search": m.VectorSearch(
            profiles=[m.VectorSearchProfile(name="p", algorithm_configuration_name="h", compression_name="sq")],
            algorithms=[m.HnswAlgorithmConfiguration(name="h", parameters=m.HnswParameters(metric="cosine"))],
            compressions=[m.ScalarQuantizationCompression(compression_name="sq")],
        ),
        "semantic_search": m.SemanticSearch(
            configurations=[m.SemanticConfiguration(name="s", prioritized_fields=title)]
        ),
    }
    return m.SearchIndex(name=name, fields=[*fields, *more], **(settings | options))


@pytest.fixture
def indexes(search_server: FakeSearch) -> Iterator[SearchIndexClient]:
    with SearchIndexClient(search_server.url, AzureKeyCredential(search_server.admin_key), retry_total=0) as client:
        yield client


@pytest.fixture
def client(search_server: FakeSearch, indexes: SearchIndexClient) -> Iterator[SearchClient]:
    """Of an index with the documents."""
    search_server.delay = 0
    indexes.create_index(index())
    with reader(search_server) as found:
        found.upload_documents(DOCUMENTS)
        yield found


def reader(server: FakeSearch, key: str = "", name: str = "pictures", **options: Any) -> SearchClient:
    return SearchClient(server.url, name, AzureKeyCredential(key or server.admin_key), **{"retry_total": 0} | options)


def ids(client: SearchClient, text: str | None = None, **options: Any) -> list[str]:
    return [found["id"] for found in client.search(text, **options)]


def near(vector: list[float], fields: str = "v", **options: Any) -> VectorQuery:
    return VectorizedQuery(vector=vector, fields=fields, **options)


def raw(server: FakeSearch, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """A request that the SDK would not send."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"api-key": server.admin_key, "Content-Type": "application/json"} | given
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    try:
        connection.request(method, path, data, {name: value for name, value in sent.items() if value})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def search(server: FakeSearch, **body: Any) -> tuple[int, Any]:
    return raw(server, "POST", "/indexes/pictures/docs/search?api-version=2026-04-01", body)


def batch(server: FakeSearch, *actions: Any) -> tuple[int, Any]:
    return raw(server, "POST", "/indexes/pictures/docs/index?api-version=2026-04-01", {"value": list(actions)})


# Definitions


def test_an_index_is_created_listed_described_and_deleted(indexes: SearchIndexClient) -> None:
    made = indexes.create_index(index(description="stamp"))
    assert made.e_tag
    assert list(indexes.list_index_names()) == ["pictures"]
    found = indexes.get_index("pictures")
    assert (found.description, found.e_tag) == ("stamp", made.e_tag)
    fields = {field.name: field for field in found.fields}
    assert fields["v"].vector_search_dimensions == 3
    assert (fields["v"].retrievable, fields["year"].retrievable, fields["groups"].retrievable) == (False, True, False)
    with pytest.raises(ResourceExistsError, match="already exists"):
        indexes.create_index(index())
    indexes.delete_index("pictures")
    with pytest.raises(ResourceNotFoundError, match="No index with the name 'pictures'"):
        indexes.get_index("pictures")


def test_statistics_count_what_can_be_seen(client: SearchClient, indexes: SearchIndexClient) -> None:
    found = indexes.get_index_statistics("pictures")
    assert (found.document_count, found.vector_index_size) == (4, 4 * (3 * 3 + 2))
    service = indexes.get_service_statistics()
    assert (service.counters.document_counter.usage, service.counters.index_counter.usage) == (4, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "UPPER"}, "Invalid index name"),
        ({"name": "a"}, "Invalid index name"),
        ({"description": "x" * 4_001}, "description"),
        ({"sizes": 1}, "property 'sizes' does not exist"),
        ({"fields": [{"name": "a", "type": "Edm.String"}]}, "exactly one key field"),
        ({"fields": [{"name": "a", "type": "Edm.Int32", "key": True}]}, "must be of the type Edm.String"),
        ({"vectorSearch": {"profiles": [{"name": "p", "algorithm": "none"}]}}, "unknown algorithm 'none'"),
        ({"vectorSearch": {"algorithms": [{"name": "h", "kind": "magic"}]}}, "'magic' is not a known kind"),
        ({"vectorSearch": {"algorithms": [{"name": "h", "kind": "hnsw", "hnswParameters": {"m": 99}}]}}, "'m' must be"),
        ({"semantic": {"defaultConfiguration": "s"}}, "'s' does not exist"),
        (
            {"semantic": {"configurations": [{"name": "s", "prioritizedFields": {"titleField": {"fieldName": "x"}}}]}},
            "uses 'x'",
        ),
    ],
)
def test_definitions_that_break_a_rule(search_server: FakeSearch, change: dict[str, Any], said: str) -> None:
    body = {"name": "other", "fields": [{"name": "id", "type": "Edm.String", "key": True}]} | change
    status, answer = raw(search_server, "POST", "/indexes?api-version=2026-04-01", body)
    assert status == 400
    assert said in answer["error"]["message"]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"name": "1st", "type": "Edm.String"}, "Invalid field name"),
        ({"name": "id", "type": "Edm.String"}, "more than once"),
        ({"name": "a", "type": "Edm.Text"}, "unknown type"),
        ({"name": "a", "type": "Edm.String", "colour": 1}, "property 'colour' does not exist"),
        ({"name": "a", "type": "Edm.Int32", "searchable": True}, "cannot be searchable"),
        ({"name": "a", "type": "Collection(Edm.String)", "sortable": True}, "cannot be sortable"),
        ({"name": "a", "type": "Edm.String", "analyzer": "klingon.lucene"}, "could not be found"),
        ({"name": "a", "type": "Edm.String", "searchable": False, "analyzer": "keyword"}, "cannot have an analyzer"),
        ({"name": "a", "type": "Collection(Edm.Single)", "vectorSearchProfile": "p"}, "must have the property 'dimens"),
        ({"name": "a", "type": "Collection(Edm.Single)", "dimensions": 8}, "property 'vectorSearchProfile' set"),
        ({"name": "a", "type": "Collection(Edm.Single)", "dimensions": 9999, "vectorSearchProfile": "p"}, "and 4096"),
        (
            {"name": "a", "type": "Collection(Edm.Single)", "dimensions": 8, "vectorSearchProfile": "q"},
            "unknown vector",
        ),
        ({"name": "a", "type": "Edm.String", "dimensions": 8}, "not a vector field"),
    ],
)
def test_fields_that_break_a_rule(search_server: FakeSearch, field: dict[str, Any], said: str) -> None:
    fields = [{"name": "id", "type": "Edm.String", "key": True}, field]
    vectors = {
        "profiles": [{"name": "p", "algorithm": "h"}],
        "algorithms": [{"name": "h", "kind": "hnsw"}],
    }
    body = {"name": "other", "fields": fields, "vectorSearch": vectors}
    status, answer = raw(search_server, "POST", "/indexes?api-version=2026-04-01", body)
    assert status == 400
    assert said in answer["error"]["message"]


def test_an_update_adds_fields_and_changes_none(client: SearchClient, indexes: SearchIndexClient) -> None:
    more = m.SimpleField(name="m_new", type="Edm.String", filterable=True)
    indexes.create_or_update_index(index("pictures", more, description="second"))
    assert indexes.get_index("pictures").description == "second"
    assert ids(client, filter="m_new eq null", order_by=["id"]) == ["car", "cat", "dog", "tree"]
    with pytest.raises(HttpResponseError, match=r"Existing field\(s\) 'm_new' cannot be deleted"):
        indexes.create_or_update_index(index())
    other = index("pictures", m.SimpleField(name="m_new", type="Edm.Int32", filterable=True))
    with pytest.raises(HttpResponseError, match="Existing field 'm_new' cannot be changed"):
        indexes.create_or_update_index(other)
    hidden = m.SimpleField(name="m_new", type="Edm.String", filterable=True, hidden=True)
    indexes.create_or_update_index(index("pictures", hidden))  # may change
    assert "m_new" not in client.get_document("cat")


def test_an_update_of_an_older_state_is_refused(indexes: SearchIndexClient) -> None:
    old = indexes.create_index(index())
    new = indexes.create_or_update_index(old, match_condition=MatchConditions.IfNotModified)
    assert new.e_tag != old.e_tag
    with pytest.raises(ResourceModifiedError):
        indexes.create_or_update_index(old, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceExistsError):
        indexes.create_or_update_index(index(), match_condition=MatchConditions.IfMissing)
    with pytest.raises(ResourceModifiedError):
        indexes.delete_index(old, match_condition=MatchConditions.IfNotModified)


# Documents


def test_documents_can_be_seen_after_a_delay(search_server: FakeSearch, indexes: SearchIndexClient) -> None:
    search_server.delay = 60
    indexes.create_index(index())
    with reader(search_server) as client:
        assert [found.status_code for found in client.upload_documents(DOCUMENTS)] == [201] * 4
        assert (client.get_document_count(), ids(client)) == (0, [])
        with pytest.raises(ResourceNotFoundError):
            client.get_document("cat")
        search_server.settle()
        assert client.get_document_count() == 4
        search_server.delay = 0.02
        client.delete_documents([{"id": "cat"}])
        deadline = time.monotonic() + 10
        while "cat" in ids(client) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert client.get_document_count() == 3


def test_a_new_field_may_take_a_while(
    search_server: FakeSearch, client: SearchClient, indexes: SearchIndexClient
) -> None:
    search_server.schema_delay = 60
    indexes.create_or_update_index(index("pictures", m.SimpleField(name="m_new", type="Edm.String")))
    with pytest.raises(HttpResponseError, match="'m_new' does not exist on type"):
        client.merge_documents([{"id": "cat", "m_new": "x"}])
    search_server.schema_delay = 0
    indexes.create_or_update_index(index("pictures", m.SimpleField(name="m_new", type="Edm.String")))
    assert client.merge_documents([{"id": "cat", "m_new": "x"}])[0].succeeded


def test_actions(client: SearchClient) -> None:
    assert [found.status_code for found in client.upload_documents([{"id": "cat", "title": "Other"}])] == [200]
    assert client.get_document("cat")["tags"] == []  # an upload replaces all
    client.merge_documents([{"id": "dog", "year": None}])
    assert client.get_document("dog", selected_fields=["years", "year"]) == {"years": [1, 2], "year": None}
    found = client.merge_or_upload_documents([{"id": "dog", "year": 7}, {"id": "new", "year": 8}])
    assert [each.status_code for each in found] == [200, 201]
    assert [each.status_code for each in client.delete_documents([{"id": "new"}, {"id": "never"}])] == [200, 200]
    assert client.get_document_count() == 4


def test_one_document_fails_alone(search_server: FakeSearch, client: SearchClient) -> None:
    failed, fine = client.merge_documents([{"id": "none", "year": 1}, {"id": "cat", "year": 1}])
    assert (failed.succeeded, failed.status_code, failed.error_message) == (False, 404, "Document not found.")
    assert (fine.succeeded, fine.status_code) == (True, 200)
    status, answer = batch(
        search_server, {"id": "long", "tags": ["x" * 32_767]}, {"id": "fits", "tags": ["x" * 32_766]}
    )
    assert status == 207
    assert [each["statusCode"] for each in answer["value"]] == [400, 201]
    assert "32766 bytes" in answer["value"][0]["errorMessage"]
    assert batch(search_server, {"id": "long", "note": "x" * 40_000, "title": "y " * 40_000})[0] == 207  # sortable
    assert batch(search_server, {"id": "long", "note": "x" * 40_000})[0] == 200


def test_documents_fail_on_demand(search_server: FakeSearch, client: SearchClient) -> None:
    search_server.document_faults.fail_next(503, path="dog")
    found = client.merge_documents([{"id": "cat", "year": 1}, {"id": "dog", "year": 1}])
    assert [each.status_code for each in found] == [200, 503]
    assert [each.status_code for each in client.merge_documents([{"id": "dog", "year": 1}])] == [200]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"colour": 1}, "property 'colour' does not exist on type 'search.documentFields'"),
        ({"id": "a/b"}, "Invalid document key: 'a/b'"),
        ({"id": "_a"}, "Invalid document key"),
        ({"id": ""}, "cannot be missing or empty"),
        ({"id": 7}, "'Edm.String'"),
        ({"title": 7}, "'Edm.String'"),
        ({"title": ["a"]}, "'PrimitiveValue' node was expected"),
        ({"tags": "a"}, "'StartArray' node was expected"),
        ({"tags": None}, "does not allow null values"),
        ({"tags": ["a", None]}, "items of a collection"),
        ({"year": 2**31}, "'Edm.Int32'"),
        ({"year": 1.5}, "'Edm.Int32'"),
        ({"year": True}, "'Edm.Int32'"),
        ({"ok": 1}, "'Edm.Boolean'"),
        ({"share": "a"}, "'Edm.Double'"),
        ({"taken": "2024-01-01"}, "'Edm.DateTimeOffset'"),
        ({"taken": "2024-01-01T00:00:00"}, "'Edm.DateTimeOffset'"),
        ({"v": [1, 2]}, "expects a length of '3'"),
        ({"v": [1, 2, "NaN"]}, "not a finite number"),
        ({"@search.action": "replace"}, "Invalid indexing action"),
    ],
)
def test_batches_that_are_refused_whole(
    search_server: FakeSearch, client: SearchClient, values: dict[str, Any], said: str
) -> None:
    status, answer = batch(search_server, {"id": "fine"}, {"id": "x"} | values)
    assert status == 400
    assert said in answer["error"]["message"]
    assert client.get_document_count() == 4


def test_batches_over_the_limits(search_server: FakeSearch, client: SearchClient) -> None:
    with pytest.raises(HttpResponseError, match="between 1 and 1000"):
        client.upload_documents([{"id": str(n)} for n in range(1_001)])
    assert batch(search_server)[0] == 400
    with pytest.raises(RequestEntityTooLargeError):
        client.upload_documents([{"id": "x", "note": "x" * (16 * 1024 * 1024)}])
    assert (
        raw(search_server, "POST", "/indexes/pictures/docs/index?api-version=2026-04-01", b'{"value": [NaN]}')[0] == 400
    )


def test_dates_come_back_in_utc(client: SearchClient) -> None:
    dates = {"a": "2024-02-03T04:05:06+02:00", "b": "2024-02-03T02:05:06.1239Z", "c": "0001-01-01T00:00:00Z"}
    client.upload_documents([{"id": key, "taken": date} for key, date in dates.items()])
    found = {key: client.get_document(key)["taken"] for key in dates}
    assert found == {"a": "2024-02-03T02:05:06Z", "b": "2024-02-03T02:05:06.123Z", "c": "0001-01-01T00:00:00Z"}
    assert ids(client, filter="taken gt 2024-02-03T03:05:06+01:00 and taken lt 2025-01-01T00:00:00Z") == ["b"]


# Text


@pytest.mark.parametrize(
    ("text", "mode", "found"),
    [
        ("cats", "any", {"cat", "tree"}),  # stems
        ("run", "any", {"cat", "dog"}),
        ("the", "any", set()),
        ('"', "any", set()),
        (" ", "any", {"cat", "dog", "tree", "car"}),
        ("cat dog", "any", {"cat", "dog", "tree"}),
        ("cat dog", "all", set()),
        ("cat tree", "all", {"tree"}),
        ("red cat", "all", {"cat"}),  # in two fields
        ("cat + old", "any", {"tree"}),
        ("dog | tree", "all", {"dog", "tree"}),
        ("cat -old", "all", {"cat"}),
        ('"old tree"', "any", {"tree"}),
        ('"tree old"', "any", set()),
        ("(dog | old) + pet", "any", {"dog"}),
        ("tre*", "any", {"tree"}),
        ("wi-fi", "all", {"car"}),  # no operator inside a word
        (r"\-cat", "any", {"cat", "tree"}),
        ("*", "any", {"cat", "dog", "tree", "car"}),
        ("unicorn", "any", set()),
    ],
)
def test_the_simple_syntax(client: SearchClient, text: str, mode: str, found: set[str]) -> None:
    assert set(ids(client, text, search_mode=mode)) == found


def test_search_fields(client: SearchClient) -> None:
    assert set(ids(client, "red")) == {"cat", "car"}
    assert ids(client, "red", search_fields=["title"]) == ["car"]
    everywhere = ids(client, "the cats with trees", search_mode="all")
    assert everywhere == []  # `tags` has no stop words, so "the" must be somewhere
    assert ids(client, "the cats with trees", search_mode="all", search_fields=["title"]) == ["tree"]
    with pytest.raises(HttpResponseError, match="'year' is not a searchable field"):
        ids(client, "red", search_fields=["year"])


def test_bm25(client: SearchClient) -> None:
    scores = {each["id"]: each["@search.score"] for each in client.search("cat", search_fields=["title"])}
    # en.lucene leaves: two run cat | dog run | old tree cat | red wi fi car; idf of 2 in 4; the mean length is 3
    assert scores == pytest.approx({"cat": 0.6931472, "tree": 0.6931472})
    fewer = {each["id"]: each["@search.score"] for each in client.search("run", search_fields=["title"])}
    assert fewer["dog"] > fewer["cat"]  # the shorter text


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("standard.lucene", ["the", "café's", "3.14", "東", "京", "example.com"]),
        ("standardasciifolding.lucene", ["the", "cafe's", "3.14", "東", "京", "example.com"]),
        ("en.lucene", ["café", "3.14", "東", "京", "example.com"]),
        ("keyword", ["The café's 3.14 東京 example.com"]),
        ("whitespace", ["The", "café's", "3.14", "東京", "example.com"]),
        ("simple", ["the", "café", "s", "東京", "example", "com"]),
    ],
)
def test_analyzers(name: str, terms: list[str]) -> None:
    assert [token.term for token in analyzer(name, [])("The café's 3.14 東京 example.com")] == terms


def test_custom_analyzers(search_server: FakeSearch, indexes: SearchIndexClient) -> None:
    search_server.delay = 0
    folded = m.CustomAnalyzer(name="folded", tokenizer_name="standard_v2", token_filters=["lowercase", "asciifolding"])
    field = m.SearchableField(name="place", type="Edm.String", analyzer_name="folded")
    indexes.create_index(index("pictures", field, analyzers=[folded]))
    with reader(search_server) as client:
        client.upload_documents([{"id": "1", "place": "Königssee"}])
        assert ids(client, "konigssee") == ["1"]


# Vectors


def test_the_nearest_come_first_with_the_documented_score(client: SearchClient) -> None:
    found = list(client.search(None, vector_queries=[near([1, 0, 0], k_nearest_neighbors=2)]))
    assert [each["id"] for each in found] == ["cat", "tree"]
    assert [each["@search.score"] for each in found] == pytest.approx([1.0, 1 / 1.2])


def test_a_filter_comes_before_the_neighbours(client: SearchClient) -> None:
    query = near([1, 0, 0], k_nearest_neighbors=1)
    where = "id ne 'cat'"
    assert ids(client, vector_queries=[query], filter=where) == ["tree"]
    assert ids(client, vector_queries=[query], filter=where, vector_filter_mode="postFilter") == []


def test_a_hybrid_query_fuses_ranks(client: SearchClient) -> None:
    queries = [near([0, 1, 0], k_nearest_neighbors=2, weight=3.0), near([0, 1], "w", k_nearest_neighbors=5)]
    found = client.search("tree", vector_queries=queries, debug="vector", select=["id"], include_total_count=True)
    results = {each["id"]: each for each in found}
    assert {name: each["@search.score"] for name, each in results.items()} == pytest.approx(
        {"dog": 3 / 60, "cat": 3 / 61, "tree": 1 / 60, "car": 1 / 60}
    )
    assert list(results)[:2] == ["dog", "cat"]
    subscores = {name: each["@search.document_debug_info"].vectors.subscores for name, each in results.items()}
    assert subscores["dog"].text is None
    assert subscores["dog"].vectors[0]["v"].vector_similarity == pytest.approx(1.0)
    assert subscores["cat"].vectors[0]["v"].search_score == pytest.approx(0.5)
    assert subscores["tree"].text.search_score > 0
    assert "v" not in subscores["tree"].vectors[0]
    assert subscores["car"].vectors[1]["w"].search_score == pytest.approx(1.0)
    assert subscores["car"].document_boost == 1.0


def test_two_fields_of_one_query_are_two_rankings(search_server: FakeSearch, indexes: SearchIndexClient) -> None:
    search_server.delay = 0
    vector: dict[str, Any] = {"type": "Collection(Edm.Single)", "searchable": True, "vector_search_profile_name": "p"}
    indexes.create_index(index("pictures", m.SearchField(name="u", vector_search_dimensions=3, **vector)))
    with reader(search_server) as client:
        client.upload_documents([{"id": "1", "v": [1, 0, 0], "u": [1, 0, 0]}, {"id": "2", "v": [1, 1, 0]}])
        found = list(client.search(None, vector_queries=[near([1, 0, 0], "v,u")]))
    assert {each["id"]: each["@search.score"] for each in found} == pytest.approx({"1": 2 / 60, "2": 1 / 61})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"kind": "vector", "vector": [1, 0], "fields": "v"}, "expects a length of '3'"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "x"}, "Unknown field 'x' in vector field list."),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "title"}, "not a vector field"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "v", "k": 0}, "'k'"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": ",".join("v" * 11)}, "at most 10 fields"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "v", "weight": 0}, "'weight'"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "v", "oversampling": 0.5}, "'oversampling'"),
        ({"kind": "vector", "vector": [1, 0, 0], "fields": "v", "threshold": {}}, "'threshold' does not exist"),
        ({"kind": "vector", "vector": [1, 0, "a"], "fields": "v"}, "Cannot convert the value of 'vector'"),
        ({"kind": "text", "text": "a", "fields": "v"}, "vectorizer"),
        ({"vector": [1, 0, 0], "fields": "v"}, "kind"),
    ],
)
def test_vector_queries_that_are_refused(
    search_server: FakeSearch, client: SearchClient, query: dict[str, Any], said: str
) -> None:
    status, answer = search(search_server, vectorQueries=[query])
    assert status == 400
    assert said in answer["error"]["message"]


# Filters


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("year eq 1999", {"cat"}),
        ("year ne 1999", {"dog", "tree", "car"}),  # null differs
        ("not (year eq 1999)", {"dog", "tree", "car"}),
        ("year gt 1999", {"dog", "car"}),
        ("year le 2005", {"cat", "dog"}),  # null is not less
        ("2005 le year", {"dog", "car"}),
        ("year ge 1999.5", {"dog", "car"}),
        ("year eq null", {"tree"}),
        ("year ne null and not (year lt 2000 or id eq 'car')", {"dog"}),
        ("id gt 'cat'", {"dog", "tree"}),
        ("id eq 'it''s'", set()),
        ("search.in(id, 'cat,dog unknown')", {"cat", "dog"}),
        ("search.in(id, 'cat, dog|tree', '|')", {"tree"}),
        ("tags/any(t: t eq 'pet')", {"cat", "dog"}),
        ("tags/any(t: t eq 'red' or t eq 'pet')", {"cat", "dog", "car"}),
        ("tags/all(t: t ne 'red')", {"dog", "tree"}),
        ("not tags/any()", {"tree"}),
        ("groups/any(g: search.in(g, 'a,c'))", {"cat", "car"}),
        ("not groups/any(g: search.in(g, 'a,c'))", {"dog", "tree"}),
        ("groups/all(g: not search.in(g, 'b'))", {"cat", "tree"}),
        ("id eq 'cat' or id eq 'dog' and year eq 1", {"cat"}),  # and binds closer
        ("ok", set()),
        ("not ok", {"cat", "dog", "tree", "car"}),
        ("ok eq false", set()),
        ("share lt 1.5e3 or share eq NaN", set()),
        ("true", {"cat", "dog", "tree", "car"}),
        (" ", {"cat", "dog", "tree", "car"}),
        ("years/any(y: y gt 1 and y lt 3)", {"dog"}),
        ("years/all(y: y ne 2)", {"cat", "tree", "car"}),
    ],
)
def test_filters(client: SearchClient, text: str, found: set[str]) -> None:
    assert set(ids(client, filter=text)) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour eq 1", "Could not find a property named 'colour' on type 'search.document'"),
        ("title eq 'a'", "'title' is not a filterable field"),
        ("year eq 'a'", "incompatible types was detected. Found operand types 'Edm.Int32' and 'Edm.String'"),
        ("tags eq 'a'", "operand types 'Collection(Edm.String)' and 'Edm.String'"),
        ("taken gt 2024-01-01", "'Edm.Date'"),
        ("year eq year", "between a field, range variable or function call and a literal value"),
        ("year", "must evaluate to a single boolean value"),
        ("ok gt true", "not supported for the type 'Edm.Boolean'"),
        ("year gt null", "not supported for null"),
        ("year lt INF", "incompatible types"),
        ("not year eq 1999", "Found operand type 'Edm.Int32' for operator kind 'Not'"),
        ("years/any(y: y ne 1 and y gt 2)", "complex Boolean expression"),
        ("years/all(y: y eq 1 or y gt 2)", "complex Boolean expression"),
        ("startswith(id, 'a')", "unsupported OData language feature"),
        ("contains(id, 'a')", "unsupported OData language feature"),
        ("id in ('a', 'b')", "unsupported OData language feature"),
        ("year add 1 eq 2", "unsupported OData language feature"),
        ("substringof('a', id)", "unknown function with name 'substringof'"),
        ("search.in(year, '1')", "No function signature"),
        ("search.in(id)", "No function signature"),
        ("id/any(t: t eq 'a')", "is not a collection"),
        ("tags/any(t: t ne 'a')", "Found a test for inequality"),
        ("tags/any(t: t eq 'a' and t eq 'b')", "complex Boolean expression"),
        ("tags/all(t: t eq 'a')", "Found a test for equality"),
        ("tags/any(t: t gt 'a')", "Found a comparison operator"),
        ("tags/any(t: id eq 'a')", "only the range variable"),
        ("id eq 'a", "Syntax error"),
        ("id = 'a'", "Syntax error"),
        ("id eq", "Syntax error"),
        ("(id eq 'a'", "Syntax error"),
        ("id eq 'a' year eq 1", "Syntax error"),
        (" or ".join(f"id eq '{n}'" for n in range(501)), "too large"),
        ("(" * 101 + "ok" + ")" * 101, "Recursion depth"),
    ],
)
def test_filters_that_are_refused(search_server: FakeSearch, client: SearchClient, text: str, said: str) -> None:
    status, answer = search(search_server, filter=text)
    assert status == 400
    assert said in answer["error"]["message"]
    assert answer["error"]["message"].endswith("Parameter name: $filter")


# The rest of a search


def test_sorting_selecting_and_counting(client: SearchClient) -> None:
    assert ids(client, order_by=["year"]) == ["tree", "cat", "dog", "car"]  # nulls first
    assert ids(client, order_by=["year desc", "id"]) == ["car", "dog", "cat", "tree"]
    found = client.search("*", select=["id", "year"], order_by=["id desc"], top=2, skip=1, include_total_count=True)
    assert found.get_count() == 4
    shown = [{key: value for key, value in each.items() if not key.startswith("@")} for each in found]
    assert shown == [{"id": "dog", "year": 2005}, {"id": "cat", "year": 1999}]


def test_facets(client: SearchClient) -> None:
    facets = client.search("*", facets=["tags,count:1", "year,sort:-value"], filter="year ne 1999", top=0).get_facets()
    assert facets == {
        "tags": [{"value": "pet", "count": 1}],
        "year": [{"value": 2020, "count": 1}, {"value": 2005, "count": 1}],
    }


def test_pages(search_server: FakeSearch, client: SearchClient) -> None:
    client.upload_documents([{"id": f"n{n:04}", "note": "x"} for n in range(120)])
    assert ids(client, order_by=["id"], filter="id ge 'n'", top=60) == [f"n{n:04}" for n in range(60)]
    before = len(search_server.requests)
    assert ids(client, order_by=["id"], filter="id ge 'n0'") == [f"n{n:04}" for n in range(120)] + ["tree"]
    assert len(search_server.requests) - before == 3  # pages of 50, until none is left
    _, answer = search(search_server, top=2_000)
    assert (len(answer["value"]), "@odata.nextLink" in answer) == (124, False)


def test_more_than_a_thousand_take_pages(search_server: FakeSearch, client: SearchClient) -> None:
    for first in (0, 600):
        client.upload_documents([{"id": f"n{n:04}"} for n in range(first, first + 600)])
    _, answer = search(search_server, top=1_100, select="id")
    assert len(answer["value"]) == 1_000
    assert answer["@search.nextPageParameters"] == {"top": 100, "skip": 1_000, "select": "id"}
    assert len(ids(client, top=1_100)) == 1_100


def test_the_semantic_ranker(search_server: FakeSearch, client: SearchClient) -> None:
    options: dict[str, Any] = {"query_type": "semantic", "semantic_configuration_name": "s"}
    found = list(client.search("old cat", query_caption="extractive", **options))
    assert [(each["id"], each["@search.reranker_score"]) for each in found] == [("tree", 4.0), ("cat", 2.0)]
    assert found[0]["@search.captions"][0].text == "An old tree, with a cat"
    by_vector = client.search(
        None, semantic_query="dog", semantic_configuration_name="s", vector_queries=[near([1, 0, 0])], top=1
    )
    assert [each["id"] for each in by_vector] == ["dog"]
    with pytest.raises(HttpResponseError, match="Unknown semantic configuration 'x'"):
        ids(client, "cat", query_type="semantic", semantic_configuration_name="x")
    with pytest.raises(HttpResponseError, match="orderby"):
        ids(client, "cat", order_by=["id"], **options)
    search_server.semantic = False
    with pytest.raises(HttpResponseError, match="Semantic search is not enabled for this service") as refused:
        ids(client, "cat", **options)
    assert refused.value.error is not None
    assert refused.value.error.code == "FeatureNotSupportedInService"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"colour": 1},
            "The parameter 'colour' in the request payload is not a valid parameter for the operation 'search'",
        ),
        ({"hybridSearch": {}}, "The parameter 'hybridSearch'"),
        ({"top": "5"}, "'top'"),
        ({"top": -1}, "Value must be between 0 and 1000"),
        ({"skip": 100_001}, "Value must be between 0 and 100000"),
        ({"count": 1}, "'count'"),
        ({"select": ["id"]}, "'select'"),
        ({"select": "colour"}, "Could not find a property named 'colour'"),
        ({"select": "groups"}, "'groups' is not a retrievable field"),
        ({"orderby": "tags"}, "'tags' is not a sortable field"),
        ({"orderby": "colour"}, "Could not find a property named 'colour'"),
        ({"orderby": "id up"}, "Syntax error"),
        ({"facets": ["id"]}, "'id' is not facetable"),
        ({"facets": ["tags,size:3"]}, "'size:3' is no option"),
        ({"searchMode": "most"}, "'most' was not found"),
        ({"debug": "vector|none"}, "'none' was not found"),
        ({"search": "x" * 100_001}, "longer than 100000"),
        ({"search": "x " * 3_001}, "more than 3000 clauses"),
        ({"search": "x" * 1_001 + "*"}, "longer than 1000"),
        ({"answers": "extractive"}, "only allowed in a semantic query"),
        ({"queryType": "semantic", "search": "a"}, "semanticConfiguration parameter must be set"),
    ],
)
def test_searches_that_are_refused(
    search_server: FakeSearch, client: SearchClient, body: dict[str, Any], said: str
) -> None:
    status, answer = search(search_server, **body)
    assert status == 400
    assert said in answer["error"]["message"]


def test_what_it_does_not_do_it_says(search_server: FakeSearch, client: SearchClient) -> None:
    for body in ({"queryType": "full"}, {"highlight": "title"}, {"filter": "search.ismatch('a')"}):
        assert search(search_server, **body)[0] == 501


# Access, versions, faults


def test_keys(search_server: FakeSearch, client: SearchClient) -> None:
    with reader(search_server, search_server.query_key) as asking:
        assert asking.get_document_count() == 4
        with pytest.raises(HttpResponseError) as refused:
            asking.delete_documents([{"id": "cat"}])
        assert refused.value.status_code == 403
    for path in ("/indexes", "/indexes('pictures')", "/servicestats"):
        assert raw(search_server, "GET", f"{path}?api-version=2026-04-01", api_key=search_server.query_key)[0] == 403
    assert raw(search_server, "GET", "/indexes?api-version=2026-04-01", api_key="wrong") == (403, None)
    assert raw(search_server, "GET", "/indexes?api-version=2026-04-01", api_key="") == (401, None)


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ({SERVICE, WRITER}, [200, 200, 200]),
        ({SERVICE}, [200, 403, 403]),
        ({WRITER}, [403, 200, 200]),
        ({READER}, [403, 200, 403]),
        (set(), [403, 403, 403]),
    ],
)
def test_roles(search_server: FakeSearch, client: SearchClient, roles: set[str], allowed: list[int]) -> None:
    search_server.roles = roles
    asked = [("GET", "", None), ("POST", "/docs/search", {}), ("POST", "/docs/index", {"value": [{"id": "x"}]})]
    given = {"Authorization": f"Bearer {token('https://search.azure.com')}", "api_key": ""}
    found = [
        raw(search_server, verb, f"/indexes/pictures{path}?api-version=2026-04-01", body, **given)[0]
        for verb, path, body in asked
    ]
    assert found == allowed


def test_tokens_for_others_and_expired_ones(search_server: FakeSearch) -> None:
    for wrong in (token("https://storage.azure.com"), token("https://search.azure.com", -5), "abc"):
        given = {"Authorization": f"Bearer {wrong}", "api_key": ""}
        assert raw(search_server, "GET", "/indexes?api-version=2026-04-01", **given)[0] == 401


def test_versions_methods_and_addresses(search_server: FakeSearch, client: SearchClient) -> None:
    for version, status in (("2025-09-01", 200), ("2026-10-01", 200), ("2020-06-30", 400), ("", 400)):
        assert raw(search_server, "GET", f"/indexes?api-version={version}")[0] == status
    assert raw(search_server, "PUT", "/indexes?api-version=2026-04-01", {})[0] == 405
    assert raw(search_server, "GET", "/nowhere?api-version=2026-04-01")[0] == 404
    assert raw(search_server, "POST", "/indexes?api-version=2026-04-01", {}, Content_Type="text/plain")[0] == 415
    with reader(search_server, name="none") as other, pytest.raises(ResourceNotFoundError, match="was not found"):
        ids(other)
    with pytest.raises(ResourceNotFoundError):
        client.get_document("none")


def test_faults_on_demand(search_server: FakeSearch, client: SearchClient) -> None:
    search_server.faults.fail_next(429, {"Retry-After": "3"})
    with pytest.raises(HttpResponseError) as refused:
        client.get_document_count()
    assert (refused.value.status_code, refused.value.response.headers["Retry-After"]) == (429, "3")  # type: ignore[union-attr]
    search_server.faults.fail_next(403, message="Storage quota has been exceeded for this service.")
    with pytest.raises(HttpResponseError, match="Storage quota"):
        client.get_document_count()
    search_server.faults.fail_next(0, path="$count")
    assert client.get_document("cat")["id"] == "cat"  # another path
    with pytest.raises(ServiceResponseError):
        client.get_document_count()
    search_server.faults.fail_next(None, pause=0.01)
    assert client.get_document_count() == 4


def test_one_request_in_ten_fails_and_nothing_is_lost(search_server: FakeSearch, client: SearchClient) -> None:
    search_server.faults.rate = 0.1
    again: dict[str, Any] = {"retry_total": 5, "retry_backoff_factor": 0, "retry_on_methods": {"POST", "GET"}}
    for n in range(100):
        client.merge_or_upload_documents([{"id": f"n{n}"}], **again)
    assert client.get_document_count(**again) == 104
    assert {fault.status for fault in search_server.faults.taken} == {429, 503, 500, 0, None}


def test_the_same_seed_gives_the_same_faults() -> None:
    one, two, other = Faults(0.5, seed=1), Faults(0.5, seed=1), Faults(0.5, seed=2)
    assert [one.take("") for _ in range(40)] == [two.take("") for _ in range(40)]
    assert [one.take("") for _ in range(40)] != [other.take("") for _ in range(40)]


def test_fusing_adds_weighted_reciprocal_ranks() -> None:
    assert fake_ranking.fuse([(1.0, [7, 8]), (2.0, [8])]) == {7: 1 / 60, 8: 1 / 61 + 2 / 60}
