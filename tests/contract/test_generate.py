"""What every generator keeps to, whichever it is. A new one adds one line to `GENERATORS`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, cast

import pytest
from PIL import Image

from imagelore import providers
from imagelore.errors import GeneratorError
from imagelore.generate import ChatModel, Generator, checked
from imagelore.settings import Settings
from imagelore.types import (
    Count,
    Delta,
    GeneratorEvent,
    Hit,
    Notice,
    Prompt,
    PromptSource,
    Record,
    Stop,
    Task,
    Turn,
    Usage,
)
from tests.fakes.azure_openai_server import FakeAzureOpenAI
from tests.fakes.llamacpp import FakeLlamaCpp
from tests.fakes.openai_server import FakeOpenAI

GENERATORS: dict[str, tuple[type[FakeOpenAI], Callable[[Any], Settings]]] = {
    "extractive": (FakeOpenAI, lambda server: Settings()),
    "openai": (
        FakeOpenAI,
        lambda server: Settings(
            openai_base_url=server.url, openai_api_key=server.key, openai_model="colours", openai_retries=0
        ),
    ),
    "azure_openai": (
        FakeAzureOpenAI,
        lambda server: Settings(
            azure_openai_endpoint=server.url,
            azure_openai_key=server.key,
            azure_openai_deployment="colours",
            azure_retries=0,
        ),
    ),
    "llamacpp": (FakeLlamaCpp, lambda server: Settings(generator=f"llamacpp:{server.model}")),
}
CHAT_MODELS = {"openai", "azure_openai", "llamacpp"}


@pytest.fixture(params=GENERATORS)
def generator(request: pytest.FixtureRequest) -> Iterator[Generator]:
    served, settings = GENERATORS[request.param]
    server = served()
    yield cast(Generator, providers.load("generate", request.param).create(settings(server)))
    server.close()


def test_every_provider_is_tested() -> None:
    assert set(GENERATORS) == set(providers.names("generate"))


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (220, 30, 30)).save(out, "JPEG")
    return out.getvalue()


def _source(number: int, title: str, text: str, **known: Any) -> PromptSource:
    record = Record(id=title, source="s", path=f"{title}.jpg", version="1", digest="1", title=title, text=text, **known)
    return PromptSource(number, Hit(record, f"file:///{title}.jpg", 1.0, {}), _picture())


SOURCES = (
    _source(1, "Lighthouse", "The lighthouse of Bell Rock was built in 1810.", tags=("coast",)),
    _source(2, "Harbour", "Boats in the harbour of Leith.", fields={"place": "Leith"}),
)
PROMPTS = {
    "words": Prompt("When was the lighthouse built?", SOURCES, total=80),
    "pictures": Prompt("", SOURCES, (_picture(),), total=80),
    "words and pictures": Prompt("Which harbour is this?", SOURCES, (_picture(),), total=80),
    "a later turn": Prompt(
        "And the harbour?", SOURCES, history=(Turn("A lighthouse?", "Yes (Lighthouse)."),), total=80
    ),
    "counts": Prompt("How many boats?", SOURCES, counts=(Count(3, 80, 'whose text mentions "boats"'),), total=80),
    "no sources": Prompt("What is the capital of Peru?", total=80),
    "punctuation": Prompt("?!", SOURCES, total=80),
    "long": Prompt("harbour " * 12_000, SOURCES, total=80),
}


def _answer(events: list[GeneratorEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.parametrize("name", PROMPTS)
def test_an_answer_is_deltas_and_notices_then_usage_then_a_stop(generator: Generator, name: str) -> None:
    events = list(generator.stream(PROMPTS[name]))
    assert [type(event) for event in events[-1:]] == [Stop]
    assert all(isinstance(event, Delta | Notice | Usage) for event in events[:-1])
    assert sum(isinstance(event, Usage) for event in events) <= 1
    assert _answer(events).strip()
    assert events[-1] == Stop("end")


@pytest.mark.parametrize("name", PROMPTS)
def test_only_sources_are_cited(generator: Generator, name: str) -> None:
    prompt = PROMPTS[name]
    deltas = [event.text for event in generator.stream(prompt) if isinstance(event, Delta)]
    numbers = {source.number for source in prompt.sources}
    assert {int(number) for number in re.findall(r"\[(\d+)\]", "".join(deltas))} <= numbers
    assert "".join(checked(deltas, numbers)).split() == "".join(deltas).split()


def test_what_the_sources_hold_is_cited(generator: Generator) -> None:
    assert "[1]" in _answer(list(generator.stream(PROMPTS["words"])))


def test_without_sources_nothing_is_claimed(generator: Generator) -> None:
    answer = _answer(list(generator.stream(PROMPTS["no sources"])))
    assert "Lima" not in answer
    assert "[" not in answer


def test_it_can_be_left_early_and_asked_again(generator: Generator) -> None:
    stream = generator.stream(PROMPTS["words"])
    with closing(cast(Any, stream)):
        assert isinstance(next(iter(stream)), Delta)
    assert "[1]" in _answer(list(generator.stream(PROMPTS["words"])))


def test_it_says_what_it_is(generator: Generator) -> None:
    assert generator.label
    assert "\n" not in generator.label
    assert generator.pictures >= 0


def test_it_reports_no_more_pictures_than_it_was_given(generator: Generator) -> None:
    usages = [event for event in generator.stream(PROMPTS["words and pictures"]) if isinstance(event, Usage)]
    assert all(usage.pictures <= 3 for usage in usages)


def test_a_generator_that_cannot_answer_says_so_before_it_begins(openai_server: FakeOpenAI) -> None:
    settings = Settings(openai_base_url=openai_server.url, openai_api_key="wrong")
    generator = cast(Generator, providers.load("generate", "openai").create(settings))
    with pytest.raises(GeneratorError):
        next(iter(generator.stream(PROMPTS["words"])))


@pytest.mark.parametrize("name", GENERATORS)
def test_chat_models_do_tasks_and_what_quotes_does_none(name: str) -> None:
    served, settings = GENERATORS[name]
    server = served()
    server.reply = lambda asked: f"seen: {'a lighthouse' in asked}"
    generator = providers.load("generate", name).create(settings(server))
    assert isinstance(generator, ChatModel) == (name in CHAT_MODELS)
    if isinstance(generator, ChatModel):
        reply = generator.complete(Task("Describe this.", ("a lighthouse", _picture())))
        assert reply.text == "seen: True"
        assert reply.usage == Usage(90, 7, 1)
    server.close()
