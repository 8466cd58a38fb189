"""Leafing through a document: what stands before, after and on one of its parts."""

from __future__ import annotations

import re

from imagelore.flows._plan import record_id
from imagelore.index import Index
from imagelore.types import Record, Scope

_NUMBERED = re.compile(r"(.*?)(\d+)")
_PICTURE = re.compile(r"(.+), picture \d+")
_REACH = 3  # parts before and after
_PICTURES = 12  # of one part


def around(index: Index, record: Record, scope: Scope = Scope()) -> list[Record]:
    """The parts before and after a part of a document, in their order, then the pictures on it.

    For a picture in a document: the part that it stands on comes in the place of itself. Nothing for a picture file.

    Raises:
        KnowledgeBaseError: the index cannot be read.
    """
    if not record.place:
        return []
    on = _PICTURE.fullmatch(record.place)
    place = on[1] if on else record.place
    leaves, pictures = _leaves(place), [f"{place}, picture {n}" for n in range(1, _PICTURES + 1)]
    wanted = [id_of(record, name) for name in (*leaves, *pictures)]
    head = record.parent or record.id
    if (numbered := _NUMBERED.fullmatch(place)) and int(numbered[2]) <= _REACH + 1:
        wanted.insert(0, head)  # the first part goes by the whole document's id
    found = index.get(list(dict.fromkeys(wanted)), scope)
    return [other for other in found if other.id != record.id]


def id_of(record: Record, place: str) -> str:
    """The id of the part at a place of a record's document."""
    return record_id(record.source, f"{record.path}#{place}")


def _leaves(place: str) -> list[str]:
    if not (numbered := _NUMBERED.fullmatch(place)):
        return [place]
    first, name, at = max(1, int(numbered[2]) - _REACH), numbered[1], int(numbered[2])
    return [f"{name}{n}" for n in range(first, at + _REACH + 1)]
