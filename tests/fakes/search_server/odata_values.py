"""Comparisons of fields, and of range variables over them, with constants.

https://learn.microsoft.com/azure/search/search-query-odata-comparison-operators
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.fakes.search_server.edm import NUMBERS
from tests.fakes.search_server.errors import Refused, expression
from tests.fakes.search_server.odata_tokens import Constant
from tests.fakes.search_server.schema import Field

Predicate = Callable[[Mapping[str, Any], Any], bool]  # of a document's values and of the range variable's

_KINDS = {"eq": "Equal", "ne": "NotEqual", "gt": "GreaterThan", "lt": "LessThan"}
_KINDS |= {"ge": "GreaterThanOrEqual", "le": "LessThanOrEqual"}


class Variable(NamedTuple):
    """A field, or a range variable over one."""

    field: Field
    ranged: bool

    @property
    def kind(self) -> str:
        return self.field.item if self.ranged else self.field.kind

    def read(self, values: Mapping[str, Any], item: Any) -> Any:
        found = item if self.ranged else values.get(self.field.name)
        return self.field.normal(found) if isinstance(found, str) else found


def check_types(left: Variable, right: Constant, name: str) -> None:
    """Refuses a comparison of what cannot be compared."""
    same = right.kind in {left.kind, "null"} or {left.kind, right.kind} <= NUMBERS
    infinite = isinstance(right.value, float) and not math.isfinite(right.value) and left.kind != "Edm.Double"
    if not same or infinite:
        raise _wrong(
            f"A binary operator with incompatible types was detected. Found operand types '{left.kind}' and "
            f"'{right.kind}' for operator kind '{_KINDS[name]}'."
        )
    if name in {"eq", "ne"}:
        return
    if left.kind == "Edm.Boolean" or right.kind == "null":
        found = "null" if right.kind == "null" else "the type 'Edm.Boolean'"
        raise _wrong(f"The operator '{name}' is not supported for {found}.")


def compare(left: Variable, name: str, right: Any) -> Predicate:
    """The predicate that a comparison with a constant is."""
    if isinstance(right, str):
        right = left.field.normal(right)
    if name in {"eq", "ne"}:
        wanted = name == "eq"
        return lambda values, item: _equal(left.read(values, item), right) is wanted
    test = getattr(operator, name)

    def ranged(values: Mapping[str, Any], item: Any) -> bool:
        found = left.read(values, item)
        return found is not None and right is not None and bool(test(found, right))

    return ranged


def _equal(found: Any, constant: Any) -> bool:
    return found is constant if found is None or constant is None else bool(found == constant)


def _wrong(message: str) -> Refused:
    return expression(message, "$filter")
