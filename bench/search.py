"""Search: latency of a whole `rank` call, and recall of its vector rankings against an exact scan.

    python bench/search.py [RECORDS ...]        (default: 1000 20000)

Records have clustered random vectors with the dimensions of the starter embedder, and words with a natural (Zipf)
distribution. A question has words and a picture, so that all five rankings are made.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence

import numpy as np

from imagelore.index import Index, lancedb
from imagelore.settings import Settings
from imagelore.types import Compare, EmbedderInfo, Query, Ranking, Record, Scope, Seen, Space, Vectors

CONCEPT = Space("concept", 384, images=True, documents=True, queries=True)
LOOK = Space("look", 256, images=True)
EMBEDDER = EmbedderInfo("bench", "1", (CONCEPT, LOOK), 260)
WORDS = [f"{a}{b}{c}" for a in ("ba", "ke", "lo", "mu", "ri") for b in ("tan", "vos", "lim", "dor") for c in "aeiou"]
QUESTIONS = 200
BATCH = 500


class Clusters:
    """Unit vectors around centres: what embeddings of pictures look like, unlike uniform noise."""

    def __init__(self, seed: int, dimensions: int, centres: int = 200, spread: float = 0.7) -> None:
        self._rng = np.random.default_rng(seed)
        self._centres = _unit(self._rng.normal(size=(centres, dimensions)))
        self._spread = spread / np.sqrt(dimensions)

    def draw(self, count: int) -> Vectors:
        """Vectors `[count, dimensions]`."""
        chosen = self._centres[self._rng.integers(len(self._centres), size=count)]
        return _unit(chosen + self._spread * self._rng.normal(size=chosen.shape))


def _unit(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def sentence(rng: np.random.Generator, length: int) -> str:
    """Words drawn from a Zipf distribution."""
    return " ".join(WORDS[min(len(WORDS), int(rank)) - 1] for rank in rng.zipf(1.3, size=length))


def batches(count: int) -> Iterator[tuple[list[Record], dict[str, Vectors]]]:
    """Records, and their vectors by column."""
    rng = np.random.default_rng(0)
    spaces = {"meaning": Clusters(1, 384), "image": Clusters(2, 384), "look": Clusters(3, 256)}
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        vectors = {name: clusters.draw(size) for name, clusters in spaces.items()}
        yield [_record(rng, start + i, {n: v[i] for n, v in vectors.items()}) for i in range(size)], vectors


def _record(rng: np.random.Generator, number: int, vectors: dict[str, Vectors]) -> Record:
    return Record(
        id=f"{number:016x}",
        source="bench",
        path=f"folder{number % 100}/IMG_{number}.jpg",
        version="1",
        digest="1",
        title=sentence(rng, 4),
        text=sentence(rng, 25),
        tags=(sentence(rng, 1), sentence(rng, 1)),
        seen=Seen(tuple((sentence(rng, 1), 0.1) for _ in range(5)), ("red", "grey")),
        width=int(rng.integers(100, 4000)),
        thumbnail=rng.bytes(8000),
        images={"concept": vectors["image"], "look": vectors["look"]},
        texts={"concept": vectors["meaning"]},
    )


def questions() -> list[Query]:
    """Questions with words and a picture."""
    rng = np.random.default_rng(9)
    concept = np.concatenate([Clusters(1, 384).draw(QUESTIONS // 2), Clusters(2, 384).draw(QUESTIONS // 2)])
    look = Clusters(3, 256).draw(QUESTIONS)
    return [
        Query(sentence(rng, 6), {"concept": concept[i : i + 1]}, {"look": look[i : i + 1]}) for i in range(QUESTIONS)
    ]


def recall(found: Sequence[Ranking], query: Query, exact: dict[str, Vectors], depth: int = 10) -> list[float]:
    """The share of the exact ten nearest that each vector ranking has in its first ten."""
    asked = {"meaning": query.texts["concept"], "image": query.texts["concept"], "look": query.images["look"]}
    shares = []
    for ranking in found:
        if ranking.name in exact:
            best = np.argsort(-(exact[ranking.name] @ asked[ranking.name][0]))[:depth]
            shares.append(len({f"{i:016x}" for i in best} & {key for key, _ in ranking.entries[:depth]}) / depth)
    return shares


def timed(index: Index, asked: Sequence[Query], scope: Scope = Scope()) -> str:
    """p50 and p95 of a whole `rank` call."""
    seconds = []
    for query in [*asked[:10], *asked]:  # the first ten warm the caches
        start = time.perf_counter()
        index.rank(query, scope)
        seconds.append(time.perf_counter() - start)
    p50, p95 = np.quantile(np.array(seconds[10:]) * 1000, [0.5, 0.95])
    return f"p50 {p50:5.1f} ms  p95 {p95:5.1f} ms"


def run(count: int, folder: str) -> None:
    """Builds a knowledge base of `count` records, asks, and prints."""
    index = lancedb.create(folder, EMBEDDER, Settings())
    columns: dict[str, list[Vectors]] = {"meaning": [], "image": [], "look": []}
    writing = 0.0
    for records, vectors in batches(count):
        start = time.perf_counter()
        index.upsert(records)
        writing += time.perf_counter() - start
        for name, rows in vectors.items():
            columns[name].append(rows)
    start = time.perf_counter()
    index.refresh()
    refreshing = time.perf_counter() - start
    exact = {name: np.concatenate(rows) for name, rows in columns.items()}
    asked = questions()
    shares = [share for query in asked for share in recall(index.rank(query), query, exact)]
    print(f"{count} records: {timed(index, asked)}  recall@10 {np.mean(shares):.3f}")
    print(f"  a tenth of the records in scope: {timed(index, asked, Scope(Compare('width', '<', 490)))}")
    size = index.info().details["megabytes"]
    print(f"  written in {writing:.1f} s, refreshed in {refreshing:.1f} s, {size:.0f} MB")


def main() -> None:
    """Prints the machine and one block for each size."""
    print(f"{platform.machine()} {platform.processor()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for count in [int(value) for value in sys.argv[1:]] or [1_000, 20_000]:
        with tempfile.TemporaryDirectory() as folder:
            run(count, f"{folder}/kb")


if __name__ == "__main__":
    main()
