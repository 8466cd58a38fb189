"""`imagelore models` and what stands below it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from imagelore._hub import Offered, Reported
from imagelore.generate import _named
from tests.cli.running import run
from tests.fakes.hub_server import FakeHub, pinned

DATA = b"weights " * 1_000
TINY = Offered(
    "tiny",
    "generator",
    "--generator llamacpp:tiny",
    (pinned("model", "tiny.gguf", DATA),),
    "MIT",
    "for tests",
    ("en",),
    (Reported("words", "12 %", "its card"),),
)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    served = FakeHub({})
    served.has(TINY.files[0], DATA)
    served.stands_in(monkeypatch, tmp_path / "hub")
    monkeypatch.setattr(_named, "MODELS", (TINY,))
    yield served
    served.close()


def test_models_are_listed_for_people_and_for_scripts(hub: FakeHub, tmp_path: Path) -> None:
    told = run(tmp_path, "models")
    assert told.returncode == 0
    for words in (
        "siglip2-base ",
        "--generator llamacpp:tiny",
        "not here",
        "languages: en",
        "licence: MIT",
        "words 12 %",
    ):
        assert words in told.stdout
    run(tmp_path, "models", "pull", "tiny")
    listed = {model["name"]: model for model in json.loads(run(tmp_path, "models", "--json").stdout)["models"]}
    tiny = listed["tiny"]
    assert (tiny["here"], tiny["bytes"], tiny["kind"]) == ("yes", len(DATA), "generator")
    assert tiny["quality"] == [{"metric": "words", "value": "12 %", "source": "its card"}]
    assert [Path(path).read_bytes() for path in tiny["files"]] == [DATA]
    assert listed["siglip2-base"]["here"] == "no"


def test_a_pull_says_what_came_and_how_to_use_it(hub: FakeHub, tmp_path: Path) -> None:
    told = run(tmp_path, "models", "pull", "tiny")
    assert (told.returncode, told.stdout) == (0, "tiny is ready: --generator llamacpp:tiny\n")
    assert told.stderr == "tiny: tiny.gguf (0.0 MB) is here\n"
    (only,) = json.loads(run(tmp_path, "models", "pull", "tiny", "--json").stdout)["models"]
    assert (only["name"], Path(only["files"][0]).read_bytes()) == ("tiny", DATA)


def test_a_model_travels(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, "models", "pull", "tiny")
    wrote = run(tmp_path, "models", "export", "tiny", "tiny.tar")
    assert wrote.stdout == "tiny.tar (0.0 MB): on the other machine, `imagelore models import tiny.tar`\n"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    took = run(tmp_path, "models", "import", "tiny.tar")
    assert (took.returncode, took.stdout) == (0, "tiny is ready: --generator llamacpp:tiny\n")
    assert run(tmp_path, "models", "pull", "tiny").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pull", "tyni"), "imagelore: there is no model 'tyni': did you mean tiny?\n"),
        (("export", "tiny", "x.tar"), "first `imagelore models pull tiny`\n"),
        (("import", "x.tar"), "imagelore: there is no file `x.tar`\n"),
    ],
)
def test_what_fails_is_one_line(hub: FakeHub, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    told = run(tmp_path, "models", *arguments)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1)
    assert told.stderr.endswith(said)
