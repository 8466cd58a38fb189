"""GGUF files made by hand: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALIGN = 32
Tensors = Mapping[str, NDArray[np.float32]]


def write(path: Path, values: Mapping[str, Any], tensors: Tensors | None = None) -> Path:
    """A file with these facts and tensors (float32)."""
    tensors = tensors or {}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    head += b"".join(_text(name) + _value(value) for name, value in values.items())
    body = b""
    for name, array in tensors.items():
        shape = array.shape[::-1]
        head += _text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(body))
        body += _padded(array.astype("<f4").tobytes())
    path.write_bytes(_padded(head) + body)
    return path


def eyes(path: Path, width: int) -> Path:
    """An encoder of pictures of the family that Gemma 3 has, tiny and with random weights, for models of this width."""
    side, patch, inner = 56, 14, 32
    sizes = {"image_size": side, "patch_size": patch, "embedding_length": inner, "feed_forward_length": inner}
    sizes |= {"block_count": 1, "projection_dim": width, "attention.head_count": 2}
    values: dict[str, Any] = {"general.architecture": "clip", "clip.projector_type": "gemma3", "clip.use_gelu": True}
    values |= {"clip.has_vision_encoder": True, "clip.vision.attention.layer_norm_epsilon": 1e-6}
    values |= {"clip.vision.image_mean": [0.5] * 3, "clip.vision.image_std": [0.5] * 3}
    values |= {f"clip.vision.{name}": size for name, size in sizes.items()}
    shapes: dict[str, tuple[int, ...]] = {
        "v.patch_embd.weight": (inner, 3, patch, patch),
        "v.patch_embd.bias": (inner,),
        "v.position_embd.weight": ((side // patch) ** 2, inner),
        "mm.input_projection.weight": (inner, width),
        "mm.soft_emb_norm.weight": (inner,),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down"):
        shapes |= {f"v.blk.0.{name}.weight": (inner, inner), f"v.blk.0.{name}.bias": (inner,)}
    for name in ("v.blk.0.ln1", "v.blk.0.ln2", "v.post_ln"):
        shapes |= {f"{name}.weight": (inner,), f"{name}.bias": (inner,)}
    random = np.random.default_rng(0)
    drawn = {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    return write(path, values, drawn)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGN)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + _text(value)
    items = [_value(item) for item in value]
    return struct.pack("<I", 9) + items[0][:4] + struct.pack("<Q", len(items)) + b"".join(item[4:] for item in items)
