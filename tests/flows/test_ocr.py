"""Which pictures a run reads the text of: what was read counts, and what was not is read when it can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from imagelore import KnowledgeBase, Settings, ingest
from imagelore.errors import MissingExtraError
from imagelore.flows import _reading
from imagelore.flows._plan import marked
from imagelore.read import Options, Reading, picture
from imagelore.types import Asset, Line
from tests.flows.pictures import describe, folder, paint

NAMES = ("green.png", "red.png")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return folder(tmp_path / "photos", {"red.png": "red", "green.png": "green"})


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of pictures that are read from now on; `auto` finds text in red ones, `on` in all."""
    paths: list[str] = []

    def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading]:
        paths.append(asset.path)
        made = picture.read(asset, data, replace(options, ocr="off"))
        if options.ocr == "on" or (options.ocr == "auto" and "red" in asset.path):
            made = replace(made, lines=(Line(f"EXIT {asset.path}", (0, 0, 1, 1)),), ocr_seconds=0.1)
        yield made

    monkeypatch.setattr(picture, "readings", readings)
    monkeypatch.setattr(_reading, "installed", lambda: True)
    return paths


def run(tmp_path: Path, photos: Path, ocr: str) -> tuple[int, int, int, int]:
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive", ocr=ocr)
    report = ingest(settings, str(photos))
    return report.added, report.updated, report.unchanged, report.read


def lines(tmp_path: Path) -> dict[str, str]:
    return {r.path: r.read for r in KnowledgeBase(Settings(kb=str(tmp_path / "kb"))).index.browse()}


@pytest.mark.usefixtures("read")
def test_text_in_pictures_is_found(tmp_path: Path, photos: Path) -> None:
    assert run(tmp_path, photos, "auto") == (2, 0, 0, 1)
    assert lines(tmp_path) == {"red.png": "EXIT red.png", "green.png": ""}
    kb = KnowledgeBase(Settings(kb=str(tmp_path / "kb")))
    assert [hit.record.path for hit in kb.search("exit", rankings="text").hits] == ["red.png"]
    assert run(tmp_path, photos, "auto") == (0, 0, 2, 0)


def test_more_effort_reads_again_and_less_throws_nothing_away(tmp_path: Path, photos: Path, read: list[str]) -> None:
    assert run(tmp_path, photos, "off") == (2, 0, 0, 0)
    assert run(tmp_path, photos, "auto") == (0, 2, 0, 1)
    assert run(tmp_path, photos, "on") == (0, 2, 0, 2)
    read.clear()
    for less in ("auto", "off", "on"):
        assert run(tmp_path, photos, less) == (0, 0, 2, 0)
    assert read == []
    assert set(lines(tmp_path).values()) == {"EXIT red.png", "EXIT green.png"}


def test_what_was_read_outlives_a_run_without_the_extra(
    tmp_path: Path, photos: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, photos, "auto")
    monkeypatch.setattr(_reading, "installed", lambda: False)
    describe(photos, {"red.png": {"title": "Door"}})
    assert run(tmp_path, photos, "auto") == (0, 1, 1, 0)  # its metadata alone
    (photos / "red.png").rename(photos / "way out.png")
    paint(photos / "green.png", "navy", 7)
    assert run(tmp_path, photos, "auto") == (1, 1, 0, 0)
    assert lines(tmp_path) == {"way out.png": "EXIT red.png", "green.png": ""}
    monkeypatch.setattr(_reading, "installed", lambda: True)
    read.clear()
    assert run(tmp_path, photos, "auto")[:3] == (0, 2, 0)  # they could not be read then
    assert sorted(read) == ["green.png", "way out.png"]


def test_what_is_asked_for_and_missing_names_the_extra(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reading, "installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r'pip install "imagelore\[ocr\]"'):
        run(tmp_path, photos, "on")
    assert not (tmp_path / "kb").exists()


def test_text_that_is_missed_is_told_once(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reading, "installed", lambda: False)
    for number in range(3):
        letter(photos / f"letter {number}.png", number)
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", ocr="auto")
    told = [line for line in ingest(settings, str(photos)).warnings if "imagelore[ocr]" in line]
    assert len(told) == 1
    assert told[0].startswith("3 pictures seem to hold text, which was not read")
    letter(photos / "letter 4.png", 4)
    assert not ingest(replace(settings, ocr="off"), str(photos)).warnings


def letter(path: Path, number: int) -> None:
    """A page of writing."""
    paper = Image.new("RGB", (400, 300), "white")
    for line in range(8):
        ImageDraw.Draw(paper).text((20, 20 + 32 * line), f"{number}. Dear sir, the door is red", "black", font_size=18)
    paper.save(path)


@pytest.mark.parametrize(
    ("ocr", "known", "stored"),
    [
        ("off", "", "v"),
        ("auto", "", "v ocr=auto"),
        ("on", "v", "v ocr=on"),
        ("off", "v ocr=auto", "v ocr=auto"),
        ("auto", "v ocr=on", "v ocr=on"),
        ("on", "v ocr=auto", "v ocr=on"),
        ("off", "older ocr=on", "v"),
        ("auto", "older ocr=on", "v ocr=auto"),
    ],
)
def test_how_text_was_read_stands_behind_the_version(ocr: str, known: str, stored: str) -> None:
    assert marked(ocr, "v", known) == stored
