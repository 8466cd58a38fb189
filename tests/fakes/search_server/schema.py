"""The schema of an index: its fields, its semantic configurations, and which updates it takes.

https://learn.microsoft.com/azure/search/search-howto-reindex. The documents say that a vector configuration in use
cannot change, without naming its parts: here nothing of an algorithm or a compression may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.search_server.analysis import Analyzer, analyzer, normalizer
from tests.fakes.search_server.edm import VECTORS
from tests.fakes.search_server.errors import Refused

_MAY_CHANGE = {"retrievable", "searchAnalyzer", "synonymMaps"}


@dataclass(frozen=True)
class Field:
    """A field with all its attributes."""

    name: str
    kind: str  # an Edm type
    key: bool
    retrievable: bool
    searchable: bool
    filterable: bool
    sortable: bool
    facetable: bool
    dimensions: int
    metric: str
    compressed: bool
    analyze: Analyzer
    analyze_query: Analyzer
    normal: Callable[[str], str]
    whole: bool  # its analyzer makes one term of the whole text

    @property
    def collection(self) -> bool:
        return self.kind.startswith("Collection(")

    @property
    def item(self) -> str:
        return self.kind.removeprefix("Collection(").removesuffix(")")

    @property
    def vector(self) -> bool:
        return self.kind in VECTORS


class Schema:
    """A valid definition. `definition` is what the service answers; `etag` changes with each update."""

    def __init__(self, definition: dict[str, Any], etag: str) -> None:
        self.name: str = definition["name"]
        self.definition = {"@odata.etag": etag, **definition}
        self.etag = etag
        vectors = definition.get("vectorSearch") or {}
        profiles = {profile["name"]: profile for profile in vectors.get("profiles") or []}
        algorithms = {each["name"]: each for each in vectors.get("algorithms") or []}
        custom = definition.get("analyzers") or []
        self.fields = {each["name"]: _field(each, profiles, algorithms, custom) for each in definition["fields"]}
        self.key = next(name for name, field in self.fields.items() if field.key)
        semantic = definition.get("semantic") or {}
        self.semantic = {each["name"]: each["prioritizedFields"] for each in semantic.get("configurations") or []}
        self.semantic_default: str | None = semantic.get("defaultConfiguration")

    def changed(self, definition: dict[str, Any], etag: str) -> Schema:
        """The schema after an update.

        Raises:
            Refused: the update changes or removes an existing field, or changes how vectors are stored.
        """
        old = {field["name"]: field for field in self.definition["fields"]}
        new = {field["name"]: field for field in definition["fields"]}
        if missing := [name for name in old if name not in new]:
            raise _not_allowed(
                f"Existing field(s) '{', '.join(missing)}' cannot be deleted.", "CannotDeleteExistingField"
            )
        for name, field in old.items():
            if {key: value for key, value in field.items() if key not in _MAY_CHANGE} != {
                key: value for key, value in new[name].items() if key not in _MAY_CHANGE
            }:
                raise _not_allowed(f"Existing field '{name}' cannot be changed.", "CannotChangeExistingField")
        for part in ("algorithms", "compressions"):
            kept = {each["name"]: each for each in (definition.get("vectorSearch") or {}).get(part) or []}
            for each in (self.definition.get("vectorSearch") or {}).get(part) or []:
                if kept.get(each["name"]) != each:
                    raise _not_allowed(f"Existing vector search configuration '{each['name']}' cannot be changed.")
        return Schema(definition, etag)


def semantic_fields(prioritized: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a semantic configuration: title, contents, keywords."""
    title = prioritized.get("titleField")
    lists = [prioritized.get(f"prioritized{part}Fields") or [] for part in ("Content", "Keywords")]
    return [*([title] if title else []), *lists[0], *lists[1]]


def _field(field: dict[str, Any], profiles: Any, algorithms: Any, custom: list[dict[str, Any]]) -> Field:
    profile = profiles.get(field["vectorSearchProfile"]) or {}
    algorithm = algorithms.get(profile.get("algorithm")) or {}
    parameters = algorithm.get("hnswParameters") or algorithm.get("exhaustiveKnnParameters") or {}
    name = field["indexAnalyzer"] or field["analyzer"] or "standard.lucene"
    return Field(
        name=field["name"],
        kind=field["type"],
        key=field["key"],
        retrievable=field["retrievable"],
        searchable=field["searchable"],
        filterable=field["filterable"],
        sortable=field["sortable"],
        facetable=field["facetable"],
        dimensions=field["dimensions"] or 0,
        metric=parameters.get("metric") or "cosine",
        compressed=bool(profile.get("compression")),
        analyze=analyzer(name, custom),
        analyze_query=analyzer(field["searchAnalyzer"] or name, custom),
        normal=normalizer(field["normalizer"]),
        whole=name == "keyword",
    )


def _not_allowed(message: str, reason: str = "") -> Refused:
    return Refused(message, "OperationNotAllowed", reason)
