"""Text in pictures: seconds a picture against bare RapidOCR, and what `--ocr auto` adds to reading photographs.

`python -m bench.ocr`; it needs the extra `ocr`. Core seconds count one core's work, whoever else uses the machine.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench._machine import machine
from bench.read import photograph, rate
from imagelore.read import Options, _ocr, picture
from imagelore.types import Asset

SENTENCE = "The harbour office is open from 8 to 17 and closed on Mondays."
TIMES = 2


def page(lines: int, side: int = 2000) -> Image.Image:
    """A page of text as a scanner would leave it."""
    paper = Image.new("RGB", (round(side / 2**0.5), side), "white")
    draw, step = ImageDraw.Draw(paper), (side - 200) // lines
    for row in range(lines):
        draw.text((100, 100 + row * step), SENTENCE[row % 9 :], "black", ImageFont.load_default(28))
    return paper


def sign() -> Image.Image:
    """Two lines on a plate in a photograph."""
    ground = Image.open(io.BytesIO(photograph("JPEG", (1600, 1200), {"quality": 90}))).convert("RGB")
    draw = ImageDraw.Draw(ground)
    draw.rectangle((300, 400, 1200, 700), "white")
    draw.text((340, 440), "PLATFORM 12", "black", ImageFont.load_default(80))
    draw.text((340, 590), "Mind the gap", "black", ImageFont.load_default(56))
    return ground


def core_seconds(work: Callable[[], object]) -> float:
    """The least that doing the work once took of one core, of a few times."""
    work()
    taken = []
    for _ in range(TIMES):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def bare() -> Any:
    """RapidOCR with its own settings, one thread a call."""
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1})


def against_bare() -> None:
    """Seconds a picture, side by side."""
    rapid = bare()
    print(f"{'picture':28}{'lines':>7}{'core s':>9}{'bare RapidOCR':>16}{'its lines':>11}")
    scan = page(40)
    for name, drawn in {"page, 40 lines, 2000 px": scan, "sign on photo, 1600 px": sign()}.items():
        pixels = np.ascontiguousarray(np.asarray(drawn)[:, :, ::-1])
        ours, theirs = core_seconds(lambda d=drawn: _ocr.read(d)), core_seconds(lambda p=pixels: rapid(p))  # type: ignore[misc]
        print(
            f"{name:28}{len(_ocr.read(drawn).lines):7}{ours:9.2f}{theirs:16.2f}{len(rapid(pixels).txts):11}", flush=True
        )
    cores = os.cpu_count() or 1
    print(f"pages a second, {cores} threads: {rate(lambda: _ocr.read(scan), cores, 6.0):.2f}")


def auto_against_off(folder: Path) -> None:
    """The sample pictures, of which hardly any holds text; loading the models does not count."""
    _ocr.likely(sign())
    sample = [file.read_bytes() for file in sorted(folder.rglob("*")) if file.suffix in picture.SUFFIXES]
    large = photograph("JPEG", (4000, 3000), {"quality": 88})
    modes: tuple[Literal["off", "auto"], ...] = ("off", "auto")
    for name, data in {f"{len(sample)} sample pictures": sample, "12-megapixel JPEG": [large] * 4}.items():
        taken, read = {}, 0
        for mode in modes:
            options = Options(image_side=260, ocr=mode)
            start, read = time.process_time(), 0
            for one in data:
                read += picture.read(Asset("bench", "", len(one)), one, options).ocr_seconds > 0
            taken[mode] = 1000 * (time.process_time() - start) / len(data)
        print(
            f"{name}: off {taken['off']:.1f}, auto {taken['auto']:.1f} core ms a picture; text sought in {read}",
            flush=True,
        )


def main() -> int:
    """Prints both comparisons."""
    if not _ocr.installed():
        print('needs RapidOCR: pip install "imagelore[ocr]"', file=sys.stderr)
        return 1
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}", flush=True)
    against_bare()
    with as_file(files("imagelore") / "samples") as folder:
        auto_against_off(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
