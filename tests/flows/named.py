"""A small CLIP model that stands in a table and on a hub, as if it could be had by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelore._hub import Offered
from imagelore.embed import clip
from imagelore.embed.clip import facts, folder
from tests.embed import clip_reference
from tests.fakes.hub_server import FakeHub, pinned

_FOLDER = clip_reference.FOLDER / "clip"
_ROLES = {"vision": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx", "tokenizer": "tokenizer.json"}


def tiny_on_a_hub(monkeypatch: pytest.MonkeyPatch, place: Path) -> FakeHub:
    """The one model of the table is `tiny`; the hub's cache is empty, in `place`."""
    served = FakeHub({})
    files = {pinned(role, path, (_FOLDER / path).read_bytes()): _FOLDER / path for role, path in _ROLES.items()}
    for file, path in files.items():
        served.has(file, path.read_bytes())
    served.stands_in(monkeypatch, place / "hub")
    offered = Offered("tiny", "embedder", "--embedder clip:tiny", tuple(files), "MIT", "for tests", ("en",))
    for module in (clip, facts):
        monkeypatch.setattr(module, "MODELS", (facts.Named(folder.read(_FOLDER).facts, offered),))
    return served
