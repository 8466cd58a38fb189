"""What every embedder promises. A provider joins by one more builder in `BUILDERS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from typing import Literal, get_args

import numpy as np
import pytest
from PIL import Image

from imagelore import providers
from imagelore.embed import Embedder, azure_cohere, azure_vision, clip, palette, starter
from imagelore.settings import Settings
from imagelore.types import Vectors
from tests.embed.clip_reference import FOLDER
from tests.fakes.cohere_server import FakeCohere
from tests.fakes.vision_server import FakeVision

Role = Literal["query", "document"]


@contextmanager
def vision() -> Iterator[Embedder]:
    with closing(FakeVision()) as server:
        settings = Settings(azure_vision_endpoint=server.url, azure_vision_key=server.key, azure_vision_rate=0)
        with closing(azure_vision.create(settings)) as embedder:
            yield embedder


@contextmanager
def cohere() -> Iterator[Embedder]:
    with closing(FakeCohere()) as server:
        settings = Settings(azure_cohere_endpoint=server.url, azure_cohere_key=server.key)
        with closing(azure_cohere.create(settings)) as embedder:
            yield embedder


BUILDERS: dict[str, Callable[[], AbstractContextManager[Embedder]]] = {
    "azure_cohere": cohere,
    "azure_vision": vision,
    "clip": lambda: nullcontext(clip.create(Settings(embedder=f"clip:{FOLDER / 'clip'}"))),
    "palette": lambda: nullcontext(palette.create(Settings())),
    "starter": lambda: nullcontext(starter.create(Settings())),
}
PICTURES = [
    Image.new("RGB", size, colour) for size, colour in [((64, 64), "red"), ((9, 300), "blue"), ((1, 1), "black")]
]
TEXTS = ["a red ball", "", "два красных мяча 🟥", "blue " * 3000]


@pytest.fixture(scope="module", params=BUILDERS)
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    with BUILDERS[request.param]() as built:
        yield built


def spaces(embedder: Embedder, can: str) -> dict[str, int]:
    return {space.name: space.dimensions for space in embedder.info.spaces if getattr(space, can)}


def check(vectors: Vectors, rows: int, dimensions: int) -> None:
    assert vectors.shape == (rows, dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_every_provider_takes_part() -> None:
    assert set(BUILDERS) == set(providers.names("embed"))


def test_info_is_whole(embedder: Embedder) -> None:
    info = embedder.info
    assert info.name
    assert info.version
    assert info.image_side > 0
    assert info.batch >= 1
    assert info.parallel >= 1
    assert len({space.name for space in info.spaces}) == len(info.spaces)
    assert any(space.queries and space.images for space in info.spaces)
    for space in info.spaces:
        assert space.images or space.documents
        assert 0 <= space.text_floor < 1
        assert 0 <= space.image_floor < 1
        assert 0 <= space.look_floor < 1


def test_pictures_get_a_unit_vector_in_each_of_their_spaces(embedder: Embedder) -> None:
    made = embedder.embed_images(PICTURES)
    wanted = spaces(embedder, "images")
    assert made.vectors.keys() == wanted.keys()
    for name, dimensions in wanted.items():
        check(made.vectors[name], len(PICTURES), dimensions)


def test_what_is_seen_belongs_to_its_picture(embedder: Embedder) -> None:
    seen = embedder.embed_images(PICTURES).seen
    assert len(seen) in (0, len(PICTURES))
    for classes in seen:
        assert all(name and 0 < probability <= 1.001 for name, probability in classes)
        assert [p for _, p in classes] == sorted((p for _, p in classes), reverse=True)


@pytest.mark.parametrize("role", get_args(Role))
def test_texts_get_a_unit_vector_in_each_space_of_their_role(embedder: Embedder, role: Role) -> None:
    made = embedder.embed_texts(TEXTS, role)
    wanted = spaces(embedder, "queries" if role == "query" else "documents")
    assert made.keys() == wanted.keys()
    for name, dimensions in wanted.items():
        check(made[name], len(TEXTS), dimensions)


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    for name, dimensions in spaces(embedder, "images").items():
        assert embedder.embed_images([]).vectors[name].shape == (0, dimensions)
    for name, dimensions in spaces(embedder, "queries").items():
        assert embedder.embed_texts([], "query")[name].shape == (0, dimensions)


def test_a_picture_has_one_vector_whatever_is_beside_it(embedder: Embedder) -> None:
    together = embedder.embed_images(PICTURES).vectors
    for row, picture in enumerate(PICTURES):
        for name, vectors in embedder.embed_images([picture]).vectors.items():
            np.testing.assert_allclose(vectors[0], together[name][row], atol=1e-4)


@pytest.mark.parametrize("role", get_args(Role))
def test_a_text_has_one_vector_whatever_is_beside_it(embedder: Embedder, role: Role) -> None:
    together = embedder.embed_texts(TEXTS, role)
    for row, text in enumerate(TEXTS):
        for name, vectors in embedder.embed_texts([text], role).items():
            np.testing.assert_allclose(vectors[0], together[name][row], atol=1e-4)


def test_pictures_are_not_changed(embedder: Embedder) -> None:
    before = [picture.tobytes() for picture in PICTURES]
    embedder.embed_images(PICTURES)
    assert [picture.tobytes() for picture in PICTURES] == before
