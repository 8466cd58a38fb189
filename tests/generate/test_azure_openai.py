"""The azure_openai generator through the real SDK against a stand-in on loopback, through both of Azure's APIs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest

from imagelore.errors import GeneratorError, ImageloreError, UsageError
from imagelore.generate.azure_openai import AzureOpenAIGenerator, check, create, resource
from imagelore.generate.azure_openai.errors import explained
from imagelore.generate.openai.errors import Endpoint
from imagelore.settings import Settings
from imagelore.types import Delta, GeneratorEvent, Prompt, Stop, Task, Usage
from tests.fakes.azure_openai_server import KEY, FakeAzureOpenAI
from tests.fakes.identity_server import FakeIdentity
from tests.generate.test_openai import SEEN, _library_errors, _made, a_prompt, jpeg, notices, source, text

SECRET = "azure-secret-77"
CLASSIC = "2024-10-21"


@pytest.fixture
def azure() -> Iterator[FakeAzureOpenAI]:
    server = FakeAzureOpenAI()
    yield server
    server.close()


def settings(server: FakeAzureOpenAI, deployment: str = "colours", **more: Any) -> Settings:
    known: dict[str, Any] = {"azure_openai_key": KEY, "azure_retries": 2, "azure_timeout": 5.0}
    return Settings(azure_openai_endpoint=server.url, azure_openai_deployment=deployment, **{**known, **more})


def ask(
    server: FakeAzureOpenAI, deployment: str = "colours", prompt: Prompt | None = None, **more: Any
) -> list[GeneratorEvent]:
    asked = AzureOpenAIGenerator(settings(server, deployment, **more), sleep=lambda seconds: None)
    return list(asked.stream(prompt or a_prompt()))


def failure(server: FakeAzureOpenAI, deployment: str = "colours", **more: Any) -> str:
    with pytest.raises(GeneratorError) as raised:
        ask(server, deployment, **more)
    told = str(raised.value)
    assert "\n" not in told
    assert KEY not in told
    assert "OPENAI_API_KEY" not in told.replace("AZURE_OPENAI_API_KEY", "")
    return told


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("", "/openai/v1/chat/completions"),
        ("preview", "/openai/v1/chat/completions"),
        (CLASSIC, f"/openai/deployments/colours/chat/completions?api-version={CLASSIC}"),
    ],
)
def test_the_answer_rests_on_the_pictures_through_either_api(azure: FakeAzureOpenAI, version: str, path: str) -> None:
    events = ask(azure, azure_openai_api_version=version)
    assert text(events) == SEEN
    assert events[-2:] == [Usage(90, len(events) - 2, 3), Stop("end")]
    assert notices(events) == []
    assert azure.paths == [path]


@pytest.mark.parametrize(
    ("version", "audience"), [("", "https://ai.azure.com"), (CLASSIC, "https://cognitiveservices.azure.com")]
)
def test_without_a_key_the_identity_signs_in_once(
    azure: FakeAzureOpenAI, identity: FakeIdentity, version: str, audience: str
) -> None:
    asking = create(settings(azure, azure_openai_key="", azure_openai_api_version=version))
    assert identity.asked == []  # nobody signs in before the first question
    assert [text(list(asking.stream(a_prompt()))) for _ in range(2)] == [SEEN, SEEN]
    assert identity.asked == [audience]
    assert all("api-key" not in {name.lower() for name in sent} for sent in azure.headers)


@pytest.mark.parametrize("version", ["", CLASSIC])
def test_a_task_goes_the_same_way_with_as_many_pictures_as_a_request_carries(
    azure: FakeAzureOpenAI, identity: FakeIdentity, version: str
) -> None:
    azure.reply = "a red kite"
    asking = create(settings(azure, azure_openai_key="", azure_openai_api_version=version, azure_openai_pictures=2))
    reply = asking.complete(Task("Which is red?", ("one", jpeg("red"), jpeg("blue"), jpeg("green"))))
    assert (reply.text, reply.usage.pictures) == ("a red kite", 2)


def test_a_task_that_fails_is_told_as_azure_tells_it(azure: FakeAzureOpenAI) -> None:
    with pytest.raises(GeneratorError, match="has no deployment 'nothing'"):
        create(settings(azure, "nothing")).complete(Task("Say so.", ("one",)))


@pytest.mark.parametrize("version", ["", CLASSIC])
def test_variables_of_other_tools_do_not_count(
    azure: FakeAzureOpenAI, identity: FakeIdentity, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "http://elsewhere.invalid/v1")
    assert text(ask(azure, azure_openai_key="", azure_openai_api_version=version)) == SEEN


def test_nobody_to_sign_in_as_is_told(azure: FakeAzureOpenAI) -> None:
    told = failure(azure, azure_openai_key="")
    assert "Azure OpenAI" in told
    assert "run `az login`, or set `AZURE_OPENAI_API_KEY`" in told
    assert azure.paths == []


def test_a_token_for_another_service_is_told_without_the_token(azure: FakeAzureOpenAI, identity: FakeIdentity) -> None:
    identity.lifetime = -10
    told = failure(azure, azure_openai_key="")
    assert "refused the identity" in told
    assert "eyJ" not in told


ENDPOINTS = [
    "https://r.openai.azure.com",
    "https://r.services.ai.azure.com",
    "https://r.cognitiveservices.azure.com",
    "https://r.openai.azure.us",
    "https://gateway.example/team/a",
]


@pytest.mark.parametrize("root", ENDPOINTS)
@pytest.mark.parametrize(
    "shown",
    [
        *("", "/", "/openai", "/openai/", "/openai/v1", "/openai/v1/", "/openai/v1/chat/completions", "/models"),
        "/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
        "/api/projects/mine",
        "/api/projects/mine/openai/v1",
    ],
)
def test_what_portals_show_is_one_resource(root: str, shown: str) -> None:
    assert resource(root + shown) == root


@pytest.mark.parametrize("address", ["", "r.openai.azure.com", "http://r.openai.azure.com", "ftp://r"])
def test_an_endpoint_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"`AZURE_OPENAI_ENDPOINT`.*https://RESOURCE\.openai\.azure\.com"):
        create(Settings(azure_openai_endpoint=address, azure_openai_deployment="d"))


def test_a_deployment_must_be_named(azure: FakeAzureOpenAI) -> None:
    with pytest.raises(UsageError, match="`AZURE_OPENAI_DEPLOYMENT` is not set"):
        create(settings(azure, ""))


@pytest.mark.parametrize("version", ["", CLASSIC])
def test_a_deployments_name_cannot_lead_elsewhere(azure: FakeAzureOpenAI, version: str) -> None:
    assert "has no deployment" in failure(azure, "gpt-9", azure_openai_api_version=version)
    failure(azure, "../../v1/chat/completions?x=", azure_openai_api_version=version)
    assert "/v1/chat/completions?x=" not in azure.paths[-1]


def test_the_label_names_deployment_and_host_and_no_secret() -> None:
    made = create(
        Settings(
            azure_openai_endpoint="https://r.openai.azure.com/openai/v1/",
            azure_openai_deployment="eyes",
            azure_openai_key=SECRET,
            answer_pictures=20,
        )
    )
    assert made.label == "eyes at r.openai.azure.com"
    assert made.pictures == 10


def many(own: int, sources: int) -> Prompt:
    return Prompt(
        "What?",
        tuple(source(n, f"Kite {n}", jpeg("red")) for n in range(1, sources + 1)),
        tuple(jpeg("green") for _ in range(own)),
    )


@pytest.mark.parametrize(
    ("own", "sources", "most", "told", "sent"),
    [
        (2, 9, 10, "1 picture was left out", (2, 8)),
        (12, 2, 10, "4 pictures were left out", (10, 0)),
        (1, 2, 2, "1 picture was left out", (1, 1)),
        (2, 8, 10, "", (2, 8)),
        (1, 1, 0, "2 pictures were left out", (0, 0)),
    ],
)
def test_a_request_carries_no_more_pictures_than_it_may(
    azure: FakeAzureOpenAI, own: int, sources: int, most: int, told: str, sent: tuple[int, int]
) -> None:
    events = ask(azure, prompt=many(own, sources), azure_openai_pictures=most)
    assert [told in notice for notice in notices(events)] == ([True] if told else [])
    assert text(events).count("Your picture shows something green") == sent[0]
    assert text(events).count("shows something red") == sent[1]
    assert [event.pictures for event in events if isinstance(event, Usage)] == [sum(sent)]


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        ("violent", "refused the question, one of its pictures or one of its sources (violence): ask another way"),
        ("jailbroken", "(an attempt to get round the model's rules)"),
        ("blocklisted", "(a word on a blocklist of the resource)"),
        ("bad-picture", "refused a picture of this question: ask without it"),
    ],
)
def test_a_question_that_the_filter_refuses(azure: FakeAzureOpenAI, deployment: str, told: str) -> None:
    events = ask(azure, deployment)
    assert [told in notice for notice in notices(events)] == [True]
    assert (text(events), events[-1]) == ("", Stop("refused"))
    assert len(azure.requests) == 1  # a refusal is not asked again


def test_without_pictures_the_filter_is_not_said_to_have_seen_any(azure: FakeAzureOpenAI) -> None:
    (notice,) = notices(ask(azure, "violent", a_prompt(pictures=False)))
    assert "refused the question or one of its sources (violence): ask another way" in notice


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        ("filtered", "ended this answer (violence): it is not whole"),
        ("async-filtered", "ended this answer (a text under copyright): it is not whole"),
        ("error-filtered", "ended this answer: it is not whole"),
    ],
)
def test_an_answer_that_the_filter_ends(azure: FakeAzureOpenAI, deployment: str, told: str) -> None:
    events = ask(azure, deployment)
    assert [told in notice for notice in notices(events)] == [True]
    assert text(events)
    assert SEEN.startswith(text(events))
    assert text(events) != SEEN
    assert events[-1] == Stop("refused")


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        ("gpt-9", "has no deployment 'gpt-9' (a new one takes some minutes): set `AZURE_OPENAI_DEPLOYMENT`"),
        ("retired", "a retired model): check `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_DEPLOYMENT`"),
        ("retired-told", "is retired (The model 'gpt-4-turbo' of this deployment was retired on 2025-04-30.): deploy"),
        ("embeddings", "is no chat model, or a retired one"),
        ("denied", "give the identity the role 'Cognitive Services OpenAI User' on the resource"),
        ("keyless", "takes no keys: unset `AZURE_OPENAI_API_KEY` to sign in with Entra"),
        ("closed", "does not let this network in"),
        ("forbidden", "give the identity the role 'Cognitive Services OpenAI User'"),
        ("no-quota", "deployment 'no-quota' at 127.0.0.1"),
        ("fails", "failed with status 503 (The model is overloaded): try again"),
        ("busy-for-long", "gets too many requests (Rate limit reached): try again later"),
    ],
)
def test_a_failure_that_stays_is_told(azure: FakeAzureOpenAI, deployment: str, told: str) -> None:
    assert told in failure(azure, deployment)


@pytest.mark.parametrize(
    ("deployment", "version", "told"),
    [
        ("colours", "2023-01-01", "API version '2023-01-01' (an unknown version, or a retired model): unset `AZURE_OP"),
        ("picky", CLASSIC, f"does not know the API version '{CLASSIC}' (API version not supported): unset"),
        ("gpt-9", CLASSIC, "has no deployment 'gpt-9'"),
    ],
)
def test_a_version_that_the_service_does_not_know(
    azure: FakeAzureOpenAI, deployment: str, version: str, told: str
) -> None:
    assert told in failure(azure, deployment, azure_openai_api_version=version)


@pytest.mark.parametrize("version", ["", CLASSIC])
def test_a_wrong_key_is_not_printed(azure: FakeAzureOpenAI, version: str) -> None:
    told = failure(azure, azure_openai_key=SECRET, azure_openai_api_version=version)
    assert "refused the key: set `AZURE_OPENAI_API_KEY`, or `AZURE_OPENAI_ENDPOINT`" in told
    assert SECRET not in told


def test_an_endpoint_where_nothing_listens(azure: FakeAzureOpenAI) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    asked = create(replace(settings(azure), azure_openai_endpoint=nowhere))
    with pytest.raises(GeneratorError, match=r"cannot reach .*: check `AZURE_OPENAI_ENDPOINT` and the network"):
        next(asked.stream(a_prompt()))


def test_a_time_out_names_its_setting(azure: FakeAzureOpenAI) -> None:
    told = failure(azure, "stalls", azure_timeout=1.0)
    assert "did not answer within 1 s: try again, or raise `IMAGELORE_AZURE_TIMEOUT`" in told


@pytest.mark.parametrize("status", [429, 500, 503, 0])
def test_a_failure_that_passes_is_tried_again(azure: FakeAzureOpenAI, status: int) -> None:
    azure.faults.fail_next(status, {"Retry-After": "0"} if status else {})
    assert text(ask(azure)) == SEEN
    assert len(azure.faults.taken) == 1


def test_the_pause_is_what_the_service_asks_for(azure: FakeAzureOpenAI) -> None:
    azure.faults.fail_next(429, {"retry-after-ms": "1500", "Retry-After": "2"})
    azure.faults.fail_next(429, {"Retry-After": "3"})
    pauses: list[float] = []
    assert text(list(AzureOpenAIGenerator(settings(azure), sleep=pauses.append).stream(a_prompt()))) == SEEN
    assert pauses == [1.5, 3.0]


def test_a_deployment_without_eyes_answers_from_the_texts(azure: FakeAzureOpenAI) -> None:
    events = ask(azure, "no-vision")
    assert text(events) == "The source 1 is called Kite [1]."
    assert notices(events) == ["no-vision takes no pictures: it answers from the texts alone."]
    assert isinstance(azure.requests[-1]["messages"][-1]["content"], str)


def test_what_a_deployment_refuses_with_too_many_pictures(azure: FakeAzureOpenAI) -> None:
    events = ask(azure, prompt=many(0, 12), azure_openai_pictures=50)
    assert [notice.count("Too many images in request") for notice in notices(events)] == [1]
    assert "Kite 1 [1]" in text(events)


def test_closing_the_answer_hangs_up(azure: FakeAzureOpenAI) -> None:
    events = create(settings(azure, "slow")).stream(a_prompt())
    assert isinstance(next(events), Delta)
    events.close()  # type: ignore[attr-defined]  # the contract's Iterator is a generator here
    assert azure.hung_up.wait(5)


def test_no_key_is_in_what_is_sent(azure: FakeAzureOpenAI) -> None:
    ask(azure)
    assert KEY not in json.dumps(azure.requests)
    assert all(KEY not in path for path in azure.paths)


@pytest.mark.parametrize("kind", list(_library_errors()), ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_is_explained(kind: type[Exception]) -> None:
    endpoint = Endpoint("https://r.openai.azure.com", "eyes", SECRET, 60)
    told = str(explained(_made(kind), endpoint))
    ways_out = ("set ", "try again", "ask ", "It failed", "raise ", "check `", "role ")
    assert any(way_out in told for way_out in ways_out)
    assert "`OPENAI_" not in told
    assert "IMAGELORE_OPENAI" not in told


def test_an_error_that_the_library_may_add_is_explained_by_its_base() -> None:
    class NewError(openai.InternalServerError):
        pass

    endpoint = Endpoint("https://r.openai.azure.com", "eyes", SECRET, 60)
    assert "failed with status 500" in str(explained(_made(NewError), endpoint))


@pytest.mark.parametrize("version", ["", CLASSIC])
def test_doctor_finds_a_deployment_that_sees(azure: FakeAzureOpenAI, version: str) -> None:
    found = list(check(settings(azure, azure_openai_api_version=version)))
    assert [(c.name, c.ok) for c in found] == [("Azure OpenAI: answers", True), ("Azure OpenAI: sees pictures", True)]
    assert found[0].said.startswith("colours at 127.0.0.1")
    assert len(azure.requests) == 1


def test_doctor_finds_a_deployment_without_eyes(azure: FakeAzureOpenAI) -> None:
    answers, sees = check(settings(azure, "no-vision"))
    assert answers.ok
    assert (sees.ok, sees.said) == (False, "no-vision takes no pictures: it answers from the texts alone.")
    assert "set `AZURE_OPENAI_DEPLOYMENT` to a model that sees" in sees.mend


def test_doctor_does_not_ask_about_pictures_that_are_not_wanted(azure: FakeAzureOpenAI) -> None:
    (answers,) = check(settings(azure, "no-vision", answer_pictures=0))
    assert answers.ok


@pytest.mark.parametrize(
    ("more", "said", "mend"),
    [
        ({"azure_openai_deployment": "gpt-9"}, "has no deployment 'gpt-9'", "set `AZURE_OPENAI_DEPLOYMENT`"),
        ({"azure_openai_deployment": ""}, "`AZURE_OPENAI_DEPLOYMENT` is not set", "it names the chat deployment"),
        ({"azure_openai_key": "wrong"}, "refused the key", "set `AZURE_OPENAI_API_KEY`"),
        ({"azure_openai_deployment": "denied"}, "does not allow this", "give the identity the role"),
        ({"azure_openai_deployment": "busy"}, "too many requests", "try again later"),
    ],
)
def test_doctor_says_what_to_do(azure: FakeAzureOpenAI, more: dict[str, str], said: str, mend: str) -> None:
    with pytest.raises(ImageloreError, match=f"{said}.*: .*{mend}"):
        list(check(settings(azure, **({"deployment": "colours"} | _deployed(more)))))


def test_doctor_finds_a_filter_that_stops_everything(azure: FakeAzureOpenAI) -> None:
    (found,) = check(settings(azure, "violent"))
    assert not found.ok
    assert "content filter" in found.said
    assert "run `imagelore doctor` again" in found.mend


def _deployed(more: dict[str, str]) -> dict[str, str]:
    named = {"azure_openai_deployment": "deployment"}
    return {named.get(name, name): value for name, value in more.items()}
