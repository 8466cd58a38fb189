"""The openai generator through the real SDK against a real server on loopback."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate

import httpx2
import openai
import pytest
from PIL import Image

from imagelore.errors import GeneratorError, UsageError
from imagelore.generate.openai import OpenAIGenerator, check, create
from imagelore.generate.openai.errors import (
    ERRORS,
    Endpoint,
    explain,
    retry_after,
    stumbles_over_pictures,
    takes_no_pictures,
)
from imagelore.generate.openai.stream import without_thoughts
from imagelore.settings import Settings
from imagelore.types import Delta, GeneratorEvent, Hit, Notice, Prompt, PromptSource, Record, Stop, Turn, Usage
from tests.fakes.openai_server import COLOURS, KEY, FakeOpenAI

ENDPOINT = Endpoint("http://127.0.0.1:1/v1", "m", KEY, 60)


def jpeg(colour: str, side: int = 32) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), COLOURS[colour]).save(out, "JPEG")
    return out.getvalue()


def source(number: int, title: str, picture: bytes | None = None, text: str = "") -> PromptSource:
    record = Record(id=title, source="s", path=f"{title}.jpg", version="1", digest="1", title=title, text=text)
    return PromptSource(number, Hit(record, f"file:///{title}.jpg", 1.0, {}), picture)


def a_prompt(pictures: bool = True) -> Prompt:
    kite = source(1, "Kite", jpeg("blue") if pictures else None)
    boat = source(2, "Boat", jpeg("red") if pictures else None)
    return Prompt("What is there?", (kite, boat), (jpeg("green"),) if pictures else ())


def generator(server: FakeOpenAI, model: str, **settings: float) -> OpenAIGenerator:
    values: dict[str, float] = {"openai_retries": 2, "openai_timeout": 5.0, **settings}
    return OpenAIGenerator(
        Settings(
            openai_base_url=server.url,
            openai_api_key=KEY,
            openai_model=model,
            openai_timeout=values["openai_timeout"],
            openai_retries=int(values["openai_retries"]),
        ),
        sleep=lambda seconds: None,
    )


def ask(server: FakeOpenAI, model: str = "colours", prompt: Prompt | None = None) -> list[GeneratorEvent]:
    return list(generator(server, model).stream(prompt or a_prompt()))


def text(events: list[GeneratorEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def notices(events: list[GeneratorEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


SEEN = (
    "Source 1 shows something blue [1]. Source 2 shows something red [2]. Your picture shows something green. "
    "The source 1 is called Kite [1]."
)


def test_the_answer_rests_on_the_pictures_that_were_sent(openai_server: FakeOpenAI) -> None:
    events = ask(openai_server)
    assert text(events) == SEEN
    assert sum(isinstance(event, Delta) for event in events) > 10
    assert events[-2:] == [Usage(90, len(events) - 2, 3), Stop("end")]
    assert notices(events) == []


def test_without_the_pictures_the_answer_is_another_one(openai_server: FakeOpenAI) -> None:
    assert text(ask(openai_server, prompt=a_prompt(pictures=False))) == "The source 1 is called Kite [1]."


def test_earlier_turns_are_sent(openai_server: FakeOpenAI) -> None:
    turns = (Turn("Any boat?", "Yes (Boat)."),)
    ask(openai_server, prompt=Prompt("And a kite?", (source(1, "Kite"),), history=turns))
    roles = [message["role"] for message in openai_server.requests[0]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    assert openai_server.requests[0]["messages"][2]["content"] == "Yes (Boat)."


@pytest.mark.parametrize("model", ["busy-once", "fails-once", "drops-once"])
def test_a_failure_that_passes_is_tried_again(openai_server: FakeOpenAI, model: str) -> None:
    assert text(ask(openai_server, model)) == SEEN
    assert len(openai_server.requests) == 2


@pytest.mark.parametrize(
    ("model", "requests", "words"),
    [
        ("busy", 3, "too many requests"),
        ("busy-for-long", 1, "too many requests"),
        ("quota", 1, "has no quota left"),
        ("fails", 3, "failed with status 503 (The model is overloaded)"),
        ("forbidden", 1, "set another `OPENAI_API_KEY` or `IMAGELORE_OPENAI_MODEL`"),
        ("crashes", 1, "I am a teapot"),
        ("error-inside", 1, "The engine died"),
        ("stalls", 1, "did not answer within 1 s"),
    ],
)
def test_a_failure_that_stays_is_told(openai_server: FakeOpenAI, model: str, requests: int, words: str) -> None:
    timeout = 1.0 if model == "stalls" else 5.0
    with pytest.raises(GeneratorError) as raised:
        list(generator(openai_server, model, openai_timeout=timeout).stream(a_prompt()))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(openai_server.requests) == requests


def test_a_wrong_key_is_not_printed(openai_server: FakeOpenAI) -> None:
    settings = Settings(openai_base_url=openai_server.url, openai_api_key="sk-secret-77", openai_model="colours")
    with pytest.raises(GeneratorError, match="refused the key: set `OPENAI_API_KEY`") as raised:
        list(create(settings).stream(a_prompt()))
    assert "sk-secret-77" not in str(raised.value)


def test_an_unknown_model_is_named_with_those_that_exist(openai_server: FakeOpenAI) -> None:
    with pytest.raises(GeneratorError, match=r"no model 'colors': set `IMAGELORE_OPENAI_MODEL`, .* 'colours'"):
        ask(openai_server, "colors")


def test_an_address_without_v1_is_told(openai_server: FakeOpenAI) -> None:
    settings = Settings(openai_base_url=openai_server.url.removesuffix("/v1"), openai_api_key=KEY)
    with pytest.raises(GeneratorError, match="has no chat completions: set `OPENAI_BASE_URL`; it usually ends in /v1"):
        list(create(settings).stream(a_prompt()))


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(openai_base_url=f"http://127.0.0.1:{port}/v1")
    with pytest.raises(GeneratorError, match=rf"cannot reach http://127.0.0.1:{port}/v1 .*set `OPENAI_BASE_URL`"):
        list(create(settings).stream(a_prompt()))


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8000/v1", "ftp://x/v1", "http://", "http://[::1/v1", "http://x:99999/v1"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="`OPENAI_BASE_URL` is no http address"):
        create(Settings(openai_base_url=address))


@pytest.mark.parametrize(
    "address",
    [
        "ftp://me:hunter2@models.example/v1",
        "me:hunter2@models.example/v1?key=hunter2",
        "htp:/me:hunter2/@@models.example/v1",
        "http//me:hunter2@models.example/v1#hunter2",
        "http://me:hunter2@models.example:99999/v1",
    ],
)
def test_an_address_that_is_none_is_told_without_its_secrets(address: str) -> None:
    with pytest.raises(UsageError, match=r"models\.example") as raised:
        create(Settings(openai_base_url=address))
    assert "hunter2" not in str(raised.value)
    assert "me:" not in str(raised.value)


def test_without_key_and_address_nothing_is_sent() -> None:
    with pytest.raises(GeneratorError, match=r"api\.openai\.com wants a key: set `OPENAI_API_KEY`") as caught:
        next(iter(create(Settings()).stream(Prompt("Where?"))))
    assert "\n" not in str(caught.value)


def test_the_label_names_model_and_host_and_no_secret() -> None:
    settings = Settings(openai_base_url="http://me:pass@models.example:8000/v1?k=1", openai_api_key="sk-1")
    assert create(settings).label == "gpt-5-mini at models.example:8000"
    assert create(Settings()).label == "gpt-5-mini at api.openai.com"
    assert create(Settings(answer_pictures=3)).pictures == 3


def test_a_model_without_eyes_answers_from_the_texts(openai_server: FakeOpenAI) -> None:
    blind = generator(openai_server, "no-vision")
    for requests in (2, 3):  # the second question does not try again
        events = list(blind.stream(a_prompt()))
        assert text(events) == "The source 1 is called Kite [1]."
        assert notices(events) == ["no-vision takes no pictures: it answers from the texts alone."]
        assert events[-2] == Usage(90, events[-2].completion_tokens if isinstance(events[-2], Usage) else 0, 0)
        assert len(openai_server.requests) == requests
    assert isinstance(openai_server.requests[-1]["messages"][-1]["content"], str)


def test_one_bad_picture_blinds_one_answer_only(openai_server: FakeOpenAI) -> None:
    asking = generator(openai_server, "one-corrupt")
    events = list(asking.stream(a_prompt()))
    assert text(events) == "The source 1 is called Kite [1]."
    assert ["did not take the pictures (You uploaded an unsupported image." in n for n in notices(events)] == [True]
    events = list(asking.stream(Prompt("What is there?", (source(1, "Kite", jpeg("blue")),))))
    assert text(events) == "Source 1 shows something blue [1]. The source 1 is called Kite [1]."
    assert notices(events) == []


def test_a_models_name_says_nothing_of_pictures(openai_server: FakeOpenAI) -> None:
    with pytest.raises(GeneratorError, match="invalid temperature"):
        ask(openai_server, "llava-vision")
    with pytest.raises(GeneratorError, match="no model 'pixel-vision'"):
        ask(openai_server, "pixel-vision")
    assert len(openai_server.requests) == 2


def _refusal(status: int, message: str) -> openai.APIStatusError:
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://127.0.0.1:1/v1/chat/completions"))
    body = {"message": message}
    return openai.APIStatusError(f"Error code: {status} - {{'error': {body}}}", response=response, body=body)


@pytest.mark.parametrize(
    "message",
    [
        "Invalid content type. image_url is only supported by certain models.",
        "this model does not support image input (ref: b8bd630e)",
        "this model is missing data required for image input",
        "Model does not support images. Please use a model that does.",
        "Vision add-on is not loaded, but images were provided for processing",
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        "llama-3 is not a multimodal model",
        "At most 0 image(s) may be provided in one prompt.",
        'Failed to parse messages: Unsupported content part type: "image_url";',
        "messages[1]: unknown variant `image_url`, expected `text`",
        "json: cannot unmarshal array into Go struct field Message.messages.content of type string",
        "The server was not compiled for multimodal or the model projector can't be loaded.",
    ],
)
def test_a_model_that_says_it_takes_no_pictures(message: str) -> None:
    assert takes_no_pictures(_refusal(400, message))
    assert not takes_no_pictures(_refusal(404, message))


@pytest.mark.parametrize(
    "message",
    [
        "You uploaded an unsupported image. Please make sure your image is valid.",
        "This model does not support images of type image/webp",
        "The image format is not supported",
        "At most 1 image(s) may be provided in one prompt.",
        "Failed to load image: cannot identify image file",
        "invalid image input",
        "Invalid image_url: could not decode base64",
        "The image is too small",
    ],
)
def test_trouble_with_a_picture_is_no_blindness(message: str) -> None:
    assert not takes_no_pictures(_refusal(400, message))
    assert stumbles_over_pictures(_refusal(400, message), ENDPOINT)
    assert not stumbles_over_pictures(_refusal(404, message), ENDPOINT)


def test_a_server_that_knows_no_streams_still_answers(openai_server: FakeOpenAI) -> None:
    events = ask(openai_server, "whole")
    assert (text(events), events[-2:]) == (SEEN, [Usage(90, 7, 3), Stop("end")])
    assert notices(events) == []


def test_a_server_without_stream_options_still_answers(openai_server: FakeOpenAI) -> None:
    events = ask(openai_server, "no-stream-options")
    assert text(events) == SEEN
    assert (notices(events), events[-2]) == ([], Usage(0, 0, 3))


def test_a_server_that_counts_no_tokens_still_answers(openai_server: FakeOpenAI) -> None:
    events = ask(openai_server, "no-usage")
    assert (text(events), events[-2:]) == (SEEN, [Usage(0, 0, 3), Stop("end")])


def test_a_prompt_that_is_too_long_is_shortened_once(openai_server: FakeOpenAI) -> None:
    asked = Prompt("What?", tuple(source(n, f"Kite {n}", jpeg("red"), "long " * 300) for n in range(1, 4)))
    events = ask(openai_server, "short", asked)
    assert text(events) == "The source 1 is called Kite 1 [1]."
    assert ["left out" in notice for notice in notices(events)] == [True]
    too_many = Prompt("What?", tuple(source(n, f"Kite {n}", None, "long " * 300) for n in range(1, 40)))
    with pytest.raises(GeneratorError, match="too long for 'short': ask with a smaller `IMAGELORE_TOP`"):
        ask(openai_server, "short", too_many)


@pytest.mark.parametrize(
    ("model", "shown", "told", "reason"),
    [
        ("refuses", "I cannot help with that.", None, "refused"),
        ("policy", "", "refused the question", "refused"),
        ("filtered", "Source 1 shows", "content filter", "refused"),
        ("cut", SEEN, "length limit", "length"),
        ("broken", "Source 1 shows", "broke: this answer is not whole", "broken"),
        ("malformed", "Source 1 shows", "broke: this answer is not whole", "broken"),
        ("unfinished", "Source 1 shows", "broke: this answer is not whole", "broken"),
        ("empty", "", "gave an empty answer", "end"),
        ("thinks", SEEN, None, "end"),
        ("thinks-apart", SEEN, None, "end"),
    ],
)
def test_how_answers_end(openai_server: FakeOpenAI, model: str, shown: str, told: str | None, reason: str) -> None:
    events = ask(openai_server, model)
    assert text(events).startswith(shown)
    assert bool(text(events)) == bool(shown)
    assert [told in notice for notice in notices(events) if told] == ([True] if told else [])
    assert "[7]" not in text(events)
    assert isinstance(events[-1], Stop)
    assert events[-1].reason == reason
    assert len(openai_server.requests) == 1


def test_closing_the_answer_hangs_up(openai_server: FakeOpenAI) -> None:
    events = generator(openai_server, "slow").stream(a_prompt())
    assert isinstance(next(events), Delta)
    events.close()  # type: ignore[attr-defined]  # the contract's Iterator is a generator here
    assert openai_server.hung_up.wait(5)


def test_one_generator_serves_several_threads(openai_server: FakeOpenAI) -> None:
    shared = generator(openai_server, "colours")
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(text(list(shared.stream(a_prompt()))))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [SEEN] * 4


def test_a_web_page_is_no_answer(openai_server: FakeOpenAI) -> None:
    with pytest.raises(GeneratorError, match="sent what is no chat completion: set `OPENAI_BASE_URL`"):
        list(create(Settings(openai_base_url=_page(), openai_api_key=KEY)).stream(a_prompt()))


def _page() -> str:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as client:
            client.recv(65_536)
            body = b"<html>It works!</html>"
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + body)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65_536):
                pass

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


def _library_errors() -> Iterator[type[Exception]]:
    for name in dir(openai):
        value = getattr(openai, name)
        if isinstance(value, type) and issubclass(value, openai.OpenAIError) and not name.startswith("_"):
            yield value


def _made(kind: type[Exception]) -> Exception:
    """An error as the library makes it: with a response where it has one."""
    request = httpx2.Request("POST", "http://127.0.0.1:1/v1/chat/completions")
    if issubclass(kind, openai.APIStatusError):
        status = getattr(kind, "status_code", 500)
        response = httpx2.Response(status, request=request)
        if issubclass(kind, openai.OAuthError):
            return kind(response=response, body=None)
        return kind("It failed", response=response, body=None)
    error = kind.__new__(kind)
    Exception.__init__(error, "It failed")
    return error


@pytest.mark.parametrize("kind", list(_library_errors()), ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_is_explained(kind: type[Exception]) -> None:
    assert kind in ERRORS
    explained = str(explain(_made(kind), ENDPOINT))
    assert any(way_out in explained for way_out in ("set ", "try again", "ask ", "It failed", "raise "))
    assert "\n" not in explained


def test_an_error_that_the_library_may_add_is_explained_by_its_base() -> None:
    class NewError(openai.InternalServerError):
        pass

    assert "failed with status 500" in str(explain(_made(NewError), ENDPOINT))


def test_retry_after_is_read_as_seconds_and_as_a_date(openai_server: FakeOpenAI) -> None:
    client = openai.OpenAI(base_url=openai_server.url, api_key=KEY, max_retries=0)
    with pytest.raises(openai.RateLimitError) as raised:
        client.chat.completions.create(
            model="busy", messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
        )
    error = raised.value
    assert retry_after(error, 0) == 0.01
    error.response.headers["Retry-After"] = formatdate(time.time() + 100, usegmt=True)
    assert 90 < (retry_after(error, 0) or 0) <= 100
    error.response.headers["Retry-After"] = "soon"
    assert [retry_after(error, attempt) for attempt in range(3)] == [0.5, 1.0, 2.0]
    client.close()


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        (["<think>a</think>\n\nb"], "b"),
        (list("  <think>a</th></think>b <think>c</think>"), "b <think>c</think>"),
        (["<think>never ends"], ""),
        (["<", "b>a"], "<b>a"),
        (["a <think>b"], "a <think>b"),
        (["<thi"], "<thi"),
        ([], ""),
    ],
)
def test_thoughts_are_left_out(pieces: list[str], shown: str) -> None:
    assert "".join(without_thoughts(pieces)) == shown


def test_pictures_arrive_as_they_were_given(openai_server: FakeOpenAI) -> None:
    asked = a_prompt()
    ask(openai_server, prompt=asked)
    parts = openai_server.requests[0]["messages"][-1]["content"]
    sent = [
        base64.b64decode(part["image_url"]["url"].partition(",")[2]) for part in parts if part["type"] == "image_url"
    ]
    assert sent == [asked.sources[0].picture, asked.sources[1].picture, asked.pictures[0]]
    assert KEY not in json.dumps(openai_server.requests)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("colours", [("answers", True, "colours at 127.0.0.1"), ("sees pictures", True, "told the colour")]),
        ("no-vision", [("answers", True, "no-vision at"), ("sees pictures", False, "takes no pictures")]),
        ("drops-pictures", [("answers", True, "drops-p"), ("sees pictures", False, "did not tell its colour")]),
        ("empty", [("answers", False, "gave an empty answer")]),
        ("broken", [("answers", False, "is not whole")]),
    ],
)
def test_doctor_finds_out_whether_a_model_answers_and_sees(
    openai_server: FakeOpenAI, model: str, found: list[tuple[str, bool, str]]
) -> None:
    settings = Settings(openai_base_url=openai_server.url, openai_api_key=KEY, openai_model=model, openai_retries=0)
    checks = list(check(settings))
    assert [(c.name, c.ok) for c in checks] == [(f"openai: {name}", ok) for name, ok, _ in found]
    assert all(said in c.said for c, (_, _, said) in zip(checks, found, strict=True))
    assert all("IMAGELORE_OPENAI_MODEL" in c.mend for c in checks if not c.ok)


def test_doctor_is_told_of_a_model_that_is_not_there(openai_server: FakeOpenAI) -> None:
    settings = Settings(openai_base_url=openai_server.url, openai_api_key=KEY, openai_model="colors")
    with pytest.raises(GeneratorError, match=r"has no model 'colors': .*`IMAGELORE_OPENAI_MODEL`"):
        list(check(settings))
