"""The rankings of a question from one hybrid request, whose debug subscores tell what each part of it found.

https://learn.microsoft.com/azure/search/hybrid-search-ranking : the service fuses a text query and vector queries by
reciprocal rank, score = sum of weight / (60 + rank), and can reorder the first 50 with its semantic ranker. The
subscores of a document name the field of a vector query, not the query: so each field is asked once in the hybrid
request, and what would ask it again (several pictures, a picture beside words) has a request of its own meanwhile.
A request of one part is not fused, and needs no subscores: its score is that of the part.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

from azure.search.documents.models import VectorizedQuery

from imagelore import _azure
from imagelore.errors import KnowledgeBaseError
from imagelore.index._ranked import Entries, best, looked_for
from imagelore.index._words import asked
from imagelore.index.azure_search.connection import Connection
from imagelore.index.azure_search.definition import SEMANTIC
from imagelore.index.azure_search.documents import numbers, terms
from imagelore.types import EmbedderInfo, Query, Ranking

RRF = 60  # the constant of the service's fusion
WEIGHTS = {"meaning": 1.0, "image": 0.5, "look": 0.5}
"""Beside 1 for the text: those of `retrieve._weights` at half scale, as a text query has no weight.

What the service fuses is what its semantic ranker reads the first 50 of; our own fusion takes its parts.
"""

REFUSED = 3_600.0  # seconds that a refusal of the semantic ranker counts: it may be switched on, a quota filled up
_QUESTION = 1_000  # characters of a question that the semantic ranker is given
_PASSING = (0, 408, 429, 500, 502, 503, 504)  # statuses that say nothing about the next request; 0: no answer
_ORDER = ("text", "seen", "meaning", "image", "look", "semantic")

Parts = Mapping[str, Entries]


class Look(NamedTuple):
    """One vector query."""

    ranking: str
    column: str
    vector: list[float]


class Ranker:
    """Ranks the documents of one index; safe to use from several threads.

    Args:
        connection: the index.
        semantic: whether to add the semantic ranker's order. A service that has none, or whose quota is used up, is
            asked once an hour; `without` says why meanwhile, and questions are ranked without it.
    """

    def __init__(self, connection: Connection, semantic: bool) -> None:
        self._connection = connection
        self._semantic = semantic
        self._refusal, self._again = "", 0.0  # why, and when on the monotonic clock it may be asked again

    @property
    def without(self) -> str:
        """Why the semantic ranker takes no part now; "" where it may."""
        return self._refusal if time.monotonic() < self._again else ""

    @property
    def state(self) -> str:
        """Whether the semantic ranker takes part, for `status`."""
        if not self._semantic:
            return "off"
        without = self.without
        return f"not available: {without}" if without else "on"

    def rankings(self, query: Query, where: str | None, embedder: EmbedderInfo) -> list[Ranking]:
        """One ranking per way that the question and the embedder allow."""
        words = terms(asked(*query.wordings))
        found = looked_for(query, embedder)
        looks = [Look(name, column, numbers(row)) for name, column, rows in found for row in rows]
        together = {look.column: look for look in reversed(looks)}  # the first of each column
        request = _Request(self._connection, where, query.depth)
        jobs: list[Callable[[], Parts]] = []
        if words or looks:
            jobs.append(lambda: self._hybrid(request, words, list(together.values()), query.text))
        if words:
            jobs.append(lambda: {"seen": request.words(words, "seen_words")})
        jobs += [partial(request.hybrid, "", [look]) for look in looks if together[look.column] is not look]
        entries: dict[str, Entries] = defaultdict(list)
        for parts in _at_once(jobs):
            for name, part in parts.items():
                entries[name] += part
        return [Ranking(name, tuple(best(entries[name], query.depth))) for name in _ORDER if name in entries]

    def _hybrid(self, request: _Request, words: str, looks: Sequence[Look], question: str) -> Parts:
        if not words or not self._semantic or self.without:
            return request.hybrid(words, looks)
        try:
            return request.hybrid(words, looks, question[:_QUESTION])
        except KnowledgeBaseError as error:
            if not isinstance(error.__cause__, Exception) or _azure.status(error.__cause__) in _PASSING:
                raise
            parts = request.hybrid(words, looks)  # where this fails, too, the semantic ranker is not to blame
            self._refusal, self._again = str(error), time.monotonic() + REFUSED
            return parts


def most(depth: int, looks: Sequence[Look], words: str) -> int:
    """How many of the fused documents hold the first `depth` of each part.

    A part's last entry has at least weight / (60 + depth); only the text query finds more than `depth` documents, and
    those of its entries that fuse to more than that come first, too.
    """
    least = min([WEIGHTS[look.ranking] for look in looks], default=1.0)
    of_text = round((RRF + depth) / least) - RRF if words else 0
    return of_text + depth * len(looks)


class _Request:
    """What the requests of one question share."""

    def __init__(self, connection: Connection, where: str | None, depth: int) -> None:
        self._connection = connection
        self._where = where
        self._depth = depth

    def words(self, words: str, column: str) -> Entries:
        """BM25 over one field."""
        rows = self._connection.search(**self._text(words, column), top=self._depth, **self._shared())
        return [(row["id"], row["@search.score"]) for row in rows]

    def hybrid(self, words: str, looks: Sequence[Look], question: str = "") -> Parts:
        """Words and vectors in one request, taken apart; with the question's own wording the semantic ranker, too."""
        if not looks and not question:
            return {"text": self.words(words, "words")}
        if not words and len(looks) == 1:
            return {looks[0].ranking: self.nearest(looks[0])}
        asked_for: dict[str, Any] = self._text(words, "words") if words else {"search_text": None}
        if looks:
            asked_for |= {
                "vector_queries": [self._vector(look, weight=WEIGHTS[look.ranking]) for look in looks],
                "vector_filter_mode": "preFilter",
            }
            asked_for["debug"] = "vector"
        if question and words:
            asked_for |= {"query_type": "semantic", "semantic_configuration_name": SEMANTIC}
            asked_for |= {"semantic_query": question, "semantic_error_mode": "partial"}
        rows = self._connection.search(**asked_for, top=most(self._depth, looks, words), **self._shared())
        parts = _taken_apart(rows, looks, words, bool(question and words))
        if looks and rows and not any(map(_subscores, rows)):  # a service that does not tell: each part by itself
            apart: Parts = {"text": self.words(words, "words")} if words else {}
            parts = {**parts, **apart, **{look.ranking: self.nearest(look) for look in looks}}
        return parts

    def nearest(self, look: Look) -> Entries:
        """Cosines of one vector query: score = 1 / (2 - cosine).

        https://learn.microsoft.com/azure/search/vector-search-ranking
        """
        asked_for: dict[str, Any] = {"search_text": None, "vector_queries": [self._vector(look)]}
        asked_for["vector_filter_mode"] = "preFilter"
        rows = self._connection.search(**asked_for, top=self._depth, **self._shared())
        return [(row["id"], 2 - 1 / row["@search.score"]) for row in rows]

    def _vector(self, look: Look, **options: Any) -> VectorizedQuery:
        return VectorizedQuery(vector=look.vector, k_nearest_neighbors=self._depth, fields=look.column, **options)

    def _text(self, words: str, column: str) -> dict[str, Any]:
        return {"search_text": words, "search_fields": [column], "search_mode": "any", "query_type": "simple"}

    def _shared(self) -> dict[str, Any]:
        return {"filter": self._where, "select": ["id"]}


def _taken_apart(rows: list[dict[str, Any]], looks: Sequence[Look], words: str, reranked: bool) -> Parts:
    names = {look.column: look.ranking for look in looks}
    parts: dict[str, Entries] = {name: [] for name in (*(["text"] if words else []), *names.values())}
    if reranked:
        parts["semantic"] = []
    for row in rows:
        for name, score in _scores(row, names, bool(words)):
            parts[name].append((row["id"], score))
        if reranked and row["@search.reranker_score"] is not None:
            parts["semantic"].append((row["id"], row["@search.reranker_score"]))
    return parts


def _scores(row: Mapping[str, Any], names: Mapping[str, str], words: bool) -> Iterator[tuple[str, float]]:
    """(ranking, raw score) of a document in each part that found it."""
    subscores = _subscores(row)
    if not names:
        yield "text", row["@search.score"]
    if not subscores:
        return
    if words and subscores.text and subscores.text.search_score:
        yield "text", subscores.text.search_score
    for column, found in ((c, f) for each in subscores.vectors or () for c, f in each.items()):
        if column in names and found is not None and found.vector_similarity is not None:
            yield names[column], found.vector_similarity


def _subscores(row: Mapping[str, Any]) -> Any:
    info = row["@search.document_debug_info"]
    return info and info.vectors and info.vectors.subscores


def _at_once(jobs: Sequence[Callable[[], Parts]]) -> list[Parts]:
    if len(jobs) < 2:
        return [job() for job in jobs]
    with ThreadPoolExecutor(len(jobs), "rank") as pool:
        return list(pool.map(lambda job: job(), jobs))
