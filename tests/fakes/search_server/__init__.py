"""A stand-in for Azure AI Search on loopback, strict and really ranking, driven by the real SDK.

Written from the public specification and documents
(https://github.com/Azure/azure-rest-api-specs/tree/main/specification/search/data-plane/Search,
https://learn.microsoft.com/rest/api/searchservice/); each module links what it follows. What it does not do, it refuses
with status 501, which the service never answers: complex and geographic types, Lucene's full syntax, highlights,
scoring profiles, vectorizers, facet intervals.

    server = FakeSearch()
    client = SearchClient(server.url, "pictures", AzureKeyCredential(server.admin_key))
    ...
    server.close()
"""

from tests.fakes.search_server.server import READER, SERVICE, WRITER, FakeSearch

__all__ = ["READER", "SERVICE", "WRITER", "FakeSearch"]
