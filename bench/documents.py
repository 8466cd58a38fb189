"""PDF pages a second, of our reader and of the bare pypdfium2 loop: each page rendered at the same size, and its text.

`python -m bench.documents [FILE.pdf ...]`; without files: pages of text and pages of text with figures that are made
here. Ours also finds the lines and their places, makes thumbnails, hashes and colours, and hands every page from the
process in which PDFium runs to this one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image
from tests.read.documents import Page, written
from tests.read.documents import pdf as written_pdf

from bench._machine import machine
from imagelore.read import Options, Reading, pdf
from imagelore.types import Asset

OPTIONS = Options(image_side=512)
PAGES, RUNS = 100, 5
WORDS = ("the", "picture", "of", "a", "page", "is", "as", "large", "as", "an", "embedder", "can", "make", "use", "of")


def made() -> Iterator[tuple[str, bytes]]:
    """(name, document): 38 lines a page; 20 lines and two photographs a page."""
    chance = np.random.default_rng(1)
    lines = [[" ".join(chance.choice(WORDS, 13)) for _ in range(38)] for _ in range(PAGES)]
    yield "text", written_pdf(lines)
    pages = []
    for page in lines:
        grains = chance.integers(0, 255, (2, 12, 16, 3), np.uint8)
        photos = [Image.fromarray(grain).resize((400, 300), Image.Resampling.BICUBIC) for grain in grains]
        boxes = [(72.0, 80.0, 280.0, 236.0), (300.0, 80.0, 508.0, 236.0)]
        pages.append(Page(written(page[:20]), list(zip(photos, boxes, strict=True))))
    yield "text and two photographs", written_pdf(pages)


def bare(data: bytes) -> int:
    """What everybody would write: one thread, no places of lines, no thumbnails."""
    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            scale = OPTIONS.image_side / max(page.get_size())
            page.render(scale=scale).to_pil()
            page.get_textpage().get_text_bounded()
            page.close()
        return len(document)


def ours(data: bytes) -> int:
    read = pdf.readings(Asset("bench.pdf", "", len(data)), data, OPTIONS)
    return sum(isinstance(part, Reading) and "picture" not in part.place for part in read)


def seconds(work: object, data: bytes) -> float:
    start = time.perf_counter()
    work(data)  # type: ignore[operator]
    return time.perf_counter() - start


def main() -> None:
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}")
    cores = os.cpu_count() or 1
    print(f"{'document':<28}{'pages':>6}{'bare/s':>9}{'ours/s':>9}{'ratio':>7}{f'ours/s, {cores} at once':>20}")
    named = [(Path(name).name, Path(name).read_bytes()) for name in sys.argv[1:]]
    for name, data in named or made():
        pages = bare(data)
        assert ours(data) == pages
        pairs = [(seconds(bare, data), seconds(ours, data)) for _ in range(RUNS)]
        alone, with_us = (min(times) for times in zip(*pairs, strict=True))
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(ours, [data] * cores))
            start = time.perf_counter()
            list(pool.map(ours, [data] * cores))
            together = cores * pages / (time.perf_counter() - start)
        rates = f"{pages / alone:9.1f}{pages / with_us:9.1f}{alone / with_us:7.2f}{together:20.1f}"
        print(f"{name:<28}{pages:>6}{rates}")


if __name__ == "__main__":
    main()
