"""`imagelore status`: which models made a knowledge base, what they read, and whether they are here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from imagelore import Settings, ingest
from imagelore._hub import Offered
from imagelore.embed import clip
from imagelore.embed.clip import facts, folder
from imagelore.flows.status import status
from tests.embed import clip_reference
from tests.fakes.hub_server import FakeHub, pinned
from tests.flows import pictures

FOLDER = clip_reference.FOLDER / "clip"
ROLES = {"vision": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx", "tokenizer": "tokenizer.json"}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A hub with an embedder that can be had by name."""
    served = FakeHub({})
    files = {pinned(role, path, (FOLDER / path).read_bytes()): FOLDER / path for role, path in ROLES.items()}
    for file, path in files.items():
        served.has(file, path.read_bytes())
    served.stands_in(monkeypatch, tmp_path / "hub")
    offered = Offered("tiny", "embedder", "--embedder clip:tiny", tuple(files), "MIT", "for tests", ("en",))
    for module in (clip, facts):
        monkeypatch.setattr(module, "MODELS", (facts.Named(folder.read(FOLDER).facts, offered),))
    yield
    served.close()


def test_the_models_in_use_are_named_with_licence_and_place(tiny: None, tmp_path: Path) -> None:
    photos = pictures.folder(tmp_path / "photos", {"red.png": "red", "blue.png": "blue"})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="clip:tiny", generator="extractive")
    ingest(settings, str(photos))
    now = status(settings)
    assert now.embedder["models"] == [{"name": "tiny", "licence": "MIT", "here": "yes"}]
    assert now.embedder["languages"] == {"joint": ["en"], "meaning": ["en"]}
    lines = dict(now.lines())
    assert lines["model"] == "tiny (MIT), on this machine"
    assert lines["languages"] == "joint: en; meaning: en"
    shutil.rmtree(constants.HF_HUB_CACHE)
    assert dict(status(settings).lines())["model"].endswith("not whole on this machine: `imagelore models pull tiny`")


def test_a_model_that_has_no_name_is_not_looked_for(tmp_path: Path) -> None:
    photos = pictures.folder(tmp_path / "photos", {"red.png": "red"})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="llamacpp:qwen3-vl-4b")
    ingest(settings, str(photos))
    now = status(settings)
    assert now.embedder["models"] == []
    assert "model" not in dict(now.lines())
    assert "qwen3-vl-4b in llama.cpp, of which 3.0 GB are not downloaded yet" in now.generator
