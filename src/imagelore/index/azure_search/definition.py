"""The index's definition: one document per picture, its own fields, the user's, and the stamp in `description`.

https://learn.microsoft.com/rest/api/searchservice/indexes/create
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from azure.search.documents.indexes.models import (
    CustomAnalyzer,
    HnswAlgorithmConfiguration,
    HnswParameters,
    RescoringOptions,
    ScalarQuantizationCompression,
    ScalarQuantizationParameters,
    SearchField,
    SearchIndex,
    SemanticConfiguration,
    SemanticField,
    SemanticPrioritizedFields,
    SemanticSearch,
    VectorSearch,
    VectorSearchProfile,
)

from imagelore.errors import KnowledgeBaseError
from imagelore.index import _stamp
from imagelore.index._columns import column_field, field_column, vector_columns
from imagelore.index._stamp import Stamp
from imagelore.types import EmbedderInfo, FieldType

SCHEMA = 2  # raised whenever an older imagelore could no longer read or write the documents
LATER = ("parent", "place", "described")  # fields that the first indexes were made without
SEMANTIC = "meaning"  # the semantic configuration
LONGEST_STAMP = 4_000  # characters that the service takes as a description
OVERSAMPLING = 4.0  # times k: candidates by quantised vectors that get their exact cosines
_LONGEST_NAME = 128  # characters of a field's name
_MARK = "imagelore knowledge base "  # an index whose description does not start like this is not ours
_PROFILE, _ALGORITHM, _COMPRESSION, _ANALYZER = "pictures", "hnsw", "scalar", "english_folded"
_TEXT, _TEXTS = "Edm.String", "Collection(Edm.String)"
_TYPES: dict[FieldType, str] = {
    "text": _TEXT,
    "integer": "Edm.Int64",
    "number": "Edm.Double",
    "boolean": "Edm.Boolean",
    "date": "Edm.DateTimeOffset",
    "texts": _TEXTS,
}
_KINDS = {edm: kind for kind, edm in _TYPES.items()}
_ATTRIBUTES = ("key", "retrievable", "searchable", "filterable", "facetable", "sortable")


def definition(name: str, embedder: EmbedderInfo, stamp: str) -> SearchIndex:
    """An index for an embedder's vectors, without fields of the user's own."""
    rescoring = RescoringOptions(
        enable_rescoring=True, default_oversampling=OVERSAMPLING, rescore_storage_method="preserveOriginals"
    )
    return SearchIndex(
        name=name,
        description=stamp,
        fields=[*_fields(embedder), *_later()],
        analyzers=[
            CustomAnalyzer(
                name=_ANALYZER,
                tokenizer_name="standard_v2",
                token_filters=["lowercase", "asciifolding", "stopwords", "porter_stem"],
            )
        ],
        vector_search=VectorSearch(
            profiles=[
                VectorSearchProfile(
                    name=_PROFILE, algorithm_configuration_name=_ALGORITHM, compression_name=_COMPRESSION
                )
            ],
            algorithms=[HnswAlgorithmConfiguration(name=_ALGORITHM, parameters=HnswParameters(metric="cosine"))],
            compressions=[
                ScalarQuantizationCompression(
                    compression_name=_COMPRESSION,
                    rescoring_options=rescoring,
                    parameters=ScalarQuantizationParameters(quantized_data_type="int8"),
                )
            ],
        ),
        semantic_search=SemanticSearch(
            configurations=[
                SemanticConfiguration(
                    name=SEMANTIC,
                    prioritized_fields=SemanticPrioritizedFields(
                        title_field=SemanticField(field_name="title"),
                        content_fields=[SemanticField(field_name="text"), SemanticField(field_name="words")],
                        keywords_fields=[SemanticField(field_name="tags")],
                    ),
                )
            ]
        ),
    )


def user_field(name: str, kind: FieldType) -> SearchField:
    """The column of a user's field: to filter, count and, where it has a range, sort by; its words are in `words`."""
    ranged = kind in ("integer", "number", "date")
    return _field(field_column(name), _TYPES[kind], filterable=True, facetable=True, sortable=ranged)


def has_column(name: str) -> bool:
    """Whether the service takes the column's name; a value without one is kept and searched, but not filtered by."""
    return len(field_column(name)) <= _LONGEST_NAME


def declared(index: SearchIndex) -> dict[str, FieldType | None]:
    """The user's fields and their types, read off an index; None: the column is not as `user_field` makes one."""
    named = ((column_field(field.name), field) for field in index.fields)
    return {name: _kind(name, field) for name, field in named if name is not None}


def _kind(name: str, field: SearchField) -> FieldType | None:
    kind = _KINDS.get(field["type"])
    return kind if kind and _serves(field, user_field(name, kind)) else None


def _serves(field: SearchField | None, made: SearchField) -> bool:
    """Whether a field is of the type of the one that we make, and can all that it can."""
    if field is None or any(field.get(name) != made.get(name) for name in ("type", "dimensions")):
        return False
    return not any(made.get(name) and field.get(name) is False for name in _ATTRIBUTES)


def lacking(index: SearchIndex) -> list[SearchField]:
    """The fields of our own that an index of an earlier release does not have."""
    have = {field.name for field in index.fields}
    return [field for field in _later() if field.name not in have]


def stamp_text(stamp: Stamp, address: str) -> str:
    """The stamp as a description.

    Raises:
        KnowledgeBaseError: it is longer than a description may be.
    """
    values = {
        "schema": stamp.schema,
        "embedder": _stamp.embedder_value(stamp.embedder),
        "sources": _stamp.sources_value(stamp.sources),
    }
    if stamp.calibration:
        values["calibration"] = _stamp.calibration_value(stamp.calibration)
    text = _MARK + json.dumps(values, separators=(",", ":"))
    if len(text) > LONGEST_STAMP:
        raise KnowledgeBaseError(
            f"the stamp of the knowledge base at `{address}` would have {len(text):,} characters with "
            f"{len(stamp.sources)} sources, and Azure AI Search keeps {LONGEST_STAMP:,}: index this source into "
            "another index with --kb"
        )
    return text


def read_stamp(index: SearchIndex, address: str) -> Stamp:
    """The stamp of an index.

    Raises:
        KnowledgeBaseError: the index is not ours, was made by a newer imagelore, or it or its stamp is damaged.
    """
    text = index.description or ""
    if not text.startswith(_MARK):
        raise KnowledgeBaseError(
            f"the index `{index.name}` at `{address}` was not made by imagelore and is left as it is: give another "
            "name with --kb azure-search://SERVICE/INDEX"
        )
    try:
        values: Mapping[str, Any] = json.loads(text.removeprefix(_MARK))
    except ValueError as error:
        raise _stamp.damaged(address, error) from error
    stamp = _stamp.read(values, address, SCHEMA)
    have = {field.name: field for field in index.fields}
    made_ones = [*_fields(stamp.embedder), *(field for field in _later() if field.name in have)]
    if lost := [made.name for made in made_ones if not _serves(have.get(made.name), made)]:
        raise KnowledgeBaseError(
            f"the index `{index.name}` at `{address}` is damaged or of another shape (its field {lost[0]!r} is missing "
            "or is not as imagelore makes it): index into another one with --kb azure-search://SERVICE/INDEX"
        )
    return stamp


def _fields(embedder: EmbedderInfo) -> list[SearchField]:
    return [
        _field("key", _TEXT, key=True),
        _field("id", _TEXT, filterable=True, sortable=True),
        _field("sha256", _TEXT, filterable=True),
        *(_field(name, _TEXT, filterable=True, facetable=True) for name in ("source", "path")),
        *(_field(name, _TEXT) for name in ("version", "digest", "written", "record", "thumbnail")),
        _words("title", filterable=True, facetable=True),
        _words("text", filterable=True),
        _words("tags", _TEXTS, filterable=True, facetable=True),
        *(_words(name) for name in ("words", "seen_words")),
        *(_field(name, _TEXTS, filterable=True) for name in ("groups", "stems")),
        *(_field(name, "Edm.Int32", filterable=True, facetable=True, sortable=True) for name in ("width", "height")),
        _field("taken_at", "Edm.DateTimeOffset", filterable=True, facetable=True, sortable=True),
        *(_vector(*column) for column in vector_columns(embedder).items()),
    ]


def _later() -> list[SearchField]:
    """An index that was made without these gets them when it is written to."""
    return [_field(name, _TEXT, filterable=True, facetable=name != "described") for name in LATER]


def _words(name: str, kind: str = _TEXT, **attributes: bool) -> SearchField:
    return _field(name, kind, searchable=True, analyzer_name=_ANALYZER, **attributes)


def _vector(name: str, dimensions: int) -> SearchField:
    return SearchField(
        name=name,
        type="Collection(Edm.Single)",
        searchable=True,
        retrievable=True,
        stored=True,
        vector_search_dimensions=dimensions,
        vector_search_profile_name=_PROFILE,
    )


def _field(name: str, kind: str, **attributes: Any) -> SearchField:
    """A field with everything off that is not named: the service's own defaults are on."""
    off = dict.fromkeys(("searchable", "filterable", "facetable", "sortable"), False)
    return SearchField(name=name, type=kind, retrievable=True, **(off | attributes))
