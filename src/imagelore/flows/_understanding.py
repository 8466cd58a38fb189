"""How a question is understood: by the rules, and by the chat model where there is one and the question needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelore.flows._rewrite import rewritten
from imagelore.generate import ChatModel
from imagelore.retrieve.question.intent import is_exact, is_limited, understood
from imagelore.types import Intent, Usage
from imagelore.words import language

if TYPE_CHECKING:
    from imagelore.flows.chat import Asked
    from imagelore.flows.knowledge import KnowledgeBase

_LONGEST = 500  # characters: a longer question says what it is about


@dataclass(frozen=True, slots=True)
class Understanding:
    """How a question is understood, and what that took of a model."""

    intent: Intent
    usage: Usage = Usage()


def understanding(kb: KnowledgeBase, asked: Asked) -> Understanding:
    """What a question asks for.

    The model is asked where the rules see that the question leans on the ones before (or cannot: it is in
    another language), and where its words name values of fields, which may be limits. It is not asked what the rules
    know for certain: a place in a list, a picture that was never shown. Where it does not answer, the rules' reading
    stands.
    """
    if asked.intent is not None:
        return Understanding(asked.intent)
    question, history = asked.question, asked.history
    by_rules = understood(question, bool(asked.pictures), history, kb.index, asked.scope)
    model = kb.generator
    if (
        not isinstance(model, ChatModel)
        or len(question) > _LONGEST
        or asked.pictures
        or is_exact(question, history, kb.index)
    ):
        return Understanding(by_rules)
    leans = bool(history) and (by_rules.how != "alone" or bool(language(question)))
    if not leans and not is_limited(question, kb.index, asked.scope):
        return Understanding(by_rules)
    intent, usage = rewritten(model, question, history, kb.index.fields(), kb.index.facets(asked.scope))
    return Understanding(intent or by_rules, usage)
