"""Ranking: BM25 over analyzed fields, nearest neighbours by exact comparison, reciprocal rank fusion.

https://learn.microsoft.com/azure/search/index-similarity-and-scoring (BM25: k1 1.2, b 0.75; Robertson, Zaragoza 2009),
https://learn.microsoft.com/azure/search/vector-search-ranking (`@search.score` of a cosine: 1 / (1 + distance)),
https://learn.microsoft.com/azure/search/hybrid-search-ranking (each vector field of each query is a ranking of its own;
a document's score is the sum of weight / (60 + rank), where the specification's example counts ranks from 0).

Of several fields the scores add up. Statistics are those of one shard. HNSW is not imitated: vectors are compared all.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.fakes.search_server import query as q
from tests.fakes.search_server.analysis import Token
from tests.fakes.search_server.documents import Document
from tests.fakes.search_server.schema import Field, Schema

K1, B = 1.2, 0.75
RRF = 60
Scores = dict[int, float]  # document number -> score


class Near(NamedTuple):
    """A neighbour: `similarity` is the metric's own, `score` what the service ranks by."""

    score: float
    similarity: float


class _Terms:
    """The inverted index of one field."""

    def __init__(self, documents: list[Document], name: str) -> None:
        self.postings: dict[str, dict[int, list[int]]] = defaultdict(dict)
        self.lengths: dict[int, int] = {}
        for number, document in enumerate(documents):
            if tokens := document.terms.get(name):
                self.lengths[number] = len(tokens)
            for token in tokens or []:
                self.postings[token.term].setdefault(number, []).append(token.position)
        self.mean = sum(self.lengths.values()) / max(1, len(self.lengths))

    def word(self, term: str) -> Scores:
        found = self.postings.get(term, {})
        return self._bm25({number: len(positions) for number, positions in found.items()}, self._idf(len(found)))

    def phrase(self, tokens: list[Token]) -> Scores:
        places = [self.postings.get(token.term, {}) for token in tokens]
        start = tokens[0].position
        counts = {}
        for number in set.intersection(*map(set, places)):
            rest = [(set(place[number]), t.position - start) for place, t in zip(places, tokens, strict=True)]
            count = sum(all(first + gap in there for there, gap in rest) for first in places[0][number])
            if count:
                counts[number] = count
        return self._bm25(counts, sum(self._idf(len(place)) for place in places))

    def prefix(self, text: str) -> Scores:
        found = [posting for term, posting in self.postings.items() if term.startswith(text)]
        return {number: 1.0 for posting in found for number in posting}

    def _idf(self, found: int) -> float:
        return math.log(1 + (len(self.lengths) - found + 0.5) / (found + 0.5))

    def _bm25(self, counts: dict[int, int], idf: float) -> Scores:
        scores = {}
        for number, count in counts.items():
            norm = K1 * (1 - B + B * self.lengths[number] / self.mean)
            scores[number] = idf * count * (K1 + 1) / (count + norm)
        return scores


class Snapshot:
    """The documents that a query sees, numbered in the order of their upload, and what is derived from them."""

    def __init__(self, schema: Schema, documents: dict[str, Document]) -> None:
        self.schema = schema
        self.documents = sorted(documents.values(), key=lambda document: document.order)
        self._terms: dict[str, _Terms] = {}
        self._vectors: dict[str, tuple[NDArray[np.intp], NDArray[np.float32]]] = {}

    @cached_property
    def everything(self) -> Scores:
        return dict.fromkeys(range(len(self.documents)), 1.0)

    def text(self, node: q.Node | None, fields: list[Field], mode: str) -> Scores:
        """The documents that match, with their scores."""
        match node:
            case None:
                return {}
            case q.Everything():
                return self.everything
            case q.Not(part):
                without = self.text(part, fields, mode)
                return {number: 1.0 for number in self.everything if number not in without}
            case q.Joined(operator, parts):
                return _joined([self.text(part, fields, mode) for part in parts if self._asks(part, fields)], operator)
        return _joined([self._leaf(node, field, mode) for field in fields], "any")

    def _asks(self, node: q.Node, fields: list[Field]) -> bool:
        """Whether anything of a part is left by the analyzers: stop words ask for nothing."""
        if isinstance(node, (q.Word, q.Phrase)):
            return any(field.analyze_query(node.text) for field in fields)
        return True

    def _leaf(self, node: q.Node, field: Field, mode: str) -> Scores:
        terms = self.terms(field.name)
        if isinstance(node, q.Prefix):
            return terms.prefix(node.text.lower())
        if not isinstance(node, (q.Word, q.Phrase)) or not (tokens := field.analyze_query(node.text)):
            return {}
        if isinstance(node, q.Phrase):
            return terms.phrase(tokens)
        return _joined([terms.word(token.term) for token in tokens], mode)

    def terms(self, name: str) -> _Terms:
        if name not in self._terms:
            self._terms[name] = _Terms(self.documents, name)
        return self._terms[name]

    def near(self, field: Field, vector: list[float], k: int, allowed: set[int] | None) -> dict[int, Near]:
        """The `k` nearest documents, nearest first, of those allowed."""
        numbers, matrix = self.vectors(field.name)
        if allowed is not None and len(numbers):
            keep = np.fromiter((number in allowed for number in numbers), dtype=bool, count=len(numbers))
            numbers, matrix = numbers[keep], matrix[keep]
        if not len(numbers):
            return {}
        similarities, scores = _similar(field.metric, matrix, np.asarray(vector, dtype=np.float32))
        best = np.argsort(-scores, kind="stable")[:k]
        return {int(numbers[n]): Near(float(scores[n]), float(similarities[n])) for n in best}

    def vectors(self, name: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        if name not in self._vectors:
            held = [(n, each.values[name]) for n, each in enumerate(self.documents) if each.values[name]]
            matrix = np.asarray([vector for _, vector in held], dtype=np.float32)
            self._vectors[name] = np.asarray([n for n, _ in held], dtype=np.intp), matrix
        return self._vectors[name]


def fuse(rankings: list[tuple[float, list[int]]]) -> Scores:
    """Reciprocal rank fusion of weighted rankings."""
    scores: Scores = defaultdict(float)
    for weight, ranking in rankings:
        for rank, number in enumerate(ranking):
            scores[number] += weight / (RRF + rank)
    return dict(scores)


def ordered(scores: Scores) -> list[int]:
    """Best first; equal scores in the order of upload."""
    return sorted(scores, key=lambda number: (-scores[number], number))


def _joined(parts: list[Scores], operator: str) -> Scores:
    if not parts:
        return {}
    numbers = set.intersection(*map(set, parts)) if operator == "all" else set().union(*parts)
    return {number: sum(part.get(number, 0.0) for part in parts) for number in sorted(numbers)}


def _similar(
    metric: str, matrix: NDArray[np.float32], vector: NDArray[np.float32]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Similarities as the metric defines them, and scores between 0 and 1 (cosine: 1/3 and 1)."""
    products = matrix @ vector
    if metric == "dotProduct":
        return products, (1 + products) / 2
    if metric == "euclidean":
        distances = np.linalg.norm(matrix - vector, axis=1)
        return distances, 1 / (1 + distances)
    norms = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return cosines, 1 / (2 - cosines)
