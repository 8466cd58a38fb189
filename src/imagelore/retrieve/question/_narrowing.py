"""Rules for questions that narrow the search before them: "and before 1970?", "only in Leeds", "or a red one?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from imagelore.retrieve.question._asked import asked_for
from imagelore.retrieve.question._before import Search, fitting
from imagelore.retrieve.question._composing import carried, of_another, with_more, without_words, without_years
from imagelore.retrieve.question._conditions import RECORDS, Condition, joined
from imagelore.retrieve.question._conditions import spoken as name
from imagelore.retrieve.question._filters import all_of, fields_of, parts
from imagelore.retrieve.question._intents import about, again, as_written, repeated
from imagelore.retrieve.question._limits import Limits, limits
from imagelore.retrieve.question._periods import period
from imagelore.retrieve.question._selecting import chosen
from imagelore.retrieve.question._spoken import Spoken, spelled
from imagelore.types import Compare, Filter, Intent, Mentions, Missing, Not
from imagelore.words import COLOURS, content_words, singular, stems, words

PREPOSITION = re.compile(
    r"(?:in|at|on|from|before|after|since|until|till|during|between|with|near|by|of|tagged|dated"
    r"|older|newer|later|earlier"
    r"|prior|under|over|above|below)\b(?! (?:what|which|whom?|where|when)\b)"
)
_MADE = re.compile(
    r"^(?:any |some )?(?:taken|photographed|painted|made|dated|any|some)"
    r" (?=(?:in|at|on|from|before|after|since|between|by)\b)",
    re.I,
)
_WITHOUT = re.compile(
    r"(?P<sure>without|with no|but no|but not|not|except(?: for)?|excluding|other than|no(?= [\w'-]+$))"
    r" (?P<words>(?!(?:that|this|the|it|them|those|these)\b)[\w'. -]{2,40})|no (?P<perhaps>[\w' -]{2,40})"
)
_COMPARED = re.compile(r"(?:more|most|less|least|\w{3,}(?:er|est)) ?$|(?:more|most|less|least) ")
_ONLY = re.compile(
    r"(?:(?:show|give|list|keep|find|get)(?: me)? )?(?:only|just)(?: (?:show|give|list|keep|find)(?: me)?)?\b ?"
)
_THOSE = re.compile(r"(?:the )?(?:ones?|those|these|pictures?|photos?|images?)\b ?|\b(?:the )?ones\b")
_LIMITING = """only just taken made dated tagged older newer later earlier ones painted shot photographed year years
    prior category called instead please"""
LIGHT = frozenset(_LIMITING.split())
"""Words that come with a limit and say nothing of what is searched for."""


def limited(spoken: Spoken) -> Intent | None:
    """ "and before 1970?", "only the ones in Leeds", "and in winter?": the search before, narrowed."""
    search = spoken.before.search
    if not (search.text or search.recalled or search.like or search.filter):
        return None
    only = _ONLY.match(spoken.low)
    if (colour := re.fullmatch(r"in (\w+)", spoken.low)) and is_of_colours(colour[1]):
        return changed(search, colour[1], Limits((), (True,)), spoken)
    fragment = spoken.rest[only.end() :] if only else spoken.rest
    fragment = _MADE.sub("", _THOSE.sub("", fragment, count=1) if only else fragment)
    low = fragment.casefold()
    if not low or (spoken.asks and not only):
        return None
    preposition = bool(PREPOSITION.match(low))
    those = _THOSE.match(low)
    if denied := _WITHOUT.fullmatch(low, those.end() if those else 0):
        return _denied(denied["words"] or denied["perhaps"], search, spoken, sure=bool(denied["sure"]))
    if not (only or spoken.linked or preposition):
        return None
    found = named_limits(fragment, spoken)
    whole = not content_words(other_words(fragment, found))
    dated = any(not _is_value(condition) for condition in found.conditions)
    if only and not found.conditions and (intent := _of_a_kind(fragment, search, spoken)):
        return intent
    known = (fields_of(search.filter) if search.filter else set()) | _fields_named(search.text, spoken)
    replaces = any(fields_of(condition.filter) & known for condition in found.conditions)
    replaces = replaces or (is_listing(search.text) and any(map(_is_name, found.conditions)))
    sure = only or (spoken.linked and (preposition or (whole and (dated or replaces)))) or (whole and preposition)
    if not sure or (not found.conditions and not ((spoken.linked or only) and preposition)):
        return None
    return changed(search, fragment, found, spoken)


def only_dated(spoken: Spoken) -> Intent | None:
    """ "pictures between 1900 and 1950": nothing else to search for than years; whatever has them is shown."""
    if not is_listing(spoken.low) or asked_for(spoken.text) is not None:
        return None
    found = named_limits(spoken.rest, spoken)
    if (
        len(found.conditions) != 1
        or period(words(spoken.rest)) is None
        or content_words(other_words(spoken.rest, found))
    ):
        return None
    (condition,) = found.conditions
    return Intent(filter=condition.filter, how="rules", said=f"pictures {condition.text}")


def _denied(fragment: str, search: Search, spoken: Spoken, sure: bool) -> Intent | None:
    """ "and without people", "not in France": the search before, among records that it does not hold for."""
    found = named_limits(fragment, spoken)
    left = content_words(other_words(fragment, found))
    if not (found.conditions or (left and (spoken.linked or sure))) or (left and found.conditions):
        return None
    denied = [*(c.filter for c in found.conditions), *(Mentions(singular(word)) for word in left)]
    filter = all_of((*parts(search.filter), *map(Not, denied)))
    return replace(again(search, search.text, f"{repeated(search.text)}, without “{fragment}”"), filter=filter)


def a_kind_of_one(spoken: Spoken) -> Intent | None:
    """ "or a red one?", "the red one" where none of the pictures shown is red: the search with these words more."""
    match = re.search(r"\b(?:a|an|any|some|the) (?P<words>(?:[\w'-]+ ){1,4})ones?\b(?!-)(?P<rest>.*)", spoken.low)
    rest = re.search(
        r"(?:\b(?:an?|any|the|some) ?|^(?:is there|do you have|have you got|show me|find) )ones?\b"
        r"(?P<rest> (?:from|in|with|of|by|at|on|near|without) .+)",
        spoken.low,
    )
    search = spoken.before.search
    more = (match["words"] + match["rest"]) if match else rest["rest"] if rest else ""
    if match and _COMPARED.match(match["words"]):
        return as_written(spoken)
    if not content_words(more) or not search.text or len(content_words(spoken.low)) > 4:
        return None
    return changed(search, more.strip(), named_limits(more, spoken), spoken)


def changed(search: Search, fragment: str, named: Limits, spoken: Spoken) -> Intent:
    """The search with a fragment's limits as a filter, in place of those on the same fields, and its other words."""
    if asked_for(search.text) is not None:
        more = named.conditions or PREPOSITION.match(fragment.casefold())
        text = _uncut(search.text, named.conditions, spoken)
        text = with_more(text, fragment) if more else of_another(text, fragment)
        return again(search, text, f"read as “{text}”")
    left = other_words(fragment, named).strip()
    if search.like or search.recalled:
        text = left if content_words(left) else search.text
    else:
        text = _uncut(search.text, named.conditions, spoken)
        text = with_more(text, left) if content_words(left) else text
        text = text if content_words(text) or named.conditions else carried(fragment)
    filter = merged(search.filter, named.conditions)
    limit = joined(named.conditions, [word.casefold() for word in spelled(fragment)])
    said = repeated(text) + (f", only pictures {limit[1]}" if limit and limit[1] else "")
    return replace(again(search, text, said), filter=filter)


def named_limits(text: str, spoken: Spoken) -> Limits:
    """The limits that words name; a tag only where it is called one: else it is a word like others to search for."""
    tokens = spelled(text)
    found = limits(tokens, spoken.index, spoken.scope) or Limits((), (True,) * len(tokens))
    if re.search(r"\btag(?:s|ged)?\b", text, re.IGNORECASE):
        return found
    kept = (*(c for c in found.conditions if "tags" not in fields_of(c.filter)), *_unknown(tokens, found, spoken))
    taken = {n for c in kept for n in range(c.start, c.end)}
    return Limits(kept, tuple(n not in taken for n in range(len(tokens))))


def _unknown(tokens: Sequence[str], found: Limits, spoken: Spoken) -> list[Condition]:
    """At the end a field with a value that no record has ("with category ships": nothing will meet it), or with any."""
    fields = spoken.index.fields()
    some = re.search(r"(?:^|with |has |have |having )(?:an?|any) ([\w ]+)$", " ".join(tokens).casefold())
    for field in fields:
        if some and some[1] == name(field).casefold():
            start = len(tokens) - len(some[1].split()) - 1
            return [Condition(Not(Missing(field)), f"with a {name(field)}", start, len(tokens))]
    names = {name(field).casefold(): field for field, kind in fields.items() if kind == "text"}
    for n, token in enumerate(tokens[:-1]):
        rest = tokens[n + 1 :]
        if token.casefold() in names and all(found.free[n:]) and content_words(" ".join(rest)):
            value = " ".join(word for word in rest if word.casefold() not in ("is", "of", "called", "named"))
            field = names[token.casefold()]
            return [Condition(Compare(field, "=", value), f'with {name(field)} "{value}"', n, len(tokens))]
    return []


def other_words(fragment: str, named: Limits) -> str:
    """The words of a fragment that are no condition."""
    tokens = spelled(fragment)
    if all(named.free):
        return fragment
    kept = [t for t, free in zip(tokens, named.free, strict=True) if free and t.casefold() not in LIGHT | RECORDS]
    return " ".join(kept) if content_words(" ".join(kept)) else ""


def merged(earlier: Filter | None, conditions: Sequence[Condition]) -> Filter | None:
    """Both limits; a new one on a field takes the place of the earlier ones on it."""
    new = [condition.filter for condition in conditions]
    fields = {field for filter in new for field in fields_of(filter)} - {"tags"}
    kept = [filter for filter in parts(earlier) if not fields_of(filter) & fields]
    return all_of((*kept, *new))


def is_of_colours(text: str) -> bool:
    """Whether the words name nothing but colours."""
    named = {*stems(text)}
    return bool(named) and named <= COLOURS


def is_listing(question: str) -> bool:
    """Whether it asks for pictures, and not for something about one."""
    return not re.match(
        r"(?:where|when|who|how|what|which \w+ (?:is|was)|why|is|are|was|were|did|does)\b", question.casefold()
    )


def _is_name(condition: Condition) -> bool:
    """A value with a capital: a place, a person; others may be things to look for."""
    filter = condition.filter
    return isinstance(filter, Compare) and isinstance(filter.value, str) and filter.value[:1].isupper()


def _of_a_kind(fragment: str, search: Search, spoken: Spoken) -> Intent | None:
    """ "only drawings": what is tagged so; "only the red ones": of the pictures shown, else with these words more."""
    tokens = spelled(fragment)
    kinds = limits(tokens, spoken.index, spoken.scope)
    if kinds and kinds.conditions and not content_words(other_words(fragment, kinds)) and not is_of_colours(fragment):
        return changed(search, fragment, kinds, spoken)
    if hits := chosen(fragment, fitting(spoken.before.listed), spoken):
        return about(spoken, hits, (0, len(spoken.low)))
    text = with_more(search.text, carried(fragment))
    return again(search, text, f"read as “{text}”")


def _uncut(text: str, conditions: Sequence[Condition], spoken: Spoken) -> str:
    """A search's words without those that name another value of a field that is limited anew."""
    fields = {field for condition in conditions for field in fields_of(condition.filter)}
    if any(not _is_value(condition) for condition in conditions):
        text = without_years(text)
    for condition in named_limits(text, spoken).conditions:
        if fields_of(condition.filter) & fields and fields_of(condition.filter) != {"tags"}:
            text = without_words(text, spelled(text)[condition.start : condition.end])
    return text


def _is_value(condition: Condition) -> bool:
    return isinstance(condition.filter, Compare) and isinstance(condition.filter.value, str)


def _fields_named(text: str, spoken: Spoken) -> set[str]:
    return {field for condition in named_limits(text, spoken).conditions for field in fields_of(condition.filter)} - {
        "tags"
    }
