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


def core_seconds(works: Mapping[str, Work]) -> dict[str, float]:
    """What each takes of one core: the best of its turns, which hardly depends on who else uses the machine."""
    best = dict.fromkeys(works, math.inf)
    for _ in range(TURNS):
        for name, work in works.items():
            start = time.thread_time()
            work()
            best[name] = min(best[name], time.thread_time() - start)
    return best


def of(part: Sequence[float], whole: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(part, whole, strict=True))


def bare(sessions: Sequence[tuple[Any, Any]]) -> Work:
    """Runs each session on its prepared input."""
    fed = [(model, {model.get_inputs()[0].name: rows}) for model, rows in sessions]
    return lambda: [model.run(None, feed) for model, feed in fed]


def compared(
    name: str, embedder: Embedder, work: Work, files: Sequence[bytes], others: Mapping[str, Contender]
) -> None:
    """Prints an encoder beside its bare sessions (`work`: one picture), and reading with it beside what both allow."""
    options, batch = Options(image_side=embedder.info.image_side), embedder.info.batch
    known = [read(data, options) for data in files]

    def indexed(count: int = batch) -> None:
        embedder.embed_images([read(data, options) for data in files[:count]])

    contenders: dict[str, Contender] = {
        "bare": (work, CORES, 1),
        "embedder": (lambda: embedder.embed_images(known[:batch]), CORES, batch),
        "read": (lambda: read(files[0], options), CORES, 1),
        "read + embed": (indexed, CORES, batch),
        **others,
    }
    made = rounds(contenders)
    one = {
        "bare": work, "embedder": lambda: embedder.embed_images(known[:1]), "read": contenders["read"][0],
        "read + embed": lambda: indexed(1),
    }  # fmt: skip
    core = core_seconds(one)
    bound = [1 / (1 / a + 1 / b) for a, b in zip(made["read"], made["bare"], strict=True)]
    ratios = {
        "embedder": (core["bare"] / core["embedder"], of(made["embedder"], made["bare"]), "of bare"),
        "read + embed": (
            (core["read"] + core["bare"]) / core["read + embed"], of(made["read + embed"], bound), "of the bound",
        ),
    }  # fmt: skip
    print(f"\n{name}\n{'':16}{'pictures/s':>12}{'core ms':>10}")
    for what, values in made.items():
        cost = f"{1000 * core[what]:10.1f}" if what in core else " " * 10
        told = "   {:.2f} by core ms, {:.2f} by the clock {}".format(*ratios[what]) if what in ratios else ""
        if what in others:
            told = f"   read + embed is {of(made['read + embed'], values):.2f} times as fast"
        print(f"  {what:14}{statistics.median(values):12.1f}{cost}{told}")


def read(data: bytes, options: Options) -> Image.Image:
    """All that indexing does to a picture before it is embedded: decoding, thumbnail, hashes, colours, metadata."""
    return picture.read(Asset("bench", "", len(data)), data, options).picture


def shapes(model: Path, side: int) -> None:
    """Prints how batches and threads do with each precision that is there, by the bare session."""
    heads = "".join(f"{head:>10}" for head in ("1 a core", "8 a core", "1 on all", "32 on all", "core ms"))
    print(f"\n{'bare session, pictures/s':30}{heads}")
    for path in sorted(model.parent.glob("vision_model*.onnx"), key=lambda path: (len(path.name), path.name)):
        alone, together = session(path), session(path, CORES)
        rows = {n: np.zeros((n, 3, side, side), np.float32) for n in (1, 8, 32)}
        contenders: dict[str, Contender] = {
            "1 a core": (bare([(alone, rows[1])]), CORES, 1),
            "8 a core": (bare([(alone, rows[8])]), CORES, 8),
            "1 on all": (bare([(together, rows[1])]), 1, 1),
            "32 on all": (bare([(together, rows[32])]), 1, 32),
        }
        rates = "".join(f"{statistics.median(values):10.1f}" for values in rounds(contenders).values())
        core = core_seconds({"one": contenders["1 a core"][0]})["one"]
        print(f"{path.name:30}{rates}{1000 * core:10.1f}")


def fastembed(model: Path, preprocessor: Path, files: Sequence[bytes], place: Path) -> dict[str, Contender]:
    """fastembed's path from files to vectors on the same model; nothing where it is not installed."""
    try:
        from fastembed.image.onnx_embedding import OnnxImageEmbedding  # type: ignore[import-not-found]
    except ImportError:
        print("\nfastembed is not installed, and is left out: pip install fastembed")
        return {}
    (place / "model.onnx").symlink_to(model)
    (place / "preprocessor_config.json").symlink_to(preprocessor)
    paths = [place / f"{n}.jpg" for n in range(len(files))]
    for path, data in zip(paths, files, strict=True):
        path.write_bytes(data)
    embedding = OnnxImageEmbedding("Qdrant/clip-ViT-B-32-vision", specific_model_path=str(place))
    return {"fastembed": (lambda: list(embedding.embed(paths)), 1, len(paths))}


def main() -> None:
    """Prints one table for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="of a CLIP model")
    folder = parser.parse_args().folder
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}; onnxruntime {onnxruntime.__version__}")
    files = [photograph("JPEG", (1024, 768), {"quality": 88})] * PICTURES

    classes = session(starter.FOLDER / "classifier.onnx"), np.zeros((1, starter.SIDE, starter.SIDE, 3), np.uint8)
    compared("starter", starter.create(Settings()), bare([classes]), files, {})
    if folder is None:
        print("\nno CLIP model: name one with --folder (python -m bench.encoders --help)")
        return
    found = folders.read(folder)
    model, how = found.files["vision"], found.facts.pixels
    shapes(model, how.side)
    rows = prepared(Image.new("RGB", (64, 64)), how)[None]
    with tempfile.TemporaryDirectory() as place:
        others = fastembed(model, folder / "preprocessor_config.json", files, Path(place))
        embedder = clip.create(Settings(embedder=f"clip:{folder}"))
        compared(
            f"clip: {model.name}, and what the starter sees",
            embedder,
            bare([(session(model), rows), classes]),
            files,
            others,
        )


if __name__ == "__main__":
    main()
