"""`imagelore status`: which models made a knowledge base, what they read, and whether they are here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from imagelore import Settings, ingest
from imagelore.flows.status import status
from tests.fakes.hub_server import FakeHub
from tests.flows import pictures
from tests.flows.named import tiny_on_a_hub


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub with an embedder that can be had by name."""
    served = tiny_on_a_hub(monkeypatch, tmp_path)
    yield served
    served.close()


def test_the_models_in_use_are_named_with_licence_and_place(tiny: FakeHub, tmp_path: Path) -> None:
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
    assert now.generator == (
        "qwen3-vl-4b in llama.cpp, of which 3.0 GB are not on this machine yet: `imagelore models pull qwen3-vl-4b`"
    )
    blind = status(Settings(kb=str(tmp_path / "kb"), generator="llamacpp:qwen3-vl-4b", llamacpp_mmproj="none"))
    assert "(reads texts only), of which 2.5 GB are not" in blind.generator
