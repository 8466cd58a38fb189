"""AI Vision's embeddings against a server that speaks its protocol: limits, faults, and what a user is told."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagelore.embed import _azure_calls, azure_vision
from imagelore.embed.azure_vision import AzureVision
from imagelore.errors import EmbedderError, ImageloreError, UsageError
from imagelore.settings import Settings
from tests.fakes.faults import Fault
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.vision_server import FakeVision

Build = Callable[..., AzureVision]
RED, BLUE = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (48, 64), "blue")


@pytest.fixture
def build(vision_server: FakeVision) -> Iterator[Build]:
    made: list[AzureVision] = []

    def build(**given: Any) -> AzureVision:
        settings = {"azure_vision_endpoint": vision_server.url, "azure_vision_key": vision_server.key}
        made.append(azure_vision.create(Settings(**(settings | {"azure_vision_rate": 0} | given))))
        return made[-1]

    yield build
    for embedder in made:
        embedder.close()


def pictures(count: int) -> list[Image.Image]:
    return [Image.new("RGB", (40, 40 + n), (n * 37 % 256, n * 91 % 256, n * 53 % 256)) for n in range(count)]


# ---------------------------------------------------------------- what is sent, and what comes of it


def test_pictures_and_texts_meet(build: Build) -> None:
    embedder = build()
    shown = embedder.embed_images([RED, BLUE]).vectors["florence"]
    asked = embedder.embed_texts(["something red", "a blue thing"], "query")["florence"]
    assert (asked @ shown.T).argmax(axis=1).tolist() == [0, 1]


def test_the_first_call_is_a_greeting_and_there_is_only_one(build: Build, vision_server: FakeVision) -> None:
    embedder = build()
    embedder.embed_images([RED])
    embedder.embed_texts(["a ball"], "document")
    assert vision_server.kinds() == ["text", "image", "text"]


def test_nothing_to_embed_is_no_call(build: Build, vision_server: FakeVision) -> None:
    embedder = build()
    embedder.embed_images([])
    embedder.embed_texts([], "query")
    embedder.embed_texts(["", "  \n"], "document")
    assert vision_server.calls == 0


def test_many_calls_are_made_at_once(build: Build, vision_server: FakeVision) -> None:
    vision_server.latency = 0.1
    build().embed_images(pictures(64))
    assert vision_server.most >= 20


def test_a_long_text_is_the_mean_of_its_windows_and_the_title_counts(build: Build, vision_server: FakeVision) -> None:
    embedder = build()
    parts = [" ".join(f"{part}{n}" for n in range(70)) for part in "abcde"]
    long, *alone = embedder.embed_texts([" ".join(parts), *parts], "document")["florence"]
    mean = np.mean(alone[:4], axis=0)
    np.testing.assert_allclose(long, mean / np.linalg.norm(mean), atol=1e-5)
    assert vision_server.kinds().count("text") == 1 + 5  # equal windows are sent once


def test_a_text_that_is_refused_is_shortened_and_at_last_left_out(build: Build, vision_server: FakeVision) -> None:
    vision_server.bad_words = {"bad"}
    embedder = build()
    kept, lost, good, empty = embedder.embed_texts(["a red ball then bad", "bad", "a red", ""], "query")["florence"]
    assert kept @ good == pytest.approx(1)
    np.testing.assert_allclose(lost, empty)


def test_a_refused_picture_is_named_and_the_others_have_their_vectors(build: Build, vision_server: FakeVision) -> None:
    vision_server.bad_pictures = {BLUE.size}
    made = build().embed_images([RED, BLUE, RED])
    assert made.refused == {1: "Azure AI Vision refuses it: The image cannot be processed."}
    assert np.linalg.norm(made.vectors["florence"], axis=1).tolist() == pytest.approx([1, 0, 1])


def test_a_picture_on_which_the_service_fails_each_time_does_not_stop_the_others(
    build: Build, vision_server: FakeVision
) -> None:
    vision_server.crashes = {BLUE.size}
    made = build(azure_retries=1).embed_images([*pictures(5), BLUE])
    assert set(made.refused) == {5}
    assert "status 500" in made.refused[5]


def test_the_stamp_names_the_model(build: Build) -> None:
    assert build().info.identity != build(azure_vision_model="2022-04-11").info.identity
    assert build().info.version == "2023-04-15"


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    "fault",
    [Fault(500), Fault(503, {"Retry-After": "0"}), Fault(0), Fault(408), Fault(429, {"Retry-After": "0.01"})],
    ids=str,
)
def test_what_passes_is_tried_again(build: Build, vision_server: FakeVision, fault: Fault) -> None:
    vision_server.faults.fail_next(fault.status, fault.headers, times=2)
    assert not build().embed_images([RED, BLUE]).refused


def test_a_slow_answer_is_asked_for_again(vision_server: FakeVision) -> None:
    settings = Settings(azure_vision_endpoint=vision_server.url, azure_vision_key=vision_server.key)
    object.__setattr__(settings, "azure_timeout", 0.1)  # less than a user can set
    vision_server.faults.fail_next(None, pause=0.2, path="vectorizeImage")
    with closing(azure_vision.create(settings)) as embedder:
        assert not embedder.embed_images([RED]).refused
    assert vision_server.calls == 3


def test_with_every_tenth_call_at_fault_nothing_is_lost(build: Build, vision_server: FakeVision) -> None:
    given, calm = pictures(60), build()
    expected = calm.embed_images(given).vectors["florence"]
    vision_server.faults.rate = 0.1
    made = build().embed_images(given)
    assert not made.refused
    np.testing.assert_allclose(made.vectors["florence"], expected, atol=1e-6)
    assert vision_server.faults.taken


def test_the_pace_gives_way_to_the_service(build: Build, vision_server: FakeVision) -> None:
    vision_server.allowed, vision_server.window, vision_server.retry_after = 10, 0.2, "0.05"
    made = build(azure_vision_rate=200).embed_images(pictures(25))
    assert not made.refused
    assert vision_server.kinds().count("image") == 25


def test_retries_are_bounded(build: Build, vision_server: FakeVision) -> None:
    vision_server.faults.fail_next(503, {"Retry-After": "0"}, times=100)
    with pytest.raises(EmbedderError, match="failed with status 503"):
        build(azure_retries=3).embed_images(pictures(20))
    assert vision_server.calls == 4


def test_patience_with_throttling_ends(build: Build, vision_server: FakeVision) -> None:
    embedder = build()
    embedder.embed_images([RED])
    vision_server.faults.fail_next(429, {"Retry-After": "3600"}, times=100)
    with pytest.raises(EmbedderError, match=r"takes no calls for 3,600 seconds .*run this again later"):
        embedder.embed_images(pictures(3))


def test_a_token_that_has_just_expired_is_fetched_again(
    build: Build, vision_server: FakeVision, identity: FakeIdentity
) -> None:
    embedder = build(azure_vision_key="")
    embedder.embed_images([RED])
    vision_server.faults.fail_next(401)
    assert not embedder.embed_images([RED]).refused


def test_from_several_threads(build: Build, vision_server: FakeVision) -> None:
    embedder, given = build(), pictures(12)
    expected = embedder.embed_images(given).vectors["florence"]
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: embedder.embed_images(given).vectors["florence"], range(4)):
            np.testing.assert_allclose(made, expected, atol=1e-6)


# ---------------------------------------------------------------- what stops a run, in one line


def test_a_wrong_key_costs_one_call(build: Build, vision_server: FakeVision) -> None:
    embedder = build(azure_vision_key="wrong-key-0123")
    with ThreadPoolExecutor(4) as pool:
        told = [str(pool.submit(embedder.embed_images, pictures(30)).exception()) for _ in range(4)]
    for line in told:
        assert "refused the key or identity: set `AZURE_VISION_KEY`" in line
        assert "wrong-key" not in line
    assert vision_server.calls <= 4  # one for each that did not wait for another's


def test_a_key_that_is_withdrawn_stops_what_is_under_way(build: Build, vision_server: FakeVision) -> None:
    embedder = build()
    embedder.embed_images([RED])
    before, vision_server.latency = vision_server.calls, 0.02
    vision_server.key = "another"
    with pytest.raises(EmbedderError, match="AZURE_VISION_KEY"):
        embedder.embed_images(pictures(300))
    assert vision_server.calls - before <= 2 * _azure_calls.SIDE_BY_SIDE
    vision_server.key = FakeVision.key
    assert not embedder.embed_images([RED]).refused  # the next is tried anew


def test_an_identity_signs_in_and_needs_its_role(
    build: Build, vision_server: FakeVision, identity: FakeIdentity
) -> None:
    embedder = build(azure_vision_key="")
    embedder.embed_images([RED])
    assert identity.asked == ["https://cognitiveservices.azure.com"]
    vision_server.role = False
    with pytest.raises(EmbedderError, match="role 'Cognitive Services User'"):
        embedder.embed_images([RED])


def test_a_regions_common_address_takes_no_tokens(
    build: Build, vision_server: FakeVision, identity: FakeIdentity
) -> None:
    vision_server.subdomain = False
    with pytest.raises(EmbedderError, match="set `AZURE_VISION_ENDPOINT` to the resource's own address"):
        build(azure_vision_key="").embed_images([RED])


def test_no_identity(build: Build) -> None:
    with pytest.raises(EmbedderError, match="set `AZURE_VISION_KEY`") as caught:
        build(azure_vision_key="").embed_images([RED])
    assert "\n" not in str(caught.value)


def test_addresses(build: Build, vision_server: FakeVision) -> None:
    with pytest.raises(UsageError, match="`AZURE_VISION_ENDPOINT` is not set"):
        build(azure_vision_endpoint="")
    with pytest.raises(EmbedderError, match="check `AZURE_VISION_ENDPOINT`"):
        build(azure_vision_endpoint=vision_server.url + "/vision").embed_images([RED])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(EmbedderError, match=r"nothing listens there.*check `AZURE_VISION_ENDPOINT`"):
        build(azure_vision_endpoint=closed).embed_images([RED])
    vision_server.page = "<html>A portal</html>"
    with pytest.raises(EmbedderError, match="is not Azure AI Vision: check `AZURE_VISION_ENDPOINT`"):
        build().embed_images([RED])
    assert vision_server.calls == 2


def test_a_region_or_a_model_that_is_not_there(build: Build, vision_server: FakeVision) -> None:
    with pytest.raises(EmbedderError, match=r"model '2020-01-01'.*set `IMAGELORE_AZURE_VISION_MODEL`"):
        build(azure_vision_model="2020-01-01").embed_texts(["a"], "query")
    vision_server.region = False
    with pytest.raises(EmbedderError, match="create the resource in a region that has multimodal embeddings"):
        build().embed_images([RED])


def test_a_service_that_takes_no_picture_at_all_is_not_asked_a_million_times(
    build: Build, vision_server: FakeVision
) -> None:
    vision_server.faults.fail_next(415, path="vectorizeImage", times=1000)
    with pytest.raises(
        EmbedderError, match=r"no picture can be embedded \(.*\): check the .*IMAGELORE_AZURE_VISION_MODEL"
    ) as caught:
        build().embed_images(pictures(32))
    assert "\n" not in str(caught.value)
    assert vision_server.calls == 1 + 32 + 1


def test_pictures_that_are_all_at_fault_are_refused_by_name(build: Build, vision_server: FakeVision) -> None:
    vision_server.bad_pictures = {RED.size, BLUE.size}
    embedder = build()
    assert set(embedder.embed_images([RED, BLUE]).refused) == {0, 1}
    assert set(embedder.embed_images([RED]).refused) == {0}
    assert vision_server.kinds() == ["text", "image"]  # one plain picture was taken, and no second one is needed


def test_another_model_answers(build: Build, vision_server: FakeVision) -> None:
    vision_server.model = "2024-12-01"
    with pytest.raises(EmbedderError, match=r"model '2024-12-01' .*cannot be compared"):
        build().embed_texts(["a"], "query")


# ---------------------------------------------------------------- around it


def test_doctor(vision_server: FakeVision) -> None:
    settings = Settings(azure_vision_endpoint=vision_server.url, azure_vision_key=vision_server.key)
    checks = list(azure_vision.check(settings))
    assert [check.ok for check in checks] == [True] * 3
    assert "2023-04-15" in checks[1].said


@pytest.mark.parametrize(
    ("given", "said", "mend"),
    [
        ({"azure_vision_endpoint": ""}, "is not set", "like https://"),
        ({"azure_vision_key": "wrong"}, "refused the key", "set `AZURE_VISION_KEY`"),
        ({"azure_vision_model": "1999-01-01"}, "does not embed with model", "IMAGELORE_AZURE_VISION_MODEL"),
    ],
)
def test_doctor_says_how_to_mend_it(vision_server: FakeVision, given: dict[str, str], said: str, mend: str) -> None:
    right = {"azure_vision_endpoint": vision_server.url, "azure_vision_key": vision_server.key}
    with pytest.raises(ImageloreError, match=rf"{said}.*: .*{mend}"):
        list(azure_vision.check(Settings(**(right | given))))  # type: ignore[arg-type]


def test_doctor_closes_what_it_opened_however_it_ends(build: Build, vision_server: FakeVision) -> None:
    for fault in (False, True):
        vision_server.faults.fail_next(415 if fault else None, path="vectorizeImage")
        embedder = build()
        with pytest.raises(EmbedderError, match="no picture") if fault else nullcontext():
            assert all(check.ok for check in embedder.checks("any"))
        assert not embedder.close.alive


def test_connections_end_with_the_embedder(vision_server: FakeVision) -> None:
    settings = Settings(azure_vision_endpoint=vision_server.url, azure_vision_key=vision_server.key)
    embedder = azure_vision.create(settings)
    embedder.embed_images([RED])
    assert embedder.close.alive
    close = embedder.close
    del embedder
    gc.collect()
    assert not close.alive
