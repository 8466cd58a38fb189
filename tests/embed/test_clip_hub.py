"""Models by name: downloaded once, checked by hash, and told in one line where they cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants

from imagelore._hub import HubFile, Offered
from imagelore.embed import clip
from imagelore.embed.clip import folder
from imagelore.embed.clip.facts import Named, Role
from imagelore.errors import EmbedderError
from imagelore.settings import Settings
from imagelore.types import Vectors
from tests.embed import clip_reference
from tests.fakes.hub_server import REVISION, FakeHub, pinned

FOLDER = clip_reference.FOLDER / "clip"
ROLES: dict[Role, str] = {
    "vision": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx", "tokenizer": "tokenizer.json",
}  # fmt: skip


def _file(role: Role) -> HubFile:
    return pinned(role, ROLES[role], (FOLDER / ROLES[role]).read_bytes())


TINY = Named(
    folder.read(FOLDER).facts,
    Offered("tiny", "embedder", "--embedder clip:tiny", tuple(_file(role) for role in ROLES), "none", "for tests"),
)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has the tiny model, and an empty cache."""
    served = FakeHub({f"owner/tiny/resolve/{REVISION}/{path}": (FOLDER / path).read_bytes() for path in ROLES.values()})
    served.stands_in(monkeypatch, tmp_path / "hub")
    monkeypatch.setattr(clip, "MODELS", (TINY,))
    yield served
    served.close()


def embedded() -> dict[str, Vectors]:
    embedder = clip.create(Settings(embedder="clip:tiny"))
    vectors = dict(embedder.embed_images(clip_reference.pictures()).vectors)
    return {"pictures": vectors["joint"], "texts": embedder.embed_texts(clip_reference.TEXTS, "query")["joint"]}


def test_a_model_is_downloaded_once(hub: FakeHub) -> None:
    assert hub.asked == []
    first = embedded()
    for name, rows in first.items():
        np.testing.assert_allclose(rows, clip_reference.kept("clip")[name], atol=1e-4)
    got = [path for command, path in hub.asked if command == "GET"]
    assert sorted(got) == sorted(hub.files)
    hub.asked.clear()
    embedded()
    assert hub.asked == []  # a pinned revision needs no look at the hub


def test_questions_need_no_eyes(hub: FakeHub) -> None:
    clip.create(Settings(embedder="clip:tiny")).embed_texts(["a dog"], "query")
    assert not any("vision" in path for _, path in hub.asked)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("harm", ["another", "truncated"])
def test_a_file_with_another_hash_is_refused(hub: FakeHub, role: Role, harm: str) -> None:
    path = f"owner/tiny/resolve/{REVISION}/{ROLES[role]}"
    whole = hub.files[path]
    hub.files[path] = whole[: len(whole) // 2] if harm == "truncated" else whole + b" "
    with pytest.raises(EmbedderError, match=r"it has [\d,]+ bytes, not .*: delete `.*` and start again") as caught:
        embedded()
    assert "\n" not in str(caught.value)
    Path(str(caught.value).split("delete `")[1].split("`")[0]).unlink()
    hub.files[path] = whole
    embedded()


def test_a_file_that_the_hub_does_not_have_is_told(hub: FakeHub) -> None:
    hub.files.clear()
    with pytest.raises(EmbedderError, match=r"cannot be downloaded \(.*404.*\): .*imagelore models pull tiny"):
        embedded()


def test_without_a_network_one_line_says_how_to_get_it(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EmbedderError) as caught:
        embedded()
    assert "\n" not in str(caught.value)
    for hint in ("imagelore models pull tiny", constants.HF_HUB_CACHE, "imagelore models import tiny.tar"):
        assert hint in str(caught.value)
    assert hub.asked == []


def test_a_model_of_other_shapes_is_refused(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "MODELS", (replace(TINY, facts=replace(TINY.facts, dimensions=512)),))
    with pytest.raises(EmbedderError, match=r"24\], not \[n, 512\]"):
        embedded()


def test_the_hubs_own_variables_are_respected(hub: FakeHub, tmp_path: Path) -> None:
    program = (
        "from imagelore.embed import clip; from imagelore.settings import Settings\n"
        "try: clip.create(Settings(embedder='clip')).embed_texts(['a'], 'query')\n"
        "except clip.EmbedderError as error: print(error)"
    )
    environment = dict(os.environ) | {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": hub.url}
    run = [sys.executable, "-c", program]
    told = subprocess.run(run, env=environment, check=True, timeout=60, capture_output=True, text=True).stdout
    assert "tokenizer.json" in told
    assert str(tmp_path / "home") in told
    assert "Xenova/clip-vit-base-patch32" in {path.split("/resolve/")[0] for _, path in hub.asked}
    hub.asked.clear()
    environment["HF_HUB_OFFLINE"] = "1"
    subprocess.run(run, env=environment, check=True, timeout=60, capture_output=True)
    assert hub.asked == []
