"""What a question asks for: its kind, and the words that say what it is about. English rules; others are `other`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from imagelore.languages.glossary import in_english
from imagelore.passages import sought
from imagelore.types import AllOf, AnyOf, Compare, Filter, Mentions, Not, Prompt
from imagelore.words import STOP_WORDS, content_words, language, stem, stems, words

Kind = Literal["where", "when", "who", "which", "how_many", "yes_no", "measure", "why", "written", "other"]

_LONGEST = 2_000  # characters of a question that are looked at
_REQUEST = re.compile(
    r"^(?:(?:please|hi|hello|hey|so|ok|okay|and|but|also)[\s,!.]+)*"
    r"(?:(?:can|could|would|will) (?:you|i|we) (?:please )?|do you know |i(?:'d| would) like to |i want to |let me )?"
    r"(?:(?:tell me|know|see|say|show me|explain)(?: (?=(?:where|when|who|which|what|how|if|whether)\b)))?"
)
_PICTURES = r"(?:pictures?|photos?|photographs?|images?)"
_JOINING = "of|with|from|that|showing|by|in|on|at|about|near|taken"
_PLACE = r"(?:place|city|town|country|location|village|museum|region|street|site|continent)"
_TIME = r"(?:year|date|day|month|decade|century)"
_KINDS: tuple[tuple[Kind, str], ...] = (
    (
        "written",
        r"what (?:does|do|did) .+ (?:say|read)(?: there| on (?:it|them))?$|what (?:is|was) (?:the )?"
        r"(?:written|printed|inscription|lettering|text)\b|what (?:text|words?|writing) (?:is|are|does|do)\b"
        r"|read (?:out |me )?(?:the|this|that|what)\b",
    ),
    ("how_many", r"(?:.*\b)?how many\b|(?:what is |what's )?the number of\b|count\b"),
    ("where", rf"(?:from |to )?where\b|(?:(?:in|at|on|from) )?(?:what|which) {_PLACE}\b"),
    ("when", rf"when\b|(?:(?:in|on|from|since) )?(?:what|which) {_TIME}\b|how (?:old|long ago|often)\b"),
    ("who", r"(?:by |for |to )?who(?:m|se)?\b"),
    ("which", r"which\b|(?:show|find|list|give|get|search|display|bring)\b|any\b"),
    (
        "which",
        rf"(?:what|all) (?:other )?{_PICTURES}\b|(?:some |the |all )?{_PICTURES} (?:{_JOINING})\b",
    ),
    ("which", rf"(?!(?:is|are|was|were|do|does|did|has|have|had|who|where|when|why|how)\b)[\w' -]+ {_PICTURES}$"),
    ("which", r"(?:what|anything) (?:shows?|is there|are there|do you have|have you got)\b"),
    ("which", r"(?:what|which) [\w -]+ (?:are there|is there|do you have|do we have|can i see)\b"),
    ("measure", r"how (?:tall|high|big|large|long|wide|deep|heavy|far|fast|much|hot|cold|thick|expensive)\b"),
    ("why", r"why\b|how come\b"),
    ("yes_no", r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must)(?:n't)?\b"),
    ("yes_no", r"(?:if|whether)\b"),
)
_TAKEN = re.compile(rf"\b({_PICTURES})(?: (?:that|which))?(?: (?:was|were|is|are))? taken\b")
_LATER = re.compile(r"\b(where|when|who) (?:is|are|was|were|do|does|did|has|have|had)\b")
_POINTS = re.compile(
    r"\b(?:this|that|it|its|these|those|they|my (?:picture|photo|photograph|image)"
    r"|dies(?:e[mnrs]?)?|das (?:ist|sind|hier)|das$|cet|cette|ces?|ça|cela|est[aeo]s?|es[ao]s?)\b|[这那]"
)
_LIKE_IT = re.compile(r"\b(?:like|similar to|same as|resembl\w+|instead of|than) (?:this|that|it|these|those|my)\b")
_WHICH_OF = re.compile(r"which (?:one )?of (?:these|those|them|my)\b")
_NAMED_OF = re.compile(r"(?:what|which|how (?:much|high))(?:'s| is| was| are| were) the (.+?) (?:of|on|for|in|at) ")
_NUMBER_NOUN = re.compile(r"how many(?: of(?: the| these| those)?)?((?: [^\W\d_][\w'-]*){1,4})")

# Verbs and nouns of asking: they say how a picture came about or what is wanted, and need not stand in a record.
_ASKING = frozenset(
    stem(word)
    for word in (
        *("seen", "taken", "photographed", "captured", "located", "situated", "found", "kept", "stored", "recorded"),
        *("happen", "call", "name", "year", "date", "day", "place", "city", "town", "country", "location", "museum"),
        *("going", "look", "record", "knowledge", "base", "collection", "shot", "filmed", "spotted"),
        *("mention", "explain", "discuss", "document", "file", "summarise", "summarize", "summary", "overview"),
    )
)

_READING = frozenset(
    stem(word) for word in ("say", "read", "text", "word", "writing", "written", "printed", "inscription", "lettering")
)
_SEEING = frozenset(stem(word) for word in ("seen", "photographed", "recorded", "knowledge", "base", "collection"))


@dataclass(frozen=True, slots=True)
class Question:
    """A question understood as far as an extractive answer needs it. All words are stems."""

    text: str
    kind: Kind
    subject: tuple[str, ...]  # what it is about, in order, without repeats
    asked: frozenset[str]  # all its words, also those of asking: a field may be named by them
    noun: str = ""  # of "how many"
    pairs: tuple[tuple[str, str], ...] = ()  # words that stand side by side in it
    wanted: frozenset[str] = frozenset()  # what is asked of a thing: "the total of the invoice"
    negated: bool = False
    exists: bool = False  # "is there ...?", "do you have ...?"
    points: bool = False  # at a picture: "what is this?", "where do we use it?"


def understood(text: str) -> Question:
    """The question's kind and words. What it points at stands in it: see `Intent.text`."""
    text = " ".join(text[:_LONGEST].replace("’", "'").split())
    bare = _TAKEN.sub(r"\1", _REQUEST.sub("", sought(text).casefold(), count=1).rstrip(" ?!."))
    stems = [stem(word) for word in content_words(bare)]
    noun = _NUMBER_NOUN.search(bare)
    kind = _kind(bare)
    idle = _SEEING if kind == "yes_no" else _ASKING | _READING if kind == "written" else _ASKING
    named = _NAMED_OF.match(bare)
    return Question(
        text,
        kind,
        tuple(dict.fromkeys(s for s in stems if s not in idle)),
        frozenset(stems) | {stem(word) for word in words(bare) if word not in STOP_WORDS},
        pairs=_pairs(bare),
        noun=_last_noun(noun[1]) if noun else "",
        wanted=frozenset(stem(word) for word in content_words(named[1])) if named else frozenset(),
        negated=bool(re.search(r"n't\b|\bnot\b|\bno\b|\bnever\b", bare)),
        exists=bool(
            re.match(r"(?:is|are|was|were) there\b|(?:do|have) (?:you|we|they)\b|(?:have|has) (?:you|it)\b", bare)
        ),
        points=_points(bare, kind),
    )


def _points(bare: str, kind: Kind) -> bool:
    about_one = kind != "which" or bool(_WHICH_OF.match(bare))
    return about_one and bool(_POINTS.search(bare)) and not _LIKE_IT.search(bare)


def _kind(bare: str) -> Kind:
    for kind, pattern in _KINDS:
        if re.match(pattern, bare) and not (kind == "yes_no" and _is_foreign(bare)):
            return kind
    later = _LATER.search(bare)
    named: dict[str, Kind] = {"where": "where", "when": "when", "who": "who"}
    return named[later[1]] if later else "other"


def _is_foreign(bare: str) -> bool:
    """Whether "was" or "will" opens a question that is not English: no other word of English grammar is in it."""
    first, *rest = words(bare)
    return first in ("was", "will", "do", "has") and not STOP_WORDS & {*rest}


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    stemmed = [stem(word) if word not in STOP_WORDS else "" for word in words(text)]
    return tuple((a, b) for a, b in pairwise(stemmed) if a and b)


def _last_noun(phrase: str) -> str:
    """The counted noun: the last word before the first word of grammar."""
    noun = ""
    for word in words(phrase):
        if word in STOP_WORDS:
            break
        noun = stem(word)
    return noun


def limits(filter: Filter | None) -> frozenset[str]:
    """The stems of a filter's values: every source meets them, so none needs to say them ("before 1900")."""
    match filter:
        case Compare(value=value):
            values = value if isinstance(value, tuple) else (value,)
            years = [v.year for v in values if isinstance(v, date)]
            return frozenset(stem(word) for v in (*values, *years) for word in words(str(v)))
        case AllOf(filters) | AnyOf(filters):
            return frozenset().union(*map(limits, filters))
        case Not(inner):
            return limits(inner)
        case Mentions(word):
            return frozenset(stem(part) for part in words(word))
    return frozenset()


def asked(prompt: Prompt) -> str:
    """The question; in English words unless the records are in its language, or have more of its own words."""
    text = prompt.intent.text or prompt.question
    english = in_english(text[:_LONGEST])
    if english is None:
        return text
    records = [source.hit.record for source in prompt.sources if source.hit.fits]
    known = {form for r in records for form in (*stems(r.words()), *stems(r.seen.words()))}
    own, theirs = (len(known.intersection(stems(wording))) for wording in (text, english.text))
    spoken = any(language(record.words()) == english.language for record in records)
    return text if own > theirs or spoken else f"{english.asks} {english.text}".strip()
