"""Rules for questions that count what was last searched for: "how many are there?", "how many of them in France?"."""

from __future__ import annotations

import re

from imagelore.retrieve.question._composing import carried
from imagelore.retrieve.question._conditions import RECORDS
from imagelore.retrieve.question._intents import again
from imagelore.retrieve.question._narrowing import LIGHT, PREPOSITION, is_listing
from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Intent
from imagelore.words import content_words, subject

_HOW_MANY = re.compile(
    r"(?:so )?how many(?P<them> (?:(?:of|among) )?(?:them|these|those)(?: (?:ones|pictures|photos|images))?)?\b"
    r"(?P<rest>.*)"
)
_NOTHING_MORE = re.compile(
    r" ?(?:(?:are|is|were) (?:there|that|they|those|these|it|left)(?: (?:in total|in all|altogether|left|then|now))?"
    r"|do you have|have you got|in total|altogether|left)?"
)
_OF_OTHERS = re.compile(r"^of\b|\b(?:the|this|that) (?:picture|photo|photograph|image|pic)\b")


def counted_again(spoken: Spoken) -> Intent | None:
    """The count of the last search, with what is said of it more; not of a single picture that was last spoken of."""
    match, search, last = _HOW_MANY.fullmatch(spoken.low), spoken.before.search, spoken.before.last
    if match is None or last is None or last.intent.only or not (search.text or search.filter):
        return None
    rest = match["rest"].strip()
    bare = _NOTHING_MORE.fullmatch(rest)
    if not (bare or match["them"] or PREPOSITION.match(rest)) or _OF_OTHERS.search(rest):
        return None
    of = carried(search.text) if is_listing(search.text) else subject(search.text)
    named = [word for word in content_words(of) if word not in LIGHT | RECORDS]
    text = f"how many {of if named else 'pictures'} {rest if rest and not bare else 'are there'}"
    return again(search, text, f"read as “{text}”")
