"""starter: the embedder that ships inside the package and needs no download, key or GPU.

EfficientNet-Lite2 (Tan and Le, "EfficientNet", ICML 2019) names what is in a picture; ConSE puts those names where
all-MiniLM-L6-v2 puts sentences. `model/MODEL_CARD.md` tells sources, licences, quality and limits.

Texts: a question is cut at 256 word pieces; of a longer document the mean over its first eight windows is taken.
An empty text gets the vector of a sentence without words.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelore.embed import Embedder
from imagelore.embed._once import Once
from imagelore.embed._runtime import onnxruntime, session_options
from imagelore.embed._sentences.encoder import SentenceEncoder
from imagelore.embed._sentences.facts import Facts
from imagelore.embed.starter import files
from imagelore.embed.starter.conse import Concepts
from imagelore.settings import Settings
from imagelore.types import EmbedderInfo, ImageEmbeddings, Space, Vectors

FOLDER = Path(__file__).parent / "model"
VERSION = "1"  # changes whenever a vector may: knowledge bases made before have to be embedded again
SIDE = 260  # pixels: the square that EfficientNet-Lite2 was trained on

# The floors are measured by bench/starter_quality.py on its development pictures.
SENTENCES = Facts(384, window=256, pooling="mean", languages=("en",), floor=0.31)
SPACES = (
    Space(
        "concept", SENTENCES.dimensions, images=True, documents=True, queries=True, text_floor=SENTENCES.floor,
        image_floor=0.28, languages=SENTENCES.languages,
    ),
    Space("look", 256, images=True, look_floor=0.33),
)  # fmt: skip


class Starter:
    """EfficientNet-Lite2 + MiniLM through ONNX Runtime. Each loads on first use, once."""

    def __init__(self, folder: Path = FOLDER, parallel: int = 0) -> None:
        self._eyes = Once(lambda: _Eyes(folder))
        self._sentences = Once(lambda: sentences(folder))
        self._info = EmbedderInfo(
            "starter", VERSION, SPACES, image_side=SIDE, batch=8, parallel=parallel or os.cpu_count() or 1
        )

    @property
    def info(self) -> EmbedderInfo:
        """Name, version and spaces; known without loading a model."""
        return self._info

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures -> `concept` `[n, 384]` and `look` `[n, 256]`, and the classes seen in each."""
        eyes = self._eyes()
        views = [eyes.view(picture) for picture in pictures]
        vectors = {
            space.name: np.array([vector[space.name] for vector, _ in views], np.float32).reshape(-1, space.dimensions)
            for space in SPACES
        }
        return ImageEmbeddings(vectors, tuple(seen for _, seen in views))

    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> `concept` `[n, 384]`."""
        return {"concept": self._sentences().encode(texts, role)}

    def seen(self, pictures: Sequence[Image.Image]) -> tuple[tuple[tuple[str, float], ...], ...]:
        """The classes seen in each RGB picture, for embedders that name none."""
        eyes = self._eyes()
        return tuple(eyes.view(picture)[1] for picture in pictures)


def sentences(folder: Path = FOLDER) -> SentenceEncoder:
    """all-MiniLM-L6-v2 as it ships with the package.

    Raises:
        EmbedderError: a file of it is damaged.
    """
    model, tokenizer = files.read(folder, "sentences.onnx"), files.read(folder, "tokenizer.json")
    return SentenceEncoder(model, tokenizer, SENTENCES, "sentences.onnx")


class _Eyes:
    """The classifier and its classes."""

    def __init__(self, folder: Path) -> None:
        self._session = onnxruntime.InferenceSession(
            files.read(folder, "classifier.onnx"), session_options(), providers=["CPUExecutionProvider"]
        )
        vectors = np.load(io.BytesIO(files.read(folder, "classes.npy")), allow_pickle=False)
        self._concepts = Concepts.load(vectors, files.read(folder, "classes.json"))

    def view(self, picture: Image.Image) -> tuple[dict[str, Vectors], tuple[tuple[str, float], ...]]:
        """One picture at a time: on a CPU faster than a batch, and its vector depends on nothing else."""
        logits, look = self._session.run(["logits", "look"], {"pixels": squared(picture)[None]})
        vectors = {"concept": self._concepts.vector(logits[0]), "look": look[0] / np.linalg.norm(look[0])}
        return vectors, self._concepts.seen(logits[0])


def squared(picture: Image.Image, side: int = SIDE) -> NDArray[np.uint8]:
    """An RGB picture of any size -> `[side, side, 3]`: whole, centred, the rest in the colour of its own edge."""
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    small = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0))
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    square = np.empty((side, side, 3), np.uint8)
    square[:] = np.median(edge, axis=0)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = small
    return square


def create(settings: Settings) -> Embedder:
    """The starter embedder; its models load on first use."""
    return Starter(parallel=settings.workers)
