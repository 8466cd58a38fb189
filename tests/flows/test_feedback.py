"""Thumbs: kept beside the knowledge base, whoever writes at the same time, and read back."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from imagelore import Settings
from imagelore.errors import KnowledgeBaseError
from imagelore.flows.feedback import Judged, Verdict, folder, keep, kept
from imagelore.types import Attached, Hit, Record, Turn
from tests.flows.pictures import paint


def hit(path: str, *, fits: bool = True) -> Hit:
    return Hit(Record(f"id-{path}", "photos", path, "1", "d", title=path), f"/photos/{path}", 1.0, {}, fits)


def judged(
    key: str = "k", verdict: Verdict = "up", *, question: str = "Where is it?", files: tuple[Path, ...] = ()
) -> Judged:
    turn = Turn(question, "In Leeds.", (hit("red.png"), hit("blue.png")), (2,), tuple(Attached(file) for file in files))
    return Judged(key, verdict, turn)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(kb=str(tmp_path / "kb"))


def test_a_thumb_is_one_line_beside_the_knowledge_base(settings: Settings, tmp_path: Path) -> None:
    history = (Turn("Which doors are there?", "A red one."),)
    keep(settings, Judged("k", "down", judged().turn, history, "year > 1960", "wrong door"))
    (line,) = (tmp_path / "kb" / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["hits"][0] == {"id": "id-red.png", "path": "red.png", "uri": "/photos/red.png"}
    (row,) = kept(settings)
    assert (row["verdict"], row["question"], row["answer"]) == ("down", "Where is it?", "In Leeds.")
    assert (row["where"], row["comment"], row["cited"]) == ("year > 1960", "wrong door", ["blue.png"])
    assert row["turns"] == [{"question": "Which doors are there?", "pictures": []}]
    assert row["when"].endswith("+00:00")


def test_the_last_verdict_on_a_turn_counts(settings: Settings) -> None:
    for key, verdict in (("a", "up"), ("b", "up"), ("a", "down"), ("b", "none")):
        keep(settings, judged(key, verdict))  # type: ignore[arg-type]
    assert [(row["key"], row["verdict"]) for row in kept(settings)] == [("a", "down")]


def test_many_threads_write_whole_lines(settings: Settings) -> None:
    start = threading.Barrier(8)

    def write(worker: int) -> None:
        start.wait()
        for number in range(25):
            keep(settings, judged(f"{worker}-{number}", question="Ä" * 3_000))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(kept(settings)) == 200


def test_what_is_broken_is_passed_over(settings: Settings) -> None:
    keep(settings, judged("a"))
    with (folder(settings) / "feedback.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": "b", "verd\n[]\nnull\n{"key": 7}\n\n' + '{"key": "c", "cited": "red"}\n')
    keep(settings, judged("d"))
    assert [row["key"] for row in kept(settings)] == ["a", "d"]


def test_pictures_are_kept_reduced_and_without_their_metadata(settings: Settings, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    file = tmp_path / "asked.jpg"
    Image.new("RGB", (3000, 1500), "red").save(file, exif=exif)
    gone = tmp_path / "gone.jpg"
    keep(settings, judged("a", files=(file, gone)))
    keep(settings, judged("b", files=(file,)))
    first, second = (row["pictures"] for row in kept(settings))
    assert first == second
    with Image.open(io.BytesIO(Path(first[0]).read_bytes())) as picture:
        assert picture.size == (1024, 512)
        assert not picture.getexif()
    assert len(list((folder(settings) / "feedback").iterdir())) == 1


def test_long_texts_are_cut(settings: Settings) -> None:
    turn = Turn("q" * 100_000, "a" * 1_000_000, tuple(hit(f"{n}.png") for n in range(1_000)))
    keep(settings, Judged("k", "up", turn, (turn,) * 50, comment="c" * 100_000))
    assert (folder(settings) / "feedback.jsonl").stat().st_size < 100_000
    assert len(kept(settings)) == 1


def test_where_thumbs_of_a_service_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    one, other = (Settings(kb=f"azure-search://service/{name}") for name in ("one", "other"))
    keep(one, judged())
    assert (tmp_path / "data") in folder(one).parents
    assert folder(one) != folder(other)
    assert folder(Settings(kb=one.kb, data=str(tmp_path / "mine"))) == tmp_path / "mine"


def test_no_thumbs_and_no_place_for_them(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeBaseError, match="nobody has given a thumb yet"):
        kept(settings)
    (tmp_path / "kb").write_text("a file")
    with pytest.raises(KnowledgeBaseError, match="cannot be kept in"):
        keep(settings, judged())


def test_a_question_in_any_characters(settings: Settings, tmp_path: Path) -> None:
    keep(settings, judged("a", question="zwei\nZeilen \u2028 \ud800 鳥", files=(paint(tmp_path / "p.png"),)))
    (row,) = kept(settings)
    assert row["question"].startswith("zwei\nZeilen")
    assert row["question"].endswith("鳥")
