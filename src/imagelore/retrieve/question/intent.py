"""How a question is understood in a conversation, by rules: no model is asked. English; others stand as written.

A rule gives an `Intent` or nothing; the first that gives one decides. A question that stands alone is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imagelore.retrieve.question._before import Before, named
from imagelore.retrieve.question._foreign import foreign
from imagelore.retrieve.question._intents import as_written
from imagelore.retrieve.question._leaning import leans
from imagelore.retrieve.question._naming import back_to, by_attribute, mentioned, the_thing
from imagelore.retrieve.question._narrowing import a_kind_of_one, limited, named_limits, only_dated
from imagelore.retrieve.question._places import by_place, relative
from imagelore.retrieve.question._pronouns import alike_pointing, mine, pointing
from imagelore.retrieve.question._reading import Readable
from imagelore.retrieve.question._recounting import counted_again
from imagelore.retrieve.question._repeating import another, by_the_same, not_that, others, the_same
from imagelore.retrieve.question._spoken import Spoken
from imagelore.retrieve.question._talking import talk
from imagelore.types import Intent, Scope, Turn
from imagelore.words import language

__all__ = ["Before", "Readable", "is_exact", "is_limited", "named", "understood"]

_LONGEST = 300  # characters: what is longer says what it is about
_RULES: tuple[Callable[[Spoken], Intent | None], ...] = (
    mine,
    back_to,
    mentioned,
    counted_again,
    not_that,
    by_place,
    relative,
    by_the_same,
    the_same,
    alike_pointing,
    others,
    limited,
    by_attribute,
    a_kind_of_one,
    another,
    pointing,
    the_thing,
    only_dated,
)
_WITH_PICTURES = (by_place,)
_FIRST = (mine, by_place, only_dated)
_EXACT = (talk, mine, by_place)


def understood(
    question: str, pictures: bool, history: Sequence[Turn], index: Readable, scope: Scope = Scope()
) -> Intent:
    """What a question asks for.

    Args:
        question: as it was asked.
        pictures: whether pictures came with it: then "this" is these, and only "the second one" points back.
        history: the turns before, oldest first.
        index: tells which values its fields have.
        scope: what may be read of it.
    """
    alone = Intent(question)
    if len(question) > _LONGEST:
        return alone
    spoken = Spoken(question, Before(history), index, scope)
    if not pictures and (reply := talk(spoken)):
        return reply
    if language(question):
        return foreign(spoken)
    if not spoken.rest or len(spoken.low) != len(spoken.rest):
        return alone
    rules = _WITH_PICTURES if pictures else _RULES if history else _FIRST
    for rule in rules:
        if intent := rule(spoken):
            return intent
    if history and not pictures and leans(question):
        return as_written(spoken)
    return alone


def is_exact(question: str, history: Sequence[Turn], index: Readable) -> bool:
    """Whether the rules know for certain what a question points at: a place in a list, a picture of the user's."""
    spoken = Spoken(question, Before(history), index, Scope())
    return len(question) <= _LONGEST and any(rule(spoken) is not None for rule in _EXACT)


def is_limited(question: str, index: Readable, scope: Scope = Scope()) -> bool:
    """Whether a question's words name years, numbers or values that fields have: what may be meant as a limit."""
    return bool(named_limits(question, Spoken(question, Before(()), index, scope)).conditions)
