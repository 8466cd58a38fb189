"""The SDK's generated models, which come from the specification: what a JSON object may hold, and of which types."""

from __future__ import annotations

import inspect
import re
from typing import Any, NamedTuple

_TYPES: dict[str, Any] = {"bool": bool, "int": int, "float": (int, float), "str": str}


class Property(NamedTuple):
    """A property of a JSON object."""

    required: bool
    many: bool  # a list
    kind: Any  # for isinstance; dict where it is a model

    def takes(self, value: Any) -> bool:
        """Whether a value, not null, is of its type."""
        if self.many:
            return isinstance(value, list) and all(self._is(item) for item in value)
        return self._is(value)

    def _is(self, value: Any) -> bool:
        return isinstance(value, self.kind) and (self.kind is bool or not isinstance(value, bool))


def properties(model: type[Any]) -> dict[str, Property]:
    """The properties of a model, by their JSON names."""
    new: Any = model.__new__
    new(model)  # the SDK fills the model's table when its first instance is made
    fields: dict[str, Any] = dict(model._attr_to_rest_field)
    return {field._rest_name: _property(_annotation(model, name)) for name, field in fields.items()}


def _annotation(model: type[Any], name: str) -> str:
    return next(str(found[name]) for cls in model.__mro__ if name in (found := inspect.get_annotations(cls)))


def _property(annotation: str) -> Property:
    optional = "Optional" in annotation or "NoneType" in annotation
    found = re.search(r"\b(bool|int|float|str|Literal)\b", annotation)
    kind = str if found and found[1] == "Literal" else _TYPES[found[1]] if found else dict
    return Property(not optional, "list[" in annotation.lower(), kind)
