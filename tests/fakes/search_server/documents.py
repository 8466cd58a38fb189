"""The documents of one index: batches of actions, and when their effect can be seen.

https://learn.microsoft.com/rest/api/searchservice/documents/ (what an action does, the status of each document),
https://learn.microsoft.com/azure/search/search-limits-quotas-capacity#api-request-limits (1,000 actions, 16 MB, terms).

A batch with a wrong key, type, field or vector is refused as a whole; a document that cannot be stored for another
reason (a merge into nothing, a term that is too long) fails alone, and the answer's status is 207.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.fakes.search_server.analysis import Token
from tests.fakes.search_server.edm import MAX_TERM, read, write
from tests.fakes.search_server.errors import Refused, invalid
from tests.fakes.search_server.schema import Field, Schema

MAX_ACTIONS = 1_000
ACTIONS = ("upload", "merge", "mergeOrUpload", "delete")
POSITION_GAP = 100  # between the texts of a collection, so that no phrase spans two of them
_KEY = re.compile(r"(?!_)[A-Za-z0-9_\-=]{1,1024}")


@dataclass
class Document:
    """A stored document: its values, and the terms of its searchable fields."""

    values: dict[str, Any]
    order: int  # of its first upload
    terms: dict[str, list[Token]] = field(default_factory=dict)

    def answer(self, schema: Schema, select: list[str] | None) -> dict[str, Any]:
        """The values as the service writes them."""
        fields = [each for each in schema.fields.values() if each.retrievable]
        return {each.name: write(self.values[each.name]) for each in fields if select is None or each.name in select}


class Change(NamedTuple):
    when: float  # monotonic seconds from which queries see it
    key: str
    document: Document | None


class Documents:
    """`seen()` is what queries see; writes go to the newest state at once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.newest: dict[str, Document] = {}
        self.version = 0
        self._seen: dict[str, Document] = {}
        self._coming: deque[Change] = deque()
        self._orders = 0
        self._known = (0.0, schema)  # until when writes know only the schema from before

    def seen(self, settled: bool = False) -> dict[str, Document]:
        """The documents that queries find now; all that were written, if settled."""
        now = time.monotonic()
        while self._coming and (settled or self._coming[0].when <= now):
            change = self._coming.popleft()
            self.version += 1
            if change.document is None:
                self._seen.pop(change.key, None)
            else:
                self._seen[change.key] = change.document
        return self._seen

    def change(self, schema: Schema, delay: float = 0.0) -> None:
        """A new schema: documents get null, or nothing, for new fields; writes know these after a delay."""
        self._known = (time.monotonic() + delay, self.schema)
        self.schema = schema
        self.version += 1
        for document in {id(each): each for each in [*self.newest.values(), *self._seen.values()]}.values():
            document.values = _empty(schema) | document.values

    def apply(self, body: Any, delay: float, fails: Callable[[str], int | None]) -> list[dict[str, Any]]:
        """The status of each document of a batch; `fails` gives the status of one that must fail.

        Raises:
            Refused: the batch as a whole is wrong, and nothing of it was stored.
        """
        actions = [self._parsed(number, each) for number, each in enumerate(_actions(body))]
        return [self._applied(action, key, values, delay, fails) for action, key, values in actions]

    def _writable(self) -> Schema:
        until, before = self._known
        return before if time.monotonic() < until else self.schema

    def _parsed(self, number: int, action: Any) -> tuple[str, str, dict[str, Any]]:
        if not isinstance(action, dict):
            raise invalid("actions", f"{number}: An indexing action is an object.")
        name = action.get("@search.action", "upload")
        if name not in ACTIONS:
            raise invalid("actions", f"{number}: Invalid indexing action '{name}'.", "InvalidDocumentAction")
        key = action.get(self.schema.key)
        if key is None or key == "":
            raise invalid("actions", f"{number}: Document key cannot be missing or empty.", "MissingKeyField")
        values = {}
        for field_name, value in action.items():
            if field_name == "@search.action":
                continue
            if field_name not in self._writable().fields:
                raise Refused(
                    f"The request is invalid. Details: The property '{field_name}' does not exist on type "
                    "'search.documentFields' or is not present in the API version. Make sure to only use property "
                    "names that are defined by the type."
                )
            found = self.schema.fields[field_name]
            values[field_name] = read(value, found.kind, field_name)
            _check_vector(number, found, values[field_name])
        if not _KEY.fullmatch(key):
            raise Refused(
                f"Invalid document key: '{key}'. Keys can only contain letters, digits, underscore (_), dash (-), or "
                "equal sign (=). If the keys in your source data contain other characters, we recommend encoding them "
                "with a URL-safe version of Base64 before uploading them to your index.",
                "InvalidName",
                "InvalidDocumentKey",
            )
        return name, key, values

    def _applied(
        self, action: str, key: str, values: dict[str, Any], delay: float, fails: Callable[[str], int | None]
    ) -> dict[str, Any]:
        if failed := fails(key):
            return _status(key, failed, _WORDS.get(failed, "The document could not be stored."))
        old = self.newest.get(key)
        if action == "delete":
            self.newest.pop(key, None)
            self._coming.append(Change(time.monotonic() + delay, key, None))
            return _status(key, 200)
        if action == "merge" and old is None:
            return _status(key, 404, "Document not found.")
        merged = action != "upload" and old is not None
        values = (old.values if merged and old else _empty(self.schema)) | values
        if long := next((each for each in self.schema.fields.values() if _too_long(each, values[each.name])), None):
            return _status(
                key,
                400,
                f"Field '{long.name}' contains a term that is too large to process. The max length for UTF-8 encoded "
                f"terms is {MAX_TERM} bytes. The most likely cause of this error is that filtering, sorting, and/or "
                "faceting are enabled on this field, which causes the entire field value to be indexed as a single "
                "term. Please avoid the use of these options for large fields.",
            )
        self._orders += old is None
        document = Document(values, old.order if old else self._orders, analyzed(self.schema, values))
        self.newest[key] = document
        self._coming.append(Change(time.monotonic() + delay, key, document))
        return _status(key, 200 if old else 201)


_WORDS = {
    404: "Document not found.",
    409: "The document was changed by another request at the same time.",
    422: "The index is temporarily unavailable because it was updated with the 'allowIndexDowntime' flag.",
    429: "Too many requests: please try again later.",
    503: "Your search service is temporarily unavailable, possibly due to heavy load. Please try again later.",
}


def analyzed(schema: Schema, values: dict[str, Any]) -> dict[str, list[Token]]:
    """The terms of a document's searchable text fields."""
    terms: dict[str, list[Token]] = {}
    for each in schema.fields.values():
        if each.searchable and not each.vector:
            texts = values[each.name] if each.collection else [values[each.name] or ""]
            tokens: list[Token] = []
            terms[each.name] = tokens
            for text in texts:
                first = tokens[-1].position + POSITION_GAP if tokens else 0
                tokens += [Token(token.term, first + token.position) for token in each.analyze(text)]
    return terms


def _actions(body: Any) -> list[Any]:
    actions = body.get("value") if isinstance(body, dict) else None
    if not isinstance(actions, list) or set(body) != {"value"}:
        raise invalid("actions", "The body is an object with one property, 'value': the list of indexing actions.")
    if not 1 <= len(actions) <= MAX_ACTIONS:
        found = f"{len(actions) or 'No'} indexing actions found in the request"
        raise invalid(
            "actions", f"{found}. Please include between 1 and {MAX_ACTIONS} indexing actions in your request."
        )
    return actions


def _empty(schema: Schema) -> dict[str, Any]:
    return {name: [] if each.collection else None for name, each in schema.fields.items()}


def _check_vector(number: int, field: Field, value: Any) -> None:
    if not field.vector or not value:
        return
    if len(value) != field.dimensions:
        raise Refused(
            f"The request is invalid. Details: actions : {number}: {dimensions_message(field, len(value))}",
            "OperationNotAllowed",
            "VectorDimensionMismatch",
        )
    if not all(map(math.isfinite, value)):
        raise invalid(
            "actions", f"{number}: The vector field '{field.name}' holds a value that is not a finite number."
        )


def dimensions_message(field: Field, length: int) -> str:
    """What the service says of a vector whose length is wrong."""
    size = field.dimensions
    return (
        f"There's a mismatch in vector dimensions. The vector field '{field.name}', with dimension of '{size}', "
        f"expects a length of '{size}'. However, the provided vector has a length of '{length}'. Please ensure that "
        "the vector length matches the expected length of the vector field."
    )


def _too_long(field: Field, value: Any) -> bool:
    one_term = field.filterable or field.sortable or field.facetable or (field.searchable and field.whole)
    if field.item != "Edm.String" or not one_term or value is None:
        return False
    return any(len(text.encode()) > MAX_TERM for text in (value if field.collection else [value]))


def _status(key: str, code: int, message: str | None = None) -> dict[str, Any]:
    return {"key": key, "status": message is None, "errorMessage": message, "statusCode": code}
