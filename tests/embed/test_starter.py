from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from PIL import Image

from imagelore.embed import starter
from imagelore.embed._runtime import onnxruntime
from imagelore.embed.starter import FOLDER, Starter
from imagelore.errors import EmbedderError
from imagelore.settings import Settings
from imagelore.types import Vectors
from tests.embed import starter_reference

FILES = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))["files"]


@pytest.fixture(scope="module")
def embedder() -> Starter:
    return Starter(parallel=2)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER, tmp_path / "starter")


def concept(embedder: Starter, *texts: str) -> Vectors:
    return embedder.embed_texts(texts, "document")["concept"]


def drawing(colour: str, size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "white")
    image.paste(colour, (0, 0, max(1, size[0] // 2), size[1]))
    return image


def test_makes_the_vectors_of_its_reference() -> None:
    version, reference = starter_reference.kept()
    assert version == starter.VERSION == json.loads((FOLDER / "manifest.json").read_text())["version"]
    made = starter_reference.made()
    assert made.keys() == reference.keys()
    for name, vector in made.items():  # 8-bit kernels differ a little between processors
        assert vector @ reference[name] > 0.99, name


def test_says_what_it_sees(embedder: Starter) -> None:
    seen = embedder.embed_images([starter_reference.picture()]).seen[0]
    assert "ball" in dict(seen)
    assert [p for _, p in seen] == sorted((p for _, p in seen), reverse=True)
    assert len(seen) <= 5


def test_a_picture_is_nearer_to_words_for_what_it_shows(embedder: Starter) -> None:
    ball = embedder.embed_images([starter_reference.picture()]).vectors["concept"][0]
    right, *wrong = concept(embedder, "a ball", "a violin", "an old church", "a plate of soup") @ ball
    assert right > max(wrong)


def test_a_question_is_nearer_to_the_text_that_answers_it(embedder: Starter) -> None:
    question = embedder.embed_texts(["Where can I see boats?"], "query")["concept"][0]
    right, wrong = concept(embedder, "Two sailing ships lie in the harbour.", "A plate of noodles.") @ question
    floor = embedder.info.spaces[0].text_floor
    assert right > floor > wrong


def test_a_look_survives_mirroring_and_shrinking(embedder: Starter) -> None:
    picture = starter_reference.picture()
    changed = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), picture.resize((200, 150))]
    looks = embedder.embed_images([picture, *changed, Image.effect_noise((300, 300), 80).convert("RGB")])
    original, mirrored, shrunk, other = looks.vectors["look"]
    assert min(original @ mirrored, original @ shrunk) > 0.85 > embedder.info.spaces[1].look_floor > original @ other


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2), (259, 261), (2600, 20)])
def test_pictures_of_any_shape_fill_a_square(embedder: Starter, size: tuple[int, int]) -> None:
    assert starter.squared(drawing("red", size)).shape == (260, 260, 3)
    assert np.isfinite(embedder.embed_images([drawing("red", size)]).vectors["concept"]).all()


def test_the_whole_picture_is_kept_and_the_rest_has_the_colour_of_its_edge() -> None:
    image = Image.new("RGB", (520, 130), (10, 20, 30))
    image.paste("red", (260, 60, 270, 70))
    square = starter.squared(image)
    assert (square[0] == (10, 20, 30)).all()
    assert (square[-1] == (10, 20, 30)).all()
    assert square[130, 132, 0] > 200


def test_a_long_document_is_read_in_windows_and_a_question_is_cut(embedder: Starter) -> None:
    start = "The harbour lies in fog. " * 60
    one, two = start + "A parrot eats grapes. " * 60, start
    assert embedder.embed_texts([one], "query")["concept"] @ embedder.embed_texts([two], "query")["concept"].T > 0.9999
    assert concept(embedder, one) @ concept(embedder, two).T < 0.95
    parrot, fog = concept(embedder, "a parrot"), concept(embedder, two)
    assert concept(embedder, one) @ parrot.T > fog @ parrot.T + 0.1


@pytest.mark.parametrize(
    "text", ["", " \n\t", "?!...", "🦜🦜", "红色的球", "\ud83e broken", "a\0b", "ß" * 300, "x" * 100_000]
)
def test_odd_texts_have_unit_vectors(embedder: Starter, text: str) -> None:
    assert np.linalg.norm(concept(embedder, text)[0]) == pytest.approx(1, abs=1e-5)


def test_models_load_on_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    session = onnxruntime.InferenceSession

    def counted(model: bytes, *args: object, **options: object) -> object:
        made.append(len(model))
        return session(model, *args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    embedder = Starter()
    assert embedder.info.spaces
    assert made == []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: embedder.embed_texts(["a"], "query"), range(8)))
    assert made == [FILES["sentences.onnx"]["bytes"]]


def test_calls_side_by_side_make_the_vectors_of_calls_in_turn(embedder: Starter) -> None:
    pictures = [drawing(colour, (300, 200)) for colour in ("red", "green", "blue", "black")] * 2
    turn = embedder.embed_images(pictures).vectors["concept"]
    with ThreadPoolExecutor(4) as pool:
        side = np.concatenate([v.vectors["concept"] for v in pool.map(lambda p: embedder.embed_images([p]), pictures)])
    np.testing.assert_allclose(side, turn, atol=1e-5)


def embed_something(embedder: Starter, file: str) -> None:
    """What needs this file."""
    if file in ("sentences.onnx", "tokenizer.json"):
        embedder.embed_texts(["a"], "query")
    else:
        embedder.embed_images([drawing("red", (9, 9))])


@pytest.mark.parametrize(
    ("name", "harm"),
    [*((name, "changed") for name in FILES), ("tokenizer.json", "cut"), ("classes.json", "gone")],
)
def test_a_damaged_file_is_told_until_it_is_mended(copy: Path, name: str, harm: str) -> None:
    file = copy / name
    data = file.read_bytes()
    match harm:
        case "changed":
            file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case _:
            file.unlink()
    embedder = Starter(copy)
    with pytest.raises(EmbedderError, match=r"reinstall imagelore") as caught:
        embed_something(embedder, name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    file.write_bytes(data)
    embed_something(embedder, name)


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"files": {}}', b"\xff"])
def test_a_damaged_manifest_is_told(copy: Path, manifest: bytes) -> None:
    (copy / "manifest.json").write_bytes(manifest)
    with pytest.raises(EmbedderError, match="damaged"):
        Starter(copy).embed_texts(["a"], "query")


def test_uses_as_many_threads_as_the_settings_say() -> None:
    assert starter.create(Settings(workers=3)).info.parallel == 3
    assert starter.create(Settings()).info.parallel >= 1


def wheel_files() -> Iterator[str]:
    root = Path(__file__).parents[2]
    for file in WheelBuilder(str(root)).recurse_included_files():
        yield file.distribution_path


def test_the_wheel_holds_the_files_and_their_papers() -> None:
    held = set(wheel_files())
    papers = ["manifest.json", "MODEL_CARD.md", "LICENSES/Apache-2.0.txt", "LICENSES/WordNet-3.0.txt"]
    assert {f"imagelore/embed/starter/model/{name}" for name in [*FILES, *papers]} <= held


def test_onnx_runtime_sends_and_keeps_nothing_about_its_user(tmp_path: Path) -> None:
    program = "from imagelore.embed.starter import Starter; Starter().embed_texts(['a boat'], 'query')"
    clean = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment = clean | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    assert [path.name for path in tmp_path.rglob("*")] == []
