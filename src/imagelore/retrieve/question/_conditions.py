"""Words of a question -> conditions on what a knowledge base records: tags, field values, numbers, mentioned words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from imagelore.retrieve.question._filters import all_of, fields_of
from imagelore.types import AnyOf, Compare, Facet, FieldType, FieldValue, Filter, Mentions
from imagelore.words import NUMBERS, PICTURE_WORDS, STOP_WORDS, singular, stem, words

LONGEST_VALUE = 6
"""Words of a tag or a field's value that a question may name."""
RECORDS = PICTURE_WORDS | {"record", "records", "item", "items", "entries", "files", "scans", "slides", "screenshots"}
"""What a question may call the records of a knowledge base."""
COLLECTION = frozenset(
    {"collection", "archive", "album", "folder", "library", "database", "index", "base", "knowledge"}
)
"""What it may call the knowledge base."""
_LIGHT = frozenset(
    {
        *("feature", "features", "featuring", "mention", "mentions", "mentioning", "include", "includes", "including"),
        *("exist", "exists", "taken", "take", "made", "come", "comes", "hold", "holds", "seen", "tagged", "labelled"),
        *("labeled", "called", "named", "total", "altogether", "overall", "found", "kept", "stored", "recorded"),
        *("depicted", "visible", "photographed", "dated"),
    }
)
_BEFORE_TAGS = ("with", "as", "is", "are", "a", "an", "the", "both", "either", "called", "named")
_COMPARISONS = {
    "more than": ">", "over": ">", "above": ">", "greater than": ">", "less than": "<", "fewer than": "<", "under": "<",
    "below": "<", "at least": ">=", "at most": "<=", "exactly": "=",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter, how to say it after "pictures", and which words of the question it stands for."""

    filter: Filter
    text: str
    start: int  # first token
    end: int  # one past the last
    word: bool = False  # only a mentioned word: `text` is that word in quotation marks


Known = Mapping[tuple[str, ...], Sequence[tuple[str, FieldValue]]]
"""Which (field, value) the stems of some words name."""


@lru_cache(maxsize=16)  # the values of a knowledge base are the same for many questions
def known_values(facets: tuple[Facet, ...]) -> Known:
    """The texts among the facets' values, by the stems of their words."""
    known: dict[tuple[str, ...], list[tuple[str, FieldValue]]] = {}
    for facet in facets:
        for value, _ in facet.values:
            if isinstance(value, str) and (key := tuple(stem(word) for word in words(value)[: LONGEST_VALUE + 1])):
                known.setdefault(key, []).append((facet.field, value))
    return known


def valued(tokens: Sequence[str], known: Known, free: Sequence[bool]) -> list[Condition]:
    """Tags and field values that the words name, longest first; the same words in two fields: either of them."""
    stemmed = [stem(token) for token in tokens]
    found = []
    start = 0
    while start < len(tokens):
        for end in range(min(len(tokens), start + LONGEST_VALUE), start, -1):
            entries = known.get(tuple(stemmed[start:end]))
            if entries and all(free[start:end]) and not is_grammar(tokens[start:end]):
                found.append(_any(_named_before(tokens[:start], entries) or entries, start, end))
                break
        else:
            end = start + 1
        start = end
    return found


def tagged(spelled: Sequence[str], known: Known, fields: Iterable[str], unsure: Set[str]) -> list[Condition] | None:
    """What the words after "tagged" name: tags that there are, and tags that no record has; None: it is not certain.

    Never other words of the records: who asks for a tag is not answered with a mention.
    """
    tokens = [word.casefold() for word in spelled]
    stemmed = [stem(token) for token in tokens]
    names = {stem(word) for field in fields for word in words(spoken(field))}
    found: list[Condition] = []
    for mark in (n for n, s in enumerate(stemmed) if s == stem("tag")):
        start, before = mark + 1, len(found)
        while start < len(tokens) and tokens[start] in _BEFORE_TAGS:
            start += 1
        while start < len(tokens) and (length := _tag_length(tokens[start:], stemmed[start:], known, names)):
            entries = [entry for entry in known.get(tuple(stemmed[start : start + length]), ()) if entry[0] == "tags"]
            if not entries and unsure & {*tokens[start : start + length]}:
                return None
            entries = entries or [("tags", " ".join(spelled[start : start + length]))]
            found.append(_any(entries, start, start + length))
            start += length
            while start < len(tokens) and tokens[start] in ("and", "or", *_BEFORE_TAGS):
                start += 1
        if tokens[mark] == "tagged" and len(found) == before and tuple(stemmed[mark - 1 : mark]) not in known:
            return None  # tagged with anything at all: there is no filter for that
    return found


def _tag_length(tokens: Sequence[str], stemmed: Sequence[str], known: Known, names: Set[str]) -> int:
    """How many of the first words are one tag; 0: they are none."""
    for length in range(min(len(tokens), LONGEST_VALUE), 0, -1):
        if any(field == "tags" for field, _ in known.get(tuple(stemmed[:length]), ())):
            return length
    length = 0
    while length < len(tokens) and not (
        tokens[length] in STOP_WORDS or tokens[length] in RECORDS | _LIGHT or stemmed[length] in names
    ):
        length += 1
    return length


def _named_before(before: Sequence[str], entries: Sequence[tuple[str, FieldValue]]) -> list[tuple[str, FieldValue]]:
    """Those of the field that stands right before the value: "category birds", "tagged bird"."""
    last = next((token for token in reversed(before) if token not in ("is", "are", "of", "as", "with")), "")
    return [entry for entry in entries if stem(last) == stem(spoken(entry[0]).casefold())]


def is_grammar(tokens: Sequence[str]) -> bool:
    """Whether these words can be no tag and no value: grammar, "pictures", numbers."""
    return all(token in STOP_WORDS or token in PICTURE_WORDS or token.isdigit() for token in tokens)


def _any(entries: Sequence[tuple[str, FieldValue]], start: int, end: int) -> Condition:
    entries = sorted(set(entries), key=lambda entry: (entry[0] != "tags", str(entry)))
    filters = tuple(Compare(field, "=", value) for field, value in entries)
    texts = [named(field, value) for field, value in entries]
    if len(filters) == 1:
        return Condition(filters[0], texts[0], start, end)
    return Condition(AnyOf(filters), "either " + " or ".join(texts), start, end)


def measured(tokens: Sequence[str], fields: Mapping[str, FieldType]) -> list[Condition]:
    """Numbers compared with a numeric field that is named beside them: "rating above 3", "more than 3 rings"."""
    text, found = " ".join(tokens), []
    comparison = rf"(?:({'|'.join(_COMPARISONS)}) )?"
    for field, kind in fields.items():
        if kind not in ("integer", "number"):
            continue
        name = rf"{re.escape(spoken(field).casefold())}s?"
        for pattern in (
            rf"{name} (?:is |are |of )?{comparison}(\d{{1,15}}(?:\.\d{{1,15}})?)",
            rf"{comparison}(\d{{1,15}}(?:\.\d{{1,15}})?) {name}",
        ):
            if match := re.search(rf"(?<![^ ])(?:{pattern})(?![^ ])", text):
                operator, number = _COMPARISONS.get(match[1] or "", "="), float(match[2])
                value = int(number) if kind == "integer" and number.is_integer() else number
                compare = Compare(field, operator, value)  # type: ignore[arg-type]
                start = text[: match.start()].count(" ")
                said = f"with {spoken(field)} {match[1] + ' ' if match[1] else ''}{match[2]}"
                found.append(Condition(compare, said, start, start + match[0].count(" ") + 1))
                break
    return found


def marked(tokens: Sequence[str], fields: Mapping[str, FieldType], free: Sequence[bool]) -> list[Condition]:
    """Yes/no fields that the words name: "restored"."""
    names = {stem(spoken(field).casefold()): field for field, kind in fields.items() if kind == "boolean"}
    return [
        Condition(Compare(names[stem(token)], "=", True), f'marked "{spoken(names[stem(token)])}"', n, n + 1)
        for n, token in enumerate(tokens)
        if free[n] and stem(token) in names
    ]


def named(field: str, value: FieldValue) -> str:
    """`field = value` in words: 'tagged "bird"', 'with place "Leeds"'."""
    return f'tagged "{value}"' if field == "tags" else f'with {spoken(field)} "{value}"'


def spoken(field: str) -> str:
    """A field's name as words."""
    return field.replace("_", " ")


def leftover(
    spelled: Sequence[str], free: Sequence[bool], fields: Mapping[str, FieldType], found: Sequence[Condition]
) -> list[Condition] | None:
    """The words that no tag or field has, as words that the record must mention; None where one has no place at all."""
    names = {stem(word): field for field in (*fields, "tags") for word in words(spoken(field))}
    used = {field for condition in found for field in fields_of(condition.filter)}
    tokens = [word.casefold() for word in spelled]
    rest = []
    for n, token in enumerate(tokens):
        if not free[n] or token in STOP_WORDS or token in RECORDS or token in _LIGHT or _is_collection(tokens, n):
            continue
        if field := names.get(stem(token)):
            if field in used and not _is_unknown_value(tokens, n, free):
                continue
            return None
        if token.isdigit() or stem(token) in NUMBERS:
            return None
        word = singular(token)
        text = f'"{word if spelled[n].islower() else spelled[n]}"'
        rest.append(Condition(Mentions(word), text, n, n + 1, word=True))
    return rest


def _is_unknown_value(tokens: Sequence[str], n: int, free: Sequence[bool]) -> bool:
    """What stands after the n-th word, a field's name, is a value that the field does not have."""
    after = next((k for k in range(n + 1, len(tokens)) if tokens[k] not in _BEFORE_TAGS), len(tokens))
    return after < len(tokens) and free[after] and not is_grammar(tokens[after : after + 1])


def joined(conditions: Sequence[Condition], tokens: Sequence[str]) -> tuple[Filter | None, str] | None:
    """All conditions as one filter and its text; None where the words hold an "or" that joins no two of them."""
    ordered = sorted(conditions, key=lambda c: c.start)
    groups: list[list[Condition]] = []
    ors = 0
    for condition in ordered:
        between = tokens[groups[-1][-1].end : condition.start] if groups else ()
        if groups and "or" in between and all(token in STOP_WORDS for token in between):
            groups[-1].append(condition)
            ors += 1
        else:
            groups.append([condition])
    if ors != list(tokens).count("or"):
        return None
    filters = tuple(g[0].filter if len(g) == 1 else AnyOf(tuple(c.filter for c in g)) for g in groups)
    return all_of(filters), _told(groups)


def _told(groups: Sequence[Sequence[Condition]]) -> str:
    """Tags and fields first, the mentioned words last and together."""
    mentioned = [g[0].text for g in groups if len(g) == 1 and g[0].word]
    single = [g[0].text for g in groups if len(g) == 1 and not g[0].word]
    tagged = [text.removeprefix("tagged ") for text in single if text.startswith("tagged ")]
    parts = [f"tagged {' and '.join(tagged)}"] if tagged else []
    parts += [text for text in single if not text.startswith("tagged ")]
    parts += [
        "either " + " or ".join(f"mentioning {c.text}" if c.word else c.text for c in g) for g in groups if len(g) > 1
    ]
    if mentioned:
        *most, last = mentioned
        parts.append("whose text mentions " + (f"{', '.join(most)} and {last}" if most else last))
    return (", " if any(part.startswith("either") for part in parts) else " ").join(parts)


def _is_collection(tokens: Sequence[str], n: int) -> bool:
    """The n-th word is "collection" in "in the collection", "knowledge" or "base" in "in this knowledge base"."""
    start = n - 1 if tokens[n] == "base" and n and tokens[n - 1] == "knowledge" else n
    return tokens[n] in COLLECTION and start > 0 and tokens[start - 1] in ("the", "this", "my", "our", "your")
