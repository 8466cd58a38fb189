"""Listing a container of many blobs: time, and memory that must not grow with them.

The source `azure_blob` through its SDK, against a stand-in that answers List Blobs, in a process of its own; each count
is listed by a fresh process, whose peak memory is read at its end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from contextlib import closing
from multiprocessing.connection import Connection

from tests.fakes.azurite import ACCOUNT, KEY
from tests.fakes.blob_listing import BlobListing

from bench._machine import machine
from imagelore import Settings
from imagelore.source import azure_blob

_UNIT = 1e6 if sys.platform == "darwin" else 1e3  # of ru_maxrss in a megabyte


def serve(pipe: Connection, blobs: int) -> None:
    with closing(BlobListing(blobs)) as server:
        pipe.send(server.endpoint)
        pipe.recv()


def listed(pipe: Connection, endpoint: str) -> None:
    source = azure_blob.create(f"az://{ACCOUNT}/many", Settings(azure_storage_endpoint=endpoint, azure_storage_key=KEY))
    start = time.perf_counter()
    count = sum(1 for _ in source.list())
    seconds = time.perf_counter() - start
    pipe.send((count, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNIT))


def measure(blobs: int) -> tuple[int, float, float]:
    """(blobs listed, seconds, megabytes at the peak)."""
    context = multiprocessing.get_context("spawn")
    service, served = context.Pipe()
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(served, blobs), daemon=True)
    server.start()
    client = context.Process(target=listed, args=(theirs, service.recv()), daemon=True)
    client.start()
    count, seconds, megabytes = ours.recv()
    client.join()
    server.terminate()
    server.join()
    return count, seconds, megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blobs", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    print(machine())
    for blobs in parser.parse_args().blobs:
        count, seconds, megabytes = measure(blobs)
        print(f"{count:>9,} blobs  {seconds:6.1f} s  {count / seconds:7,.0f} blobs/s  {megabytes:5.0f} MB at the peak")


if __name__ == "__main__":
    main()
