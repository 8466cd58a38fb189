"""Cohere Embed v4 in Foundry against a server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagelore.embed import azure_cohere
from imagelore.embed.azure_cohere import AzureCohere
from imagelore.errors import EmbedderError, UsageError
from imagelore.settings import Settings
from tests.fakes.cohere_server import FakeCohere
from tests.fakes.identity_server import FakeIdentity

Build = Callable[..., AzureCohere]
RED, BLUE = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (48, 64), "blue")


@pytest.fixture
def build(cohere_server: FakeCohere) -> Iterator[Build]:
    made: list[AzureCohere] = []

    def build(**given: Any) -> AzureCohere:
        settings = {"azure_cohere_endpoint": cohere_server.url, "azure_cohere_key": cohere_server.key}
        made.append(azure_cohere.create(Settings(**(settings | given))))
        return made[-1]

    yield build
    for embedder in made:
        embedder.close()


def pictures(count: int) -> list[Image.Image]:
    return [Image.new("RGB", (40, 40 + n), (n * 37 % 256, n * 91 % 256, n * 53 % 256)) for n in range(count)]


def test_pictures_and_texts_meet(build: Build) -> None:
    embedder = build()
    shown = embedder.embed_images([RED, BLUE]).vectors["embed_v4"]
    asked = embedder.embed_texts(["something red", "a blue thing"], "query")["embed_v4"]
    assert (asked @ shown.T).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("dimensions", azure_cohere.DIMENSIONS)
def test_as_many_dimensions_as_are_set(build: Build, dimensions: int) -> None:
    embedder = build(azure_cohere_dimensions=dimensions)
    assert embedder.embed_texts(["a", ""], "document")["embed_v4"].shape == (2, dimensions)
    assert embedder.embed_images([RED]).vectors["embed_v4"].shape == (1, dimensions)
    assert embedder.info.spaces[0].dimensions == dimensions


def test_dimensions_that_there_are_not(build: Build) -> None:
    with pytest.raises(UsageError, match="must be one of 256, 512, 1024, 1536, not 1000"):
        build(azure_cohere_dimensions=1000)


def test_roles_are_kept_and_inputs_go_in_batches(build: Build, cohere_server: FakeCohere) -> None:
    embedder = build()
    embedder.embed_texts([f"text {n}" for n in range(200)], "document")
    embedder.embed_texts(["a question", "a question"], "query")
    embedder.embed_images(pictures(20))
    greeting, *asked = [(r.kind, r.input_type, len(r.texts) + len(r.sizes)) for r in cohere_server.requests]
    assert greeting == ("texts", "search_query", 1)
    assert sorted(asked[:3]) == [("texts", "search_document", n) for n in (8, 96, 96)]
    assert asked[3] == ("texts", "search_query", 1)  # equal texts are sent once
    assert sorted(asked[4:]) == [("inputs", "search_document", n) for n in (4, 8, 8)]


def test_a_refused_picture_is_found_in_its_batch(build: Build, cohere_server: FakeCohere) -> None:
    given = [*pictures(11), BLUE, *pictures(3)]
    cohere_server.bad_pictures = {BLUE.size}
    made = build().embed_images(given)
    assert made.refused == {11: "Cohere Embed in Foundry refuses it: the image cannot be processed"}
    lengths = np.linalg.norm(made.vectors["embed_v4"], axis=1)
    assert lengths.tolist() == pytest.approx([1.0] * 11 + [0.0] + [1.0] * 3)


def test_a_refused_text_does_not_take_the_others_with_it(build: Build, cohere_server: FakeCohere) -> None:
    cohere_server.bad_words = {"bad"}
    embedder = build()
    good, lost, empty = embedder.embed_texts(["a red ball", "bad", " "], "document")["embed_v4"]
    assert good @ embedder.embed_texts(["a red ball"], "document")["embed_v4"][0] == pytest.approx(1)
    np.testing.assert_allclose(lost, empty)


def test_a_very_long_text_is_cut(build: Build, cohere_server: FakeCohere) -> None:
    build().embed_texts(["word " * 10_000], "document")
    assert len(cohere_server.requests[-1].texts[0]) == azure_cohere.CHARACTERS


def test_with_every_tenth_call_at_fault_nothing_is_lost(build: Build, cohere_server: FakeCohere) -> None:
    cohere_server.faults.rate = 0.1
    embedder = build()
    for _ in range(5):
        assert not embedder.embed_images(pictures(80)).refused
    assert cohere_server.faults.taken


def test_an_identity_signs_in(build: Build, cohere_server: FakeCohere, identity: FakeIdentity) -> None:
    embedder = build(azure_cohere_key="")
    embedder.embed_images([RED])
    assert identity.asked == ["https://cognitiveservices.azure.com"]
    cohere_server.role = False
    with pytest.raises(EmbedderError, match="role 'Cognitive Services User'"):
        embedder.embed_texts(["a"], "query")


@pytest.mark.parametrize(
    "path", ["", "/", "/models", "/openai/v1/", "/providers/cohere/v2/embed", "/api/projects/mine"]
)
def test_any_address_that_the_portal_shows_will_do(build: Build, cohere_server: FakeCohere, path: str) -> None:
    build(azure_cohere_endpoint=cohere_server.url + path).embed_texts(["a"], "query")
    assert len(cohere_server.requests) == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"azure_cohere_key": "wrong-key-0123"}, "refused the key or identity: set `AZURE_COHERE_KEY`"),
        ({"azure_cohere_deployment": "none"}, "`AZURE_COHERE_DEPLOYMENT`"),
        ({"azure_cohere_endpoint": ""}, "`AZURE_COHERE_ENDPOINT` is not set"),
    ],
)
def test_what_is_wrong_for_every_call_costs_one(
    build: Build, cohere_server: FakeCohere, given: dict[str, str], told: str
) -> None:
    with pytest.raises((EmbedderError, UsageError), match=told) as caught:
        build(**given).embed_images(pictures(30))
    assert "\n" not in str(caught.value)
    assert "wrong-key" not in str(caught.value)
    assert cohere_server.calls <= 1


def test_a_deployment_of_an_older_model(build: Build, cohere_server: FakeCohere) -> None:
    cohere_server.old = True
    with pytest.raises(EmbedderError, match="set `AZURE_COHERE_DEPLOYMENT` to a deployment of Cohere Embed v4"):
        build().embed_images([RED])


def test_a_deployment_that_takes_no_pictures(build: Build, cohere_server: FakeCohere) -> None:
    cohere_server.sees = False
    with pytest.raises(EmbedderError, match=r"no picture can be embedded \(.*\): set `AZURE_COHERE_DEPLOYMENT`"):
        build().embed_images(pictures(32))
    assert cohere_server.calls <= 1 + 4 * 15 + 1  # each batch of 8 is halved until the pictures stand alone
    assert not cohere_server.requests[1:]


def test_doctor(cohere_server: FakeCohere) -> None:
    right: dict[str, Any] = {"azure_cohere_endpoint": cohere_server.url, "azure_cohere_key": cohere_server.key}
    assert [check.ok for check in azure_cohere.check(Settings(**right))] == [True] * 3
    with pytest.raises(EmbedderError, match=": set `AZURE_COHERE_KEY`"):
        list(azure_cohere.check(Settings(**(right | {"azure_cohere_key": "wrong"}))))
