"""A question, understood, into hits: the records it is about, or what a search finds; with the count it asks for."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import basename
from typing import TYPE_CHECKING

from imagelore.flows._kinds import readers, suffix
from imagelore.flows._leafing import leafed
from imagelore.flows._recalling import Asking
from imagelore.passages import sought
from imagelore.retrieve.question.counting import all_of, counted, parts, within
from imagelore.types import Count, Filter, Hit, Intent, Mentions, Scope, Usage
from imagelore.where import written
from imagelore.words import words

if TYPE_CHECKING:
    from imagelore.flows.chat import Asked
    from imagelore.flows.knowledge import KnowledgeBase
    from imagelore.flows.search import Retrieval

_LONGEST_COUNTED = 1_000  # characters of a question that may ask for a count
_MOST_WITHOUT = 100  # records that a search leaves out
_LIKELY = 0.25  # the probability from which a seen class is worth telling
_TITLE = 60  # characters of a title in a caption
_FILE = re.compile(r"\b[\w-][\w.-]*\.\w{2,5}\b")
_ALIKE = re.compile(r"\b(?:(?:look|looking|more|other|one|something|[a-z]+s) (?:just )?like|similar|alike|same|but)\b")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question found."""

    intent: Intent  # as it was searched in the end
    hits: tuple[Hit, ...]
    searched: str
    timings: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()  # of the question's own pictures
    count: Count | None = None
    usage: Usage = Usage()  # of a model that put the hits in order


def found_for(kb: KnowledgeBase, asked: Asked, intent: Intent, pictures: Asking) -> Finding:
    """The hits of a question; a filter that its words imply and that nothing meets is dropped, with a notice.

    Raises:
        UsageError: as `KnowledgeBase.search`.
    """
    start = time.perf_counter()
    if intent.only and (about := _about(kb, asked, intent)):
        return Finding(intent, about, intent.said, {"search": time.perf_counter() - start})
    intent = replace(intent, only=())
    notices: tuple[str, ...] = ()
    if leaf := leafed(kb, asked, intent):
        if leaf.hits:
            return Finding(leaf.intent, leaf.hits, leaf.intent.said, {"search": time.perf_counter() - start})
        notices = (leaf.notice,)
    if intent.filter and not kb.index.count(within(asked.scope, intent.filter)):
        notices += (f"no picture has {written(intent.filter)}: this was searched without it",)
        intent = replace(intent, filter=None)
    text = intent.text if intent.text or intent.filter or pictures.all else asked.question
    count, intent = _counted(kb, text, intent, asked.scope)
    narrow = count.filter if count and count.number else intent.filter
    counting = time.perf_counter() - start
    top = kb.settings.top if asked.top is None else asked.top
    without = {*intent.without[-_MOST_WITHOUT:], *_themselves(asked, intent, pictures)}
    found = kb.search(sought(text), pictures.all, top=top + len(without), scope=within(asked.scope, narrow))
    hits = tuple(hit for hit in found.hits if not without & {hit.record.id, hit.record.sha256})[:top]
    if not count and (inside := _in_the_file(kb, text, narrow, top, asked.scope)):
        hits = inside
    if count and count.filter and count.number:
        hits = _matching(kb, count, hits, top, asked.scope)
        count = replace(count, ids=tuple(dict.fromkeys([*(hit.record.id for hit in hits), *count.ids])))
    timings = {**found.timings, "search": found.timings["search"] + counting}
    captions = _captions(pictures, found)
    return Finding(
        intent,
        hits,
        _searched(text, pictures, intent),
        timings,
        (*notices, *found.notices),
        captions,
        count,
        found.usage,
    )


def _in_the_file(kb: KnowledgeBase, text: str, narrow: Filter | None, top: int, scope: Scope) -> tuple[Hit, ...]:
    """Hits in the file that a question names ("what is in minutes.txt?"), which need no other reason to fit."""
    named = {found[0].casefold() for found in _FILE.finditer(text) if suffix(found[0]) in readers()}
    if len(named) != 1:
        return ()
    (name,) = named
    mentioned = [Mentions(word) for word in words(name.rpartition(".")[0])]
    held = within(scope, all_of((*parts(narrow), *mentioned)))
    hits = [hit for hit in kb.search(text, top=top, scope=held).hits if basename(hit.record.path).casefold() == name]
    return tuple(replace(hit, fits=True, why=f"in {basename(hit.record.path)}, as asked") for hit in hits)


def _counted(kb: KnowledgeBase, text: str, intent: Intent, scope: Scope) -> tuple[Count | None, Intent]:
    """The count that a question asks for within its limits, and the question without those that its own words say."""
    said = counted(text, kb.index, scope) if len(text) <= _LONGEST_COUNTED else None
    left = all_of(part for part in parts(intent.filter) if said and part not in parts(said.filter))
    if said is None or left is None:
        return said, replace(intent, filter=None) if said else intent
    count = counted(text, kb.index, scope, left)
    told = " ".join(filter(None, (said.condition, f"where {written(left)}")))
    return count and replace(count, condition=told), replace(intent, filter=left)


def _themselves(asked: Asked, intent: Intent, pictures: Asking) -> set[str]:
    """What is not among "pictures like this one": this very picture, by its record or its bytes."""
    if not _ALIKE.search(asked.question.casefold()):
        return set()
    shown = {picture for picture in asked.pictures if isinstance(picture, str)}
    return {*shown, *intent.like, *(hashlib.sha256(data).hexdigest() for data in pictures.all)}


def _about(kb: KnowledgeBase, asked: Asked, intent: Intent) -> tuple[Hit, ...]:
    """The records that the question is about, as hits; only those that the reader may see."""
    records = kb.index.get(intent.only, Scope(groups=asked.scope.groups))
    return tuple(Hit(record, kb.pictures.uri(record), 0.0, {}, why=intent.said) for record in records)


def _matching(kb: KnowledgeBase, count: Count, found: Sequence[Hit], top: int, scope: Scope) -> tuple[Hit, ...]:
    """The hits of a question that was counted: they meet its condition, also those that no ranking found."""
    hits = [hit if hit.fits else replace(hit, fits=True, why=count.condition) for hit in found]
    known = {id for hit in hits for id in (hit.record.id, *hit.duplicates)}
    missing = [id for id in count.ids if id not in known][: top - len(hits)]
    hits += [Hit(r, kb.pictures.uri(r), 0.0, {}, why=count.condition) for r in kb.index.get(missing, scope)]
    return tuple(hits)


def _searched(text: str, pictures: Asking, intent: Intent) -> str:
    """What was searched for, as one line: "red" + your earlier picture, where year < 1970."""
    parts = [f'"{" ".join(text.split())}"'] if text.strip() else []
    if own := len(pictures.own):
        parts.append("your picture" if own == 1 else f"your {own} pictures")
    if earlier := pictures.recalled:
        parts.append("your earlier picture" if earlier == 1 else f"your {earlier} earlier pictures")
    parts += [f"the picture “{_line(record.name)}”" for record in pictures.like]
    return " + ".join(parts) + (f", where {written(intent.filter)}" if intent.filter else "")


def _captions(pictures: Asking, found: Retrieval) -> tuple[str, ...]:
    """What each of the question's own pictures seems to show: a guess of the embedder, and the hit most like it."""
    alone = len(pictures.all) == 1
    looks = [hit for hit in found.hits if "look" in hit.found and hit.fits and hit.record.title] if alone else []
    like = min(looks, key=lambda hit: hit.found["look"].rank, default=None)
    captions = []
    for n in range(len(pictures.own)):
        classes = found.seen[n] if n < len(found.seen) else ()
        guess = next((name for name, probability in classes if probability >= _LIKELY), "")
        told = [f"perhaps {_line(guess)}"] if guess else []
        told += [f"it looks like “{_line(like.record.title)}”"] if like else []
        captions.append("; ".join(told))
    return tuple(captions)


def _line(text: str) -> str:
    """One line without brackets and quotation marks, cut."""
    line = " ".join(text.translate(_PLAIN).split())
    return line if len(line) <= _TITLE else line[:_TITLE].rstrip() + "…"


_PLAIN = str.maketrans(dict.fromkeys('“”"[]【】<>', " "))
