"""Seconds per picture for reading alone: decode, thumbnail, hashes, colours and metadata, on one core.

`python -m bench.read`; the bound of the index flow is cores / (these seconds + the embedder's).
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from bench._machine import machine
from imagelore.read import Options, picture
from imagelore.types import Asset

KINDS: tuple[tuple[str, tuple[int, int], dict[str, int]], ...] = (
    ("JPEG", (4000, 3000), {"quality": 88}),
    ("JPEG", (1024, 768), {"quality": 88}),
    ("JPEG", (320, 240), {"quality": 88}),
    ("PNG", (1024, 768), {}),
    ("WEBP", (1024, 768), {"quality": 85}),
    ("PNG", (4000, 3000), {"compress_level": 1}),
)
SECONDS = 2.0


def photograph(kind: str, size: tuple[int, int], options: dict[str, int]) -> bytes:
    """Noise with the spectrum of a photograph: it compresses to about the size that one would have."""
    rng = np.random.default_rng(1)
    total = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for octave in range(4):
        grain = rng.integers(0, 255, (max(2, size[1] >> 2 * octave + 1), max(2, size[0] >> 2 * octave + 1), 3))
        layer = Image.fromarray(grain.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float32) * 2.0**octave / 15
    stream = io.BytesIO()
    Image.fromarray(total.astype(np.uint8)).save(stream, kind, **options)
    return stream.getvalue()


def processor_seconds(work: Callable[[], object]) -> float:
    """What doing the work once takes of one core, whoever else uses the machine."""
    work()
    times = []
    for _ in range(7):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times)


def rate(work: Callable[[], object], threads: int, seconds: float = SECONDS) -> float:
    """How often a second the work is done by so many threads side by side."""

    def loop(_: int) -> int:
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            work()
            done += 1
        return done

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(loop, range(threads)))
    return done / (time.perf_counter() - start)


def main() -> None:
    """Prints a table: kind, size, file size, milliseconds of a core a picture, pictures a second on all cores."""
    cores, options = os.cpu_count() or 1, Options(image_side=260)
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    print(f"{'kind':6}{'pixels':>12}{'kB':>8}{'core ms':>12}{'pictures/s':>12}  ({cores} threads)")
    for kind, size, extra in KINDS:
        data = photograph(kind, size, extra)
        asset = Asset("bench", "", len(data))

        def work(data: bytes = data, asset: Asset = asset) -> object:
            return picture.read(asset, data, options)

        milliseconds, all_cores = 1000 * processor_seconds(work), rate(work, cores)
        print(f"{kind:6}{f'{size[0]}x{size[1]}':>12}{len(data) // 1000:8}{milliseconds:12.1f}{all_cores:12.1f}")


if __name__ == "__main__":
    main()
