"""A folder with a sentence encoder, in the layout of sentence-transformers with its ONNX export.

    config.json  tokenizer.json  onnx/model.onnx (or another precision; also beside the JSON files)
    1_Pooling/config.json  modules.json  sentence_bert_config.json  tokenizer_config.json
    config_sentence_transformers.json: `prompts`, what it wants before a "query" and before a "document"

The files of the second and third line may be missing: then the mean of at most 512 word pieces is taken, and nothing is
put before a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from imagelore.embed import _folder
from imagelore.embed._sentences.encoder import MOST_PIECES
from imagelore.embed._sentences.facts import Facts
from imagelore.errors import UsageError

_WINDOW = 512  # word pieces, where nothing tells how many it reads
_LEAST_WINDOW = 16
_MANY_LANGUAGES = 100_000  # word pieces from which on a vocabulary is one of many languages
_FLOOR = 0.6  # a careful guess: cosines of unrelated texts are anything from 0.2 to 0.8
_SHIFTED = ("roberta", "camembert", "mpnet")  # families whose first positions count for padding
_KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True, slots=True)
class Folder:
    """A sentence encoder in a folder."""

    facts: Facts
    files: Mapping[str, Path]

    def version(self) -> str:
        """Tells one model from another by its files' sizes and ends, and by how it is used; reads no whole model."""
        how = self.facts
        used = (how.dimensions, how.window, how.pooling, how.query, how.document)
        return _folder.version(repr(used), self.files.values())


def read(folder: Path) -> Folder:
    """What a folder holds; no model is loaded.

    Raises:
        UsageError: a file is missing or cannot be read, or the model's vectors are made in another way.
    """
    files = {
        "model": _folder.model(folder, ("model", "model_optimized")),
        "tokenizer": _folder.existing(folder, "tokenizer.json"),
    }
    config = _folder.values(_folder.existing(folder, "config.json"))
    try:
        _check_modules(folder / "modules.json")
        pooling = _pooling(_folder.optional(folder / "1_Pooling" / "config.json"))
        window = _window(config, _folder.optional(folder / "sentence_bert_config.json"), folder)
        query, document = _prompts(_folder.optional(folder / "config_sentence_transformers.json"))
        dimensions = int(config.get("hidden_size") or config["dim"])
        languages = () if int(config.get("vocab_size", 0)) >= _MANY_LANGUAGES else ("en",)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(
            f"`{folder}` is not described as a sentence encoder that can be used here ({error}): copy its JSON files "
            "again, or take another model"
        ) from error
    return Folder(Facts(dimensions, window, pooling, languages, _FLOOR, query, document), files)


def _check_modules(path: Path) -> None:
    for module in _folder.parsed(path) if path.is_file() else ():
        if (name := str(module["type"]).rpartition(".")[2]) not in _KNOWN_MODULES:
            raise ValueError(f"its vectors go through a module {name!r} that the ONNX file lacks")


def _pooling(given: Mapping[str, Any]) -> Literal["mean", "cls"]:
    modes = {
        name.removeprefix("pooling_mode_") for name, on in given.items() if name.startswith("pooling_mode_") and on
    }
    modes |= {str(given["pooling_mode"])} if "pooling_mode" in given else set()
    if not given.get("include_prompt", True):
        raise ValueError("its prompts are left out of the mean")
    if modes <= {"mean", "mean_tokens"}:
        return "mean"
    if modes <= {"cls", "cls_token"}:
        return "cls"
    raise ValueError(f"its pooling is {', '.join(sorted(modes))}, not the mean or the first piece")


def _window(config: Mapping[str, Any], sentence: Mapping[str, Any], folder: Path) -> int:
    """Word pieces that it reads at once: what it was trained with, if anything tells, within its positions."""
    positions = int(config.get("max_position_embeddings") or 0)
    if positions and str(config.get("model_type", "")).endswith(_SHIFTED):
        positions -= int(config.get("pad_token_id", 1)) + 1
    tokenizer = _folder.optional(folder / "tokenizer_config.json").get("model_max_length")
    told = [int(given) for given in (sentence.get("max_seq_length"), positions, tokenizer) if given]
    window = min([*told, MOST_PIECES]) if told else _WINDOW
    if window < _LEAST_WINDOW:
        raise ValueError(f"it reads {window} word pieces")
    return window


def _prompts(given: Mapping[str, Any]) -> tuple[str, str]:
    prompts = given.get("prompts") or {}
    usual = prompts.get(given.get("default_prompt_name") or "", "")
    query, document = prompts.get("query", usual), prompts.get("document", prompts.get("passage", usual))
    return str(query or ""), str(document or "")
