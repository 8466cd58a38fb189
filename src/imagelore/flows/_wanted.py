"""Which records `imagelore describe` is for: those of which nobody has said anything, or what is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.types import AllOf, AnyOf, Described, Filter, Missing, Not, Record, Scope

_ENOUGH = 20  # words that stand on a page: it says by itself what it is about


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures, and how much may be spent on them."""

    where: str = ""  # a filter expression; "": all of the knowledge base
    most: int | None = None  # pictures that are sent
    cost: float | None = None  # in the currency of the prices that are set
    all: bool = False  # also what people have described
    again: bool = False  # also what another model has described

    def scope(self, kb: KnowledgeBase) -> Scope:
        """What the index can tell of it; a user's own field of such a name says something else.

        Raises:
            ExpressionError: `where` cannot be read.
        """
        lacking: dict[str, Filter] = {}  # by the fields that each is about
        if not self.all:
            lacking["text"] = Missing("text")
            lacking["title place"] = AnyOf((Missing("title"), Not(Missing(".place"))))
        if not self.again:
            lacking["described"] = Missing(".described")
        own, where = {*kb.index.fields()}, kb.where(self.where)
        conditions = [condition for names, condition in lacking.items() if own.isdisjoint(names.split())]
        return Scope(AllOf((*([where] if where else []), *conditions)))

    def takes(self, record: Record, model: str) -> bool:
        """Whether a record of that scope is to be described by a model."""
        if not self.all and _told(record):
            return False
        return record.described == Described() or (self.again and record.described.model != model)


def _told(record: Record) -> bool:
    """Whether words say already what it shows; the title of a document's part is the whole document's."""
    if not record.place:
        return bool(record.title or record.text)
    return bool(record.text or record.drawn) or len(record.read.split()) >= _ENOUGH
