"""Whether a hit really fits its question, and why it was found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imagelore.types import EmbedderInfo, Found, Query, Ranking, Record
from imagelore.words import content_words, stem, stems

_LEAST_SHARE = 0.5  # more of a question's content words than this must be in a record for it to fit by words alone


class Relevance:
    """Judges the hits of one question by raw scores and shared words, never by their rank."""

    def __init__(self, query: Query, embedder: EmbedderInfo) -> None:
        self._words = {stem(word): word for word in content_words(query.text)}
        self._pictures = bool(query.images)
        self._floors = {}
        for name in ("meaning", "image", "look"):
            if space := embedder.space(name):
                self._floors[name] = space.text_floor if name == "meaning" else space.image_floor

    def cut(self, rankings: Sequence[Ranking]) -> list[Ranking]:
        """The rankings without the entries whose scores unrelated things reach as well."""
        return [
            Ranking(r.name, tuple(entry for entry in r.entries if entry[1] >= self._floors.get(r.name, 0.0)))
            for r in rankings
        ]

    def fits(self, record: Record, found: Mapping[str, Found]) -> bool:
        """Vectors above their floor, or enough of the question's words in the record or in what was seen."""
        if any(name in found and found[name].score >= floor for name, floor in self._floors.items()):
            return True
        shared = self._shared(record.words()) | self._shared(record.seen.words())
        return bool(shared) and len(shared) > _LEAST_SHARE * len(self._words)

    def why(self, record: Record, found: Mapping[str, Found]) -> str:
        """Why this record was found, for a card: "text mentions albino; looks like your picture"."""
        reasons = []
        if words := self._shared(record.words()):
            reasons.append("text mentions " + ", ".join(self._words[word] for word in self._words if word in words))
        elif self._above("meaning", found):
            reasons.append("text is close in meaning")
        if self._above("look", found):
            reasons.append("looks like your picture")
        if words := self._shared(record.seen.words()):
            reasons.append("seems to show " + ", ".join(self._words[word] for word in self._words if word in words))
        elif self._above("image", found):
            reasons.append("picture is close to your words")
        return "; ".join(reasons) or "among the closest there are"

    def _above(self, name: str, found: Mapping[str, Found]) -> bool:
        return name in found and name in self._floors and found[name].score >= self._floors[name]

    def _shared(self, text: str) -> set[str]:
        return self._words.keys() & set(stems(text))
