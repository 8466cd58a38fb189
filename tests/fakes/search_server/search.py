"""The answer to a search: text and vector rankings, fused where there are several, reranked, sorted, cut into pages.

https://learn.microsoft.com/rest/api/searchservice/documents/search-post,
https://learn.microsoft.com/azure/search/hybrid-search-overview,
https://learn.microsoft.com/azure/search/semantic-search-overview (the first 50 results get a score from 0 to 4; here it
is the share of the query's terms that the configuration's fields hold, times 4).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from tests.fakes.search_server import query
from tests.fakes.search_server.edm import write
from tests.fakes.search_server.ranking import Near, Scores, Snapshot, fuse, ordered
from tests.fakes.search_server.request import MAX_PAGE, PAGE, Facet, Order, Request
from tests.fakes.search_server.schema import semantic_fields

MAX_RERANKED = 50
MAX_TEXT_RECALL = 1_000  # of the text part of a hybrid query


class Found:
    """The rankings of one request, and the results in their order."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        self.request, self.snapshot = request, snapshot
        documents = snapshot.documents
        allows = request.allows
        self.allowed = {n for n, each in enumerate(documents) if allows(each.values)} if allows else None
        self.text = self._text()
        self.near = [
            {field.name: self._near(field, each) for field in each.fields} for each in request.vectors
        ]  # one for each vector query
        self.scores = self._scores()
        self.reranked = self._reranked()
        self.order = self._ordered()

    def _text(self) -> Scores | None:
        """None: the request has vectors and no text."""
        request, snapshot = self.request, self.snapshot
        if request.vectors and not request.text:
            return None
        tree = query.parse(request.text, request.mode) if request.text.strip() else query.Everything()
        scores = snapshot.text(tree, request.fields, request.mode)
        return {n: score for n, score in scores.items() if self.allowed is None or n in self.allowed}

    def _near(self, field: Any, each: Any) -> dict[int, Near]:
        after = self.request.body.get("vectorFilterMode") in {"postFilter", "strictPostFilter"}
        found = self.snapshot.near(field, each.vector, each.k, None if after else self.allowed)
        return {n: near for n, near in found.items() if self.allowed is None or n in self.allowed}

    def _scores(self) -> Scores:
        weighted = [
            (each.weight, near)
            for each, fields in zip(self.request.vectors, self.near, strict=True)
            for near in fields.values()
        ]
        if not weighted:
            return self.text or {}
        if self.text is None and len(weighted) == 1:
            return {n: near.score for n, near in weighted[0][1].items()}
        rankings = [(weight, list(near)) for weight, near in weighted]
        if self.text is not None:
            rankings.append((1.0, ordered(self.text)[:MAX_TEXT_RECALL]))
        return fuse(rankings)

    def _reranked(self) -> Scores:
        request = self.request
        asked = request.body.get("semanticQuery") or request.text
        if request.semantic is None or asked in {"", "*"}:
            return {}
        names = [each["fieldName"] for each in semantic_fields(self.snapshot.schema.semantic[request.semantic])]
        fields = [self.snapshot.schema.fields[name] for name in names]
        wanted = {token.term for field in fields for token in field.analyze_query(asked)}
        scores = {}
        for number in ordered(self.scores)[:MAX_RERANKED]:
            terms = self.snapshot.documents[number].terms
            held = wanted & {token.term for name in names for token in terms.get(name, [])}
            scores[number] = 4 * len(held) / max(1, len(wanted))
        return scores

    def _ordered(self) -> list[int]:
        found = ordered(self.scores)
        if self.reranked:
            found.sort(key=lambda n: -self.reranked.get(n, -1.0))
        for order in reversed(self.request.orders):
            found.sort(key=lambda n: self._key(order, n), reverse=order.descending)
        return found

    def _key(self, order: Order, number: int) -> Any:
        """Nulls come first, and last in descending order."""
        if order.field is None:
            return self.scores[number]
        value = self.snapshot.documents[number].values[order.field.name]
        value = order.field.normal(value) if isinstance(value, str) else value
        return (value is not None, value if value is not None else 0)

    def result(self, number: int) -> dict[str, Any]:
        """One result as it is answered."""
        request, document = self.request, self.snapshot.documents[number]
        answer: dict[str, Any] = {"@search.score": _float32(self.scores[number])}
        if request.semantic is not None:
            answer["@search.rerankerScore"] = self.reranked.get(number)
            if (request.body.get("captions") or "none") != "none":
                answer["@search.captions"] = self._captions(number)
        if request.debugs:
            answer["@search.documentDebugInfo"] = {"vectors": {"subscores": self._subscores(number)}}
        return answer | document.answer(self.snapshot.schema, request.select)

    def _captions(self, number: int) -> list[dict[str, str]]:
        prioritized = self.snapshot.schema.semantic[str(self.request.semantic)]
        values = self.snapshot.documents[number].values
        texts = [values[each["fieldName"]] for each in semantic_fields(prioritized)]
        first = next((text for text in texts if text), "")
        return [{"text": " ".join(first) if isinstance(first, list) else first, "highlights": ""}]

    def _subscores(self, number: int) -> dict[str, Any]:
        text = None
        if self.text is not None and number in self.text:
            text = {"searchScore": _float32(self.text[number])}
        vectors = [
            {
                name: {
                    "searchScore": _float32(near[number].score),
                    "vectorSimilarity": _float32(near[number].similarity),
                }
                for name, near in fields.items()
                if number in near
            }
            for fields in self.near
        ]
        return {"text": text, "vectors": vectors, "documentBoost": 1.0}

    def facet(self, facet: Facet) -> list[dict[str, Any]]:
        """The buckets of one facet, over all results."""
        counts: Counter[Any] = Counter()
        for number in self.order:
            value = self.snapshot.documents[number].values[facet.field.name]
            values = value if facet.field.collection else [value]
            counts.update({facet.field.normal(v) if isinstance(v, str) else v for v in values if v is not None})
        buckets = sorted(counts.items())
        if facet.sort.endswith("count"):
            buckets.sort(key=lambda bucket: bucket[1], reverse=facet.sort == "count")
        elif facet.sort == "-value":
            buckets.reverse()
        return [{"count": count, "value": write(value)} for value, count in buckets[: facet.count]]


def answer(request: Request, snapshot: Snapshot, address: str) -> dict[str, Any]:
    """What the service answers; `address` is that of the request, for the next page's link."""
    found = Found(request, snapshot)
    body: dict[str, Any] = {}
    if request.body.get("count"):
        body["@odata.count"] = len(found.order)
    if request.body.get("minimumCoverage") is not None:
        body["@search.coverage"] = 100.0
    if request.facets:
        body["@search.facets"] = {facet.field.name: found.facet(facet) for facet in request.facets}
    if (request.body.get("answers") or "none") != "none":
        body["@search.answers"] = []
    size = min(PAGE if request.top is None else request.top, MAX_PAGE)
    end = request.skip + size
    body["value"] = [found.result(number) for number in found.order[request.skip : end]]
    wanted = len(found.order) if request.top is None else min(len(found.order), request.skip + request.top)
    if size and end < wanted:
        following = request.body | {"skip": end} | ({} if request.top is None else {"top": request.top - size})
        body |= {"@search.nextPageParameters": following, "@odata.nextLink": address}
    return body


def _float32(value: float) -> float:
    return float(np.float32(value))
