"""A folder of model files as the hub has them: which of them to take, and what tells one model from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imagelore.errors import UsageError

_PRECISIONS = ("", "_fp16", "_quantized", "_int8", "_uint8")
_SAMPLE = 1 << 16  # bytes of each end of a file that tell it from another


def model(folder: Path, stems: Sequence[str]) -> Path:
    """The ONNX file with the first of the names, in `onnx/` or beside the JSON files; of several precisions the best.

    Raises:
        UsageError: there is none.
    """
    for stem in stems:
        for precision in _PRECISIONS:
            for place in (folder / "onnx", folder):
                if (path := place / f"{stem}{precision}.onnx").is_file():
                    return path
    others = "".join(f" (or `onnx/{stem}.onnx`)" for stem in stems[1:])
    raise UsageError(
        f"there is no `onnx/{stems[0]}.onnx`{others} in `{folder}`: copy the files of a model there that the hub has "
        "in the layout of `onnx-community` or `Xenova`"
    )


def existing(folder: Path, name: str) -> Path:
    """The file of that name.

    Raises:
        UsageError: there is none.
    """
    if not (folder / name).is_file():
        raise UsageError(f"there is no `{name}` in `{folder}`: copy it from where the model's other files come from")
    return folder / name


def values(path: Path) -> Mapping[str, Any]:
    """What a JSON file describes.

    Raises:
        UsageError: it cannot be read, or is no JSON object.
    """
    if not isinstance(value := parsed(path), dict):
        raise UsageError(f"`{path}` is not the JSON of a model: copy it again")
    return value


def optional(path: Path) -> Mapping[str, Any]:
    """The same; nothing where there is no such file."""
    return values(path) if path.is_file() else {}


def parsed(path: Path) -> Any:
    """Any JSON file.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"`{path}` cannot be read ({error}): copy it again") from error


def version(how: str, files: Iterable[Path]) -> str:
    """Tells one model from another by how it is used and by its files' sizes and ends; reads no whole model."""
    digest = hashlib.sha256(how.encode())
    for path in dict.fromkeys(files):
        for part in (path, path.with_name(path.name + "_data")):  # weights above 2 GB lie beside the graph
            if part.is_file():
                digest.update(_ends(part))
    return digest.hexdigest()[:12]


def _ends(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        head = file.read(_SAMPLE)
        file.seek(max(0, size - _SAMPLE))
        return b"%d" % size + head + file.read(_SAMPLE)
