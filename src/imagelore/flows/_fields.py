"""The user's own fields: each gets one type, and every value is fitted to it or kept aside with a warning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from imagelore.read import fit, infer
from imagelore.types import FieldType, FieldValue

MOST = 200
"""Fields of the user's own that get a column; metadata with more is most likely nested data, not fields."""


class Fields:
    """The types of a knowledge base's fields, and those that a run adds to them.

    A field's type is inferred once, from every kind of value that had been met when it was settled; from then on
    values bend to the type. Only one value of each kind is held, so memory does not grow with the rows.
    """

    def __init__(self, types: Mapping[str, FieldType]) -> None:
        self._types = dict(types)
        self._samples: dict[str, dict[FieldType, Any]] = defaultdict(dict)

    def learn(self, values: Mapping[str, Any]) -> bool:
        """Takes note of the kinds of these values, for fields that have no type yet; False where all have one."""
        new = {name: value for name, value in values.items() if name not in self._types and value is not None}
        for name, value in new.items():
            self._samples[name].setdefault(infer([value]), value)
        return bool(new)

    def settle(self) -> dict[str, FieldType]:
        """Gives the fields learned since the last time their types, and returns these; past `MOST`, none."""
        learned = list(self._samples.items())[: max(0, MOST - len(self._types))]
        self._samples.clear()
        new = {name: infer(list(samples.values())) for name, samples in learned}
        self._types |= new
        return new

    def typed(self, values: Mapping[str, Any]) -> tuple[dict[str, FieldValue], dict[str, Any], list[str]]:
        """(values that fit their field's type, the others, a warning for each of the others)."""
        fitting: dict[str, FieldValue] = {}
        extra: dict[str, Any] = {}
        warnings, beyond = [], []
        for name, value in values.items():
            if value is None:
                continue
            if name not in self._types:
                extra[name] = value
                beyond.append(name)
            elif (fitted := fit(value, self._types[name])) is not None:
                fitting[name] = fitted
            else:
                extra[name] = value
                warnings.append(
                    f"{name!r} is {value!r}, which is no {self._types[name]}; kept aside, not searchable as one"
                )
        if beyond:
            others = f" and {len(beyond) - 1} others are more" if len(beyond) > 1 else " is one field more"
            warnings.append(f"{beyond[0]!r}{others} than the {MOST} fields that are searchable; kept aside")
        return fitting, extra, warnings
