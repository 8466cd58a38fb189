"""Calls side by side: what they share, and what one learns from another's failure."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate
from typing import Any

import pytest

from imagelore._azure import Service
from imagelore.embed._azure_calls import Calls, Exhausted, Unfit
from imagelore.errors import EmbedderError
from imagelore.settings import Settings
from tests.fakes.vision_server import FakeVision

PATH = "/computervision/retrieval:vectorizeText?api-version=2024-02-01&model-version=2023-04-15"


def calls_to(server: FakeVision, **given: Any) -> Calls:
    service = Service("the service", server.url, "ENDPOINT", "KEY", "a role", (server.key,))
    return Calls(service, server.key_header, Settings(**given), 0)


@pytest.fixture
def calls(vision_server: FakeVision) -> Iterator[Calls]:
    with closing(calls_to(vision_server)) as made:
        yield made


def ask(calls: Calls, text: str = "a") -> Any:
    return calls.post(PATH, json={"text": text})


def test_results_are_in_order_and_an_exception_comes_out(calls: Calls) -> None:
    assert calls.each(lambda n: n * n, range(100)) == [n * n for n in range(100)]
    with pytest.raises(ZeroDivisionError):
        calls.each(lambda n: 1 // n, [1, 2, 0, 3])


def test_what_has_not_begun_is_cancelled(calls: Calls) -> None:
    begun, release = [], threading.Event()

    def work(n: int) -> None:
        begun.append(n)
        if n == 0:
            raise LookupError
        release.wait(5)

    with pytest.raises(LookupError):
        calls.each(work, range(500))
    release.set()
    assert len(begun) < 500


def test_a_greeting_is_made_once_however_many_wait_for_it(calls: Calls, vision_server: FakeVision) -> None:
    vision_server.latency = 0.05
    threads = [threading.Thread(target=calls.prove, args=(lambda: ask(calls),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert vision_server.calls == 1


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "0"}, {"Retry-After": formatdate(0, usegmt=True)}, {"retry-after-ms": "10"}, {"Retry-After": "?"}],
    ids=str,
)
@pytest.mark.parametrize("status", [429, 503])
def test_ways_to_say_when_to_come_back(
    calls: Calls, vision_server: FakeVision, status: int, headers: dict[str, str]
) -> None:
    vision_server.faults.fail_next(status, headers)
    assert ask(calls)["modelVersion"] == "2023-04-15"


def test_a_service_that_is_busy_for_hours(calls: Calls, vision_server: FakeVision) -> None:
    vision_server.faults.fail_next(429, {"Retry-After": "3600"})
    with pytest.raises(EmbedderError, match=r"the service at .* takes no calls for 3,600 seconds"):
        ask(calls)


def test_one_input_is_unfit(calls: Calls) -> None:
    with pytest.raises(Unfit, match="1 to 70 words"):
        ask(calls, "word " * 71)


def test_a_failure_of_one_call_is_not_that_of_all(vision_server: FakeVision) -> None:
    with closing(calls_to(vision_server, azure_retries=0)) as calls:
        vision_server.faults.fail_next(500, pause=0.1)
        failing = threading.Thread(target=lambda: told.append(raised(calls)))
        told: list[Exception | None] = []
        failing.start()
        while not vision_server.calls:
            time.sleep(0.002)
        ask(calls)
        failing.join()
        assert isinstance(told[0], Exhausted)
        assert told[0].alone


def raised(calls: Calls) -> Exception | None:
    try:
        ask(calls)
    except EmbedderError as error:
        return error
    return None


def test_a_proxy_is_used_as_the_environment_says(vision_server: FakeVision, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free.getsockname()[1]}")
    with closing(calls_to(vision_server)) as calls, pytest.raises(EmbedderError, match="cannot reach"):
        ask(calls)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with closing(calls_to(vision_server)) as calls:
        ask(calls)
