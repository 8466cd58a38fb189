"""Questions that name a place in a document: "what is on page 3 of the manual?" is answered from that page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagelore.flows.parts import id_of
from imagelore.retrieve.question.counting import within
from imagelore.retrieve.question.leaves import Leaves, leaves
from imagelore.types import AllOf, Compare, Hit, Intent, Missing, Record, Scope
from imagelore.words import content_words, stems

if TYPE_CHECKING:
    from imagelore.flows.chat import Asked
    from imagelore.flows.knowledge import KnowledgeBase

_LOOKED = 12  # hits among which the document is looked for
_DOCUMENTS = 3  # that a place may be in where the question does not say which
_FIGURES = 8  # of one place
_SAYING = frozenset(stems("say says show shows tell tells contain contains read reads written hold holds about"))


@dataclass(frozen=True, slots=True)
class Leafed:
    """The parts that a question names, with their pictures behind each; none where `notice` says why."""

    intent: Intent
    hits: tuple[Hit, ...] = ()
    notice: str = ""


def leafed(kb: KnowledgeBase, asked: Asked, intent: Intent) -> Leafed | None:
    """What stands at the place that a question names; None where it names none, or no document that has places."""
    named = leaves(intent.text or asked.question)
    if named is None or asked.pictures or intent.like or intent.recalled:
        return None
    scope, kind = within(asked.scope, intent.filter), named.places[0].split()[0]
    documents = _documents(kb, named, asked, scope)
    if not documents:
        return None
    records = _parts(kb, documents, named, scope)
    said = f"{named.places[0]} of {' and '.join(f'“{_title(document)}”' for document in documents)}"
    if not records and kind == "sheet":  # any word may stand before "sheet"
        return None
    if not records:
        return Leafed(intent, notice=f"there is no {said}: this was searched in all of it")
    hits = tuple(Hit(record, kb.pictures.uri(record), 0.0, {}, why=f"{record.place}, as asked") for record in records)
    top = kb.settings.top if asked.top is None else asked.top
    ids = tuple(hit.record.id for hit in hits[:top])
    return Leafed(replace(intent, only=ids, how="rules", said=f"about {said}"), hits[:top])


def _documents(kb: KnowledgeBase, named: Leaves, asked: Asked, scope: Scope) -> list[Record]:
    """One part of each document that may be meant: those that the words name best, else the last ones talked about."""
    wanted = {*stems(named.rest)}
    found: Sequence[Hit] = ()
    if content_words(named.rest):
        found = kb.search(named.rest, top=_LOOKED, scope=scope).hits
    kind = named.places[0].split()[0]
    talked = [hit for turn in reversed(asked.history) for hit in turn.hits if hit.fits and _has(hit.record, kind)]
    first: dict[tuple[str, str], Record] = {}
    for hit in (*found, *talked):
        if _has(hit.record, kind):
            first.setdefault((hit.record.source, hit.record.path), hit.record)
    called = {key: len(wanted & _called(record)) for key, record in first.items()}
    if any(called.values()):
        return [record for key, record in first.items() if called[key] == max(called.values())][:_DOCUMENTS]
    best = [hit for hit in found if hit.fits][:1]
    one = [hit.record for hit in (*talked, *best) if _has(hit.record, kind)][:1]
    return one or (_only(kb, kind, scope) if not wanted - _SAYING else [])


def _only(kb: KnowledgeBase, kind: str, scope: Scope) -> list[Record]:
    """The documents that have places of this kind, where they are so few that no name is needed."""
    heads = AllOf((Missing(".parent"), Compare(".place", "prefix", f"{kind} ")))
    found = kb.index.browse(within(scope, heads), limit=_DOCUMENTS + 1)
    return found if len(found) <= _DOCUMENTS else []


def _has(record: Record, kind: str) -> bool:
    """Whether it is a part of a document that has places of this kind: pages, slides, sheets."""
    return record.place.partition(" ")[0] == kind


def _parts(kb: KnowledgeBase, documents: Sequence[Record], named: Leaves, scope: Scope) -> list[Record]:
    wanted = []
    for document in documents:
        wanted.append(document.parent or document.id)  # the first part goes by the whole document's id
        for place in named.places:
            figures = (f"{place}, picture {n}" for n in range(1, _FIGURES + 1))
            wanted += [id_of(document, name) for name in (place, *figures)]
    found = kb.index.get(list(dict.fromkeys(wanted)), scope)
    return [r for r in found if r.place in named.places or r.place.rpartition(", picture ")[0] in named.places]


def _called(record: Record) -> set[str]:
    """The stems of a document's name: its title and its file's."""
    file = re.sub(r"[\W\d_]+", " ", record.path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return {*stems(record.title), *stems(file)}


def _title(record: Record) -> str:
    return " ".join(re.sub(r'[“”"\[\]<>]', " ", record.title or record.path.rsplit("/", 1)[-1]).split())
