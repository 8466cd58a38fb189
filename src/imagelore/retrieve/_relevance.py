"""Whether a hit really fits its question, and why it was found, in words."""

from __future__ import annotations

from collections.abc import Mapping

from imagelore.retrieve._signals import confidence, kind_of, signals
from imagelore.types import Calibration, EmbedderInfo, Found, Query, Record
from imagelore.words import content_words, stem, stems

FITS = 0.5  # confidence from which on a hit fits its question
_LEAST_SHARE = 0.5  # more of a question's content words than this must be in a record for it to fit by words alone


class Relevance:
    """Judges the hits of one question by raw scores and shared words, never by their rank.

    With a calibration, scores count by what unrelated questions reach in this very knowledge base; without one, by the
    embedder's floors.
    """

    def __init__(self, query: Query, embedder: EmbedderInfo, calibration: Calibration | None = None) -> None:
        self._words = {stem(word): word for word in content_words(query.text)}
        self._calibration = calibration
        self._floors = {}
        for name, floor in (("meaning", "text_floor"), ("image", "image_floor"), ("look", "look_floor")):
            if space := embedder.space(name):
                self._floors[name] = getattr(space, floor)

    def confidence(self, record: Record, found: Mapping[str, Found]) -> float:
        """From 0 to 1, that a record fits the question; 0.5 and more is taken for yes."""
        if self._calibration is None:
            return float(self._fits(record, found))
        raw = signals(record, found, self._words)
        kinds = [kind_of(record)] if self._words or "meaning" in found or "image" in found else []
        kinds += ["look"] if "look" in found else []
        return max((confidence(self._calibration, kind, raw) for kind in kinds), default=0.0)

    def why(self, record: Record, found: Mapping[str, Found]) -> str:
        """Why this record was found, for a card: "text mentions albino; looks like your picture"."""
        reasons = []
        if words := self._shared(record.words()):
            reasons.append("text mentions " + self._as_asked(words))
        elif self._above("meaning", found):
            reasons.append("text is close in meaning")
        if self._above("look", found):
            reasons.append("looks like your picture")
        if "colour" in found:
            reasons.append("has the colour you ask for")
        if words := self._shared(record.seen.words()):
            reasons.append("seems to show " + self._as_asked(words))
        elif self._above("image", found):
            reasons.append("picture is close to your words")
        return "; ".join(reasons) or "among the closest there are"

    def _fits(self, record: Record, found: Mapping[str, Found]) -> bool:
        """Vectors above what unrelated things reach, or enough of the question's words in the record or in `seen`."""
        if any(self._above(name, found) for name in self._floors):
            return True
        shared = self._shared(record.words()) | self._shared(record.seen.words())
        return len(shared) > _LEAST_SHARE * len(self._words)

    def _above(self, name: str, found: Mapping[str, Found]) -> bool:
        """A score that stands out: above its floor or, by a calibration, above what most unrelated questions reach."""
        if name not in found:
            return False
        if self._calibration and name in self._calibration.unrelated:
            centre, spread = self._calibration.unrelated[name]
            return found[name].score >= centre + spread
        return name in self._floors and found[name].score >= self._floors[name]

    def _shared(self, text: str) -> set[str]:
        return self._words.keys() & set(stems(text))

    def _as_asked(self, shared: set[str]) -> str:
        return ", ".join(word for form, word in self._words.items() if form in shared)
