"""What a content filter says, in plain words.

It refuses a question with HTTP 400, code `content_filter`, and its results by category in an inner error; or it ends a
stream with the finish reason `content_filter` and the results beside it.
https://learn.microsoft.com/azure/foundry/openai/concepts/content-filter
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from imagelore.generate.openai.errors import Endpoint, words
from imagelore.generate.openai.stream import filtered

_CATEGORIES = {
    "hate": "hate",
    "sexual": "sexual content",
    "violence": "violence",
    "self_harm": "self-harm",
    "jailbreak": "an attempt to get round the model's rules",
    "indirect_attack": "an instruction hidden in a source",
    "profanity": "profanity",
    "custom_blocklists": "a word on a blocklist of the resource",
    "protected_material_text": "a text under copyright",
    "protected_material_code": "code under a licence",
}
_A_PICTURE = re.compile(r"\b(?:input )?image", re.IGNORECASE)


def refused(error: Exception, endpoint: Endpoint, pictures: bool) -> str:
    """That the filter refused a question, which went with or without pictures: what, why, and what helps."""
    body = getattr(error, "body", None)
    message = body.get("message", "") if isinstance(body, Mapping) else words(error)
    if pictures and _A_PICTURE.search(str(message)):
        what, helps = "a picture of this question", "ask without it, or with `IMAGELORE_ANSWER_PICTURES=0`"
    elif pictures:
        what = "the question, one of its pictures or one of its sources"
        helps = "ask another way, or with `IMAGELORE_ANSWER_PICTURES=0`"
    else:
        what, helps = "the question or one of its sources", "ask another way"
    return f"The content filter of {endpoint.host} refused {what}{_named(_found(body))}: {helps}."


def ended(categories: Iterable[str], endpoint: Endpoint) -> str:
    """That the filter ended an answer."""
    return f"The content filter of {endpoint.host} ended this answer{_named(categories)}: it is not whole."


def _found(value: Any) -> set[str]:
    """The categories that were filtered, wherever in an error the service puts its results."""
    if isinstance(value, list):
        return set().union(*map(_found, value))
    if not isinstance(value, Mapping):
        return set()
    results = (filtered(inner) for name, inner in value.items() if str(name).startswith("content_filter_result"))
    return set().union(*results, *map(_found, value.values()))


def _named(categories: Iterable[str]) -> str:
    told = [_CATEGORIES.get(name, name.replace("_", " ")[:40]) for name in sorted(categories)]
    return f" ({', '.join(told)})" if told else ""
