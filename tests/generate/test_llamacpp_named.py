"""`llamacpp:NAME`: a model of the table, fetched by the first question, and only where it can be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from huggingface_hub import constants

from imagelore._hub import Offered
from imagelore.errors import GeneratorError, UsageError
from imagelore.flows.knowledge import load_generator
from imagelore.flows.models import pull
from imagelore.generate import Bounded, _named
from imagelore.generate.llamacpp import LlamaCppGenerator, check, machine
from imagelore.settings import Settings
from imagelore.types import Prompt, Stop
from tests.fakes import gguf
from tests.fakes.hub_server import FakeHub, pinned
from tests.fakes.llamacpp import FACTS, FakeLlamaCpp


@pytest.fixture
def fake() -> Iterator[FakeLlamaCpp]:
    server = FakeLlamaCpp()
    yield server
    server.close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has the one model of the table."""
    model = gguf.write(tmp_path / "colours.gguf", FACTS | {"llama.context_length": 8_192})
    eyes = gguf.write(tmp_path / "eyes.gguf", {"general.architecture": "clip"})
    files = {
        pinned("model", "colours.gguf", model.read_bytes()): model,
        pinned("mmproj", "eyes.gguf", eyes.read_bytes()): eyes,
    }
    served = FakeHub({})
    for file, path in files.items():
        served.has(file, path.read_bytes())
    served.stands_in(monkeypatch, tmp_path / "hub")
    offered = Offered("tiny", "generator", "--generator llamacpp:tiny", tuple(files), "MIT", "for tests")
    monkeypatch.setattr(_named, "MODELS", (offered,))
    yield served
    served.close()


def made(**settings: Any) -> LlamaCppGenerator:
    return cast(LlamaCppGenerator, load_generator(Settings(generator="llamacpp:tiny", **settings)))


def test_the_first_question_fetches_it(hub: FakeHub, fake: FakeLlamaCpp) -> None:
    generator = made()
    assert (generator.name, generator.pictures) == ("tiny", Settings().answer_pictures)
    assert (generator.label, generator.missing) == ("tiny in llama.cpp", sum(map(len, hub.files.values())))
    assert hub.asked == []
    assert list(generator.stream(Prompt("Well?")))[-1] == Stop("end")
    assert {path for _, path in hub.asked} == set(hub.files)
    (params,) = fake.loaded
    assert Path(params.model.path).name == "colours.gguf"
    assert Path(params.mmproj.path).name == "eyes.gguf"
    assert (generator.label, generator.missing) == ("tiny in llama.cpp", 0)
    hub.asked.clear()
    assert list(made().stream(Prompt("Well?")))[-1] == Stop("end")
    assert hub.asked == []


def test_without_eyes_they_are_not_fetched(hub: FakeHub, fake: FakeLlamaCpp) -> None:
    generator = made(llamacpp_mmproj="none")
    assert (generator.pictures, "reads texts only" in generator.label) == (0, True)
    list(generator.stream(Prompt("Well?")))
    assert not any("eyes" in path for _, path in hub.asked)
    assert generator.missing == 0


def test_a_model_that_memory_cannot_hold_is_not_fetched(
    hub: FakeHub, fake: FakeLlamaCpp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 100_000_000)
    with pytest.raises(
        GeneratorError, match=r"tiny wants more than 0\.3 GB .* 0\.1 GB is free, so it is not downloaded"
    ):
        next(made().stream(Prompt("Well?")))
    assert (hub.asked, fake.loaded) == ([], [])


def test_a_file_that_cannot_be_had_ends_the_answer_in_one_line(
    hub: FakeHub, fake: FakeLlamaCpp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(GeneratorError, match=r"imagelore models import tiny\.tar") as caught:
        next(made().stream(Prompt("Well?")))
    assert "\n" not in str(caught.value)


def test_a_small_context_leaves_room_for_an_answer(hub: FakeHub) -> None:
    generator = made()
    assert isinstance(generator, Bounded)
    assert generator.room() == 8_192 - 2_048
    assert made(answer_tokens=1_000).room() >= 1_000


def test_doctor_fetches_nothing(hub: FakeHub, fake: FakeLlamaCpp) -> None:
    settings = Settings(generator="llamacpp:tiny")
    (told,) = check(settings)
    assert (told.ok, told.mend) == (False, "get it with `imagelore models pull tiny`, or ask a question")
    assert hub.asked == []
    list(pull(["tiny"]))
    assert [told.ok for told in check(settings)] == [True, True]


def test_a_wrong_name_lists_the_names(hub: FakeHub) -> None:
    with pytest.raises(UsageError, match=r"no model 'tyni' and no such file: .*one of tiny"):
        load_generator(Settings(generator="llamacpp:tyni"))
