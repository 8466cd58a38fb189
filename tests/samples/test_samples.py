"""The sample knowledge base: enough pictures, small, of known and free origin, and honestly described."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

SAMPLES = Path(str(files("imagelore"))) / "samples"
SUFFIXES = {".jpg", ".png", ".webp"}
FREE = {"public domain", "CC0 1.0"}
CATEGORIES = {"animals", "space", "people", "places", "art", "science", "things", "food", "textures", "drawings"}


@cache
def pictures() -> dict[str, Path]:
    paths = (path for path in SAMPLES.rglob("*") if path.suffix in SUFFIXES)
    return {path.relative_to(SAMPLES).as_posix(): path for path in paths}


@cache
def rows() -> dict[str, dict[str, Any]]:
    lines = (SAMPLES / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    parsed = [json.loads(line) for line in lines]
    assert len({row["file_name"] for row in parsed}) == len(parsed)
    return {row["file_name"]: row for row in parsed}


@cache
def sources() -> dict[str, list[str]]:
    """The cells of each picture's row in the table of sources."""
    lines = (SAMPLES.with_name("SAMPLES.md")).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells if Path(row[0]).suffix in SUFFIXES}


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", text)


def test_there_are_enough_pictures_and_they_are_small() -> None:
    assert len(pictures()) >= 60
    assert sum(path.stat().st_size for path in pictures().values()) < 6_000_000
    assert {Path(name).suffix for name in pictures()} == SUFFIXES


def test_every_picture_opens_and_holds_no_text() -> None:
    for name, path in pictures().items():
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            picture.load()
            assert max(picture.size) <= 900, name
            assert not picture.getexif(), name
            told = {key for key in picture.info if key in {"comment", "xmp", "photoshop", "exif", "icc_profile"}}
            assert not told, name
            assert not [key for key, value in picture.info.items() if isinstance(value, str) and key != "mode"], name


def test_a_third_has_no_metadata_and_a_name_that_tells_nothing() -> None:
    bare = set(pictures()) - set(rows())
    assert 3 * len(bare) >= len(pictures())
    assert all(re.fullmatch(r"unlabelled/p\d\d\.(jpg|webp|png)", name) for name in bare)


def test_every_row_describes_a_picture_that_is_there() -> None:
    assert set(rows()) <= set(pictures())


@pytest.mark.parametrize("name", sorted(rows()))
def test_a_row_has_the_promised_fields(name: str) -> None:
    row = rows()[name]
    assert row["title"]
    assert row["category"] in CATEGORIES
    assert len(row["tags"]) >= 2
    assert len(set(row["tags"])) == len(row["tags"])
    assert len(sentences(row["text"])) == 2
    assert row["licence"] == sources()[name][2]
    assert row["credit"]
    assert isinstance(row.get("year", 2000), int)
    year = str(row.get("year", ""))
    assert year in row["text"], "the year must be part of a sentence that can be quoted"


def test_every_picture_has_a_source_and_a_free_licence() -> None:
    assert set(sources()) == set(pictures())
    for name, (origin, author, licence, published, changes) in sources().items():
        assert licence in FREE, name
        assert origin, name
        assert author, name
        assert published, name
        assert changes, name


def test_the_table_of_sources_is_the_build_tools_table() -> None:
    tool = Path(__file__).parents[2] / "tools" / "samples.csv"
    with tool.open(newline="", encoding="utf-8") as handle:
        table = {row["file"]: row for row in csv.DictReader(handle)}
    assert set(table) == set(pictures())
    for name, row in table.items():
        assert sources()[name][0] == f"{row['package']}: {row['member']}"
        assert sources()[name][2] == row["licence"]


def test_the_questions_of_the_demo_have_their_facts() -> None:
    space = [row for row in rows().values() if "space" in row["tags"]]
    assert len([row for row in space if "year" in row]) >= 8
    assert len([row for row in rows().values() if "bird" in row["tags"]]) >= 4
    assert sum(row["category"] == "drawings" for row in rows().values()) <= 10
    assert len({row["category"] for row in rows().values()}) >= 8
    assert len({row["country"] for row in rows().values() if "country" in row}) >= 10
