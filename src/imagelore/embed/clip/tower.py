"""One half of a dual encoder in ONNX Runtime: arrays -> vectors, whichever names and precisions its export chose."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelore.embed._runtime import onnxruntime, session_options
from imagelore.embed.clip.facts import Facts, Role
from imagelore.errors import EmbedderError
from imagelore.types import Vectors

CPU = "CPUExecutionProvider"
GPUS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider", "OpenVINOExecutionProvider")
_OUTPUTS: dict[Role, tuple[str, ...]] = {
    "vision": ("image_embeds", "image_features", "pooler_output"),
    "text": ("text_embeds", "text_features", "pooler_output"),
}
_CPU_ROWS, _GPU_ROWS = 8, 64  # at once
_DTYPES = {
    "tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
}  # fmt: skip


def accelerator() -> str | None:
    """What the installed onnxruntime can compute on beside the CPU; its default build: nothing."""
    available = onnxruntime.get_available_providers()
    return next((gpu for gpu in GPUS if gpu in available), None)


class Tower:
    """The picture half or the text half. Safe to call from several threads at once.

    On a CPU eight rows run at once: a transformer's weights are read once for all of them, which takes a quarter less
    of a core (bench/encoders.py). With weights in 8 bits rows run one by one: a row's vector then depends on nothing
    beside it. An export of both halves in one file is fed something idle for the other half, which costs its time.

    Raises:
        EmbedderError: the file is damaged, or made for other shapes.
    """

    def __init__(self, path: Path, role: Role, facts: Facts) -> None:
        self._path, self._dimensions = path, facts.dimensions
        self._gpu = accelerator()
        self._turn = threading.Lock() if self._gpu else nullcontext()  # DirectML runs one call at a time
        self._session = _opened(path, self._gpu)
        self._inputs = {_kind(given.name): given for given in self._session.get_inputs()}
        self._output = self._chosen(role)
        alone = any(given.shape[:1] == [1] for given in self._inputs.values()) or _scaled_together(path)
        self._step = 1 if alone else _GPU_ROWS if self._gpu else _CPU_ROWS
        side, context = facts.pixels.side, facts.words.context
        self._expected = {"pixels": [None, 3, side, side], "ids": [None, context], "mask": [None, context]}
        self._check_shapes(role)

    def __call__(self, **arrays: NDArray[Any]) -> Vectors:
        """Rows of `pixels`, or of `ids` and `mask` -> `[n, d]`, L2-normalised."""
        count = len(next(iter(arrays.values())))
        steps = range(0, count, self._step)
        parts = [self._run({name: rows[n : n + self._step] for name, rows in arrays.items()}) for n in steps]
        vectors = np.concatenate([np.empty((0, self._dimensions), np.float32), *parts])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def _run(self, arrays: Mapping[str, NDArray[Any]]) -> Vectors:
        feed = {}
        for kind, given in self._inputs.items():
            rows = arrays[kind] if kind in arrays else np.ones([size or 1 for size in self._expected[kind]])
            feed[given.name] = rows.astype(_DTYPES[given.type])
        try:
            with self._turn:
                made = np.asarray(self._session.run([self._output], feed)[0], np.float32)
        except Exception as error:  # onnxruntime's errors have no class of their own
            raise EmbedderError(f"the model `{self._path}` fails ({_line(error)}): take another export") from error
        if made.shape[1:] != (self._dimensions,):
            raise self._misfit(self._output, list(made.shape), [None, self._dimensions])
        if not np.isfinite(made).all() or not made.any(axis=1).all():
            raise EmbedderError(f"the model `{self._path}` makes no sound vectors: take its float32 file")
        return made

    def _chosen(self, role: Role) -> str:
        outputs = {output.name: output for output in self._session.get_outputs()}
        flat = [name for name, output in outputs.items() if len(output.shape) == 2]
        fitting = [name for name in _OUTPUTS[role] if name in outputs] or (flat if len(flat) == 1 else [])
        if not fitting:
            raise EmbedderError(
                f"the model `{self._path}` has no output of {role} vectors, only {', '.join(outputs)}: take an export "
                "with the projection (`CLIPVisionModelWithProjection`, `CLIPTextModelWithProjection`, SigLIP)"
            )
        return fitting[0]

    def _check_shapes(self, role: Role) -> None:
        if (wanted := "pixels" if role == "vision" else "ids") not in self._inputs:
            names = ", ".join(given.name for given in self._inputs.values())
            raise EmbedderError(f"the model `{self._path}` takes {names} and no {wanted}: it is not the {role} half")
        for kind, given in self._inputs.items():
            if kind not in self._expected or given.type not in _DTYPES:
                raise EmbedderError(
                    f"the model `{self._path}` wants an input `{given.name}` of {given.type}, which is unknown: take "
                    "an export with `pixel_values` or `input_ids`"
                )
            self._compare(given.name, given.shape, self._expected[kind])
        output = next(output for output in self._session.get_outputs() if output.name == self._output)
        self._compare(output.name, output.shape, [None, self._dimensions])

    def _compare(self, name: str, shape: Sequence[Any], expected: Sequence[int | None]) -> None:
        sizes = [size if isinstance(size, int) and size > 0 else None for size in shape]
        fits = len(sizes) == len(expected) and all(a == b for a, b in zip(sizes, expected, strict=True) if a and b)
        if sizes and not fits:
            raise self._misfit(name, sizes, expected)

    def _misfit(self, name: str, shape: Sequence[int | None], expected: Sequence[int | None]) -> EmbedderError:
        return EmbedderError(
            f"the model `{self._path}` does not fit its description: `{name}` is {_shape(shape)}, not "
            f"{_shape(expected)}: take all files from one model's folder"
        )


def _opened(path: Path, gpu: str | None) -> onnxruntime.InferenceSession:
    options = session_options()
    options.enable_mem_pattern = gpu != "DmlExecutionProvider"  # DirectML has none
    try:
        return onnxruntime.InferenceSession(path, options, providers=[*([gpu] if gpu else []), CPU])
    except Exception as error:  # onnxruntime's errors have no class of their own
        raise EmbedderError(f"the model `{path}` cannot be loaded ({_line(error)}): get it again") from error


def _scaled_together(path: Path) -> bool:
    """Whether rows change each other: 8-bit exports scale a call's values by the largest of them."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(b"DynamicQuantizeLinear") >= 0


def _kind(name: str) -> str:
    """What an input is for, by its name."""
    for kind in ("mask", "ids", "pixel", "image", "text"):
        if kind in name.lower():
            return {"pixel": "pixels", "image": "pixels", "text": "ids"}.get(kind, kind)
    return name


def _shape(sizes: Sequence[int | None]) -> str:
    return f"[{', '.join('n' if size is None else str(size) for size in sizes)}]"


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
