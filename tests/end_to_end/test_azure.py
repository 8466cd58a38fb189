"""The reference architecture as its users run it, every service stood in on loopback.

Folder -> Blob Storage -> index with AI Vision -> AI Search -> an answer of Azure OpenAI that looks at the pictures ->
the page in Chromium; then again while one request in ten fails.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.session import Session
from tests.cli.running import Ran, run
from tests.fakes.azure import Cloud, cloud
from tests.fakes.azurite import Azurite
from tests.fakes.identity_server import FakeIdentity
from tests.flows.pictures import folder, paint
from tests.ui.chromium import chromium, expect
from tests.ui.served import served

SECRETS = ("AccountKey", "Eby8vdM02xNOcqFl", "admin-0123456789abcdef", "0123456789abcdef0123456789abcdef")
COLOURS = ("red", "green", "blue", "yellow", "black", "white")
PICTURES = {f"{colour}/{number}.png": colour for colour in COLOURS for number in range(6)}
ROWS: dict[str, dict[str, Any]] = {
    "red/0.png": {"title": "Red boat", "text": "It dries on the beach of Skagen.", "tags": ["boat"], "year": 1962},
    "blue/1.png": {"title": "Blue barn", "text": "A barn near Leeds.", "year": 1990},
    "green/2.png": {"title": "Green gate", "text": "The gate of the old garden.", "year": 2001},
}


@pytest.fixture
def azure(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud(azurite) as services:
        for name, value in services.environment().items():
            monkeypatch.setenv(name, value)
        yield services


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """36 pictures, a table, a sidecar, and one file that is no picture."""
    made = folder(tmp_path / "photos", PICTURES, ROWS)
    (made / "yellow/3.txt").write_text("A field of rape near Lund.")
    (made / "broken.png").write_bytes(b"\x89PNG no more")
    return made


def done(place: Path, *arguments: str, status: int = 0) -> Any:
    """The JSON that a command prints."""
    ran = command(place, *arguments, "--json")
    assert ran.returncode == status, ran
    return json.loads(ran.stdout)


def command(place: Path, *arguments: str) -> Ran:
    """A command with the settings of the environment; whatever it says, it tells no secret."""
    chosen = {name: value for name, value in os.environ.items() if name.startswith("IMAGELORE_")}
    ran = run(place, *arguments, **chosen)
    assert not any(secret in ran.stdout + ran.stderr for secret in SECRETS)
    assert "Traceback" not in ran.stderr
    return ran


def blobs(azure: Cloud) -> Any:
    client: BlobServiceClient = azure.storage.azurite.client()
    return client, client.get_container_client(azure.container)


def test_from_a_folder_to_an_answer(azure: Cloud, photos: Path, tmp_path: Path) -> None:
    sent = done(tmp_path, "upload", str(photos), azure.source)
    assert sent["uploaded"] == len(PICTURES) + 3
    client, container = blobs(azure)
    with client, container:
        container.get_blob_client("black/4.png").set_blob_metadata({"title": "Slate", "quarry": "Honister"})
    report = done(tmp_path, "index", azure.source)
    assert (report["added"], len(report["skipped"])) == (len(PICTURES), 1)
    assert report["skipped"][0]["uri"] == f"{azure.source}/broken.png"

    status = done(tmp_path, "status")
    assert status["records"] == len(PICTURES)
    assert status["steps"] == {
        "source": "azure_blob", "embed": "azure_vision", "index": "azure_search", "generate": "azure_openai",
    }  # fmt: skip
    assert status["fields"] == {"quarry": "text", "year": "integer"}
    health = done(tmp_path, "doctor")
    assert health["ok"], health

    found = done(tmp_path, "search", "Honister slate", "--top", "3")["hits"]
    assert found[0]["uri"] == f"{azure.source}/black/4.png"
    assert {"text", "meaning", "image"} <= set(found[0]["ranks"])
    assert done(tmp_path, "search", "a field of rape")["hits"][0]["uri"].endswith("yellow/3.png")
    query = paint(tmp_path / "query.png", "green", 61)
    looks = done(tmp_path, "search", "--image", str(query), "--top", "6")["hits"]
    assert {hit["uri"].split("/")[-2] for hit in looks} == {"green"}
    answer = done(tmp_path, "ask", "What lies on the beach of Skagen?")
    assert "Source 1 shows something red [1]" in answer["answer"]
    assert answer["citations"][0]["uri"] == f"{azure.source}/red/0.png"


def test_a_second_run_does_only_what_changed(azure: Cloud, photos: Path, tmp_path: Path) -> None:
    done(tmp_path, "upload", str(photos), azure.source)
    done(tmp_path, "index", azure.source)
    calls = azure.vision.calls
    again = done(tmp_path, "upload", str(photos), azure.source)
    assert (again["uploaded"], again["unchanged"]) == (0, len(PICTURES) + 3)
    assert done(tmp_path, "index", azure.source)["unchanged"] == len(PICTURES)
    assert azure.vision.calls == calls
    paint(photos / "red/1.png", "blue", 60)
    done(tmp_path, "upload", str(photos), azure.source)
    client, container = blobs(azure)
    with client, container:
        container.delete_blob("white/5.png")
        container.get_blob_client("white/4.png").set_blob_metadata({"title": "Chalk"})
    report = done(tmp_path, "index", azure.source)
    assert (report["updated"], report["removed"], report["unchanged"]) == (2, 1, len(PICTURES) - 3)
    assert done(tmp_path, "search", "chalk")["hits"][0]["title"] == "Chalk"
    assert [request.kind for request in azure.vision.requests].count("image") == len(PICTURES) + 1


def test_who_may_not_read_tags_is_told_and_gets_the_rest(azure: Cloud, photos: Path, tmp_path: Path) -> None:
    done(tmp_path, "upload", str(photos), azure.source)
    azure.storage.before = lambda _, path: (403, "AuthorizationPermissionMismatch") if "tags" in path else None
    ran = command(tmp_path, "index", azure.source)
    assert ran.returncode == 0
    assert "36 added" in ran.stdout
    assert "Storage Blob Data Owner" in ran.stderr


def test_an_answer_says_when_its_pictures_are_gone(azure: Cloud, photos: Path, tmp_path: Path) -> None:
    done(tmp_path, "upload", str(photos), azure.source)
    done(tmp_path, "index", azure.source)
    azure.storage.before = lambda *_: (404, "BlobNotFound")
    ran = command(tmp_path, "ask", "What lies on the beach of Skagen?")
    assert "6 of the pictures behind this answer could not be opened: only the thumbnail is left" in ran.stderr
    assert "[1]" in ran.stdout


def test_status_needs_neither_embedder_nor_generator(
    azure: Cloud, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(tmp_path, "upload", str(photos), azure.source)
    done(tmp_path, "index", azure.source)
    monkeypatch.delenv("AZURE_VISION_ENDPOINT")
    monkeypatch.delenv("AZURE_OPENAI_DEPLOYMENT")
    status = done(tmp_path, "status")
    assert (status["records"], status["embedder"]["name"]) == (len(PICTURES), "azure_vision")
    assert "not ready" in status["generator"]
    assert "AZURE_OPENAI_DEPLOYMENT" in status["generator"]


def test_without_a_single_key(
    azure: Cloud, secure_azurite: Azurite, photos: Path, tmp_path: Path, identity: FakeIdentity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("AZURE_STORAGE_KEY", "AZURE_VISION_KEY", "AZURE_SEARCH_API_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_STORAGE_BLOB_ENDPOINT", secure_azurite.endpoint)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    done(tmp_path, "upload", str(photos), azure.source)
    assert done(tmp_path, "index", azure.source)["added"] == len(PICTURES)
    assert "[1]" in done(tmp_path, "ask", "What lies on the beach of Skagen?")["answer"]
    assert done(tmp_path, "doctor")["ok"]


def test_a_run_sits_out_what_a_question_does_not(
    azure: Cloud, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGELORE_AZURE_PATIENCE", "0")
    done(tmp_path, "upload", str(photos), azure.source)
    azure.vision.faults.fail_next(429, {"Retry-After": "0.1"}, times=3)
    assert done(tmp_path, "index", azure.source)["added"] == len(PICTURES)
    azure.vision.faults.fail_next(429, {"Retry-After": "30"}, times=3)
    ran = command(tmp_path, "search", "boat")
    assert ran.returncode == 1
    assert "takes no calls for 30 seconds" in ran.stderr


def test_while_one_request_in_ten_fails(azure: Cloud, photos: Path, tmp_path: Path) -> None:
    for seed, faults in enumerate(azure.faults):
        faults.rate = 0.1
        faults._random.seed(seed)
    sent = done(tmp_path, "upload", str(photos), azure.source)
    assert (sent["uploaded"], sent["skipped"]) == (len(PICTURES) + 3, [])
    report = done(tmp_path, "index", azure.source)
    assert (report["added"], len(report["skipped"])) == (len(PICTURES), 1)
    assert done(tmp_path, "status")["records"] == len(PICTURES)
    for path, row in ROWS.items():
        assert done(tmp_path, "search", row["text"], "--top", "1")["hits"][0]["uri"] == f"{azure.source}/{path}"
    asked = done(tmp_path, "ask", "What lies on the beach of Skagen?")
    assert asked["citations"][0]["uri"] == f"{azure.source}/red/0.png"
    assert done(tmp_path, "index", azure.source)["unchanged"] == len(PICTURES)
    assert all(faults.taken for faults in azure.faults[:3])


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")
@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_the_page(azure: Cloud, photos: Path, tmp_path: Path, rate: float) -> None:
    done(tmp_path, "upload", str(photos), azure.source)
    done(tmp_path, "index", azure.source)
    for faults in azure.faults:
        faults.rate = rate
    settings = Settings.load()
    with served(Session(settings, KnowledgeBase(settings))) as site, chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(20_000)
        page.goto(site.url)
        page.wait_for_selector("body.il-ready")
        assert "36 pictures" in page.inner_text("body")
        page.fill("#il-box textarea", "What lies on the beach of Skagen?")
        page.press("#il-box textarea", "Enter")
        expect(page.locator(".il-acts")).to_have_count(1)
        text = page.locator("#il-log .bot-row").last.inner_text()
        assert "shows something red" in text
        assert not any(secret in page.content() for secret in SECRETS)
