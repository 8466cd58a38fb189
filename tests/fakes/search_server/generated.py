"""The SDK's generated models, which come from the specification, as lists of what a JSON object may hold."""

from __future__ import annotations

from typing import Any


def properties(model: type[Any]) -> set[str]:
    """The JSON names of a generated model's properties."""
    new: Any = model.__new__
    new(model)  # the SDK fills the model's table when its first instance is made
    return {str(field._rest_name) for field in model._attr_to_rest_field.values()}
