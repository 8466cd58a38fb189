"""Indexing speed: pictures a second end to end against what the cores could do at best, measured in the same run.

The bound is cores / (seconds to read and decode a picture with its thumbnail + seconds to embed it), both on one
thread. Also: a second run over 20,000 files of which none has changed, as a whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from bench._machine import machine
from imagelore import Settings, ingest
from imagelore.embed import starter
from imagelore.read import Options, picture
from imagelore.source import local

SMALL, LARGE = (640, 480), (4000, 3000)


def photo(path: Path, size: tuple[int, int], seed: int) -> None:
    """A JPEG with about as much detail as a photograph of its size."""
    random = np.random.default_rng(seed)
    base = Image.fromarray(random.integers(0, 255, (12, 16, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noise = random.normal(0, 6, (size[1], size[0], 1))
    pixels = np.clip(np.asarray(base, np.float32) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path, quality=88)


def per_picture(folder: Path, settings: Settings, least: float = 3.0) -> tuple[float, float]:
    """(read, embed) seconds of one picture on one thread."""
    embedder = starter.create(settings)
    options = Options(image_side=embedder.info.image_side)
    source = local.create(str(folder), settings)
    assets = [asset for asset in source.list() if asset.path.endswith(".jpg")]
    embedder.embed_images([picture.read(assets[0], source.read(assets[0]), options).picture])
    read = embed = 0.0
    done = 0
    while read + embed < least:
        asset = assets[done % len(assets)]
        start = time.perf_counter()
        reading = picture.read(asset, source.read(asset), options)
        middle = time.perf_counter()
        embedder.embed_images([reading.picture])
        embed += time.perf_counter() - middle
        read += middle - start
        done += 1
    return read / done, embed / done


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="imagelore-bench-") as folder:
        yield Path(folder)


def throughput(name: str, size: tuple[int, int], count: int) -> None:
    """Prints one line; libraries and models are loaded before the clock starts, since a run does that once."""
    with scratch() as place:
        photos = place / "photos"
        photos.mkdir()
        for n in range(count):
            photo(photos / f"{n:05}.jpg", size, n)
        warm = place / "warm"
        warm.mkdir()
        photo(warm / "first.jpg", size, 0)
        ingest(Settings(kb=str(place / "warm-kb")), str(warm))
        before = per_picture(photos, Settings())
        report = ingest(Settings(kb=str(place / "kb")), str(photos))
        after = per_picture(photos, Settings())
        read, embed = ((a + b) / 2 for a, b in zip(before, after, strict=True))
        bound = (os.cpu_count() or 1) / (read + embed)
        rate = report.added / report.seconds
        print(
            f"{name:<22} read {read * 1000:6.1f} ms  embed {embed * 1000:5.1f} ms  bound {bound:6.1f}/s  "
            f"end to end {rate:6.1f}/s  ratio {rate / bound:.2f}"
        )


def unchanged(count: int) -> None:
    with scratch() as place:
        photos = place / "photos"
        for n in range(count):
            path = photos / f"{n // 500:03}" / f"{n:06}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (16, 16), (n % 256, n // 256 % 256, 90)).save(path)
        rows = ({"file_name": f"{n // 500:03}/{n:06}.png", "title": f"Tile {n}", "n": n} for n in range(count))
        (photos / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
        arguments = ["index", str(photos), "--kb", str(place / "kb"), "--embedder", "palette"]
        command = [sys.executable, "-m", "imagelore", *arguments]
        for run in ("first", "second", "third"):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            print(f"{count:,} files, {run} run: {time.perf_counter() - start:.2f} s as a whole process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=1000, help="small pictures")
    parser.add_argument("--large", type=int, default=100, help="12-megapixel pictures")
    parser.add_argument("--files", type=int, default=20_000, help="files of the run in which nothing has changed")
    options = parser.parse_args()
    print(machine())
    throughput(f"{options.small:,} JPEGs of 0.3 MP", SMALL, options.small)
    throughput(f"{options.large:,} JPEGs of 12 MP", LARGE, options.large)
    unchanged(options.files)


if __name__ == "__main__":
    main()
