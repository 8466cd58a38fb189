"""What speaks for a hit, and how much: raw scores and shared words, weighed as a knowledge base's calibration says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from imagelore.types import Calibration, Found, Record
from imagelore.words import stems

KINDS: Mapping[str, tuple[str, ...]] = {
    "described": ("words", "meaning", "image", "seen"),
    "bare": ("image", "seen"),
    "look": ("look",),
}
"""Kind of evidence -> its signals: of a picture with text, of one without, and of any beside the question's picture."""

_WIDEST = 8.0  # spreads that a score may be off
_PASSAGE = 60  # content words: about five lines of a page
_NOT_RANKED = -1.0  # spreads: the ranking ended before this record

Signals = Mapping[str, float]
Scale = Mapping[str, tuple[float, float]]
Floats = NDArray[np.float64]


def signals(record: Record, found: Mapping[str, Found], wordings: Sequence[Collection[str]]) -> Signals:
    """The shares of a question's words in the record and in what was seen; its raw scores by ranking.

    `wordings`: the stems of the question's words, for each way that it is worded in; the best share counts.
    """
    raw = {"words": held(wordings, record), "seen": share(wordings, stems(record.seen.words()))}
    return raw | {name: found[name].score for name in ("meaning", "image", "look") if name in found}


def held(wordings: Sequence[Collection[str]], record: Record, more: Iterable[str] = ()) -> float:
    """The share of a question's words that a record has, what stands in it passage by passage.

    A page of text has most words of any question somewhere: only those that stand near each other speak for it. `more`:
    stems that count as the record's own.
    """
    told = {*stems(record.told()), *stems(record.described.words()), *more}
    passages = [told | passage for passage in _passages(stems(record.running))] or [told]
    return max(share(wordings, passage) for passage in passages)


def _passages(read: Sequence[str]) -> list[set[str]]:
    """The stems of a text in overlapping passages."""
    starts = range(0, max(1, len(read) - _PASSAGE // 2), _PASSAGE // 2) if read else ()
    return [{*read[start : start + _PASSAGE]} for start in starts]


def share(wordings: Sequence[Collection[str]], theirs: Iterable[str]) -> float:
    """The share of a question's words that are among these stems, for the wording that has most of them there."""
    known = {*theirs}
    return max((len(known.intersection(words)) / len(words) for words in wordings if words), default=0.0)


def kind_of(record: Record) -> str:
    """Whether words can be compared with the record's own, or with its picture only."""
    return "described" if record.worded else "bare"


def row(scale: Scale, kind: str, raw: Signals) -> Floats:
    """`[1 + signals]`: 1, then the signals of a kind, scores in spreads from the centre of unrelated ones."""
    return np.array([1.0, *(_scaled(scale, name, raw) for name in KINDS[kind])])


def confidence(calibration: Calibration, kind: str, raw: Signals) -> float:
    """From 0 to 1, that a hit fits its question: from 0.5 on it is taken to."""
    return float(1 / (1 + np.exp(-row(calibration.unrelated, kind, raw) @ calibration.weights[kind])))


def _scaled(scale: Scale, name: str, raw: Signals) -> float:
    if name in ("words", "seen"):
        return raw[name]
    if name not in scale:
        return 0.0
    centre, spread = scale[name]
    return float(np.clip((raw[name] - centre) / spread, -_WIDEST, _WIDEST)) if name in raw else _NOT_RANKED
