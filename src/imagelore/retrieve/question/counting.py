"""Counts for "how many ..." questions: over the whole knowledge base, with the condition that was counted.

A question becomes a condition only when each of its words has a place in it; what cannot be said as a condition on the
records ("how many legs does the stool have?") is not counted at all, because a wrong number is worse than none.
"""

from __future__ import annotations

from imagelore.retrieve.question._asked import Asked, asked_for
from imagelore.retrieve.question._conditions import Condition, joined, leftover
from imagelore.retrieve.question._filters import all_of, parts, within
from imagelore.retrieve.question._limits import limits
from imagelore.retrieve.question._reading import Readable
from imagelore.types import Compare, Count, Filter, Scope

__all__ = ["Readable", "all_of", "counted", "parts", "within"]

_EXAMPLES = 24  # ids that a count carries
_LEAVES, _PAGE = 5_000, 500  # parts of documents that a count looks at, in all and at once


def counted(question: str, index: Readable, scope: Scope = Scope(), limit: Filter | None = None) -> Count | None:
    """The count that a question asks for, or None where it asks for none, or for one that the records cannot give.

    `limit` must hold as well: what earlier questions asked for. The count's `condition` does not tell it.

    "Is there ...?" and "do you have ...?" are counted as well: only a count of 0 may be answered with "no". The
    count is taken within `scope`, so nobody learns of records that they may not see.
    """
    asked = asked_for(question)
    if asked is None:
        return None
    conditions = _conditions(asked, index, scope)
    leaf = asked.leaf if index.count(within(scope, _at(asked.leaf))) else ""
    if leaf and conditions is not None:
        conditions = [c for c in conditions if not (c.word and asked.tokens[c.start] == f"{leaf}s")]
    if conditions is None or not asked.is_about_records(conditions, leaf) or (asked.existence and not conditions):
        return None
    said = joined(conditions, asked.tokens)
    if said is None:
        return None
    filter, text = all_of((*parts(limit), *parts(said[0]))), said[1]
    if leaf:
        return _leaves(leaf, filter, text, index, scope)
    inner = within(scope, filter)
    ids = tuple(record.id for record in index.browse(inner, limit=_EXAMPLES))
    return Count(index.count(inner), index.count(scope), text, ids, filter)


def _at(leaf: str) -> Filter:
    """What stands on pages, on slides, on sheets."""
    return Compare(".place", "prefix", f"{leaf} ")


def _leaves(leaf: str, filter: Filter | None, text: str, index: Readable, scope: Scope) -> Count | None:
    """Pages, slides or sheets, each once, however many parts and pictures it has; None: too many to look at."""
    every = within(scope, _at(leaf))
    if index.count(every) > _LEAVES:
        return None
    narrow = all_of((*parts(filter), _at(leaf)))
    found = _once(index, within(scope, narrow))
    total = len(_once(index, every)) if filter else len(found)
    return Count(len(found), total, text, tuple(found.values())[:_EXAMPLES], narrow, f"{leaf}s")


def _once(index: Readable, scope: Scope) -> dict[tuple[str, str, str], str]:
    """Each page, slide or sheet that the scope lets through -> the id of a record of it."""
    found: dict[tuple[str, str, str], str] = {}
    after = ""
    while records := index.browse(scope, after, _PAGE):
        after = records[-1].id
        for record in records:
            found.setdefault((record.source, record.path, record.place.partition(", ")[0]), record.id)
    return found


def _conditions(asked: Asked, index: Readable, scope: Scope) -> list[Condition] | None:
    """All conditions that the words name; None where a word has no place in any."""
    named = limits(asked.spelled, index, scope)
    if named is None:
        return None
    rest = leftover(asked.spelled, named.free, index.fields(), named.conditions)
    return None if rest is None else [*named.conditions, *rest]
