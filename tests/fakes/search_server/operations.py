"""What each operation does: definitions with conditional updates, statistics, batches, look-ups, searches.

https://learn.microsoft.com/rest/api/searchservice/indexes, https://learn.microsoft.com/rest/api/searchservice/documents
"""

from __future__ import annotations

from typing import Any

from tests.fakes.faults import Fault, Faults
from tests.fakes.search_server import request, search
from tests.fakes.search_server.definitions import parse
from tests.fakes.search_server.documents import Documents
from tests.fakes.search_server.errors import Refused, invalid, names
from tests.fakes.search_server.ranking import Snapshot
from tests.fakes.search_server.schema import Schema


class Index:
    """An index: its schema and documents."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.documents = Documents(schema)
        self._snapshot: tuple[int, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """What queries see now."""
        seen = self.documents.seen()
        if self._snapshot is None or self._snapshot[0] != self.documents.version:
            self._snapshot = (self.documents.version, Snapshot(self.schema, seen))
        return self._snapshot[1]

    def statistics(self) -> dict[str, int]:
        documents = self.snapshot().documents
        vectors = [field for field in self.schema.fields.values() if field.vector]
        numbers = sum(len(each.values[field.name]) for each in documents for field in vectors)
        size = sum(len(str(each.values)) for each in documents)
        return {"documentCount": len(documents), "storageSize": size, "vectorIndexSize": 4 * numbers}


class Service:
    """The state of a service.

    `delay` (seconds) passes before a write can be found, `schema_delay` before one may use a field that an update
    added; `semantic` says whether it has the semantic ranker, `subscores` whether it answers a request for debugging;
    `document_faults` is asked once for each document of a batch, by its key.
    """

    def __init__(self) -> None:
        self.delay = 0.15
        self.schema_delay = 0.0
        self.semantic = self.subscores = True
        self.document_faults = Faults()
        self.indexes: dict[str, Index] = {}
        self._etags = 0

    def etag(self) -> str:
        """A new one."""
        self._etags += 1
        return f'"0x8DC{self._etags:012X}"'

    def settle(self) -> None:
        """Shows all that was written."""
        for index in self.indexes.values():
            index.documents.seen(settled=True)

    def named(self, name: str) -> Index:
        """The index of a name."""
        if name not in self.indexes:
            raise Refused(f"No index with the name '{name}' was found in the service 'fake'.", status=404)
        return self.indexes[name]


class Answer:
    """What a request gets: status, body, headers."""

    def __init__(self, status: int, body: Any = None, **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers


class Operations:
    """One method for each operation; `asked` holds the query's options."""

    def __init__(self, service: Service, asked: dict[str, str], headers: Any, body: Any, address: str) -> None:
        self.service, self.asked, self.headers, self.body, self.address = service, asked, headers, body, address

    def service_statistics(self) -> Answer:
        counts = [index.statistics() for index in self.service.indexes.values()]
        counters: dict[str, dict[str, int | None]] = {
            name: {"usage": 0, "quota": 50}
            for name in ("indexersCount", "dataSourcesCount", "synonymMaps", "skillsetCount", "aliasesCount")
        }
        counters["documentCount"] = {"usage": sum(each["documentCount"] for each in counts), "quota": None}
        counters["indexesCount"] = {"usage": len(counts), "quota": 50}
        for name in ("storageSize", "vectorIndexSize"):
            counters[name] = {"usage": sum(each[name] for each in counts), "quota": 160 * 2**30}
        limits = {"maxFieldsPerIndex": 1000, "maxFieldNestingDepthPerIndex": 10}
        limits |= {"maxComplexCollectionFieldsPerIndex": 40, "maxComplexObjectsInCollectionsPerDocument": 3000}
        return Answer(200, {"counters": counters, "limits": limits})

    def list_indexes(self) -> Answer:
        chosen = names(self.asked.get("$select"))
        found = [index.schema.definition for index in self.service.indexes.values()]
        if chosen and chosen != ["*"]:
            found = [{name: each[name] for name in chosen if name in each} for each in found]
        return Answer(200, {"value": found})

    def create_index(self) -> Answer:
        definition = parse(self.body)
        if definition["name"] in self.service.indexes:
            raise Refused(
                f"Cannot create index '{definition['name']}' because it already exists.",
                "ResourceNameAlreadyInUse",
                status=409,
            )
        return self._created(definition)

    def _created(self, definition: dict[str, Any]) -> Answer:
        schema = Schema(definition, self.service.etag())
        self.service.indexes[schema.name] = Index(schema)
        return Answer(201, schema.definition, ETag=schema.etag)

    def get_index(self, name: str) -> Answer:
        schema = self.service.named(name).schema
        return Answer(200, schema.definition, ETag=schema.etag)

    def put_index(self, name: str) -> Answer:
        definition = parse(self.body)
        if definition["name"] != name:
            raise invalid("index", f"The index name '{definition['name']}' is not that of the address, '{name}'.")
        self._match(name)
        index = self.service.indexes.get(name)
        if index is None:
            return self._created(definition)
        index.schema = index.schema.changed(definition, self.service.etag())
        index.documents.change(index.schema, self.service.schema_delay)
        if self.headers.get("Prefer") != "return=representation":
            return Answer(204, ETag=index.schema.etag)
        return Answer(200, index.schema.definition, ETag=index.schema.etag)

    def delete_index(self, name: str) -> Answer:
        self._match(name)
        self.service.named(name)
        del self.service.indexes[name]
        return Answer(204)

    def _match(self, name: str) -> None:
        """If-Match and If-None-Match."""
        index = self.service.indexes.get(name)
        tag = index.schema.etag if index else None
        wanted, unwanted = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        fits = wanted is None or (tag is not None and wanted in {"*", tag})
        if not fits or (unwanted is not None and tag is not None and unwanted in {"*", tag}):
            raise Refused(
                "The precondition given in one of the request headers evaluated to false. No change was made to the "
                "resource from this request.",
                status=412,
            )

    def index_statistics(self, name: str) -> Answer:
        return Answer(200, self.service.named(name).statistics())

    def count(self, name: str) -> Answer:
        return Answer(200, len(self._documents(name).snapshot().documents))

    def search(self, name: str) -> Answer:
        index = self._documents(name)
        asked = request.parse(self.body, index.schema, self.service.semantic)
        answer = search.answer(asked, index.snapshot(), self.address)
        for found in answer["value"] if not self.service.subscores else ():
            found.pop("@search.documentDebugInfo", None)
        return Answer(200, answer)

    def index_documents(self, name: str) -> Answer:
        faults = self.service.document_faults
        index = self._documents(name)
        statuses = index.documents.apply(
            self.body, self.service.delay, lambda key: (faults.take(key) or Fault(0)).status
        )
        return Answer(200 if all(each["status"] for each in statuses) else 207, {"value": statuses})

    def get_document(self, name: str, key: str) -> Answer:
        index = self._documents(name)
        document = index.documents.seen().get(key)
        chosen = names(self.asked.get("$select"))
        for field in chosen if chosen != ["*"] else []:
            request.check_select(field, index.schema)
        if document is None:
            raise Refused("", status=404)
        return Answer(200, document.answer(index.schema, chosen if chosen and chosen != ["*"] else None))

    def _documents(self, name: str) -> Index:
        if name not in self.service.indexes:
            raise Refused(f"The index '{name}' for service 'fake' was not found.", status=404)
        return self.service.indexes[name]
