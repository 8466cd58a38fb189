"""Measures what scores mean in a knowledge base, at the end of a run that changed it: see `retrieve._calibration`."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache
from importlib.resources import files
from itertools import zip_longest

import numpy as np

from imagelore.embed import Embedder
from imagelore.flows._overlap import chunked, overlapped
from imagelore.flows._snippets import question
from imagelore.flows._wording import placed, worded
from imagelore.index import Index
from imagelore.retrieve import CALIBRATION, Trial, Wanted, calibrated, retrieve, trial
from imagelore.types import Query, Ranking, Record, Scope, Vectors

_FEWEST, _MOST = 30, 60  # questions of each kind: with the records more, up to what takes a second or two
_SECONDS = 10.0  # after so many no further questions are asked: a service may be far away, or ration its calls
_BATCH = 16  # questions that are embedded in one call
_HITS = 8  # of a question that are looked at: as many as an answer rests on
_DRIFT = 0.2  # of the records: as many new, changed or removed ones call for another measurement
_WORKERS = 4  # batches at once


def calibrate(index: Index, embedder: Embedder, changed: int) -> bool:
    """Calibrates a knowledge base where it never was, or where it has changed much since; says whether it did.

    Args:
        index: the knowledge base; every write can be read.
        embedder: what made its vectors.
        changed: records that this run has written or removed.

    Raises:
        EmbedderError: a service would not embed the questions.
    """
    records, known = index.count(), index.calibration()
    if not records:
        return False
    drift = max(changed, abs(records - known.records)) if known and known.version == CALIBRATION else records
    if known and drift <= _DRIFT * known.records:
        return False
    chance, wanted = random.Random(0), min(_MOST, _FEWEST + records)
    sample = index.browse(limit=2 * _MOST)  # ids are hashes: the first ones are a fair draw
    own = [(text, record.id) for record in sample if (text := question(record, chance))][:wanted]
    others = [(text, "") for text in chance.sample(unrelated(), wanted)]
    asked = [each for pair in zip_longest(own, others) for each in pair if each]  # in turn: time may end early
    trials = [*_trials(index, embedder, asked)]
    index.calibrate(calibrated(trials, _looks(index, embedder, sample), records))
    return True


@cache
def unrelated() -> tuple[str, ...]:
    """The shipped questions that the pictures of most collections do not answer."""
    lines = files("imagelore.flows").joinpath("unrelated.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _trials(index: Index, embedder: Embedder, asked: Sequence[tuple[str, str]]) -> Iterator[Trial]:
    """What the questions find, as far as time allows."""
    known, end = _Known(index), time.monotonic() + _SECONDS

    def tried(batch: list[tuple[str, str]]) -> list[Trial | None]:
        trials: list[Trial | None] = []
        if time.monotonic() > end:
            return trials
        said = [worded(known, embedder.info, text) for text, _ in batch]
        for (_, own), each, texts in zip(batch, said, placed(embedder, said), strict=True):
            if time.monotonic() > end:
                break
            query = Query(each.text, texts, original=each.original)
            trials.append(trial(query, retrieve(query, known, embedder.info, lambda r: r.path, Wanted(_HITS)), own))
        return trials

    with closing(overlapped(tried, chunked(asked, _BATCH), _WORKERS, ahead=1)) as batches:
        for trials in batches:
            yield from filter(None, trials)
            if time.monotonic() > end:
                return


class _Known:
    """An index that fetches each record once, and judges by no earlier calibration."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._records: dict[str, Record] = {}

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        return self._index.rank(query, scope)

    def get(self, ids: Sequence[str], scope: Scope = Scope()) -> list[Record]:
        new = [id for id in ids if id not in self._records]
        fetched = self._index.get(new, scope) if new else []
        self._records.update((record.id, replace(record, thumbnail=b"")) for record in fetched)
        return [self._records[id] for id in ids if id in self._records]

    def calibration(self) -> None:
        return None


def _looks(index: Index, embedder: Embedder, sample: Sequence[Record]) -> Vectors:
    space = embedder.info.space("look")
    if space is None:
        return np.empty((0, 1), np.float32)
    records = index.get([record.id for record in sample], vectors=True)
    rows = [record.images[space.name] for record in records if space.name in record.images]
    return np.array(rows, np.float32).reshape(-1, space.dimensions)
