"""`imagelore describe` as scripts and people meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import Ran, run
from tests.fakes.openai_server import FakeOpenAI
from tests.flows.pictures import folder

PICTURES = {"red.png": "red", "green.png": "green", "blue.png": "blue"}
ROWS = {"red.png": {"title": "A red door"}}


@pytest.fixture
def place(tmp_path: Path, openai_server: FakeOpenAI) -> Path:
    """A knowledge base of three pictures, one of them with a title, and a model that says what it sees."""
    folder(tmp_path / "photos", PICTURES, ROWS)
    assert run(tmp_path, "index", "photos", "--embedder", "palette", "--ocr", "off").returncode == 0
    openai_server.seen = lambda colour: json.dumps({"caption": f"A {colour} balloon.", "tags": ["balloon"]})
    return tmp_path


def describe(place: Path, server: FakeOpenAI, *arguments: str, **environment: str) -> Ran:
    return run(place, "describe", *arguments, **(server.environment() | environment))


def test_json_is_one_document(place: Path, openai_server: FakeOpenAI) -> None:
    done = describe(place, openai_server, "--json", "--most", "1")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report.pop("seconds") > 0
    assert report == {
        "described": 1,
        "skipped": [],
        "left": 1,
        "tokens": {"prompt": 90, "completion": 7},
        "cost": None,
        "stopped": "most",
    }
    prices = {"IMAGELORE_PRICE_INPUT": "10", "IMAGELORE_PRICE_OUTPUT": "100"}
    report = json.loads(describe(place, openai_server, "--json", "--cost", "1.5", **prices).stdout)
    assert (report["described"], report["cost"], report["stopped"]) == (1, 0.0016, "")


def test_what_it_did_is_one_line_and_the_pictures_are_found(place: Path, openai_server: FakeOpenAI) -> None:
    done = describe(place, openai_server)
    assert done.stdout.startswith("2 described, 0 skipped, 0 left, 194 tokens in ")
    hits = json.loads(run(place, "search", "balloons", "--json", "--rankings", "text").stdout)["hits"]
    assert {Path(hit["uri"]).name for hit in hits} == {"green.png", "blue.png"}
    assert all(hit["title"] == "" or "balloon" not in hit["title"].lower() for hit in hits)


def test_what_is_skipped_and_why_it_stopped_go_to_stderr(place: Path, openai_server: FakeOpenAI) -> None:
    openai_server.seen = lambda colour: "{}" if colour == "green" else '{"caption": "A balloon."}'
    done = describe(place, openai_server, "--most", "2", "--all")
    assert done.returncode == 0
    assert "as many pictures as --most allows were sent" in done.stderr
    assert "skipped" in describe(place, openai_server).stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--generator", "extractive"], "needs a chat model that sees pictures, and 'extractive' is none"),
        (["--cost", "1"], "`--cost` needs prices"),
        (["--where", "nothing = 1"], "there is no field 'nothing'"),
        (["--kb", "elsewhere"], "there is no knowledge base at `elsewhere`"),
    ],
)
def test_what_is_wrong_is_one_line(place: Path, openai_server: FakeOpenAI, arguments: list[str], told: str) -> None:
    done = describe(place, openai_server, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert openai_server.tasks == []


def test_a_service_that_refuses_is_one_line_after_the_document(place: Path, openai_server: FakeOpenAI) -> None:
    done = describe(place, openai_server, "--json", OPENAI_API_KEY="wrong")
    report = json.loads(done.stdout)
    assert (done.returncode, report["described"], report["stopped"], report["left"]) == (1, 0, "service", 2)
    assert "refused the key" in done.stderr.splitlines()[-1]
