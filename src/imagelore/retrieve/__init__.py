"""retrieve: a question (words, pictures or both) -> named rankings -> one fused list of hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from imagelore.retrieve._calibration import VERSION as CALIBRATION
from imagelore.retrieve._calibration import Trial, calibrated, trial
from imagelore.retrieve._duplicates import near_duplicate
from imagelore.retrieve._fusion import fused, places, shared
from imagelore.retrieve._groups import Groups, together
from imagelore.retrieve._relevance import FITS, Relevance
from imagelore.retrieve._rerank import Judgement, Reranker, reranked
from imagelore.retrieve._weights import MOST_PICTURES, OF_WORDS, WEIGHTS, Choice, wording
from imagelore.types import NOTHING, Calibration, EmbedderInfo, Found, Hit, Query, Ranking, Record, Scope
from imagelore.words import colours_in, stemmed, stems

__all__ = [
    "CALIBRATION",
    "MOST_PICTURES",
    "WEIGHTS",
    "Choice",
    "Judgement",
    "Rankable",
    "Reranker",
    "Trial",
    "Wanted",
    "calibrated",
    "fused",
    "near_duplicate",
    "places",
    "reranked",
    "retrieve",
    "shared",
    "trial",
]

_OF_TEXTS = frozenset({"text", "meaning", "semantic"})  # rankings that cannot hold a picture without text
_PAGE = 4  # times `top`: records that are fetched at once


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a question beside its answer: how many hits, among which records, by which rankings."""

    top: int = 8
    scope: Scope = Scope()
    choice: Choice = Choice()


class Rankable(Protocol):
    """What retrieval needs of an index."""

    def rank(self, query: Query, scope: Scope = ...) -> list[Ranking]:
        """Named rankings of the records in scope."""
        ...

    def get(self, ids: Sequence[str], scope: Scope = ...) -> list[Record]:
        """Records by id, in the order of `ids`."""
        ...

    def calibration(self) -> Calibration | None:
        """What scores mean here; None where that was not measured."""
        ...


def retrieve(
    query: Query,
    index: Rankable,
    embedder: EmbedderInfo,
    uri: Callable[[Record], str],
    wanted: Wanted = Wanted(),
) -> tuple[Hit, ...]:
    """The best records for a question, near-duplicates collapsed into one.

    Rankings are joined by weighted reciprocal rank fusion; what words count for beside a picture depends on the words
    (`_weights.wording`). Of near-duplicates, the one most like the question's picture is shown, else the best; what is
    described differently, or reads differently, stays apart. Of one document a few parts are taken before others that
    fit, unless the question names it (`_groups`). Of the best, those that fit the question come first, then those that
    are only the closest there are (`fits=False`): nothing relevant is an answer too. For a question in words alone
    those that fit are in order of confidence, which on both sets of `eval/` finds more; weights that were set keep
    fusion's.
    """
    said = wording(query)
    weights = wanted.choice.of(tuple(WEIGHTS), said.factors)
    asked = query if OF_WORDS & weights.keys() else replace(query, text="", texts=NOTHING)
    rankings = [ranking for ranking in index.rank(asked, wanted.scope) if ranking.name in weights]
    pool = _Pool(index, wanted.scope, weights, said.colours if "colour" in weights else frozenset())
    relevance = Relevance(asked, embedder, index.calibration())
    groups = Groups(wanted.top, {stem for text in query.wordings for stem in stems(text)})
    for record, score, found in pool.best(rankings, query.depth if pool.colours else _PAGE * wanted.top):
        sure, why = relevance.confidence(record, found), relevance.why(record, found)
        hit = Hit(record, uri(record), score, shared(found, weights), sure >= FITS, why, confidence=sure)
        groups.add(replace(hit, matched=_matched(query, record)))
        if groups.full:
            break
    surest = not query.images and wanted.choice == Choice()
    if surest:
        return together(sorted(groups.hits(), key=lambda hit: -hit.confidence if hit.fits else 0.0))
    # colours that were asked for count as fitting: else the red original would come before "the same but in green"
    return together(sorted(groups.hits(), key=lambda hit: not (hit.fits or "colour" in hit.found)))


@dataclass(frozen=True, slots=True)
class _Pool:
    """The records that rankings found: fetched by pages, best first.

    Whether a record has text, or a colour that is asked for, is known only when it is there, so they are fetched in
    the order that they would have if none of those that no text ranking found had any.
    """

    index: Rankable
    scope: Scope
    weights: Mapping[str, float]
    colours: frozenset[str]  # the stems of those that are asked for

    def best(self, rankings: Sequence[Ranking], page: int) -> Iterator[tuple[Record, float, Mapping[str, Found]]]:
        """Records with their scores and places, `page` of them put in order at a time."""
        found = places(rankings)
        names = {ranking.name for ranking in rankings} | ({"colour"} if self.colours else set())
        hopeful = [id for id, _ in fused(found, self.weights, dict.fromkeys(found, names - _OF_TEXTS))]
        for start in range(0, len(hopeful), page):
            records = {record.id: record for record in self.index.get(hopeful[start : start + page], self.scope)}
            at = {id: self._coloured(record, found[id]) for id, record in records.items()}
            possible = {id: _possible(record, names) for id, record in records.items()}
            for id, score in fused(at, self.weights, possible):
                yield records[id], score, at[id]

    def _coloured(self, record: Record, found: Mapping[str, Found]) -> Mapping[str, Found]:
        """Its places, and the first one for colour where it has one that is asked for."""
        if not self.colours or self.colours.isdisjoint(colours_in(f"{record.words()} {' '.join(record.seen.colours)}")):
            return found
        return {**found, "colour": Found(1, 1.0)}


def _matched(query: Query, record: Record) -> tuple[str, ...]:
    """The words of a question, however worded, that a record has, or what is seen in it, as they were asked."""
    theirs = {*stems(record.words()), *stems(record.seen.words())}
    asked = (pair for wording in query.wordings for pair in stemmed(wording))
    return tuple(dict.fromkeys(word for form, word in asked if form in theirs))


def _possible(record: Record, names: set[str]) -> set[str]:
    return names if record.worded else names - _OF_TEXTS
