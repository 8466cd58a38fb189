"""`imagelore eval` as scripts and people meet it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imagelore import KnowledgeBase, Settings
from imagelore.flows.feedback import Judged, keep
from imagelore.types import Attached, Turn
from tests.cli.running import run
from tests.flows.pictures import folder

QUESTIONS: list[dict[str, Any]] = [
    {"id": "door", "kind": "text", "question": "Where is the red door?", "relevant": ["red.png"], "facts": ["Leeds"]},
    {"id": "gate", "kind": "filter", "question": "gate", "where": "place = 'York'", "relevant": ["green.png"]},
    {"id": "tax", "kind": "nothing", "question": "quarterly tax return", "part": "test"},
]
ROWS = {"red.png": {"title": "A red door", "place": "Leeds"}, "green.png": {"title": "A green gate", "place": "York"}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("eval")
    folder(root / "photos", {"red.png": "red", "green.png": "green", "blue.png": "blue"}, ROWS)
    assert run(root, "index", "photos", "--embedder", "palette").returncode == 0
    (root / "set.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    return root


def test_a_table_for_people(place: Path) -> None:
    done = run(place, "eval", "set.jsonl")
    assert done.returncode == 0, done.stderr
    assert "3 questions, 3 answers by extractive" in done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "text", "filter", "nothing"] in rows
    assert ["success@1", "1.000", "1.000", "1.000"] in rows
    assert ["seconds", "p50", "p95"] in rows


def test_one_json_document(place: Path) -> None:
    done = run(place, "eval", "set.jsonl", "--json", "--no-answers", "--part", "test")
    document = json.loads(done.stdout)
    assert [question["id"] for question in document["questions"]] == ["tax"]
    assert document["overall"]["measures"]["abstained"]["questions"] == 1


def test_a_run_is_written_and_compared(place: Path, tmp_path: Path) -> None:
    files = (tmp_path / "run.json", tmp_path / "report.html")
    done = run(place, "eval", "set.jsonl", "--out", str(files[0]), "--html", str(files[1]))
    assert done.returncode == 0, done.stderr
    assert len(files[0].read_text().splitlines()) > len(QUESTIONS)
    assert files[1].read_text().startswith("<!doctype html>")
    again = run(place, "eval", "set.jsonl", "--against", str(files[0]), "--gate")
    assert again.returncode == 0, again.stderr
    assert "against run.json (3 questions in common)" in again.stdout
    both = json.loads(run(place, "eval", "set.jsonl", "--against", str(files[0]), "--json").stdout)
    assert both["comparison"]["measures"]["MRR"]["p"] == 1.0


def test_a_gate_that_refuses(place: Path, tmp_path: Path) -> None:
    many = [QUESTIONS[0] | {"id": f"{n}"} for n in range(6)]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, many)))
    kb = str(place / ".imagelore")
    assert run(tmp_path, "eval", "set.jsonl", "--kb", kb, "--out", "run.json").returncode == 0
    other = folder(
        tmp_path / "photos", {"red.png": "blue", "green.png": "green"}, {"green.png": {"title": "A red door"}}
    )
    assert run(tmp_path, "index", str(other), "--kb", "kb", "--embedder", "palette").returncode == 0
    done = run(tmp_path, "eval", "set.jsonl", "--kb", "kb", "--against", "run.json", "--gate")
    assert done.returncode == 1
    assert "worse than run.json by more than noise: success@1 1.000 -> 0.000" in done.stderr
    assert run(tmp_path, "eval", "set.jsonl", "--kb", "kb", "--against", "run.json").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["eval"], 2, "name a set"),
        (["eval", "none.jsonl"], 1, "the set `none.jsonl` cannot be read"),
        (["eval", "set.jsonl", "--gate"], 2, "--against"),
        (["eval", "set.jsonl", "--against", "set.jsonl"], 1, "is no run"),
        (["eval", "set.jsonl", "--judge"], 1, "needs a chat model"),
        (["eval", "set.jsonl", "--html", "no/such/x.html"], 1, "there is no folder"),
        (["eval", "set.jsonl", "--part", "x"], 1, "no question of the part 'x'"),
        (["eval", "set.jsonl", "--kb", "elsewhere"], 1, "imagelore index FOLDER"),
        (["eval", "set.jsonl", "--judge", "--no-answers"], 2, "leave out --no-answers"),
        (["eval", "set.jsonl", "--rankings", "text,foo"], 1, "there is no ranking 'foo'"),
        (["eval", "set.jsonl", "--weights", "text=x"], 1, "the weight of 'text'"),
        (["eval", "set.jsonl", "--out", "set.jsonl"], 1, "files of their own"),
        (["eval", "set.jsonl", "--out", "x.out", "--html", "./x.out"], 1, "files of their own"),
        (["eval", "--from-feedback"], 1, "nobody has given a thumb"),
        (["eval", "set.jsonl", "--from-feedback"], 2, "name a set, or"),
    ],
)
def test_mistakes_are_one_line(place: Path, arguments: list[str], status: int, says: str) -> None:
    done = run(place, *arguments)
    assert done.returncode == status
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_a_missing_library_is_told_before_a_question_is_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any) -> None:
        pytest.fail("a question was asked")

    monkeypatch.setitem(sys.modules, "ir_measures", None)
    monkeypatch.setattr(KnowledgeBase, "chat", asked)
    done = run(place, "eval", "set.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    told = 'imagelore: evaluation needs `ir_measures`: pip install "imagelore[eval]"'
    assert done.stderr.splitlines()[-1] == told


def test_a_run_over_another_set_is_refused_before_a_question_is_asked(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(place, "eval", "set.jsonl", "--out", str(tmp_path / "run.json")).returncode == 0
    (place / "changed.jsonl").write_text(json.dumps(QUESTIONS[0] | {"question": "Where is the blue door?"}))
    monkeypatch.setattr(KnowledgeBase, "chat", lambda *_: pytest.fail("a question was asked"))
    done = run(place, "eval", "changed.jsonl", "--against", str(tmp_path / "run.json"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "question 'door' of `changed.jsonl` was another one" in done.stderr


def test_the_run_that_is_compared_with_is_not_overwritten(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    assert run(place, "eval", "set.jsonl", "--out", str(file)).returncode == 0
    before = file.read_text()
    done = run(place, "eval", "set.jsonl", "--against", str(file), "--html", str(file))
    assert (done.returncode, file.read_text()) == (1, before)
    assert "would overwrite" in done.stderr


def test_pictures_of_thumbs_are_found_from_anywhere(place: Path, tmp_path: Path) -> None:
    turn = Turn("What is this?", "A door.", pictures=(Attached(place / "photos" / "red.png"),))
    keep(Settings(data=str(tmp_path / "data")), Judged("k", "down", turn))
    (line,) = run(tmp_path, "eval", "--from-feedback", IMAGELORE_DATA="data").stdout.splitlines()
    (image,) = json.loads(line)["images"]
    assert Path(image).is_absolute()
    assert Path(image).is_file()


def test_thumbs_are_printed_as_a_set(place: Path, tmp_path: Path) -> None:
    settings = Settings(kb=str(place / ".imagelore"), data=str(tmp_path))
    keep(settings, Judged("k", "down", Turn("Wo ist die Tür?", "Hier.")))
    done = run(place, "eval", "--from-feedback", IMAGELORE_DATA=str(tmp_path))
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["question"] == "Wo ist die Tür?"
    (tmp_path / "set.jsonl").write_text(done.stdout)
    assert run(place, "eval", str(tmp_path / "set.jsonl")).returncode == 0


def test_ctrl_c_reports_on_what_was_asked(place: Path, tmp_path: Path) -> None:
    many = [QUESTIONS[0] | {"id": f"{n}"} for n in range(5_000)]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, many)))
    arguments = ["eval", "set.jsonl", "--kb", str(place / ".imagelore"), "--out", "run.json"]
    with subprocess.Popen(
        [sys.executable, "-m", "imagelore", *arguments], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        assert process.stderr
        assert "5,000 questions" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted: the figures are over the" in error
    assert "Traceback" not in error
    assert "success@1" in out
    kept = json.loads((tmp_path / "run.json").read_text())
    assert (kept["complete"], 0 < len(kept["questions"]) < 5_000) == (False, True)
