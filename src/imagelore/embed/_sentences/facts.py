"""What has to be known about a sentence encoder to run it, and those that can be had by name.

Every revision, size and SHA-256 below was read in several public projects that pin the same file, and how each is used
in its own model card. No file was downloaded here; what arrives is checked against its hash. Floors are careful guesses
that indexing replaces by what it measures: E5's and BGE's cosines are high whatever they compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imagelore._hub import HubFile, Offered, Reported


@dataclass(frozen=True, slots=True)
class Facts:
    """A sentence encoder, wherever its files are."""

    dimensions: int
    window: int  # word pieces that it reads at once, the marks at both ends included
    pooling: Literal["mean", "cls"]
    languages: tuple[str, ...]  # that it reads ("en"); (): many
    floor: float  # a cosine that a question and an unrelated text seldom exceed
    query: str = ""  # what it wants before a question
    document: str = ""  # what it wants before any other text


@dataclass(frozen=True, slots=True)
class Named:
    """A sentence encoder that can be had by name."""

    facts: Facts
    offered: Offered
    version: str = "1"  # changes whenever a vector may


def _offered(
    name: str,
    files: tuple[HubFile, ...],
    licence: str,
    about: str,
    quality: tuple[Reported, ...],
    languages: tuple[str, ...] = (),
) -> Offered:
    use = f"--embedder clip:MODEL --sentences {name}"
    return Offered(name, "sentences", use, files, licence, about, languages, quality, extra="clip")


_E5 = Facts(384, 512, "mean", (), 0.82, query="query: ", document="passage: ")
_E5_REPOSITORY = "intfloat/multilingual-e5-small", "614241f622f53c4eeff9890bdc4f31cfecc418b3"
_E5_TOKENIZER = HubFile(
    "tokenizer", *_E5_REPOSITORY, "tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39", 17_082_730,
)  # fmt: skip
_E5_REPORTED = (Reported("Mr. TyDi, MRR@10, mean of 11 languages", "64.4", "its model card"),)
_BGE = "BAAI/bge-small-en-v1.5", "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"
_PARAPHRASE = (
    "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "e8f8c211226b894fcb81acc59f3b34ba3efd5f42",
)  # fmt: skip

MODELS: tuple[Named, ...] = (
    Named(
        _E5,
        _offered(
            "multilingual-e5-small",
            (
                HubFile(
                    "model", *_E5_REPOSITORY, "onnx/model.onnx",
                    "ca456c06b3a9505ddfd9131408916dd79290368331e7d76bb621f1cba6bc8665", 470_268_510,
                ),
                _E5_TOKENIZER,
            ),
            "MIT",
            "Microsoft's multilingual E5 small, float32: finds texts in some 100 languages",
            _E5_REPORTED,
        ),
    ),
    Named(
        _E5,
        _offered(
            "multilingual-e5-small-int8",
            (
                HubFile(
                    "model", "Xenova/multilingual-e5-small", "761b726dd34fb83930e26aab4e9ac3899aa1fa78",
                    "onnx/model_quantized.onnx",
                    "f80102d3f2a1229f387d3c81909990d8945513e347b0eab049f7de3c6f98c193", 118_308_185,
                ),
                _E5_TOKENIZER,
            ),
            "MIT",
            "the same in 8 bits: a quarter of the download",
            (),
        ),
    ),
    Named(
        Facts(
            384, 512, "cls", ("en",), 0.65, query="Represent this sentence for searching relevant passages: "
        ),
        _offered(
            "bge-small-en-v1.5",
            (
                HubFile(
                    "model", *_BGE, "onnx/model.onnx",
                    "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35", 133_093_490,
                ),
                HubFile(
                    "tokenizer", *_BGE, "tokenizer.json",
                    "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66", 711_396,
                ),
            ),
            "MIT",
            "BAAI's BGE small, float32: longer texts than the starter's; English",
            (Reported("MTEB English, mean of 56 / of its 15 retrieval sets", "62.17 / 51.68", "its model card"),),
            ("en",),
        ),
    ),
    Named(
        Facts(384, 128, "mean", (), 0.35),
        _offered(
            "paraphrase-multilingual-minilm-l12-v2",
            (
                HubFile(
                    "model", *_PARAPHRASE, "onnx/model.onnx",
                    "10f7a088420252b26caf819236ca2c9d2987afd0fc06fec7553b542a5655a05a", 470_301_610,
                ),
                HubFile(
                    "tokenizer", *_PARAPHRASE, "tokenizer.json",
                    "2c3387be76557bd40970cec13153b3bbf80407865484b209e655e5e4729076b8", 9_081_518,
                ),
            ),
            "Apache-2.0",
            "Sentence-Transformers' multilingual MiniLM, float32: short texts in some 50 languages",
            (),
        ),
    ),
)  # fmt: skip


def names(models: Sequence[Named] = MODELS) -> str:
    """The names, for a message."""
    return ", ".join(model.offered.name for model in models)
