"""Whether a hit really fits its question, and why it was found, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from imagelore.retrieve._signals import confidence, held, kind_of, signals
from imagelore.types import Calibration, EmbedderInfo, Found, Query, Record
from imagelore.words import stemmed, stems

FITS = 0.5  # confidence from which on a hit fits its question
_LEAST_SHARE = 0.5  # more of a question's content words than this must be in a record for it to fit by words alone
_SPREAD = 0.08  # of the best cosines of unrelated questions, where none was measured: as it is with `starter`


class Relevance:
    """Judges the hits of one question by raw scores and shared words, never by their rank.

    With a calibration, scores count by what unrelated questions reach in this very knowledge base; without one, by the
    embedder's floors.
    """

    def __init__(self, query: Query, embedder: EmbedderInfo, calibration: Calibration | None = None) -> None:
        self._wordings = [dict(stemmed(wording)) for wording in query.wordings]  # stem -> word
        self._limits = {}  # scores that stand out
        for name, floor in (("meaning", "text_floor"), ("image", "image_floor"), ("look", "look_floor")):
            if space := embedder.space(name):
                self._limits[name] = getattr(space, floor)
        self._calibration = calibration
        if calibration:  # a ranking that could not be measured, in a few pictures, has the embedder's floor
            floors = {name: (floor - _SPREAD, _SPREAD) for name, floor in self._limits.items()}
            scale = {**floors, **calibration.unrelated}
            self._limits = {name: centre + spread for name, (centre, spread) in scale.items()}
            self._calibration = replace(calibration, unrelated=scale)

    def confidence(self, record: Record, found: Mapping[str, Found]) -> float:
        """From 0 to 1, that a record fits the question; 0.5 and more is taken for yes."""
        if self._calibration is None:
            return float(self._fits(record, found))
        raw = signals(record, found, self._wordings)
        kinds = [kind_of(record)] if any(self._wordings) or "meaning" in found or "image" in found else []
        kinds += ["look"] if "look" in found else []
        return max((confidence(self._calibration, kind, raw) for kind in kinds), default=0.0)

    def why(self, record: Record, found: Mapping[str, Found]) -> str:
        """Why this record was found, for a card: "text mentions albino; looks like your picture"."""
        reasons = [*self._words_of(record)]
        if not reasons and self._above("meaning", found):
            reasons.append("text is close in meaning")
        if self._above("look", found):
            reasons.append("looks like your picture")
        if "colour" in found:
            reasons.append("has the colour you ask for")
        if words := self._shared(record.seen.words()):
            reasons.append(f"seems to show {', '.join(words)}")
        elif self._above("image", found):
            reasons.append("picture is close to your words")
        return "; ".join(reasons) or "among the closest there are"

    def _words_of(self, record: Record) -> Iterator[str]:
        """The question's words that a record has: each is told of those that said it, people before machines."""
        told = self._shared(record.told())
        read = self._shared(record.running, without=told)
        if told:
            yield f"text mentions {', '.join(told)}"
        if read:
            yield f"{_inside(record)} mentions {', '.join(read)}"
        if words := self._shared(record.described.words(), without=[*told, *read]):
            by = f" by {record.described.model}" if record.described.model else ""
            yield f"described as {', '.join(words)}{by}"

    def _fits(self, record: Record, found: Mapping[str, Found]) -> bool:
        """Vectors above what unrelated things reach, or enough of the question's words in the record or in `seen`."""
        if any(self._above(name, found) for name in self._limits):
            return True
        return held(self._wordings, record, stems(record.seen.words())) > _LEAST_SHARE

    def _above(self, name: str, found: Mapping[str, Found]) -> bool:
        """A score that stands out: above its floor or, by a calibration, above what most unrelated questions reach."""
        return name in found and name in self._limits and found[name].score >= self._limits[name]

    def _shared(self, text: str, without: Collection[str] = ()) -> list[str]:
        """The question's words that a text has, as they were asked."""
        theirs = {*stems(text)}
        words = [word for wording in self._wordings for form, word in wording.items() if form in theirs]
        return [word for word in dict.fromkeys(words) if word not in without]


def _inside(record: Record) -> str:
    """What the text that stands in a record is part of: "page", "slide"; "text in it" for a picture."""
    return "text in it" if not record.place or ", picture " in record.place else record.place.split()[0]
