"""Index definitions: which are valid, and what the service fills in.

The properties are those of the SDK's generated models, which come from the specification
https://github.com/Azure/azure-rest-api-specs/blob/main/specification/search/data-plane/Search/stable/2026-04-01/search.json;
the rules are of https://learn.microsoft.com/rest/api/searchservice/indexes/create and its linked pages on naming rules
(https://learn.microsoft.com/rest/api/searchservice/naming-rules), limits
(https://learn.microsoft.com/azure/search/search-limits-quotas-capacity), vector fields
(https://learn.microsoft.com/azure/search/vector-search-how-to-create-index) and updates
(https://learn.microsoft.com/azure/search/search-howto-reindex).
"""

from __future__ import annotations

import re
from typing import Any

from azure.search.documents.indexes import models

from tests.fakes.search_server.edm import TYPES, VECTORS
from tests.fakes.search_server.errors import Refused, invalid
from tests.fakes.search_server.generated import properties
from tests.fakes.search_server.schema import Schema, semantic_fields

MAX_DESCRIPTION = 4_000  # characters
MAX_FIELDS = 1_000
DIMENSIONS = range(2, 4_097)
_INDEX_NAME = re.compile(r"(?!.*(?:--|__))[a-z0-9][a-z0-9_-]{1,127}")
_FIELD_NAME = re.compile(r"(?!azureSearch)[A-Za-z]\w{0,127}", re.ASCII)
_ATTRIBUTES = ("key", "retrievable", "stored", "searchable", "filterable", "sortable", "facetable")
_MODELS: dict[str, type[Any]] = {
    "": models.SearchIndex,
    "fields": models.SearchField,
    "vectorSearch": models.VectorSearch,
    "vectorSearch.profiles": models.VectorSearchProfile,
    "vectorSearch.algorithms.hnsw": models.HnswAlgorithmConfiguration,
    "vectorSearch.algorithms.hnsw.hnswParameters": models.HnswParameters,
    "vectorSearch.algorithms.exhaustiveKnn": models.ExhaustiveKnnAlgorithmConfiguration,
    "vectorSearch.algorithms.exhaustiveKnn.exhaustiveKnnParameters": models.ExhaustiveKnnParameters,
    "vectorSearch.compressions.scalarQuantization": models.ScalarQuantizationCompression,
    "vectorSearch.compressions.scalarQuantization.scalarQuantizationParameters": models.ScalarQuantizationParameters,
    "vectorSearch.compressions.scalarQuantization.rescoringOptions": models.RescoringOptions,
    "vectorSearch.compressions.binaryQuantization": models.BinaryQuantizationCompression,
    "vectorSearch.compressions.binaryQuantization.rescoringOptions": models.RescoringOptions,
    "semantic": models.SemanticSearch,
    "semantic.configurations": models.SemanticConfiguration,
    "semantic.configurations.prioritizedFields": models.SemanticPrioritizedFields,
    "semantic.configurations.prioritizedFields.titleField": models.SemanticField,
    "semantic.configurations.prioritizedFields.prioritizedContentFields": models.SemanticField,
    "semantic.configurations.prioritizedFields.prioritizedKeywordsFields": models.SemanticField,
}


def parse(sent: Any) -> dict[str, Any]:
    """A definition as it was sent, with the service's defaults filled in.

    Raises:
        Refused: it breaks a rule.
    """
    if not isinstance(sent, dict):
        raise invalid("index", "An index definition is an object.")
    check_properties(sent, "")
    body: dict[str, Any] = {name: value for name, value in sent.items() if value is not None and name != "@odata.etag"}
    if not _INDEX_NAME.fullmatch(str(body.get("name"))):
        raise Refused(
            f"Invalid index name: '{body.get('name')}'. Index name must only contain lowercase letters, digits, "
            "dashes or underscores, start with a letter or digit and have 2 to 128 characters.",
            "InvalidName",
            "InvalidIndexName",
        )
    if len(body.get("description") or "") > MAX_DESCRIPTION:
        raise invalid("index", f"The description is longer than {MAX_DESCRIPTION} characters.")
    body["fields"] = [_completed(field) for field in body.get("fields") or []]
    _check_fields(body["fields"])
    _check_vectors(body)
    _check_semantic(body)
    Schema(body, "")  # analyzers and normalizers exist
    return body


def check_properties(value: Any, path: str) -> None:
    """Refuses a property that the generated model of its place does not have."""
    if isinstance(value, list):
        for each in value:
            check_properties(each, path)
        return
    if not isinstance(value, dict):
        return
    if path in {"vectorSearch.algorithms", "vectorSearch.compressions"}:
        path += f".{value.get('kind')}"
        if path not in _MODELS:
            raise invalid("index", f"The value '{value.get('kind')}' is not a known kind of '{path}'.")
    model = _MODELS.get(path)
    if model is None:
        return
    known = properties(model)
    if missing := [name for name, each in known.items() if each.required and value.get(name) is None]:
        raise invalid("index", f"The required property '{missing[0]}' of '{model.__name__}' is missing.")
    for name, inner in value.items():
        if name not in known:
            raise Refused(
                f"The request is invalid. Details: index : The property '{name}' does not exist on type "
                f"'search.{model.__name__}' or is not present in the API version. Make sure to only use property names "
                "that are defined by the type."
            )
        if inner is not None and not known[name].takes(inner):
            raise invalid("index", f"Cannot convert the value of '{name}': {str(inner)[:80]!r}.")
        check_properties(inner, f"{path}.{name}".lstrip("."))


def _completed(field: dict[str, Any]) -> dict[str, Any]:
    name, kind = field.get("name"), field.get("type")
    if not isinstance(name, str) or not _FIELD_NAME.fullmatch(name):
        raise Refused(
            f"Invalid field name: '{name}'. Field name must start with a letter, only contain letters, digits or "
            "underscores, not start with 'azureSearch' and have at most 128 characters.",
            "InvalidName",
            "InvalidFieldName",
        )
    if kind in {"Edm.ComplexType", "Collection(Edm.ComplexType)", "Edm.GeographyPoint", "Collection(Edm.Byte)"}:
        raise Refused(f"this stand-in does not do fields of the type {kind}", status=501)
    if kind not in TYPES:
        raise invalid("index", f"The field '{name}' has an unknown type '{kind}'.", "InvalidField")
    for attribute in _ATTRIBUTES:
        if not isinstance(field.get(attribute), (bool, type(None))):
            raise invalid("index", f"'{attribute}' of the field '{name}' is not a boolean.")
    vector, collection = kind in VECTORS, kind.startswith("Collection(")
    defaults: dict[str, Any] = dict.fromkeys(_ATTRIBUTES, not vector)
    defaults |= {"key": False, "searchable": "Edm.String" in kind or vector, "sortable": not collection, "stored": True}
    defaults |= {"analyzer": None, "searchAnalyzer": None, "indexAnalyzer": None, "normalizer": None}
    defaults |= {"dimensions": None, "vectorSearchProfile": None, "vectorEncoding": None, "synonymMaps": []}
    return defaults | {name: value for name, value in field.items() if value is not None}


def _check_fields(fields: list[dict[str, Any]]) -> None:
    names = [field["name"] for field in fields]
    if len(fields) > MAX_FIELDS:
        raise invalid("index", f"An index has at most {MAX_FIELDS} fields.", "TooManyFields")
    if twice := [name for name in names if names.count(name) > 1]:
        raise invalid("index", f"The field name '{twice[0]}' is used more than once.", "DuplicateField")
    keys = [field["name"] for field in fields if field["key"]]
    if len(keys) != 1:
        raise invalid(
            "index", f"The index must have exactly one key field, found {len(keys)}: {keys}.", "MissingKeyField"
        )
    for field in fields:
        name, kind = field["name"], field["type"]
        text, vector = "Edm.String" in kind, kind in VECTORS

        def wrong(condition: Any, message: str, name: str = name) -> None:
            if condition:
                raise invalid("index", f"The field '{name}' {message}", "InvalidField")

        wrong(field["key"] and kind != "Edm.String", "is the key and must be of the type Edm.String.")
        wrong(field["key"] and not field["retrievable"], "is the key and must be retrievable.")
        wrong(field["searchable"] and not text and not vector, f"of the type {kind} cannot be searchable.")
        wrong(field["sortable"] and kind.startswith("Collection("), f"of the type {kind} cannot be sortable.")
        for attribute in ("filterable", "sortable", "facetable"):
            wrong(vector and field[attribute], f"is a vector field and cannot be {attribute}.")
        wrong(not vector and not field["stored"], "is not a vector field, so 'stored' must be true.")
        wrong(not field["stored"] and field["retrievable"], "is not stored and cannot be retrievable.")
        analyzers = [field[each] for each in ("analyzer", "searchAnalyzer", "indexAnalyzer")]
        wrong(any(analyzers) and not (field["searchable"] and text), "is not searchable and cannot have an analyzer.")
        wrong(analyzers[0] and any(analyzers[1:]), "sets 'analyzer' beside 'searchAnalyzer' or 'indexAnalyzer'.")
        wrong(bool(analyzers[1]) != bool(analyzers[2]), "must set 'searchAnalyzer' and 'indexAnalyzer' together.")
        compares = field["filterable"] or field["sortable"] or field["facetable"]
        wrong(field["normalizer"] and not (text and compares), "cannot have a normalizer.")


def _check_vectors(body: dict[str, Any]) -> None:
    search = body.get("vectorSearch") or {}
    names = {part: [each.get("name") for each in search.get(part) or []] for part in ("algorithms", "compressions")}
    profiles = {each.get("name"): each for each in search.get("profiles") or []}
    for name, profile in profiles.items():
        for part, key in (("algorithms", "algorithm"), ("compressions", "compression")):
            wanted = profile.get(key)
            if (key == "algorithm" or wanted) and wanted not in names[part]:
                raise invalid("index", f"The vector search profile '{name}' refers to an unknown {key} '{wanted}'.")
        if profile.get("vectorizer"):
            raise Refused("this stand-in does not do vectorizers", status=501)
    for algorithm in search.get("algorithms") or []:
        numbers = algorithm.get("hnswParameters") or {}
        metric = (numbers or algorithm.get("exhaustiveKnnParameters") or {}).get("metric") or "cosine"
        ranges = {"m": range(4, 11), "efConstruction": range(100, 1_001), "efSearch": range(100, 1_001)}
        for name, allowed in ranges.items():
            if numbers.get(name) is not None and numbers[name] not in allowed:
                raise invalid("index", f"'{name}' must be between {allowed[0]} and {allowed[-1]}.")
        if metric not in {"cosine", "dotProduct", "euclidean"}:
            raise invalid("index", f"The metric '{metric}' is not known for these vectors.")
    for field in body["fields"]:
        _check_vector_field(field, set(profiles))


def _check_vector_field(field: dict[str, Any], profiles: set[Any]) -> None:
    name, own = field["name"], [key for key in ("dimensions", "vectorSearchProfile") if field[key] is not None]
    if field["type"] not in VECTORS:
        if own:
            raise invalid(
                "index", f"The field '{name}' is not a vector field and cannot set '{own[0]}'.", "InvalidField"
            )
        return
    missing = [key for key in ("dimensions", "vectorSearchProfile") if key not in own]
    if missing:
        word = "property" if len(missing) == 1 else "properties"
        named = " and ".join(f"'{key}'" for key in missing)
        raise invalid("definition", f"The vector field '{name}' must have the {word} {named} set.", "InvalidField")
    if field["dimensions"] not in DIMENSIONS:
        raise invalid(
            "definition",
            f"The vector field '{name}' must have 'dimensions' between {DIMENSIONS[0]} and {DIMENSIONS[-1]}.",
            "InvalidField",
        )
    if field["vectorSearchProfile"] not in profiles:
        raise invalid(
            "definition",
            f"The vector field '{name}' refers to an unknown vector search profile '{field['vectorSearchProfile']}'.",
            "InvalidField",
        )
    if not field["searchable"]:
        raise invalid("definition", f"The vector field '{name}' must be searchable.", "InvalidField")


def _check_semantic(body: dict[str, Any]) -> None:
    fields = {field["name"]: field for field in body["fields"]}
    semantic = body.get("semantic") or {}
    configurations = semantic.get("configurations") or []
    for configuration in configurations:
        name, chosen = configuration.get("name"), configuration.get("prioritizedFields") or {}
        used = [each.get("fieldName") for each in semantic_fields(chosen)]
        if not name or not used:
            raise invalid("index", f"The semantic configuration '{name}' must have a name and at least one field.")
        for field in used:
            if field not in fields or "Edm.String" not in fields[field]["type"] or not fields[field]["searchable"]:
                raise invalid("index", f"The semantic configuration '{name}' uses '{field}', no searchable text field.")
    default = semantic.get("defaultConfiguration")
    if default and default not in [each.get("name") for each in configurations]:
        raise invalid("index", f"The default semantic configuration '{default}' does not exist.")
