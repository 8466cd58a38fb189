"""Pictures a second of the encoders, against their bare sessions and what reading leaves of the cores.

`python -m bench.encoders [--folder FOLDER]`: FOLDER holds a CLIP model with real weights (docs/models.md), or one of
ViT-B/32's size with random ones (`python -m bench._random_clip FOLDER`: speed does not depend on the weights). Without
it only the starter is measured. fastembed's image path runs on the same file where it is installed.

Everything is measured in turn, a slice at a time, in several rounds; a ratio is the median of the rounds' ratios. On a
machine that others use, believe the ratios by core ms.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench._machine import machine
from bench.read import photograph, rate
from imagelore.embed import Embedder, clip, starter
from imagelore.embed._runtime import onnxruntime, session_options
from imagelore.embed.clip import folder as folders
from imagelore.embed.clip.pixels import prepared
from imagelore.read import Options, picture
from imagelore.settings import Settings
from imagelore.types import Asset

ROUNDS, SECONDS, TURNS = 5, 1.0, 15
PICTURES = 16  # photographs of 1024 x 768 pixels
CORES = os.cpu_count() or 1
Work = Callable[[], object]
Contender = tuple[Work, int, int]  # what to do again and again, threads that do it, pictures that it does


def session(path: Path, threads: int = 1) -> Any:
    """A bare session, as the embedders have theirs but for its threads."""
    options = session_options()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def rounds(contenders: Mapping[str, Contender]) -> dict[str, list[float]]:
    """Pictures a second of each contender in each round."""
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    for work, _, _ in contenders.values():
        work()
    for _ in range(ROUNDS):
        for name, (work, threads, pictures) in contenders.items():
            measured[name].append(pictures * rate(work, threads, SECONDS))
    return measured


def core_seconds(contenders: Mapping[str, Contender]) -> dict[str, float]:
    """What a picture takes of one core: the best of several turns, which depends little on who else is there."""
    best = dict.fromkeys(contenders, math.inf)
    for _ in range(TURNS):
        for name, (work, _, pictures) in contenders.items():
            start = time.thread_time()
            work()
            best[name] = min(best[name], (time.thread_time() - start) / pictures)
    return best


def of(part: Sequence[float], whole: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(part, whole, strict=True))


def bare(sessions: Sequence[tuple[Any, Sequence[Any]]]) -> Work:
    """Runs each session on its prepared inputs, one after the other."""
    fed = [(model, {model.get_inputs()[0].name: rows}) for model, inputs in sessions for rows in inputs]
    return lambda: [model.run(None, feed) for model, feed in fed]


def compared(
    name: str, embedder: Embedder, work: Work, files: Sequence[bytes], others: Mapping[str, Contender]
) -> None:
    """Prints an encoder beside its bare sessions (`work`: a batch), and reading with it beside what both allow."""
    options, batch = Options(image_side=embedder.info.image_side), embedder.info.batch
    known = [read(data, options) for data in files[:batch]]
    contenders: dict[str, Contender] = {
        "bare": (work, CORES, batch),
        "embedder": (lambda: embedder.embed_images(known), CORES, batch),
        "read": (lambda: read(files[0], options), CORES, 1),
        "read + embed": (lambda: embedder.embed_images([read(data, options) for data in files[:batch]]), CORES, batch),
        **others,
    }
    made = rounds(contenders)
    core = core_seconds({what: each for what, each in contenders.items() if what != "fastembed"})  # many threads
    bound = [1 / (1 / a + 1 / b) for a, b in zip(made["read"], made["bare"], strict=True)]
    told = {
        "embedder": f"of bare: {core['bare'] / core['embedder']:.2f}, {of(made['embedder'], made['bare']):.2f}",
        "read + embed": f"of the bound: {(core['read'] + core['bare']) / core['read + embed']:.2f}, "
        f"{of(made['read + embed'], bound):.2f}",
    }
    for other in others:
        cores = f"{core[other] / core['read + embed']:.2f}" if other in core else "-"
        told[other] = f"read + embed is so many times as fast: {cores}, {of(made['read + embed'], made[other]):.2f}"
    print(f"\n{name}\n{'':16}{'pictures/s':>12}{'core ms':>10}   ratios by core ms, by the clock")
    for what, values in made.items():
        cost = f"{1000 * core[what]:10.1f}" if what in core else f"{'':10}"
        print(f"  {what:14}{statistics.median(values):12.1f}{cost}   {told.get(what, '')}")


def read(data: bytes, options: Options) -> Image.Image:
    """All that indexing does to a picture before it is embedded: decoding, thumbnail, hashes, colours, metadata."""
    return picture.read(Asset("bench", "", len(data)), data, options).picture


def shapes(model: Path, side: int) -> None:
    """Prints how batches and threads do with each precision that is there, by the bare session."""
    heads = "".join(f"{head:>10}" for head in ("1 a core", "8 a core", "1 on all", "32 on all", "core ms 1", "of 8"))
    print(f"\n{'bare session, pictures/s':30}{heads}")
    for path in sorted(model.parent.glob("vision_model*.onnx"), key=lambda path: (len(path.name), path.name)):
        alone, together = session(path), session(path, CORES)
        rows = {n: np.zeros((n, 3, side, side), np.float32) for n in (1, 8, 32)}
        single: dict[str, Contender] = {
            "1 a core": (bare([(alone, [rows[1]])]), CORES, 1),
            "8 a core": (bare([(alone, [rows[8]])]), CORES, 8),
        }
        shared: dict[str, Contender] = {
            "1 on all": (bare([(together, [rows[1]])]), 1, 1),
            "32 on all": (bare([(together, [rows[32]])]), 1, 32),
        }
        rates = "".join(f"{statistics.median(values):10.1f}" for values in rounds(single | shared).values())
        cores = "".join(f"{1000 * seconds:10.1f}" for seconds in core_seconds(single).values())
        print(f"{path.name:30}{rates}{cores}")


def fastembed(model: Path, preprocessor: Path, files: Sequence[bytes], place: Path) -> dict[str, Contender]:
    """fastembed's path from files to vectors on the same model; nothing where it is not installed.

    First as it is out of the box, with all cores in one call; then with one thread, whose core ms can be compared.
    """
    try:
        from fastembed.image.onnx_embedding import OnnxImageEmbedding
    except ImportError:
        print("\nfastembed is not installed, and is left out: pip install fastembed")
        return {}
    (place / "model.onnx").symlink_to(model)
    (place / "preprocessor_config.json").symlink_to(preprocessor)
    paths = [place / f"{n}.jpg" for n in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    name, where = "Qdrant/clip-ViT-B-32-vision", str(place)
    usual, single = (OnnxImageEmbedding(name, specific_model_path=where, threads=n) for n in (None, 1))
    return {
        "fastembed": (lambda: list(usual.embed(paths)), 1, len(paths)),
        "fastembed, 1": (lambda: list(single.embed(paths)), 1, len(paths)),
    }


def main() -> None:
    """Prints one table for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="of a CLIP model")
    folder = parser.parse_args().folder
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; onnxruntime {onnxruntime.__version__}")
    files = [photograph("JPEG", (1024, 768), {"quality": 88})] * PICTURES

    shown = read(files[0], Options(image_side=starter.SIDE))
    embedder = starter.create(Settings())
    classes = session(starter.FOLDER / "classifier.onnx"), [starter.squared(shown)[None]] * embedder.info.batch
    compared("starter", embedder, bare([classes]), files, {})
    if folder is None:
        print("\nno CLIP model: name one with --folder (python -m bench.encoders --help)")
        return
    found = folders.read(folder)
    model, how = found.files["vision"], found.facts.pixels
    shapes(model, how.side)
    embedder = clip.create(Settings(embedder=f"clip:{folder}"))
    rows = np.repeat(prepared(shown, how)[None], embedder.info.batch, axis=0)
    with tempfile.TemporaryDirectory() as place:
        others = fastembed(model, folder / "preprocessor_config.json", files, Path(place))
        work = bare([(session(model), [rows]), classes])
        compared(f"clip: {model.name}, and what the starter sees", embedder, work, files, others)


if __name__ == "__main__":
    main()
