"""The evaluation sets in eval/ are what they say: every path exists, every filter selects, every fact is on record."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import imagelore
from imagelore import providers
from imagelore.flows.evaluate import load
from imagelore.flows.evaluate.sets import Question
from imagelore.index import Index
from imagelore.settings import Settings
from imagelore.types import FieldType, Record, Scope
from imagelore.where import parsed
from tests.contract.index_records import EMBEDDER, record

EVAL = Path(__file__).parent.parent / "eval"
SAMPLES = Path(imagelore.__file__).parent / "samples"
SETS = ("sample.jsonl", "second/set.jsonl")
PROMISED = {
    "sample.jsonl": {"text": 45, "picture": 15, "both": 20, "turns": 15, "filter": 15, "nothing": 25},
    "second/set.jsonl": {"text": 60, "picture": 10, "both": 10, "turns": 5, "filter": 8, "nothing": 15},
}
WORDS = ("title", "text", "tags", "file_name")  # of a row; its other keys are fields


@cache
def rows(name: str) -> dict[str, dict[str, Any]]:
    """Path -> what is known about the picture; nothing about most of those without words."""
    if name.startswith("second"):
        known = [assembling().described(row) for row in table()]
    else:
        lines = (SAMPLES / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        known = [json.loads(line) for line in lines]
        paths = [path.relative_to(SAMPLES).as_posix() for path in SAMPLES.glob("*/*")]
        known += [{"file_name": path} for path in paths if path.startswith("unlabelled/")]
    return {row["file_name"]: row for row in known}


@cache
def table() -> list[dict[str, str]]:
    with (EVAL / "second" / "pictures.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def assembling() -> ModuleType:
    spec = spec_from_file_location("assemble", EVAL / "second" / "assemble.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def questions(name: str, kind: str = "") -> list[Question]:
    return [question for question in load(EVAL / name).questions if kind in ("", question.kind)]


def shown(name: str) -> Iterator[Path]:
    for question in questions(name):
        for asked in (question.asked, *question.turns):
            yield from ((EVAL / name).parent / image for image in asked.images)


def said(name: str, path: str) -> str:
    """Everything that is on record about a picture."""
    return json.dumps(rows(name)[path], ensure_ascii=False).casefold()


def indexed(name: str, place: Path) -> Index:
    """The collection's records without their pictures: enough for filters."""
    index: Index = providers.load("index", "lancedb").create(str(place), EMBEDDER, Settings())
    every = list(rows(name).values())
    kinds: dict[str, FieldType] = {
        key: "integer" if isinstance(value, int) else "text"
        for row in every
        for key, value in row.items()
        if key not in WORDS
    }
    index.declare(kinds)
    index.upsert([recorded(row) for row in every])
    return index


def recorded(row: dict[str, Any]) -> Record:
    fields = {key: value for key, value in row.items() if key not in WORDS}
    words = {key: row[key] for key in ("title", "text") if key in row}
    return record(row["file_name"], path=row["file_name"], tags=tuple(row.get("tags", ())), fields=fields, **words)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_read_without_complaint_and_holds_what_is_promised(name: str) -> None:
    read = load(EVAL / name)
    assert read.warnings == ()
    kinds = Counter(question.kind for question in read.questions)
    assert all(kinds[kind] >= number for kind, number in PROMISED[name].items()), kinds
    assert all(question.asked.question or question.asked.images for question in read.questions)
    assert len({(q.asked, q.turns, q.where) for q in read.questions}) == len(read.questions)


def test_the_sample_set_has_its_languages_and_a_part_to_tune_on() -> None:
    languages = Counter(question.language for question in questions("sample.jsonl"))
    assert all(languages[language] >= 8 for language in ("de", "fr", "es", "zh")), languages
    for kind in PROMISED["sample.jsonl"]:
        parts = Counter(question.part for question in questions("sample.jsonl", kind))
        assert abs(parts["dev"] - parts["test"]) <= 4, (kind, parts)


@pytest.mark.parametrize("name", SETS)
def test_what_is_right_is_in_the_collection(name: str) -> None:
    for question in questions(name):
        assert set(question.relevant or ()) <= rows(name).keys(), question.id
        assert (question.kind == "nothing") == (question.relevant == ()), question.id


@pytest.mark.parametrize("name", SETS)
def test_every_fact_stands_in_a_picture_that_answers(name: str) -> None:
    for question in questions(name):
        for fact in question.facts:
            assert any(fact.casefold() in said(name, path) for path in question.relevant or ()), (question.id, fact)


@pytest.mark.parametrize("name", SETS)
def test_filters_select_what_is_right_and_leave_something_out(name: str, tmp_path: Path) -> None:
    index = indexed(name, tmp_path / "kb")
    for question in questions(name, "filter"):
        selected = {r.path for r in index.browse(Scope(parsed(question.where, index.fields())), limit=1000)}
        assert set(question.relevant or ()) <= selected < rows(name).keys(), question.id


def test_dialogues_expect_what_there_is(tmp_path: Path) -> None:
    index = indexed("sample.jsonl", tmp_path / "kb")
    dialogues = [json.loads(line) for line in (EVAL / "dialogues.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({dialogue["id"] for dialogue in dialogues}) == len(dialogues) >= 20
    for dialogue in dialogues:
        for turn in dialogue["turns"]:
            expected = turn["expect"]
            paths = {*expected.get("any", ()), *expected.get("about", ()), *expected.get("like", ())}
            paths |= {*expected.get("none_of", ()), expected.get("first")} - {None}
            paths -= {path for path in paths if isinstance(path, int)}  # what was shown under that number
            assert paths <= rows("sample.jsonl").keys(), dialogue["id"]
            assert all((EVAL / image).is_file() for image in turn.get("images", ())), dialogue["id"]
            if "filter" in expected:
                selected = {r.path for r in index.browse(Scope(parsed(expected["filter"], index.fields())))}
                assert selected.intersection(expected["any"]), dialogue["id"]
                assert selected.isdisjoint(expected.get("none_of", ())), dialogue["id"]


def test_query_pictures_are_small_readable_and_have_a_source() -> None:
    lines = (EVAL / "pictures" / "SOURCES.md").read_text(encoding="utf-8").splitlines()
    sources = [line.split(" | ")[0].removeprefix("| ") for line in lines if re.match(r"\| \S+\.jpg", line)]
    pictures = sorted((EVAL / "pictures").glob("*.jpg"))
    assert sources == [picture.name for picture in pictures]
    asked = {picture.resolve() for name in SETS for picture in shown(name)}
    assert asked == {picture.resolve() for picture in pictures}
    for picture in pictures:
        assert picture.stat().st_size < 60_000, picture.name
        with Image.open(picture) as opened:
            opened.load()
            assert max(opened.size) <= 420, picture.name


def test_a_third_of_the_second_collection_has_no_word() -> None:
    files, bare = [row["file"] for row in table()], [row for row in table() if row["file"].startswith("unnamed/")]
    assert len(set(files)) == len(files)
    assert 0.25 < len(bare) / len(files) < 0.4
    assert not [row for row in bare if set(assembling().described(row)) - {"file_name", "year"}]
    assert {row["package"] for row in table()} == set(assembling().PACKAGES)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one wheel of one picture, which has words inside."""
    words, picture = PngInfo(), io.BytesIO()
    words.add_text("Title", "told inside the file")
    Image.new("RGB", (1500, 300), "red").save(picture, "PNG", pnginfo=words)
    kept = tmp_path / "packages"
    kept.mkdir()
    with zipfile.ZipFile(kept / "scikit_image-1.0-cp311.whl", "w") as wheel:
        wheel.writestr("skimage/data/red.png", picture.getvalue())
    monkeypatch.setattr(assembling(), "PACKAGES", {"scikit-image": "1.0"})
    return kept


def row_of(packages: Path, **changes: str) -> dict[str, str]:
    with zipfile.ZipFile(packages / "scikit_image-1.0-cp311.whl") as wheel:
        digest = sha256(wheel.read("skimage/data/red.png")).hexdigest()
    row = dict.fromkeys(table()[0], "") | {"package": "scikit-image", "member": "skimage/data/red.png"}
    return row | {"file": "unnamed/n001.png", "sha256": digest, "year": "2005"} | changes


def test_assembling_writes_pictures_without_words_inside_and_the_rows(packages: Path, tmp_path: Path) -> None:
    assembling().assemble([row_of(packages)], tmp_path / "out", packages)
    with Image.open(tmp_path / "out" / "unnamed" / "n001.png") as opened:
        assert opened.size == (1024, 205)
        assert "Title" not in opened.info
    rows = (tmp_path / "out" / "metadata.jsonl").read_text(encoding="utf-8")
    assert json.loads(rows) == {"file_name": "unnamed/n001.png", "year": 2005}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sha256": "0" * 64}, "skimage/data/red.png of scikit-image is another picture"),
        ({"member": "skimage/data/blue.png"}, "scikit-image 1.0 does not hold skimage/data/blue.png"),
    ],
)
def test_assembling_notices_another_package(packages: Path, tmp_path: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(assembling().Missing, match=told):
        assembling().assemble([row_of(packages, **changes)], tmp_path / "out", packages)


def test_assembling_says_what_cannot_be_fetched(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembling(), "PACKAGES", {"openclipart-png": "9"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(assembling().Missing, match=r"^openclipart-png 9 cannot be fetched: .*apt-get"):
        assembling().assemble([row_of(packages)], tmp_path / "out", packages)
