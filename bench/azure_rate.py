"""Indexing with a cloud embedder: how much of an allowed rate is used, and what calls side by side gain.

The real index flow, on small pictures, into a temporary LanceDB folder, against the stand-in for Azure AI Vision in a
process of its own: each answer takes 50 ms. Once it allows 20 calls in any second; once it has no limit, compared with
one picture after the other through the same embedder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image
from tests.fakes.vision_server import FakeVision

from bench._machine import machine
from imagelore import Settings, ingest
from imagelore.embed import azure_vision

LATENCY = 0.05  # seconds


def serve(pipe: Connection, allowed: int) -> None:
    with closing(FakeVision()) as server:
        server.latency, server.allowed = LATENCY, allowed
        pipe.send((server.url, server.key))
        pipe.recv()
        pipe.send((server.calls, len(server.requests)))


@contextmanager
def service(allowed: int) -> Iterator[tuple[str, str, Connection]]:
    """(address, key, a pipe that answers with the number of calls, all and answered)."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, allowed), daemon=True)
    process.start()
    try:
        yield *ours.recv(), ours
    finally:
        process.terminate()
        process.join()


def paint(folder: Path, count: int) -> list[Image.Image]:
    folder.mkdir()
    random = np.random.default_rng(0)
    painted = []
    for n in range(count):
        coarse = Image.fromarray(random.integers(0, 255, (4, 4, 3), np.uint8))
        painted.append(coarse.resize((96, 96), Image.Resampling.BICUBIC))
        painted[-1].save(folder / f"{n:05}.jpg", quality=88)
    return painted


def indexed(place: Path, photos: Path, settings: Settings) -> tuple[float, float]:
    """(pictures a second, seconds) of a whole run."""
    report = ingest(settings, str(photos))
    assert report.added == len(list(photos.iterdir())), f"not all pictures were indexed into {place}"
    return report.added / report.seconds, report.seconds


def limited(place: Path, photos: Path, allowed: int) -> None:
    with service(allowed) as (url, key, pipe):
        settings = Settings(
            kb=str(place / "limited"),
            embedder="azure_vision",
            azure_vision_endpoint=url,
            azure_vision_key=key,
            azure_vision_rate=allowed,
        )
        rate, seconds = indexed(place, photos, settings)
        pipe.send(None)
        calls, answered = pipe.recv()
        print(f"{allowed} calls/s allowed, end to end: {rate:6.1f} pictures/s in {seconds:.1f} s, ", end="")
        print(f"ratio {rate / allowed:.3f}, {calls - answered} of {calls} calls refused")


def unlimited(place: Path, photos: Path, painted: list[Image.Image]) -> None:
    with service(0) as (url, key, _):
        settings = Settings(
            kb=str(place / "unlimited"),
            embedder="azure_vision",
            azure_vision_endpoint=url,
            azure_vision_key=key,
            azure_vision_rate=0,
        )
        with closing(azure_vision.create(settings)) as embedder:
            embedder.embed_images(painted[:1])
            start = time.perf_counter()
            for picture in painted[:100]:
                embedder.embed_images([picture])
            single = 100 / (time.perf_counter() - start)
            start = time.perf_counter()
            for n in range(0, len(painted), 256):
                embedder.embed_images(painted[n : n + 256])
            many = len(painted) / (time.perf_counter() - start)
        rate, seconds = indexed(place, photos, settings)
        print(f"no limit, one after the other: {single:6.1f} pictures/s")
        print(f"no limit, embedder alone:      {many:6.1f} pictures/s, ratio {many / single:.1f}")
        print(f"no limit, end to end:          {rate:6.1f} pictures/s in {seconds:.1f} s, ratio {rate / single:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--allowed", type=int, default=20, help="calls a second")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="imagelore-bench-") as folder:
        place = Path(folder)
        paint(place / "warm", 1)  # libraries are loaded before the clock starts, since a process does that once
        ingest(Settings(kb=str(place / "warm-kb"), embedder="palette"), str(place / "warm"))
        painted = paint(place / "photos", options.pictures)
        limited(place, place / "photos", options.allowed)
        unlimited(place, place / "photos", painted)


if __name__ == "__main__":
    main()
