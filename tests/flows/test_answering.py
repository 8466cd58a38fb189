"""The end of a turn: what was sent, what it cost, and which sentences are doubted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from imagelore.flows._answering import answered
from imagelore.generate.extractive import Extractive
from imagelore.generate.openai import create
from imagelore.settings import Settings
from imagelore.types import Done, Prompt, Sent, Usage
from tests.fakes.openai_server import KEY, FakeOpenAI
from tests.generate.test_openai import a_prompt, jpeg, source


def done(server: FakeOpenAI, prompt: Prompt, model: str = "colours", **more: Any) -> Done:
    settings = Settings(openai_base_url=server.url, openai_api_key=KEY, openai_model=model, **more)
    *_, last = answered(create(settings), prompt, {}, settings)
    assert isinstance(last, Done)
    return last


def test_what_was_sent_is_told(openai_server: FakeOpenAI) -> None:
    sent = done(openai_server, a_prompt()).sent
    assert (sent.pictures, sent.own, sent.pixels, sent.cost) == ((1, 2), 1, 3 * 32 * 32, None)
    assert 3 * 255 < sent.tokens < 3 * 255 + 600


def test_pictures_that_the_model_does_not_take_were_not_sent(openai_server: FakeOpenAI) -> None:
    sent = done(openai_server, a_prompt(), "no-vision").sent
    assert (sent.pictures, sent.own, sent.pixels) == ((), 0, 0)
    assert sent.tokens < 600


def test_costs_are_of_the_tokens_that_the_server_counted(openai_server: FakeOpenAI) -> None:
    last = done(openai_server, a_prompt(), price_input=2.0, price_output=10.0)
    assert last.usage.prompt_tokens == 90
    assert last.sent.cost == pytest.approx((90 * 2.0 + last.usage.completion_tokens * 10.0) / 1e6)


def test_costs_are_estimated_where_the_server_does_not_count(openai_server: FakeOpenAI) -> None:
    last = done(openai_server, a_prompt(), "no-usage", price_input=2.0)
    assert last.usage.prompt_tokens == 0
    assert last.sent.cost == pytest.approx(last.sent.tokens * 2.0 / 1e6)


def test_what_the_turn_took_before_is_counted_and_paid_for(openai_server: FakeOpenAI) -> None:
    settings = Settings(
        openai_base_url=openai_server.url,
        openai_api_key=KEY,
        openai_model="colours",
        price_input=2.0,
        price_output=10.0,
    )
    alone = done(openai_server, a_prompt(), price_input=2.0, price_output=10.0)
    *_, last = answered(create(settings), a_prompt(), {}, settings, (Usage(1_000, 20, 5), Usage(0, 0)))
    assert isinstance(last, Done)
    assert last.usage == replace(alone.usage, prompt_tokens=1_090, completion_tokens=alone.usage.completion_tokens + 20)
    assert last.sent.cost == pytest.approx((alone.sent.cost or 0) + (1_000 * 2.0 + 20 * 10.0) / 1e6)


def test_what_needs_no_model_is_sent_nothing() -> None:
    *_, last = answered(Extractive(), a_prompt(), {}, Settings(price_input=2.0))
    assert isinstance(last, Done)
    assert last.sent == Sent()


def test_a_sentence_that_its_source_contradicts_is_doubted_unless_that_is_switched_off(
    openai_server: FakeOpenAI,
) -> None:
    openai_server.answer = "The kite was made in 1926 [1]. It is large [1]."
    prompt = Prompt("When?", (source(1, "Kite", jpeg("blue"), text="The kite was made in 1962."),))
    (doubt,) = done(openai_server, prompt).doubts
    assert doubt.sentence == "The kite was made in 1926."
    assert doubt.reason == "the sources say 1962, not 1926"
    assert done(openai_server, prompt, doubts=False).doubts == ()
