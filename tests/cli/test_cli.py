"""The command line as scripts and people meet it: a process, its two streams, its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from imagelore import providers
from tests.cli.running import run
from tests.flows.pictures import folder, paint

PICTURES = {"red.png": "red", "green.png": "green", "blue.png": "blue"}
ROWS = {"red.png": {"title": "A red door", "place": "Leeds"}, "green.png": {"title": "A green gate", "place": "York"}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures in `photos`, indexed into the default knowledge base there."""
    root = tmp_path_factory.mktemp("cli")
    folder(root / "photos", PICTURES, ROWS)
    assert run(root, "index", "photos", "--embedder", "palette").returncode == 0
    return root


def document(place: Path, *arguments: str) -> Any:
    done = run(place, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_index_reports_what_it_did(place: Path, tmp_path: Path) -> None:
    (place / "photos" / "bad.jpg").write_bytes(b"")
    try:
        report = document(place, "index", "photos", "--kb", str(tmp_path / "kb"), "--embedder", "palette")
    finally:
        (place / "photos" / "bad.jpg").unlink()
    assert set(report) == {"added", "updated", "unchanged", "removed", "skipped", "seconds"}
    assert (report["added"], report["updated"], report["unchanged"], report["removed"]) == (3, 0, 0, 0)
    assert report["skipped"][0]["uri"].endswith("photos/bad.jpg")
    assert report["skipped"][0]["reason"]


def test_documents_are_taken_or_left_out(tmp_path: Path) -> None:
    root = folder(tmp_path / "photos", PICTURES)
    (root / "about.txt").write_text("These doors stand in Leeds.", encoding="utf-8")
    index = ("index", "photos", "--embedder", "palette", "--ocr", "off")
    assert document(tmp_path, *index, "--no-documents")["added"] == len(PICTURES)
    assert document(tmp_path, *index)["added"] == 1
    assert document(tmp_path, "search", "leeds")["hits"][0]["uri"].endswith("photos/about.txt")


def test_a_flood_of_warnings_is_cut_short(tmp_path: Path) -> None:
    root = folder(tmp_path / "photos", PICTURES, ROWS)
    row = '{"file_name": "red.png", "title": "Again"}\n'
    (root / "metadata.jsonl").write_text(row * 41, encoding="utf-8")
    done = run(tmp_path, "index", "photos", "--embedder", "palette")
    told = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert len(told) == 21
    assert told[-1] == "warning: 20 more like these"


def test_search_in_json(place: Path) -> None:
    found = document(place, "search", "green gate")
    first = found["hits"][0]
    kept = "rank id uri title place score ranks scores shares matched fits why duplicates"  # as docs/cli.md promises
    assert set(kept.split()) <= set(first)
    assert (first["rank"], first["title"]) == (1, "A green gate")
    assert first["uri"].endswith("green.png")
    assert first["ranks"]["text"] == 1
    assert found["timings"]


def test_search_and_ask_within_a_filter(place: Path) -> None:
    found = document(place, "search", "a gate", "--where", "place = 'Leeds' or place is null")
    assert {hit["uri"].rsplit("/", 1)[-1] for hit in found["hits"]} == {"red.png", "blue.png"}
    answer = document(place, "ask", "Where is the gate?", "--where", "not (Place like 'Y%')")
    assert "green.png" not in {hit["uri"].rsplit("/", 1)[-1] for hit in answer["hits"]}
    assert document(place, "search", "a gate", "--where", " ")["hits"][0]["title"] == "A green gate"


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_filter_that_cannot_be_read_is_shown_with_its_place(place: Path, command: str) -> None:
    done = run(place, command, "a gate", "--where", "place = 'York' and\x1b pluce = 3", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "imagelore: `\\x1b` is no word of a filter\n"
        "  place = 'York' and  pluce = 3\n"
        "                    ^\n"
    )  # fmt: skip
    done = run(place, command, "a gate", "--where", "place = 'York' and pluce = 3")
    assert done.stderr == (
        "imagelore: there is no field 'pluce'; did you mean `place`\n"
        "  place = 'York' and pluce = 3\n"
        "                     ^\n"
    )


def test_search_with_a_picture(place: Path, tmp_path: Path) -> None:
    found = document(place, "search", "--image", str(paint(tmp_path / "query.png", "blue", 7)), "--top", "1")
    assert [hit["uri"].rsplit("/", 1)[-1] for hit in found["hits"]] == ["blue.png"]
    assert set(found["hits"][0]["ranks"]) == {"look"}


def test_ask_in_json(place: Path) -> None:
    answer = document(place, "ask", "Where is the red door?")
    assert "Leeds" in answer["answer"]
    assert "[1]" in answer["answer"]
    assert answer["citations"][0]["uri"].endswith("red.png")
    assert {"number", "id", "uri", "title"} <= set(answer["citations"][0])
    assert answer["hits"]
    assert {"answer", "citations", "doubts", "hits", "timings"} <= set(answer)


def test_status_in_json(place: Path) -> None:
    status = document(place, "status")
    assert status["records"] == 3
    assert status["embedder"]["name"] == "palette"
    assert status["generator"].startswith("extractive")
    assert status["fields"] == {"place": "text"}
    kept = "kb records embedder generator sources fields schema steps details calibration"
    assert set(kept.split()) <= set(status)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["search", "red door"], "A red door"),
        (["ask", "Where is the red door?"], "Leeds"),
        (["status"], "palette"),
        (["index", "photos"], "3 unchanged"),
    ],
)
def test_people_read_it_too(place: Path, command: list[str], expected: str) -> None:
    done = run(place, *command)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["search", "red", "--kb", "nowhere"], "imagelore index FOLDER"),
        (["ask", "red", "--kb", "nowhere"], "imagelore index FOLDER"),
        (["status", "--kb", "nowhere"], "imagelore index FOLDER"),
        (["index", "nowhere"], "nowhere"),
        (["search", ""], "nothing to search for"),
        (["search", "?!..."], "nothing to search for"),
        (["ask", "why " * 25_000], "limit"),
        (["search", "--image", "nowhere.png"], "nowhere.png"),
        (["search", "--image", "photos/metadata.jsonl"], "picture"),
        (["search", "red", "--embedder", "starter"], "--embedder"),
        (["search", "red", "--embedder", "nonsense"], "palette"),
        (["ask", "red", "--generator", "nonsense"], "extractive"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_goes_wrong_is_one_line(place: Path, command: list[str], says: str) -> None:
    done = run(place, *command)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert says in done.stderr


def test_a_process_of_its_own_does_the_same(place: Path) -> None:
    command = [sys.executable, "-m", "imagelore", "search", "green gate", "--json"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout)["hits"][0]["title"] == "A green gate"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("redirection", "status", "says"),
    [
        (">&-", 0, ""),
        ("| true", 1, ""),
        (">/dev/full", 1, "the output cannot be written"),
    ],
)
def test_where_the_output_goes_never_makes_a_traceback(place: Path, redirection: str, status: int, says: str) -> None:
    command = f"set -o pipefail; {sys.executable} -m imagelore search gate --json {redirection}"
    done = subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_narrow_encoding_does_not_end_a_run(place: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "imagelore", "search", "你好", "--json"]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hits"]


def test_wrong_usage_is_2(place: Path) -> None:
    assert run(place, "search", "--nonsense").returncode == 2
    assert run(place, "nonsense").returncode == 2


def test_settings_come_from_the_environment_and_the_file(place: Path) -> None:
    assert "nowhere-else" in run(place, "status", IMAGELORE_KB="nowhere-else").stderr
    assert "unknown setting `colour`" in run(place, "status", "--kb", "x", **_toml(place, 'colour = "red"')).stderr


def _toml(place: Path, text: str) -> dict[str, str]:
    (place / "imagelore.toml").write_text(text)
    return {}


@pytest.fixture(autouse=True)
def _no_toml(place: Path) -> Any:
    yield
    (place / "imagelore.toml").unlink(missing_ok=True)


def test_interrupting_keeps_what_was_done(tmp_path: Path) -> None:
    source = folder(tmp_path / "many", {f"{n:04}.png": "red" for n in range(400)})
    program = (
        "import time\n"
        "from imagelore.embed import palette\n"
        "embed = palette.Palette.embed_images\n"
        "def slow(self, pictures):\n"
        "    time.sleep(0.2)\n"
        "    print('batch', flush=True)\n"
        "    return embed(self, pictures)\n"
        "palette.Palette.embed_images = slow\n"
        "from imagelore.cli import main\n"
        "main()\n"
    )
    arguments = ["index", str(source), "--kb", str(tmp_path / "kb"), "--embedder", "palette"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again" in error
    assert "Traceback" not in error
    kept = document(tmp_path, "status", "--kb", "kb")["records"]
    assert 0 < kept < 400
    assert f"{kept} added" in out


def test_a_server_that_is_interrupted_under_an_open_page_ends_quietly(place: Path) -> None:
    command = [sys.executable, "-m", "imagelore", "serve", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.search(r"http://\S+", process.stdout.readline())
        assert said is not None
        with httpx.stream("GET", f"{said[0]}/gradio_api/heartbeat/page", timeout=20) as beating:  # as every page does
            assert beating.status_code == 200
            process.send_signal(signal.SIGINT)
            error = process.communicate(timeout=30)[1]
    assert process.returncode == 0
    assert error == ""


def test_help_loads_nothing_heavy() -> None:
    program = "import sys\nfrom imagelore.cli import commands\nprint(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"numpy", "PIL", "lancedb", "pyarrow", "onnxruntime", "gradio", "openai", "rich", "fastapi"}
    assert not heavy & set(eval(done.stdout))


def test_help_names_every_provider(place: Path) -> None:
    help = run(place, "index", "--help").stdout + run(place, "ask", "--help").stdout
    for name in {*providers.names("embed"), *providers.names("generate")} - {"palette"}:  # a double for tests
        assert name in help


def test_a_line_that_goes_to_another_program_is_not_broken(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder with a long name " * 4).strip() / "photos"
    folder(deep, PICTURES)
    assert run(tmp_path, "index", str(deep), "--embedder", "palette").returncode == 0
    found = run(tmp_path, "search", "red", "--top", "1").stdout
    assert str(deep / "red.png") in found
