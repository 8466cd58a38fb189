"""One query of `vectorQueries`, checked against an index.

https://learn.microsoft.com/azure/search/vector-search-how-to-query
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from azure.search.documents import models

from tests.fakes.search_server.documents import dimensions_message
from tests.fakes.search_server.errors import Refused, invalid, names, parameter
from tests.fakes.search_server.generated import properties
from tests.fakes.search_server.schema import Field, Schema

DEFAULT_K = 50
MAX_FIELDS = 10
_VECTOR = properties(models.VectorizedQuery)


@dataclass
class VectorQuery:
    fields: list[Field]
    vector: list[float]
    k: int
    weight: float


def vector_query(query: Any, schema: Schema) -> VectorQuery:
    """The query.

    Raises:
        Refused: the service would not take it.
    """
    if not isinstance(query, dict):
        raise invalid("parameters", "A vector query is an object.")
    if unknown := query.keys() - _VECTOR:
        if query.get("kind") in {"text", "imageUrl", "imageBinary"}:
            raise parameter("A vector query of this kind needs a field with a vectorizer.", "vectorQueries")
        raise Refused(
            f"The request is invalid. Details: parameters : The property '{min(unknown)}' does not exist on type "
            "'search.VectorizedQuery' or is not present in the API version. Make sure to only use property names that "
            "are defined by the type."
        )
    if query.get("kind") != "vector":
        raise invalid("parameters", f"The kind '{query.get('kind')}' of a vector query is not known.")
    for name, value in query.items():
        if value is not None and not _VECTOR[name].takes(value):
            raise invalid("parameters", f"Cannot convert the value of '{name}': {str(value)[:80]!r}.")
    vector, k, factor = query.get("vector"), query.get("k"), query.get("oversampling")
    weight = 1.0 if query.get("weight") is None else float(query["weight"])
    if vector is None or not all(map(math.isfinite, vector)):
        raise invalid("parameters", "'vector' must be a list of finite numbers.")
    if k is not None and k < 1:
        raise parameter("The value of 'k' must be above 0.", "vectorQueries")
    if weight <= 0:
        raise parameter("The value of 'weight' must be above 0.", "vectorQueries")
    if len(names(query.get("fields"))) > MAX_FIELDS:
        raise parameter(f"A vector query names at most {MAX_FIELDS} fields.", "vectorQueries.fields")
    fields = [_vector_field(name, vector, factor, schema) for name in names(query.get("fields"))]
    if not fields:
        raise parameter("A vector query must name at least one field.", "vectorQueries")
    return VectorQuery(fields, vector, k or DEFAULT_K, weight)


def _vector_field(name: str, vector: list[float], factor: Any, schema: Schema) -> Field:
    field = schema.fields.get(name)
    if field is None:
        raise Refused(f"Unknown field '{name}' in vector field list.", "InvalidRequestParameter", "UnknownField")
    if not field.vector:
        raise parameter(f"The field '{name}' in the vector field list is not a vector field.", "vectorQueries.fields")
    if len(vector) != field.dimensions:
        raise parameter(dimensions_message(field, len(vector)), "vectorQueries.vector", "InvalidVectorQuery")
    if factor is not None and not (field.compressed and factor >= 1):
        raise parameter(
            f"'oversampling' must be at least 1, and the vector field '{name}' must use compression.", "vectorQueries"
        )
    return field
