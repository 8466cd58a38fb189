"""`llamacpp` with a real model of 135 million parameters, which only makes words: what it says is not looked at.

Its eyes have random weights: pictures really go through llama.cpp, and mean nothing to it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tools.fetch_test_model import MODEL

from imagelore import providers
from imagelore.errors import GeneratorError, MissingExtraError, UsageError
from imagelore.flows.doctor import examine
from imagelore.flows.knowledge import generator_name, load_generator
from imagelore.generate.llamacpp import LlamaCppGenerator, engine, machine
from imagelore.generate.llamacpp.gguf import header
from imagelore.settings import Settings
from imagelore.types import Delta, Notice, Prompt, Stop, Task, Usage
from tests.fakes import gguf
from tests.fakes.llamacpp import FACTS, FakeLlamaCpp

EYES = {"general.architecture": "clip"}
LONG = Task("Say something.", ("a lighthouse",), tokens=4, seconds=200)


def made(model: Path | str, **settings: Any) -> LlamaCppGenerator:
    return cast(LlamaCppGenerator, load_generator(Settings(generator=f"llamacpp:{model}", **settings)))


@pytest.fixture
def fake() -> Iterator[FakeLlamaCpp]:
    server = FakeLlamaCpp()
    yield server
    server.close()


@pytest.fixture(scope="module")
def weights() -> Path:
    if not MODEL.is_file():
        if os.environ.get("CI"):
            pytest.fail("the test model is not there; run python -m tools.fetch_test_model")
        pytest.skip("the test model is not there; run python -m tools.fetch_test_model")
    return MODEL


@pytest.fixture(scope="module")
def local(weights: Path) -> LlamaCppGenerator:
    """The real model, loaded once for the tests that only ask it; its answers are kept short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "ANSWER", 24)
        generator = made(weights, llamacpp_threads=1)
        generator.load()
    return generator


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (220, 30, 30)).save(out, "JPEG")
    return out.getvalue()


# what is told before anything is loaded


def test_what_follows_the_colon_is_the_model() -> None:
    assert generator_name(Settings(generator="llamacpp:C:\\models\\m.gguf")) == "llamacpp"
    with pytest.raises(UsageError, match=r"m\.gguf"):
        made("C:\\models\\m.gguf")


@pytest.mark.parametrize("name", ["llamacpp", "llamacpp:", "llamacpp: "])
def test_a_model_has_to_be_named(name: str) -> None:
    with pytest.raises(UsageError, match=r"--generator llamacpp:/path/to/model\.gguf"):
        load_generator(Settings(generator=name))


def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = gguf.write(tmp_path / "whole.gguf", FACTS, {"w": np.ones((64, 64), np.float32)})
    text, empty, cut, torn = (tmp_path / name for name in ("a.gguf", "b.gguf", "c.gguf", "d.gguf"))
    text.write_text("a web page that says: not found")
    empty.touch()
    cut.write_bytes(whole.read_bytes()[:70])
    torn.write_bytes(gguf.write(torn, FACTS, {n: np.ones(64, np.float32) for n in "ab"}).read_bytes()[:-400])
    for path, said in (
        (tmp_path / "none.gguf", "there is no model file"),
        (tmp_path, "is a folder"),
        (text, "is no GGUF file"),
        (empty, "is no GGUF file"),
        (cut, "damaged in its first part"),
        (torn, "is not whole"),
        (gguf.write(tmp_path / "eyes.gguf", EYES), "only encodes pictures"),
    ):
        with pytest.raises(UsageError, match=said) as told:
            made(path)
        assert "\n" not in str(told.value)
    assert made(whole).pictures == 0


@given(st.integers(0, 400), st.binary(max_size=12))
def test_a_damaged_header_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, at: int, bytes_: bytes) -> None:
    path = gguf.write(tmp_path_factory.getbasetemp() / "damaged.gguf", FACTS | {"llama.attention.head_count": 4})
    data = path.read_bytes()
    path.write_bytes(data[:at] + bytes_ + data[at + len(bytes_) :])
    try:
        model = made(path).model
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017  (one or the other)
    else:
        assert isinstance(model.cache(100), int)


def test_facts_may_be_told_by_layer(tmp_path: Path) -> None:
    same = {"llama.block_count": 2, "llama.attention.head_count": 4}
    path = gguf.write(tmp_path / "m.gguf", FACTS | same | {"llama.attention.head_count_kv": [1, 3]})
    assert made(path).model.cache(10) == 10 * (1 + 3) * (16 + 16) * 2
    path = gguf.write(tmp_path / "m.gguf", FACTS | same | {"llama.attention.head_count_kv": 2})
    assert made(path).model.cache(10) == 10 * 2 * 2 * (16 + 16) * 2


def test_a_long_list_is_passed_over(tmp_path: Path) -> None:
    path = gguf.write(tmp_path / "m.gguf", {"a": list(range(5_000)), "general.architecture": "llama"})
    assert header(path).architecture == "llama"


def test_what_it_sees_with_lies_beside_it_or_is_named(tmp_path: Path) -> None:
    model = gguf.write(tmp_path / "m.gguf", FACTS)
    assert made(model).pictures == 0
    assert "reads texts only" in made(model).label
    eyes = gguf.write(tmp_path / "m.mmproj-f16.gguf", EYES)
    assert made(model).pictures == Settings().answer_pictures
    assert made(model).model.encoder == eyes
    assert made(model, llamacpp_mmproj="none").pictures == 0
    other = gguf.write(tmp_path / "mmproj-F32.gguf", EYES)
    with pytest.raises(UsageError, match=r"2 encoders of pictures beside.*IMAGELORE_LLAMACPP_MMPROJ"):
        made(model)
    assert made(model, llamacpp_mmproj=str(other)).model.encoder == other
    with pytest.raises(UsageError, match="encodes no pictures"):
        made(model, llamacpp_mmproj=str(model))


def test_a_model_in_parts_wants_all_of_them(tmp_path: Path) -> None:
    first = gguf.write(tmp_path / "m-00001-of-00002.gguf", FACTS)
    with pytest.raises(UsageError, match=r"m-00002-of-00002\.gguf"):
        made(first)
    second = gguf.write(tmp_path / "m-00002-of-00002.gguf", {})
    assert made(first).model.size == first.stat().st_size + second.stat().st_size


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("imagelore.generate.llamacpp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imagelore\[llamacpp\]"'):
        providers.load("generate", "llamacpp")


def test_a_model_that_cannot_fit_is_not_loaded(tmp_path: Path, fake: FakeLlamaCpp) -> None:
    facts = {"llama.block_count": 4_000_000, "llama.attention.head_count": 64, "llama.embedding_length": 65_536}
    generator = made(gguf.write(tmp_path / "giant.gguf", FACTS | facts))
    with pytest.raises(GeneratorError, match=r"giant wants [\d.]+ GB of memory .* is free: .*IMAGELORE_ANSWER_TOKENS"):
        next(generator.stream(Prompt("Well?")))
    assert not fake.loaded


# the machine


def written(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_memory_is_what_the_kernel_and_the_container_leave(tmp_path: Path) -> None:
    written(tmp_path, proc__meminfo="MemTotal: 9000 kB\nMemAvailable:    4000 kB\n")
    assert machine.memory(tmp_path) == 4_096_000
    container = {
        "memory_dot_max": "2000000\n",
        "memory_dot_current": "700000\n",
        "memory_dot_stat": "anon 1\ninactive_file 200000\n",
    }
    written(tmp_path, **{f"sys__fs__cgroup__{name}": text for name, text in container.items()})
    assert machine.memory(tmp_path) == 2_000_000 - 700_000 + 200_000
    written(tmp_path, sys__fs__cgroup__memory_dot_max="max\n")
    assert machine.memory(tmp_path) == 4_096_000


def test_threads_are_as_many_as_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.cores(tmp_path) == 8
    for n in range(8):  # two threads a core
        written(
            tmp_path, **{f"sys__devices__system__cpu__cpu{n}__topology__thread_siblings_list": f"{n // 2},{n // 2 + 4}"}
        )
    assert machine.cores(tmp_path) == 4
    written(tmp_path, sys__fs__cgroup__cpu_dot_max="200000 100000\n")
    assert machine.cores(tmp_path) == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert machine.cores(tmp_path) == -1


def test_a_model_is_loaded_once_by_the_first_question_with_room_for_it(fake: FakeLlamaCpp) -> None:
    generator = made(fake.model, answer_tokens=9_000, llamacpp_threads=3)
    assert not fake.loaded
    for _ in range(2):
        list(generator.stream(Prompt("Well?")))
    (params,) = fake.loaded
    assert params.n_ctx == 9_000 + engine.ANSWER
    assert params.cpuparams.n_threads == params.cpuparams_batch.n_threads == 3
    assert (params.hostnames, params.port) == (["127.0.0.1"], 0)
    made(fake.model, answer_tokens=100_000).load()
    assert fake.loaded[1].n_ctx == FACTS["llama.context_length"]
    assert fake.loaded[1].api_keys != params.api_keys


def test_a_proxy_is_not_asked(fake: FakeLlamaCpp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert list(made(fake.model).stream(Prompt("Well?")))[-1] == Stop("end")


def test_a_server_that_ended_is_told_as_such(fake: FakeLlamaCpp) -> None:
    generator = made(fake.model)
    generator.load()
    fake.close()
    with pytest.raises(GeneratorError, match=r"llama\.cpp ended while it was asked 'colours': start imagelore again"):
        next(generator.stream(Prompt("Well?")))


# the real model


def test_an_answer_streams_and_the_next_one_needs_no_loading(local: LlamaCppGenerator) -> None:
    loaded = local.load()
    for question in ("What is a lighthouse?", "And a harbour?"):
        events = list(local.stream(Prompt(question)))
        *deltas, usage, stop = [event for event in events if not isinstance(event, Notice)]
        assert len(deltas) > 1
        assert all(isinstance(delta, Delta) for delta in deltas)
        assert isinstance(usage, Usage)
        assert usage.prompt_tokens > 100
        assert 1 < usage.completion_tokens <= 24
        assert stop in (Stop("end"), Stop("length"))
    assert local.load() is loaded


def test_it_does_tasks(local: LlamaCppGenerator) -> None:
    reply = local.complete(LONG)
    assert reply.text
    assert reply.usage.completion_tokens <= 4


def test_two_threads_ask_at_once(local: LlamaCppGenerator) -> None:
    ends: list[Any] = []
    threads = [
        threading.Thread(target=lambda n=n: ends.append(list(local.stream(Prompt(f"What is {n}?")))[-1]))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert len(ends) == 2
    assert all(isinstance(end, Stop) for end in ends)


def test_a_question_beyond_its_context_is_refused_in_one_line(local: LlamaCppGenerator) -> None:
    with pytest.raises(GeneratorError, match=r"too long for 'SmolLM2-135M-Instruct\.Q4_1': .*IMAGELORE_TOP"):
        list(local.stream(Prompt("harbour " * 12_000)))


def test_pictures_of_a_question_are_left_out_by_a_model_without_eyes(local: LlamaCppGenerator) -> None:
    events = list(local.stream(Prompt("What is this?", pictures=(picture(),))))
    assert any(isinstance(event, Notice) and "takes no pictures" in event.text for event in events)
    assert [event.pictures for event in events if isinstance(event, Usage)] == [0]


def test_others_on_this_machine_are_refused(local: LlamaCppGenerator) -> None:
    address = str(local.load()._client.base_url)
    assert address.startswith("http://127.0.0.1:")
    with httpx2.Client(trust_env=False) as client:
        for path, body in (("models", None), ("chat/completions", {"messages": [{"role": "user", "content": "hi"}]})):
            said = client.request("POST" if body else "GET", address + path, json=body)
            assert said.status_code == 401


def test_who_stops_reading_ends_the_computation(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*args: Any) -> Any:
        params = parameters(*args)
        params.endpoint_metrics = params.sampling.ignore_eos = True
        return params

    parameters = engine._parameters
    monkeypatch.setattr(engine, "_parameters", endless)
    generator = made(weights, llamacpp_threads=1)
    client = generator.load()._client
    ask = httpx2.Client(trust_env=False, headers={"Authorization": f"Bearer {client.api_key}"})

    def measured(name: str) -> int:
        lines = ask.get(str(client.base_url).replace("/v1/", "/metrics")).text.splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"llamacpp:{name} ")))

    with ask:
        with closing(cast(Any, generator.stream(Prompt("Tell a story.")))) as stream:
            assert isinstance(next(stream), Delta)
            assert measured("requests_processing") == 1
        while measured("requests_processing"):
            time.sleep(0.05)
        assert measured("tokens_predicted_total") < engine.ANSWER
    assert generator.complete(LONG).text


def test_pictures_go_through_its_eyes(weights: Path, tmp_path: Path) -> None:
    eyes = gguf.eyes(tmp_path / "eyes.gguf", header(weights).number("embedding_length"))
    generator = made(weights, llamacpp_mmproj=str(eyes), llamacpp_threads=1)
    blind = generator.complete(LONG)
    seen = generator.complete(Task(LONG.instructions, (*LONG.parts, picture(), picture()), 4, 200))
    assert (blind.usage.pictures, seen.usage.pictures) == (0, 2)
    assert seen.usage.prompt_tokens > blind.usage.prompt_tokens


def test_the_eyes_of_another_model_are_refused(weights: Path, tmp_path: Path) -> None:
    eyes = gguf.eyes(tmp_path / "eyes.gguf", 600)
    with pytest.raises(
        GeneratorError, match=r"`eyes.gguf` belongs to another model .*600 and 576.*IMAGELORE_LLAMACPP_MMPROJ"
    ):
        made(weights, llamacpp_mmproj=str(eyes)).complete(LONG)


def test_what_llama_cpp_does_not_know_is_refused(tmp_path: Path) -> None:
    model = gguf.write(tmp_path / "new.gguf", {"general.architecture": "tomorrow"})
    with pytest.raises(GeneratorError, match=r"cannot load new .*'tomorrow'.*pip install -U xllamacpp"):
        made(model).complete(LONG)


def test_doctor_loads_it(weights: Path, tmp_path: Path) -> None:
    settings = Settings(kb=str(tmp_path), generator=f"llamacpp:{weights}", llamacpp_threads=1, embedder="starter")
    checks = {check.name: check for check in examine(settings)}
    assert "8,192 tokens" in checks["llamacpp: memory"].said
    assert checks["llamacpp: loads"].ok


ENDS = """
import sys, threading
from contextlib import suppress
from imagelore.errors import GeneratorError
from imagelore.flows.knowledge import load_generator
from imagelore.settings import Settings
from imagelore.types import Prompt

generator = load_generator(Settings(generator=f"llamacpp:{sys.argv[1]}", llamacpp_threads=1))
streams = [generator.stream(Prompt("Tell a story.")) for _ in range(2)]
next(streams[0])

def wait():
    with suppress(GeneratorError):
        list(streams[1])

threading.Thread(target=wait, daemon=True).start()
print("ends now")
"""


def test_the_interpreter_ends_in_the_middle_of_answers(weights: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENDS, str(weights)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "ends now\n", "")
