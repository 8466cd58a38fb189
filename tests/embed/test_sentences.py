"""Sentence encoders beside CLIP: their vectors are transformers' own, in whichever folder or hub their files are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from imagelore._hub import Offered
from imagelore.embed import Embedder, clip, starter
from imagelore.embed._sentences import choice, folder
from imagelore.embed._sentences.choice import Sentences, chosen
from imagelore.embed._sentences.facts import MODELS, Named
from imagelore.errors import EmbedderError, UsageError
from imagelore.settings import Settings
from tests.embed import clip_reference, sentence_reference
from tests.embed.sentence_reference import FOLDER, LONG, TEXTS, WIDTH, WINDOW
from tests.fakes.hub_server import REVISION, FakeHub, pinned

KINDS = sentence_reference.PROMPTS
ROLES: tuple[Literal["query", "document"], ...] = ("query", "document")
FILES = {"model": "onnx/model.onnx", "tokenizer": "tokenizer.json"}


def made(path: Path | str = FOLDER / "xlmr") -> Sentences:
    return chosen(str(path))


def beside_clip(sentences: Path | str) -> Embedder:
    path = clip_reference.FOLDER / "clip"
    return clip.create(Settings(embedder=f"clip:{path}", sentences=str(sentences)))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / "xlmr", tmp_path / "xlmr")


def change(path: Path, **values: Any) -> None:
    """Sets values in a JSON file."""
    path.write_text(json.dumps((json.loads(path.read_text()) if path.exists() else {}) | values))


def cosines(rows: Any, expected: Any) -> Any:
    return (np.asarray(rows) * expected).sum(axis=1)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_the_librarys(kind: str, role: Literal["query", "document"]) -> None:
    rows, expected = made(FOLDER / kind).encode(TEXTS, role), sentence_reference.kept(kind)[role][:-1]
    assert cosines(rows, expected).min() > 1 - 1e-4
    assert cosines(rows, np.roll(expected, 1, axis=0)).min() < 0.99  # the texts differ: the check can fail


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_cut_where_the_library_cuts_it(kind: str) -> None:
    rows = made(FOLDER / kind).encode([LONG], "query")
    assert cosines(rows, sentence_reference.kept(kind)["query"][-1:]) > 1 - 1e-4


def test_the_first_piece_is_taken_where_the_folder_says_so(tmp_path: Path) -> None:
    copy = shutil.copytree(FOLDER / "bert", tmp_path / "bert")
    change(copy / "1_Pooling/config.json", pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    expected = sentence_reference.kept("bert")
    rows = made(copy).encode([*TEXTS, LONG], "query")
    assert cosines(rows, expected["cls"]).min() > 1 - 1e-4
    assert cosines(rows, expected["query"]).max() < 0.99


def test_questions_and_texts_get_what_the_model_wants_before_each() -> None:
    encoder = made()
    assert (encoder.facts.query, encoder.facts.document) == ("query: ", "passage: ")
    question, text = encoder.encode(TEXTS[:1], "query"), encoder.encode(TEXTS[:1], "document")
    assert question @ text.T < 0.999
    bare = made(FOLDER / "bert")
    assert (bare.facts.query, bare.facts.document) == ("look for this: ", "")


def test_all_of_a_long_text_counts_up_to_a_limit() -> None:
    encoder = made()
    start, end = "a boat in the harbour " * 20, "two dogs on a green meadow " * 20
    one, other = encoder.encode([start + end, start], "document")
    assert one @ other < 0.999
    dogs = encoder.encode([end], "document")[0]
    assert one @ dogs > other @ dogs
    endless = "a cat " * 5_000
    one, other = encoder.encode([endless, endless + end], "document")
    assert one @ other > 1 - 1e-6


def test_the_prompt_stands_before_each_window_of_a_long_text() -> None:
    room = WINDOW - 2 - 9  # the marks, and the pieces of "passage:"
    whole, twice, more = made().encode([" ".join("a" * n) for n in (room, 2 * room, room + 20)], "document")
    assert whole @ twice > 1 - 1e-6  # two windows that are the same
    assert whole @ more < 1 - 1e-6


@pytest.mark.parametrize("text", ["", " \n", "\ud83e broken", "a\0b", "🦜" * 400, "x" * 100_000])
@pytest.mark.parametrize("kind", KINDS)
def test_odd_texts_have_unit_vectors(kind: str, text: str) -> None:
    rows = made(FOLDER / kind).encode([text], "document")
    assert np.linalg.norm(rows[0]) == pytest.approx(1, abs=1e-5)


def test_beside_clip_it_has_the_space_of_texts() -> None:
    embedder = beside_clip(FOLDER / "xlmr")
    space = embedder.info.space("meaning")
    assert space
    assert (space.name, space.dimensions, space.text_floor) == ("meaning", WIDTH, made().facts.floor)
    for role in ROLES:
        rows = embedder.embed_texts(TEXTS, role)["meaning"]
        assert cosines(rows, sentence_reference.kept("xlmr")[role][:-1]).min() > 1 - 1e-4
    assert embedder.info.sentences == str(FOLDER / "xlmr")
    assert embedder.info.identity != beside_clip("").info.identity


def test_the_starters_own_needs_no_name() -> None:
    assert beside_clip("").info == beside_clip("starter").info
    assert beside_clip("").info.sentences == "starter"
    assert beside_clip("").info.version.endswith(f", starter {starter.VERSION}")  # as it was stamped from the start


def test_the_same_files_elsewhere_are_the_same_model(copy: Path) -> None:
    assert made(copy).version == made().version
    assert made(copy).name == str(copy)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config_sentence_transformers.json", {"prompts": {"query": "ask: "}}),
        ("sentence_bert_config.json", {"max_seq_length": 32}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
    ],
)
def test_another_way_to_use_it_makes_another_model(copy: Path, file: str, values: dict[str, Any]) -> None:
    before = made(copy).version
    change(copy / file, **values)
    assert made(copy).version != before


def test_a_folder_may_say_little(copy: Path) -> None:
    for name in ("1_Pooling", "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        path = copy / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    facts = folder.read(copy).facts
    assert (facts.pooling, facts.query, facts.document) == ("mean", "", "")
    assert facts.window == WINDOW  # by its positions: two of XLM-R's are for padding
    change(copy / "config.json", vocab_size=250_002)
    assert folder.read(copy).facts.languages == ()


@pytest.mark.parametrize("file", ["config.json", *FILES.values()])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(UsageError, match=file) as caught:
        made(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("config.json", "{", "copy it again"),
        ("config.json", "{}", "hidden_size|dim"),
        ("config.json", '{"hidden_size": 32, "max_position_embeddings": 8}', "8 word pieces"),
        ("modules.json", '[{"type": "sentence_transformers.models.Dense"}]', "'Dense' that the ONNX file lacks"),
        ("1_Pooling/config.json", '{"pooling_mode_lasttoken": true}', "pooling is lasttoken"),
        ("1_Pooling/config.json", '{"pooling_mode": "max"}', "pooling is max"),
        (
            "1_Pooling/config.json",
            '{"pooling_mode_mean_tokens": true, "include_prompt": false}',
            "prompts are left out",
        ),
    ],
)
def test_what_would_make_other_vectors_is_refused(copy: Path, file: str, text: str, told: str) -> None:
    (copy / file).write_text(text)
    with pytest.raises(UsageError, match=told) as caught:
        made(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", FILES.values())
def test_a_damaged_file_is_told_until_it_is_mended(copy: Path, file: str) -> None:
    data = (copy / file).read_bytes()
    (copy / file).write_bytes(data[: len(data) // 2])
    encoder = made(copy)
    with pytest.raises(EmbedderError, match="get it again") as caught:
        encoder.encode(["a"], "query")
    assert "\n" not in str(caught.value)
    (copy / file).write_bytes(data)
    encoder.encode(["a"], "query")


def test_models_of_another_kind_or_size_are_refused(copy: Path) -> None:
    change(copy / "config.json", hidden_size=64)
    with pytest.raises(EmbedderError, match="have 32 dimensions, not 64"):
        made(copy).encode(["a"], "query")
    shutil.copy(clip_reference.FOLDER / "clip" / "onnx" / "vision_model.onnx", copy / FILES["model"])
    with pytest.raises(EmbedderError, match="takes pixel_values: it is no sentence encoder"):
        made(copy).encode(["a"], "query")


def test_a_tokenizer_of_another_model_is_told(copy: Path) -> None:
    vocabulary = json.loads((copy / "tokenizer.json").read_text())
    vocabulary["added_tokens"][-1]["id"] = 9_999  # a piece that the model has no vector for
    vocabulary["added_tokens"].append(
        vocabulary["added_tokens"][-1] | {"content": "boat", "id": 10_000, "special": False}
    )
    (copy / "tokenizer.json").write_text(json.dumps(vocabulary))
    with pytest.raises(EmbedderError, match=r"fails .*take another export") as caught:
        made(copy).encode(["a boat"], "query")
    assert "\n" not in str(caught.value)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no sentence encoder 'e6'.* one of starter, multilingual-e5-small, "):
        chosen("e6")


def test_names_are_had_without_loading_anything() -> None:
    for model in MODELS:
        info = beside_clip(model.offered.name).info
        space = info.space("meaning")
        assert (info.sentences, space and space.languages) == (model.offered.name, model.facts.languages)
        assert info.version.endswith(f", {model.offered.name} {model.version}")


def test_the_table_is_whole() -> None:
    names = [model.offered.name for model in MODELS]
    assert len({*names, "starter"}) == len(MODELS) + 1
    assert () in [model.facts.languages for model in MODELS]
    for model in MODELS:
        assert sorted(file.role for file in model.offered.files) == sorted(FILES)
        assert model.offered.languages == model.facts.languages
        assert model.offered.kind == "sentences"
        assert model.offered.use.endswith(f"--sentences {model.offered.name}")
        for file in model.offered.files:
            assert (len(file.sha256), len(file.revision)) == (64, 40)
            assert int(file.sha256, 16)
            assert int(file.revision, 16)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has the tiny XLM-R, and an empty cache."""
    data = {role: (FOLDER / "xlmr" / path).read_bytes() for role, path in FILES.items()}
    files = tuple(pinned(role, FILES[role], data[role]) for role in FILES)
    offered = Offered("tiny", "sentences", "--sentences tiny", files, "none", "for tests")
    served = FakeHub({f"owner/tiny/resolve/{REVISION}/{FILES[role]}": data[role] for role in FILES})
    served.stands_in(monkeypatch, tmp_path / "hub")
    monkeypatch.setattr(choice, "MODELS", (Named(folder.read(FOLDER / "xlmr").facts, offered),))
    yield served
    served.close()


def test_a_named_one_is_downloaded_on_first_use_and_compared(hub: FakeHub) -> None:
    encoder = chosen("tiny")
    assert hub.asked == []
    rows = encoder.encode(TEXTS, "document")
    assert cosines(rows, sentence_reference.kept("xlmr")["document"][:-1]).min() > 1 - 1e-4
    assert {path for command, path in hub.asked if command == "GET"} == {*hub.files}


def test_a_file_with_another_hash_is_refused(hub: FakeHub) -> None:
    path = f"owner/tiny/resolve/{REVISION}/{FILES['model']}"
    hub.files[path] = hub.files[path][::-1]
    with pytest.raises(EmbedderError, match=r"is not the model file of tiny .* start again"):
        chosen("tiny").encode(["a"], "query")
