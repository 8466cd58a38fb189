"""Retrieval from AI Search: what imagelore adds to one bare call of the SDK.

The bare call is what a program of one's own would send: one hybrid request (words and two vectors), the first eight
documents with all their fields. imagelore asks for what was seen at the same time, keeps every ranking's ranks and
scores, joins them itself, collapses near-duplicates, and fetches the records in a second round. The stand-in for the
service runs in a process of its own; each answer takes 50 ms more than it computes.

    python -m bench.azure_search [--runs N]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import multiprocessing
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection

from azure.core.credentials import AzureKeyCredential
from azure.search.documents import SearchClient
from azure.search.documents.models import VectorizedQuery, VectorQuery
from tests.fakes.faults import Fault
from tests.fakes.search_server import FakeSearch

from bench._machine import machine, quantile
from bench.search import EMBEDDER, batches, questions
from imagelore.index import azure_search
from imagelore.retrieve import Wanted, retrieve
from imagelore.settings import Settings
from imagelore.types import Query, Record

RECORDS, TOP, LATENCY = 500, 8, 0.05


def serve(pipe: Connection) -> None:
    with closing(FakeSearch()) as server:
        pipe.send((server.url, server.admin_key))
        pipe.recv()
        gc.disable()  # a collection of all its documents takes longer than an answer, and is no part of a service
        server.faults.kinds, server.faults.rate = (Fault(None, pause=LATENCY),), 1.0
        pipe.send("slow")
        pipe.recv()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    assert work()
    return time.perf_counter() - start


def bare(client: SearchClient, query: Query) -> list[dict[str, object]]:
    vectors: list[VectorQuery] = [
        VectorizedQuery(vector=query.texts["concept"].ravel().tolist(), k_nearest_neighbors=query.depth, fields=column)
        for column in ("text_concept", "image_concept")
    ]
    return list(client.search(query.text, search_fields=["words"], vector_queries=vectors, top=TOP))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=60)
    runs = parser.parse_args().runs
    print(machine())
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    context.Process(target=serve, args=(theirs,), daemon=True).start()
    url, key = ours.recv()
    settings = Settings(azure_search_endpoint=url, azure_search_key=key)
    index = azure_search.create("azure-search://bench/pictures", EMBEDDER, settings)
    for records, _ in itertools.islice(batches(RECORDS), RECORDS):
        index.upsert(records)
    index.refresh()
    ours.send("indexed")
    ours.recv()
    gc.freeze()  # as `imagelore serve` does

    def uri(record: Record) -> str:
        return record.path

    asked = [Query(query.text, query.texts) for query in questions()]
    times: dict[str, list[float]] = {"bare": [], "imagelore": []}
    with SearchClient(url, "pictures", AzureKeyCredential(key)) as client:
        for number in range(runs + 3):
            query = asked[number % len(asked)]
            pair = {
                "bare": seconds(lambda query=query: bare(client, query)),  # type: ignore[misc]
                "imagelore": seconds(lambda query=query: retrieve(query, index, EMBEDDER, uri, Wanted(TOP))),  # type: ignore[misc]
            }
            if number >= 3:  # the first ones open connections
                for name, value in pair.items():
                    times[name].append(value)
    ours.send("done")
    index.close()
    print(f"{RECORDS} records, {runs} questions, {1000 * LATENCY:.0f} ms of latency a request")
    for name, values in times.items():
        print(f"{name:10} p50 {1000 * quantile(values, 0.5):6.1f} ms   p95 {1000 * quantile(values, 0.95):6.1f} ms")
    ratio = quantile(times["imagelore"], 0.5) / quantile(times["bare"], 0.5)
    print(f"ratio      {ratio:.2f} (two rounds of latency against one)")


if __name__ == "__main__":
    main()
