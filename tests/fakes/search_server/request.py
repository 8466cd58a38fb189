"""A search request, checked: its properties and their types, and what it asks of the index's fields.

https://learn.microsoft.com/rest/api/searchservice/documents/search-post; the properties are those of the SDK's
generated models of the version 2026-04-01, so what is in preview (`hybridSearch`, `threshold`, `filterOverride`) is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.search.documents import models
from azure.search.documents.models import _models as generated

from tests.fakes.search_server.errors import Refused, expression, invalid, names, parameter
from tests.fakes.search_server.generated import properties
from tests.fakes.search_server.odata import compile_filter
from tests.fakes.search_server.schema import Field, Schema
from tests.fakes.search_server.vector_query import VectorQuery, vector_query

PAGE, MAX_PAGE, MAX_SKIP = 50, 1_000, 100_000
MAX_ORDERS = 32
MAX_TEXT = 100_000  # characters
_PROPERTIES = properties(generated.SearchRequest)
_ENUMS: dict[str, type[Any]] = {
    "queryType": models.QueryType,
    "searchMode": models.SearchMode,
    "scoringStatistics": models.ScoringStatistics,
    "semanticErrorHandling": models.SemanticErrorMode,
    "vectorFilterMode": models.VectorFilterMode,
}
_NOT_DONE = ("highlight", "scoringProfile", "scoringParameters")


@dataclass
class Order:
    field: Field | None  # None: the score
    descending: bool


@dataclass
class Facet:
    field: Field
    count: int
    sort: str


@dataclass
class Request:
    """What is asked; `body` is as it came."""

    body: dict[str, Any]
    text: str
    mode: str
    fields: list[Field]  # to search
    allows: Callable[[Mapping[str, Any]], bool] | None
    vectors: list[VectorQuery]
    orders: list[Order]
    facets: list[Facet]
    select: list[str] | None
    skip: int
    top: int | None
    semantic: str | None  # the configuration, where the query is semantic

    @property
    def debugs(self) -> bool:
        return bool({"vector", "all"} & set((self.body.get("debug") or "").split("|")))


def parse(body: Any, schema: Schema, has_semantic: bool) -> Request:
    """The request, checked against an index.

    Raises:
        Refused: the service would not take it.
    """
    if not isinstance(body, dict):
        raise invalid("parameters", "The body of a search is an object.")
    _check_types(body)
    for name in _NOT_DONE:
        if body.get(name):
            raise Refused(f"this stand-in does not do '{name}'", status=501)
    text = body.get("search") or ""
    semantic = _semantic(body, schema, has_semantic)
    given = body.get("filter") or ""
    if len(text) > MAX_TEXT:
        raise parameter(f"The search text is longer than {MAX_TEXT} characters.", "search")
    skip, top = body.get("skip") or 0, body.get("top")
    if not 0 <= skip <= MAX_SKIP:
        raise _range("$skip", MAX_SKIP)
    if top is not None and top < 0:
        raise _range("$top", MAX_PAGE)
    return Request(
        body=body,
        text=text,
        mode=str(body.get("searchMode") or "any"),
        fields=_searched(body.get("searchFields"), schema),
        allows=compile_filter(given, schema) if given.strip() else None,
        vectors=[vector_query(each, schema) for each in body.get("vectorQueries") or []],
        orders=_orders(body.get("orderby"), schema),
        facets=[_facet(each, schema) for each in body.get("facets") or []],
        select=_selected(body.get("select"), schema),
        skip=skip,
        top=top,
        semantic=semantic,
    )


def _check_types(body: dict[str, Any]) -> None:
    kinds: dict[str, Any] = dict.fromkeys(("count",), bool) | dict.fromkeys(("skip", "top"), int)
    kinds |= {"semanticMaxWaitInMilliseconds": int, "minimumCoverage": (int, float)}
    kinds |= dict.fromkeys(("facets", "scoringParameters", "vectorQueries"), list)
    for name, value in body.items():
        if name not in _PROPERTIES:
            raise Refused(
                f"The request is invalid. Details: parameters : The parameter '{name}' in the request payload is not a "
                "valid parameter for the operation 'search'.\r\n"
            )
        kind = kinds.get(name, str)
        if value is not None and (not isinstance(value, kind) or (kind is not bool and isinstance(value, bool))):
            raise Refused(
                f"The request is invalid. Details: parameters : Cannot convert the value of '{name}': {value!r}."
            )
        if value is not None and name in _ENUMS and value not in [each.value for each in _ENUMS[name]]:
            raise invalid("parameters", f"Requested value '{value}' was not found. Parameter name: {name}")
    for item in body.get("facets") or []:
        if not isinstance(item, str):
            raise invalid("parameters", "'facets' is a list of texts.")
    modes = {str(each.value) for each in models.QueryDebugMode}
    if wrong := [each for each in (body.get("debug") or "disabled").split("|") if each not in modes]:
        raise invalid("parameters", f"Requested value '{wrong[0]}' was not found. Parameter name: debug")
    if body.get("queryType") == "full":
        raise Refused("this stand-in does not do the query type 'full'", status=501)


def _semantic(body: dict[str, Any], schema: Schema, available: bool) -> str | None:
    if body.get("queryType") != "semantic" and not body.get("semanticQuery"):
        for name in ("answers", "captions"):
            if (body.get(name) or "none") != "none":
                raise invalid("parameters", f"'{name}' is only allowed in a semantic query.")
        return None
    if not available:
        raise Refused(
            "Semantic search is not enabled for this service.\r\nParameter name: queryType",
            "FeatureNotSupportedInService",
            "SemanticQueriesNotAvailable",
        )
    chosen: str | None = body.get("semanticConfiguration") or schema.semantic_default
    if not chosen:
        raise parameter(
            "The semanticConfiguration parameter must be set for a query of the type 'semantic'.",
            "semanticConfiguration",
        )
    if chosen not in schema.semantic:
        raise parameter(
            f"Unknown semantic configuration '{chosen}'.", "semanticConfiguration", "UnknownSemanticConfiguration"
        )
    if body.get("orderby"):
        raise parameter("The orderby parameter is not supported for a query of the type 'semantic'.", "orderby")
    return chosen


def _searched(text: str | None, schema: Schema) -> list[Field]:
    if not names(text):
        return [field for field in schema.fields.values() if field.searchable and not field.vector]
    for name in names(text):
        field = schema.fields.get(name)
        if field is None:
            raise parameter(f"Illegal arguments in query request: '{name}' is not a known field.", "searchFields")
        if not field.searchable or field.vector:
            raise parameter(f"Illegal arguments in query request: '{name}' is not a searchable field.", "searchFields")
    return [schema.fields[name] for name in dict.fromkeys(names(text))]


def _orders(text: str | None, schema: Schema) -> list[Order]:
    found = []
    for clause in names(text):
        words = clause.split()
        if len(words) > 2 or (len(words) == 2 and words[1] not in {"asc", "desc"}):
            raise expression(f"Syntax error at position 0 in '{clause}'.", "$orderby")
        field = schema.fields.get(words[0])
        if field is None and words[0] != "search.score()":
            raise expression(f"Could not find a property named '{words[0]}' on type 'search.document'.", "$orderby")
        if field and not field.sortable:
            raise expression(
                f"'{words[0]}' is not a sortable field. Only sortable fields can be used in orderby expressions.",
                "$orderby",
            )
        found.append(Order(field, words[-1] == "desc"))
    if len(found) > MAX_ORDERS:
        raise expression(f"There are more than {MAX_ORDERS} clauses.", "$orderby")
    return found


def _facet(text: str, schema: Schema) -> Facet:
    name, *options = names(text) or [""]
    field = schema.fields.get(name)
    if field is None:
        raise parameter(f"Could not find a property named '{name}' on type 'search.document'.", "facet")
    if not field.facetable:
        raise parameter(f"The field '{name}' is not facetable and cannot be used in a facet expression.", "facet")
    facet = Facet(field, 10, "count")
    for option in options:
        key, _, value = option.partition(":")
        if key == "count" and value.isdigit() and int(value) > 0:
            facet.count = int(value)
        elif key == "sort" and value in {"count", "-count", "value", "-value"}:
            facet.sort = value
        elif key in {"values", "interval", "timeoffset", "metric", "default"}:
            raise Refused(f"this stand-in does not do the facet option '{key}'", status=501)
        else:
            raise parameter(f"'{option}' is no option of a facet.", "facet")
    return facet


def _selected(text: str | None, schema: Schema) -> list[str] | None:
    if not names(text) or names(text) == ["*"]:
        return None
    for name in names(text):
        check_select(name, schema)
    return names(text)


def check_select(name: str, schema: Schema) -> None:
    """Refuses a field that cannot be answered."""
    if name not in schema.fields:
        raise expression(f"Could not find a property named '{name}' on type 'search.document'.", "$select")
    if not schema.fields[name].retrievable:
        raise expression(
            f"'{name}' is not a retrievable field. Only retrievable fields can be used in select expressions.",
            "$select",
        )


def _range(name: str, high: int) -> Refused:
    return parameter(f"Value must be between 0 and {high}.", name, "ParameterValueOutOfRange")
