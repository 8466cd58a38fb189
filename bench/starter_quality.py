"""How well the starter embedder finds a picture by words: `python -m bench.starter_quality [STAMPS] [--part PART]`.

STAMPS is the folder `stamps` of Debian's `tuxpaint-stamps-default`: small photographs, each with a text file whose
first line is an English caption. A caption is the question; the pictures of the part are the collection; their
captions are hidden from it. Everything was chosen on the part `development`; `acceptance` was run once, at the end.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import imagelore
from bench._machine import machine, quantile
from imagelore.embed import Embedder
from imagelore.embed.starter import create
from imagelore.settings import Settings
from imagelore.types import Vectors

STAMPS = Path("/usr/share/tuxpaint/stamps")
NOT_PHOTOGRAPHS = {"symbols", "cartoon", "flags"}
SAMPLES = Path(imagelore.__file__).parent / "samples" / "metadata.jsonl"
FORMS = ("{}", "which pictures show {}", "do you have a photo of {}?")  # how people ask
PARTS = {"development": slice(0, None, 2), "acceptance": slice(1, None, 2), "all": slice(None)}


def stamps(folder: Path) -> list[tuple[Path, str]]:
    """The photographs with their captions, sorted by path."""
    found = []
    for path in sorted(folder.rglob("*.png"), key=lambda path: path.relative_to(folder).as_posix()):
        text = path.with_suffix(".txt")
        if NOT_PHOTOGRAPHS.isdisjoint(path.relative_to(folder).parts) and not path.stem.endswith("_mirror"):
            caption = text.read_text(encoding="utf-8").partition("\n")[0].strip() if text.exists() else ""
            if caption:
                found.append((path, caption))
    return found


def picture(path: Path) -> Image.Image:
    """On white, as the read step flattens it."""
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def quality(scores: NDArray[np.float32], right: NDArray[np.bool_]) -> dict[str, float]:
    """Scores and relevance, both `[questions, pictures]` -> measures, each a mean over the questions."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranked = np.take_along_axis(right, order, axis=1)
    first = ranked.argmax(axis=1) + 1
    measures = {f"success@{k}": float((first <= k).mean()) for k in (1, 10, 20)}
    measures["recall@10"] = float((ranked[:, :10].sum(axis=1) / right.sum(axis=1)).mean())
    measures["MRR"] = float((1 / first).mean())
    n = right.shape[1]
    for k in (1, 10, 20):
        misses = [math.comb(n - int(r), k) / math.comb(n, k) for r in right.sum(axis=1)]
        measures[f"chance of success@{k}"] = 1 - sum(misses) / len(misses)
    return measures


def floors(embedder: Embedder, questions: list[str], views: dict[str, Vectors], right: NDArray[np.bool_]) -> None:
    """The cosines that 95 % of unrelated pairs stay under: questions in all forms, the texts of the sample pictures."""
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    texts = [" ".join([row.get("title", ""), row["text"], *row.get("tags", [])]) for row in rows if row.get("text")]
    documents = embedder.embed_texts(texts, "document")["concept"]
    asked = [embedder.embed_texts([form.format(q) for q in questions], "query")["concept"] for form in FORMS]
    alike = right.T.astype(np.int64) @ right > 0  # pictures of one caption
    unrelated = {
        "text": np.concatenate([(a @ documents.T).ravel() for a in asked]),
        "image": np.concatenate([(a @ views["concept"].T)[~right] for a in asked]),
        "look": (views["look"] @ views["look"].T)[~alike],
    }
    for name, cosines in unrelated.items():
        print(f"floor {name:16} {np.percentile(cosines, 95):.3f}")


def latency(embedder: Embedder, questions: list[str]) -> None:
    """What a question takes on its own, by the clock and by the processor (the machine may be shared)."""
    clock, processor = [], []
    for question in questions:
        start, busy = time.perf_counter(), time.thread_time()
        embedder.embed_texts([question], "query")
        clock.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (time.thread_time() - busy))
    print(f"a question             p50 {quantile(clock, 0.5):.1f} ms, p95 {quantile(clock, 0.95):.1f} ms", end="")
    print(f" (processor time: p50 {quantile(processor, 0.5):.1f} ms)")


def embedded(embedder: Embedder, pictures: list[Image.Image]) -> dict[str, Vectors]:
    """The pictures' vectors by space, made as an index run makes them; prints how fast."""
    embedder.embed_images(pictures[:2])
    start, busy = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(embedder.info.parallel) as pool:
        views = list(pool.map(lambda picture: embedder.embed_images([picture]).vectors, pictures))
    rate = len(pictures) / (time.perf_counter() - start)
    cost = 1000 * (time.process_time() - busy) / len(pictures)
    print(
        f"pictures a second      {rate:.0f} with {embedder.info.parallel} threads (processor time: {cost:.0f} ms each)"
    )
    return {space: np.concatenate([view[space] for view in views]) for space in views[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stamps", type=Path, nargs="?", default=STAMPS)
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--form", default="{}", help='puts each caption into a question: "which picture shows {}"')
    options = parser.parse_args()
    found = stamps(options.stamps)[PARTS[options.part]]
    if not found:
        print(f"no captioned pictures in {str(options.stamps)!r}: apt-get install tuxpaint-stamps-default")
        return
    captions = [caption for _, caption in found]
    questions = list(dict.fromkeys(captions))
    right = np.array([[question == caption for caption in captions] for question in questions])

    embedder = create(Settings())
    print(f"starter {embedder.info.version}, {options.part}: {len(found)} pictures, {len(questions)} captions")
    print(machine())
    views = embedded(embedder, [picture(path) for path, _ in found])
    latency(embedder, questions)
    asked = embedder.embed_texts([options.form.format(question) for question in questions], "query")["concept"]
    for name, value in quality(asked @ views["concept"].T, right).items():
        print(f"{name:22} {value:.3f}")
    floors(embedder, questions, views, right)


if __name__ == "__main__":
    main()
