"""Turns that ask for no picture, and what to say to them: "hello", "thanks!", "what can you do?", "that's wrong"."""

from __future__ import annotations

import re

from imagelore.retrieve.question._spoken import Spoken
from imagelore.types import Intent

_HELLO = (
    "hi|hello|hey|hiya|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen|abend)|bonjour|salut|hola"
    "|buen[oa]s (?:días|dias|tardes|noches)|你好|您好"
)
_THANKS = (
    "(?:no |many )?(?:thanks|thank you|thx|ty|cheers|danke|vielen dank|merci|gracias|muchas gracias|谢谢)"
    "(?: (?:a lot|so much|very much|again|schön|sehr|beaucoup|bien))?"
)
_BYE = "bye|goodbye|see you|tschüss|au revoir|adiós|再见"
_FINE = (
    "ok|okay|k|got it|i see|all ?right|yes|yeah|sure|hm+|that'?s all|that is all|never ?mind|forget it|lol"
    "|no problem|no worries|not bad"
)
_PRAISE = "cool|nice|great|good|very good|perfect|super|awesome|wow|fine|right|interesting|lovely|beautiful|well done"
_WRONG = (
    "(?:no,? )?(?:(?:that|this|it)(?:'?s| is| was) )?(?:wrong|incorrect|not (?:right|correct|true|it"
    "|what i (?:meant?|wanted?|asked(?: for)?|was looking for)))(?: one)?|no|nope"
)
_PICTURES = "pictures?|photos?|images?|things|stuff|topics|subjects"
_ABOUT = re.compile(
    r"(?:please )?(?:help(?: me)?|who are you|what are you|what can (?:you|i|we) (?:do|ask|find|see|search)"
    r"(?: (?:you|for|here|about|now|with (?:you|this)))*"
    rf"|(?:what|which|what (?:kinds?|sorts?) of)(?: (?:{_PICTURES}))? (?:do you have|have you got|are there"
    r"|are (?:in )?here|can i (?:see|find|search for))(?: here)?"
    r"|what(?:'s| is) (?:in )?(?:here|(?:in )?(?:this|your|the) (?:collection|knowledge base|archive|library)))"
)
_SORTING = re.compile(r"(?:please |can you )?(?:sort|order|rank|group)(?: (?:them|these|those|it|the \w+))? by .+")
_AT_ANY_TIME = (("You are welcome.", _THANKS), ("Goodbye.", _BYE), ("All right.", _FINE))
_IN_REPLY = (("Sorry. Say it in other words, or name a picture by its number.", _WRONG), ("All right.", _PRAISE))
_ANY = "|".join((_HELLO, _THANKS, _BYE, _WRONG, _FINE, _PRAISE))
_ONLY_TALK = re.compile(rf"(?:(?:{_ANY})(?: there)?(?:[ ,.!?…:)-]+|$))+")
_NO_SORTING = "Pictures cannot be sorted here. Ask for “the oldest one”, or narrow them down: “only before 1900”."
_HOW = "Ask in words, with a picture, or both, and go on from the answer: “the second one”, “only before 1900”."
_TAGS = 5


def talk(spoken: Spoken) -> Intent | None:
    """What wants a reply and no search. "Nice" is a place, until there is an answer to be nice."""
    text = spoken.text.casefold().strip(" ?!.,…")
    if _ABOUT.fullmatch(spoken.low) or re.fullmatch(rf"(?:(?:{_HELLO})(?: there)?[ ,.!]*)+", text):
        return _reply(_overview(spoken))
    if spoken.before and _SORTING.fullmatch(spoken.low):
        return _reply(_NO_SORTING)
    if _ONLY_TALK.fullmatch(text):
        for reply, pattern in (*_AT_ANY_TIME, *(_IN_REPLY if spoken.before else ())):
            if re.search(rf"(?:^|[ ,.!])(?:{pattern})(?:$|[ ,.!])", text):
                return _reply(reply)
    return None


def _reply(text: str) -> Intent:
    return Intent(how="rules", said="nothing to search for", reply=text)


def _overview(spoken: Spoken) -> str:
    """What the knowledge base holds, and how to ask."""
    (tags,) = spoken.index.facets(spoken.scope, ["tags"])
    *most, last = [str(tag) for tag, _ in tags.values[:_TAGS]] or [""]
    tagged = f", most often tagged {', '.join(most)} and {last}" if most else ""
    number = spoken.index.count(spoken.scope)
    return f"There {'is 1 picture' if number == 1 else f'are {number:,} pictures'} here{tagged}. {_HOW}"
