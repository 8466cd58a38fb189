"""What reading a question needs of a knowledge base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from imagelore.types import Facet, FieldType, Record, Scope


class Readable(Protocol):
    """See `imagelore.index.Index`."""

    def count(self, scope: Scope = ...) -> int:
        """How many records the scope lets through."""
        ...

    def facets(self, scope: Scope = ..., fields: Sequence[str] = ..., most: int = ...) -> list[Facet]:
        """The values of tags and of the user's fields."""
        ...

    def fields(self) -> Mapping[str, FieldType]:
        """The user's fields and their types."""
        ...

    def browse(self, scope: Scope = ..., after: str = ..., limit: int = ...) -> list[Record]:
        """A page of records."""
        ...
