"""A folder of model files in the layout of the hub's `onnx-community` and `Xenova`, described by its own JSON files.

    config.json  preprocessor_config.json  tokenizer.json  tokenizer_config.json
    onnx/vision_model.onnx + onnx/text_model.onnx, or onnx/model.onnx (both in one); also beside the JSON files

Of several precisions the first of float32, `_fp16`, `_quantized`, `_int8`, `_uint8` is taken. What a file leaves out
has the default of transformers' `CLIPConfig`, `SiglipConfig` and their image processors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL.Image import Resampling

from imagelore.embed import _folder
from imagelore.embed.clip.facts import CLIP_MEAN, CLIP_STD, HALF, Facts, Pixels, Role, Three, Words
from imagelore.errors import UsageError

_MANY_LANGUAGES = 200_000  # word pieces from which on a vocabulary is one of many languages
_FLOORS = {"clip": (0.2, 0.65), "siglip": (0.05, 0.65)}  # careful guesses, as in the table


@dataclass(frozen=True, slots=True)
class Folder:
    """A dual encoder in a folder."""

    facts: Facts
    files: Mapping[Role, Path]

    def version(self) -> str:
        """Tells one model from another by its files' sizes and ends, and by how it is used; reads no whole model."""
        return _folder.version(repr(self.facts), self.files.values())


def read(folder: Path) -> Folder:
    """What a folder holds; no model is loaded.

    Raises:
        UsageError: a file is missing or cannot be read, or it is no model of this kind.
    """
    files: dict[Role, Path] = {
        "vision": _folder.model(folder, ("vision_model", "model")),
        "text": _folder.model(folder, ("text_model", "model")),
        "tokenizer": _folder.existing(folder, "tokenizer.json"),
    }
    config = _folder.values(_folder.existing(folder, "config.json"))
    family = str(config.get("model_type", "clip"))
    kind = "siglip" if family.startswith("siglip") else "clip"
    try:
        pixels = _pixels(_folder.values(_folder.existing(folder, "preprocessor_config.json")), kind)
        words = _words(config.get("text_config") or {}, _folder.optional(folder / "tokenizer_config.json"), kind)
        hidden = (config.get("vision_config") or {}).get("hidden_size", 768)
        dimensions = int(config.get("projection_dim", 512) if kind == "clip" else hidden)
        pieces = int((config.get("text_config") or {}).get("vocab_size", 0)) or _MANY_LANGUAGES * (family == "siglip2")
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"`{folder}` is not described as a CLIP model ({error}): copy its JSON files again") from error
    languages = () if pieces >= _MANY_LANGUAGES else ("en",)
    return Folder(Facts(dimensions, pixels, words, languages, *_FLOORS[kind]), files)


def _pixels(given: Mapping[str, Any], kind: str) -> Pixels:
    size, crop = given.get("size", 224), given.get("crop_size", 224)
    edge = size if isinstance(size, int) else size.get("shortest_edge", 0)
    if kind == "siglip" or not edge:
        edge, side = 0, _square(size)
    elif given.get("do_center_crop", True):
        side = _square(crop)
    else:
        raise ValueError("a picture's longer side is neither cropped nor squashed")
    if edge and side > edge:
        raise ValueError(f"{side} pixels are to be cropped out of {edge}")
    mean, std = (CLIP_MEAN, CLIP_STD) if kind == "clip" else (HALF, HALF)
    mean, std = _three(given.get("image_mean", mean)), _three(given.get("image_std", std))
    if not given.get("do_normalize", True):
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return Pixels(side, edge, Resampling(given.get("resample", Resampling.BICUBIC)), mean, std)


def _square(size: Any) -> int:
    height, width = (size, size) if isinstance(size, int) else (size["height"], size["width"])
    if height != width:
        raise ValueError(f"{width}x{height} pixels are no square")
    return int(height)


def _three(values: Any) -> Three:
    red, green, blue = map(float, values)
    return red, green, blue


def _words(text: Mapping[str, Any], tokenizer: Mapping[str, Any], kind: str) -> Words:
    trained = 77 if kind == "clip" else 64
    context = text.get("max_position_embeddings") or min(int(tokenizer.get("model_max_length", trained)), trained)
    pad = tokenizer.get("pad_token") or 0
    return Words(
        int(context), pad["content"] if isinstance(pad, dict) else pad, lower=kind == "siglip", masked=kind == "clip"
    )
