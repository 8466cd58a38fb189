"""One search: a question embedded, its hits retrieved and, where a model is to look at them, put in order by it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from imagelore import providers
from imagelore.errors import UnreadableError, UsageError
from imagelore.flows._rerank import reranker
from imagelore.flows._wording import Worded, placed, worded
from imagelore.read import Options
from imagelore.retrieve import MOST_PICTURES, Choice, Wanted, reranked, retrieve
from imagelore.types import Asset, Hit, Query, Scope, Usage, Vectors

if TYPE_CHECKING:
    from imagelore.flows.knowledge import KnowledgeBase

_USED = "nothing was found by {names} alone: leave out `rankings` and `weights` to search by all rankings"
_DEPTH = 100  # entries of a ranking, at least


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for; see `KnowledgeBase.search`."""

    text: str = ""
    pictures: Sequence[bytes] = ()
    top: int | None = None  # None: as the settings say
    scope: Scope = Scope()
    rankings: str | None = None  # None: as the settings say


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a question found: hits best first, what was searched for in words, and what it took."""

    hits: tuple[Hit, ...]
    searched: str
    timings: Mapping[str, float] = field(default_factory=dict)  # seconds by step
    notices: tuple[str, ...] = ()
    seen: tuple[tuple[tuple[str, float], ...], ...] = ()  # (class name, probability) in each of the question's pictures
    usage: Usage = Usage()  # of the model that put the hits in order, where one did


def searched(kb: KnowledgeBase, sought: Sought) -> Retrieval:
    """See `KnowledgeBase.search`."""
    start, settings, pictures = time.perf_counter(), kb.settings, sought.pictures
    top = settings.top if sought.top is None else sought.top
    if top < 1:
        raise UsageError(f"`top` must be at least 1, not {top}")
    if sought.scope.filter and not pictures and not sought.text.strip():
        return _browsed(kb, top, sought.scope)
    choice = Choice.read(settings.rankings if sought.rankings is None else sought.rankings, settings.weights)
    text = _checked(sought.text, pictures, settings.max_question)
    most = max(top, settings.rerank)
    asked = worded(kb.index, kb.embedder.info, text, sought.scope)
    query = _query(kb, asked, pictures, max(_DEPTH, 2 * most))
    embedded = time.perf_counter()
    hits = retrieve(query, kb.index, kb.embedder.info, kb.pictures.uri, Wanted(most, sought.scope, choice))
    done = time.perf_counter()
    timings = {"embed": embedded - start, "search": done - embedded}
    notices = () if hits or choice == Choice() else (_USED.format(names=", ".join(sorted(choice.finding))),)
    found = Retrieval(hits[:top], _told(query, len(pictures)), timings, notices, query.seen)
    if not settings.rerank or len(hits) < 2:
        return found
    judged = reranker(kb.generator, settings).judge(text, pictures, hits[: settings.rerank])
    timings["rerank"] = time.perf_counter() - done
    notices = (judged.notice,) if judged.notice else ()
    return replace(found, hits=reranked(hits, judged.grades)[:top], notices=notices, usage=judged.usage)


def _browsed(kb: KnowledgeBase, top: int, scope: Scope) -> Retrieval:
    """The first records that a filter lets through: who only limits wants to see what is left."""
    start = time.perf_counter()
    hits = [Hit(r, kb.pictures.uri(r), 0.0, {}, why="within your limits") for r in kb.index.browse(scope, limit=top)]
    return Retrieval(tuple(hits), "everything", {"search": time.perf_counter() - start})


def _query(kb: KnowledgeBase, asked: Worded, pictures: Sequence[bytes], depth: int) -> Query:
    images: dict[str, Vectors] = {}
    seen: tuple[tuple[tuple[str, float], ...], ...] = ()
    (texts,) = placed(kb.embedder, [asked])
    if pictures:
        made = kb.embedder.embed_images([_decoded(kb, data) for data in pictures])
        images, seen = dict(made.vectors), made.seen
    return Query(asked.text, texts, images, depth, seen, asked.original)


def _decoded(kb: KnowledgeBase, data: bytes) -> Any:
    options = Options(image_side=kb.embedder.info.image_side, max_pixels=kb.settings.max_pixels)
    try:
        reading = providers.load("read", "picture").read(Asset("your picture", "", len(data)), data, options)
    except UnreadableError as error:
        raise UsageError(f"your picture cannot be read: {error}") from error
    return reading.picture


def _checked(text: str, pictures: Sequence[bytes], limit: int) -> str:
    text = " ".join(text.split())
    if len(text) > limit:
        raise UsageError(f"the question has {len(text):,} characters; {limit:,} are the limit: shorten it")
    if len(pictures) > MOST_PICTURES:
        raise UsageError(f"the question has {len(pictures)} pictures; {MOST_PICTURES} are the limit: send fewer")
    if not pictures and not any(c.isalnum() for c in text):
        raise UsageError("there is nothing to search for: ask in words, with a picture, or both")
    return text


def _told(query: Query, pictures: int) -> str:
    parts = [f'"{query.original or query.text}"'] if query.text else []
    if query.original:
        parts[0] += f" (in English: {query.text})"
    if pictures:
        parts.append("your picture" if pictures == 1 else f"your {pictures} pictures")
    return " + ".join(parts)
