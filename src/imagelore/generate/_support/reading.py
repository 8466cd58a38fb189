"""What a text states that can be compared: numbers, times, colours, names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from imagelore.generate._support.facts import passages
from imagelore.generate._support.hues import Hue, hues
from imagelore.generate._support.quantities import Quantity, measured, quantities
from imagelore.generate._support.times import Time, times
from imagelore.types import PromptSource
from imagelore.words import content_words, said, stem, stems, words

_SEPARATORS = re.compile(r"[_/\\|-]+")


@dataclass(frozen=True)
class Statement:
    """One text: a sentence of an answer, or a passage of a record."""

    text: str

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its content words."""
        return frozenset(stems(self.text))

    @cached_property
    def times(self) -> tuple[Time, ...]:
        """The days and years that it names."""
        return tuple(times(self._without_measures))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Its numbers, without those of days and years."""
        rest = self._without_measures
        for time in self.times:
            rest = rest[: time.start] + " " * (time.end - time.start) + rest[time.end :]
        return (*self._measures, *quantities(rest))

    @cached_property
    def hues(self) -> tuple[Hue, ...]:
        """Its colours."""
        return tuple(hues(self.text))

    @cached_property
    def _measures(self) -> tuple[Quantity, ...]:
        return tuple(quantity for quantity in quantities(self.text) if quantity.dimension)

    @cached_property
    def _without_measures(self) -> str:
        rest = self.text
        for quantity in self._measures:
            end = quantity.start + len(quantity.shown)
            rest = rest[: quantity.start] + " " * (end - quantity.start) + rest[end:]
        return rest


class Evidence:
    """What the sources that a sentence cites hold; of a very long text the passages with the stems in `wanted`."""

    def __init__(self, sources: Sequence[PromptSource], wanted: Collection[str] = ()) -> None:
        records = [source.hit.record for source in sources]
        self.pictured = any(source.picture is not None or source.twin for source in sources)
        self.several = len(sources) > 1
        self.fields = {name: value for record in records for name, value in record.fields.items()}
        numbers = {name for name, value in self.fields.items() if isinstance(value, int | float)}
        named = [named for record in records for named in passages(record, wanted)]
        self.passages = tuple(Statement(text) for name, text in named if name not in numbers)
        guesses = (f"{record.seen.words().replace(' ', ', ')}. {record.described.words()}" for record in records)
        self.guessed = Statement(". ".join(guesses))
        self.titles = frozenset().union(*(stems(record.title) for record in records))
        self._more = Statement(" ".join(_SEPARATORS.sub(" ", record.path) for record in records))

    @cached_property
    def words(self) -> frozenset[str]:
        """All words of the records, what was seen and the files' names included."""
        whole = [*self.passages, self.guessed, self._more]
        names = " ".join(_SEPARATORS.sub(" ", name) for name in self.fields)
        return frozenset(word for text in [*(w.text for w in whole), names] for word in words(text))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of those words that carry meaning."""
        return frozenset(stem(word) for word in content_words(" ".join(self.words)))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The numbers of the passages and of the number fields."""
        return (*(quantity for passage in self.passages for quantity in passage.quantities), *self.numbers)

    @cached_property
    def numbers(self) -> tuple[Quantity, ...]:
        """The number fields, in the unit that a field's name ends in: `weight_kg`."""
        found = []
        for name, value in self.fields.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                parts = _SEPARATORS.sub(" ", name).casefold().split()
                dimension, factor = measured(parts[-1]) if len(parts) > 1 else ("", 1.0)
                noun, unit = ("", f" {parts[-1]}") if dimension else (stem(parts[-1]), "")
                found.append(Quantity(frozenset({value * factor}), dimension, noun, f"{said(value)}{unit}"))
        return tuple(found)

    @cached_property
    def times(self) -> tuple[Time, ...]:
        """The days and years of the passages, of the fields and of the files' names."""
        dates = (Statement(str(value)) for value in self.fields.values() if isinstance(value, date | int))
        return tuple(time for part in (*self.passages, *dates, self._more) for time in part.times)

    @cached_property
    def hues(self) -> tuple[Hue, ...]:
        """The colours that the records' own words name."""
        return tuple(hue for passage in self.passages for hue in passage.hues)
