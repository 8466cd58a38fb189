"""The vectors of each family are its own library's; what does not fit together is refused in one line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imagelore.embed import Embedder, clip, starter
from imagelore.embed._runtime import onnxruntime
from imagelore.embed._sentences.choice import chosen
from imagelore.embed.clip import Clip, facts, folder
from imagelore.embed.clip.facts import MODELS, Facts, Pixels, Role, Words
from imagelore.embed.clip.pixels import prepared
from imagelore.errors import EmbedderError, UsageError
from imagelore.settings import Settings
from tests.embed import clip_reference, starter_reference

FOLDER = clip_reference.FOLDER
NAMED = {model.offered.name: model for model in MODELS}
SIDE, CONTEXT = clip_reference.SIDE, clip_reference.CONTEXT


def made(path: Path, **settings: Any) -> Embedder:
    return clip.create(Settings(embedder=f"clip:{path}", **settings))


def as_mobileclip(path: Path) -> Clip:
    """The open_clip model, used as the table says of MobileCLIP2, at its own sizes."""
    known = NAMED["mobileclip2-s2"].facts
    pixels = replace(known.pixels, side=SIDE, edge=SIDE)
    facts = replace(known, dimensions=24, pixels=pixels, words=Words(CONTEXT, pad=known.words.pad))
    return Clip("clip:test", "1", facts, lambda role: path / FILES[role], chosen(""))


FILES: dict[Role, str] = {
    "vision": "onnx/vision_model.onnx", "text": "onnx/text_model.onnx", "tokenizer": "tokenizer.json",
}  # fmt: skip
FAMILIES: dict[str, Callable[[Path], Embedder]] = {"clip": made, "siglip": made, "open_clip": as_mobileclip}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / "clip", tmp_path / "clip")


def cosines(rows: Any, expected: Any) -> Any:
    return (np.asarray(rows) * expected).sum(axis=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_of_pictures_are_the_librarys(family: str) -> None:
    embedder = FAMILIES[family](FOLDER / family)
    rows = embedder.embed_images(clip_reference.pictures()).vectors["joint"]
    expected = clip_reference.kept(family)["pictures"]
    assert cosines(rows, expected).min() > 1 - 1e-4
    assert cosines(rows, np.roll(expected, 1, axis=0)).min() < 0.99  # the pictures differ: the check can fail


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_of_questions_are_the_librarys(family: str) -> None:
    embedder = FAMILIES[family](FOLDER / family)
    rows = embedder.embed_texts(clip_reference.TEXTS, "query")["joint"]
    expected = clip_reference.kept(family)["texts"]
    assert cosines(rows, expected).min() > 1 - 1e-4
    assert cosines(rows, np.roll(expected, 1, axis=0)).min() < 0.99


@pytest.mark.parametrize("family", FAMILIES)
def test_pixels_are_the_librarys(family: str) -> None:
    if family == "open_clip":
        how = replace(NAMED["mobileclip2-s2"].facts.pixels, side=SIDE, edge=SIDE)
    else:
        how = folder.read(FOLDER / family).facts.pixels
    expected = clip_reference.kept(family)["squares"].astype(np.int16)
    for picture, square in zip(clip_reference.pictures(), expected, strict=True):
        values = prepared(picture, how).transpose(1, 2, 0) * np.array(how.std) + np.array(how.mean)
        difference = np.abs(np.rint(values * 255).astype(np.int16) - square)
        assert difference.max() <= 1  # a box in fractions, and another Pillow, round now and then to the other side


def test_half_precision_is_taken_where_there_is_nothing_better(copy: Path) -> None:
    whole = made(copy).embed_images(clip_reference.pictures()).vectors["joint"]
    (copy / "onnx" / "vision_model.onnx").unlink()
    half = made(copy).embed_images(clip_reference.pictures()).vectors["joint"]
    assert half.dtype == np.float32
    assert 1 - 1e-3 < cosines(half, whole).min() < 1 - 1e-9


def test_with_weights_in_8_bits_a_picture_has_one_vector_whatever_is_beside_it(copy: Path) -> None:
    whole = made(copy).embed_images(clip_reference.pictures()).vectors["joint"]
    for precision in ("", "_fp16"):
        (copy / "onnx" / f"vision_model{precision}.onnx").unlink()
    embedder, pictures = made(copy), clip_reference.pictures()
    together = embedder.embed_images(pictures).vectors["joint"]
    assert 0.97 < cosines(together, whole).min() < 1 - 1e-6
    for row, picture in enumerate(pictures):
        np.testing.assert_allclose(embedder.embed_images([picture]).vectors["joint"][0], together[row], atol=1e-6)


def test_texts_of_records_have_the_starters_vectors_and_no_others() -> None:
    embedder = made(FOLDER / "clip")
    rows = embedder.embed_texts(["Boats in a harbour", "a dog"], "document")
    assert rows.keys() == {"meaning"}
    expected = starter.Starter().embed_texts(["Boats in a harbour", "a dog"], "document")["concept"]
    np.testing.assert_allclose(rows["meaning"], expected, atol=1e-6)
    info = embedder.info
    assert [getattr(info.space(ranking), "name", None) for ranking in ("meaning", "image", "look")] == [
        "meaning", "joint", "joint",
    ]  # fmt: skip


def test_what_is_seen_is_what_the_starter_sees() -> None:
    pictures = [starter_reference.picture(), *clip_reference.pictures()]
    seen = made(FOLDER / "clip").embed_images(pictures).seen
    assert "ball" in dict(seen[0])
    assert seen == starter.Starter().embed_images(pictures).seen


@given(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), st.sampled_from([model.facts.pixels for model in MODELS]))
def test_a_picture_of_any_shape_is_prepared(size: tuple[int, int], how: Pixels) -> None:
    small = (min(size[0], 60), size[1]) if size[0] * size[1] > 10**6 else size
    pixels = prepared(Image.new("RGB", small, (255, 0, 255)), how)
    assert pixels.shape == (3, how.side, how.side)
    np.testing.assert_allclose(pixels[1], (0 - how.mean[1]) / how.std[1], atol=1e-5)
    np.testing.assert_allclose(pixels[2], (1 - how.mean[2]) / how.std[2], atol=1e-5)


@pytest.mark.parametrize("text", ["", "\ud83e broken", "a\0b", "🦜" * 400, "x" * 100_000])
def test_odd_texts_have_unit_vectors(text: str) -> None:
    rows = made(FOLDER / "clip").embed_texts([text], "query")
    assert {name: pytest.approx(1, abs=1e-5) for name in rows} == {n: np.linalg.norm(r[0]) for n, r in rows.items()}


def test_the_same_files_elsewhere_are_the_same_model(copy: Path) -> None:
    assert made(copy).info.identity == made(FOLDER / "clip").info.identity
    assert made(copy).info.name == f"clip:{copy}"


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [("preprocessor_config.json", "image_mean", [0.5, 0.5, 0.5]), ("tokenizer_config.json", "pad_token", "!")],
)
def test_another_way_to_use_it_makes_another_model(copy: Path, file: str, key: str, value: Any) -> None:
    before = made(copy).info
    config = json.loads((copy / file).read_text()) | {key: value}
    (copy / file).write_text(json.dumps(config))
    assert made(copy).info.identity != before.identity


def test_other_weights_make_another_model(copy: Path) -> None:
    before = made(copy).info
    weights = copy / "onnx" / "text_model.onnx"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert made(copy).info.identity != before.identity


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json", *FILES.values()])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    for path in copy.glob(file.replace(".onnx", "*.onnx")):
        path.unlink()
    with pytest.raises(UsageError, match=file) as caught:
        made(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"size": {"height": 8, "width": 9}}', '{"do_center_crop": false}', '{"crop_size": 300}']
)
def test_a_description_that_makes_no_sense_is_told(copy: Path, text: str) -> None:
    (copy / "preprocessor_config.json").write_text(text)
    with pytest.raises(UsageError, match="copy"):
        made(copy)


def test_a_model_of_other_shapes_is_refused_with_both(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text()) | {"projection_dim": 512}
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(EmbedderError, match=r"24\], not \[n, 512\]"):
        made(copy).embed_images(clip_reference.pictures())
    processor = json.loads((copy / "preprocessor_config.json").read_text())
    processor |= {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
    (copy / "preprocessor_config.json").write_text(json.dumps(processor))
    with pytest.raises(EmbedderError, match=r"`pixel_values` is \[n, 3, 24, 24\], not \[n, 3, 224, 224\]"):
        made(copy).embed_images(clip_reference.pictures())


@pytest.mark.parametrize("role", FILES)
def test_a_damaged_file_is_told_until_it_is_mended(copy: Path, role: Role) -> None:
    file = copy / FILES[role]
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    embedder = made(copy)

    def use() -> None:
        embedder.embed_images(clip_reference.pictures())
        embedder.embed_texts(["a dog"], "query")

    with pytest.raises(EmbedderError, match=file.name) as caught:
        use()
    assert "\n" not in str(caught.value)
    file.write_bytes(data)
    use()


def test_halves_are_not_mistaken_for_each_other(copy: Path) -> None:
    shutil.copy(copy / FILES["text"], copy / FILES["vision"])
    with pytest.raises(EmbedderError, match=r"takes input_ids, .* it is not the vision half"):
        made(copy).embed_images(clip_reference.pictures())


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no model 'vit-g'.*clip-vit-b-32, .*siglip2-base"):
        clip.create(Settings(embedder="clip:vit-g"))


def test_names_are_had_without_loading_anything() -> None:
    for model in MODELS:
        info = clip.create(Settings(embedder=f"clip:{model.offered.name}")).info
        assert info.name == f"clip:{model.offered.name}"
        read = {space.name: space.languages for space in info.spaces}
        assert read == {"joint": () if model.offered.name.startswith("siglip2") else ("en",), "meaning": ("en",)}
    assert clip.create(Settings(embedder="clip")).info.name == f"clip:{facts.DEFAULT}"


def test_the_table_is_whole() -> None:
    assert len(NAMED) == len(MODELS)
    for model in MODELS:
        assert {file.role for file in model.offered.files} == set(FILES)
        for file in model.offered.files:
            assert (len(file.sha256), len(file.revision)) == (64, 40)
            assert int(file.sha256, 16)
            assert int(file.revision, 16)


def test_models_load_on_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    session = onnxruntime.InferenceSession

    def counted(model: Any, *args: Any, **options: Any) -> Any:
        if isinstance(model, Path):
            loaded.append(model.name)
        return session(model, *args, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    embedder = made(FOLDER / "clip")
    assert loaded == []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: embedder.embed_texts(["a"], "query"), range(8)))
    assert loaded == ["text_model.onnx"]


@pytest.mark.parametrize(
    ("available", "chosen"),
    [(["CPUExecutionProvider"], None), (["CUDAExecutionProvider", "CPUExecutionProvider"], "CUDAExecutionProvider")],
)
def test_a_faster_device_gets_batches(
    monkeypatch: pytest.MonkeyPatch, available: list[str], chosen: str | None
) -> None:
    asked: list[Any] = []
    shapes: list[tuple[int, ...]] = []
    session = onnxruntime.InferenceSession

    class Watched:
        def __init__(self, opened: Any) -> None:
            self._session = opened

        def run(self, names: Any, feed: dict[str, Any]) -> Any:
            shapes.extend(rows.shape for rows in feed.values())
            return self._session.run(names, feed)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._session, name)

    def watched(model: Any, options: Any, providers: list[str]) -> Any:
        if not isinstance(model, Path):
            return session(model, options, providers=providers)  # the starter's classifier
        asked.append(providers)
        return Watched(session(model, options, providers=["CPUExecutionProvider"]))

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: available)
    monkeypatch.setattr(onnxruntime, "InferenceSession", watched)
    embedder = made(FOLDER / "clip")
    rows = embedder.embed_images(clip_reference.pictures()).vectors["joint"]
    count = len(clip_reference.SIZES)
    assert asked == [available]
    assert shapes == [(count, 3, SIDE, SIDE)]
    assert cosines(rows, clip_reference.kept("clip")["pictures"]).min() > 1 - 1e-4
    assert embedder.info.batch == (32 if chosen else 8)
    assert embedder.info.parallel == os.cpu_count()  # while a device computes, the cores prepare pictures


def test_uses_as_many_threads_as_the_settings_say() -> None:
    assert made(FOLDER / "clip", workers=3).info.parallel == 3


def test_facts_of_a_folder() -> None:
    read: Facts = folder.read(FOLDER / "siglip").facts
    assert read.pixels == Pixels(SIDE, 0, Image.Resampling.BILINEAR, facts.HALF, facts.HALF)
    assert (read.dimensions, read.languages, read.words.lower, read.words.masked) == (16, ("en",), True, False)
