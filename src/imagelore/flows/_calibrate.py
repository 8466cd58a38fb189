"""Measures what scores mean in a knowledge base, at the end of a run that changed it: see `retrieve._calibration`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from imagelore.embed import Embedder
from imagelore.flows._overlap import overlapped
from imagelore.flows._snippets import question
from imagelore.index import Index
from imagelore.retrieve import CALIBRATION, Trial, Wanted, calibrated, retrieve, trial
from imagelore.types import Query, Record, Vectors
from imagelore.words import subject

_FEWEST, _MOST = 30, 120  # questions of each kind: with the records more, up to what takes a few seconds
_HITS = 8  # of a question that are looked at: as many as an answer rests on
_DRIFT = 0.2  # of the records: as many new, changed or removed ones call for another measurement
_WORKERS = 4  # questions at once


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
    asked = [(text, record.id) for record in sample if (text := question(record, chance))][:wanted]
    asked += [(text, "") for text in chance.sample(unrelated(), wanted)]
    trials = [*_trials(index, embedder, asked)]
    index.calibrate(calibrated(trials, _looks(index, embedder, sample), records))
    return True


@cache
def unrelated() -> tuple[str, ...]:
    """The shipped questions that the pictures of most collections do not answer."""
    lines = files("imagelore.flows").joinpath("unrelated.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _trials(index: Index, embedder: Embedder, asked: Sequence[tuple[str, str]]) -> Iterator[Trial]:
    vectors = embedder.embed_texts([subject(text) for text, _ in asked], role="query")

    def tried(number: int) -> Trial | None:
        text, own = asked[number]
        query = Query(text, {space: rows[number] for space, rows in vectors.items()})
        return trial(query, retrieve(query, index, embedder.info, lambda record: record.path, Wanted(_HITS)), own)

    yield from filter(None, overlapped(tried, range(len(asked)), _WORKERS))


def _looks(index: Index, embedder: Embedder, sample: Sequence[Record]) -> Vectors:
    space = embedder.info.space("look")
    if space is None:
        return np.empty((0, 1), np.float32)
    records = index.get([record.id for record in sample], vectors=True)
    rows = [record.images[space.name] for record in records if space.name in record.images]
    return np.array(rows, np.float32).reshape(-1, space.dimensions)
