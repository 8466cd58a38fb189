"""What people get wrong on Azure, and what networks do to them: one line that mends it, no secret, nothing lost."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from imagelore.flows.ingest import Progress, Report, Run, ingest
from imagelore.settings import Settings
from tests.cli.running import Ran, run
from tests.fakes.azure import Cloud, cloud
from tests.fakes.azurite import ACCOUNT, KEY, Azurite
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.search_server import READER, SERVICE, WRITER
from tests.flows.pictures import folder, paint

COLOURS = ("red", "green", "blue", "yellow", "black", "white")
NAMES = ("plain.png", "100% wool #1.png", "what?.png", "Größe & Übermaß/日本の寺.png", "a+b=c;d.png", "%41%2F.png")
KEYS = ("AZURE_STORAGE_KEY", "AZURE_VISION_KEY", "AZURE_SEARCH_API_KEY", "AZURE_OPENAI_API_KEY")
ENDPOINTS = (  # a service's address, and a command that needs the service
    ("AZURE_STORAGE_BLOB_ENDPOINT", "index"),
    ("AZURE_VISION_ENDPOINT", "search"),
    ("AZURE_SEARCH_ENDPOINT", "search"),
    ("AZURE_OPENAI_ENDPOINT", "ask"),
)


@pytest.fixture
def azure(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud(azurite) as services:
        for name, value in services.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("IMAGELORE_AZURE_RETRIES", "0")
        yield services


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    """A web server that is no Azure service: it sends everybody to its sign-in page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)


class _Site(BaseHTTPRequestHandler):
    status = 302

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        page = b"<html><body>Sign in</body></html>"
        self.send_response(self.status)
        for name, value in {"Location": "/login", "Content-Type": "text/html", "Content-Length": len(page)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else page)

    do_GET = do_HEAD = do_POST = do_PUT = _answer


def command(place: Path, *arguments: str) -> Ran:
    """A command with the settings of the environment; it tells no key, no token, no traceback."""
    ran = run(place, *arguments, **{name: value for name, value in os.environ.items() if name.startswith("IMAGELORE_")})
    said = ran.stdout + ran.stderr
    assert "Traceback" not in said
    for name in KEYS:
        assert os.environ.get(name, "?\0").strip() not in said, name
    assert "eyJ" not in said
    return ran


def mistaken(place: Path, *arguments: str) -> str:
    """The one line of a command that fails."""
    ran = command(place, *arguments)
    assert ran.returncode == 1, ran
    lines = [line for line in ran.stderr.splitlines() if line.startswith("imagelore: ")]
    assert len(lines) == 1
    assert ran.stderr.endswith(lines[0] + "\n")
    return lines[0]


def done(place: Path, *arguments: str) -> Any:
    ran = command(place, *arguments, "--json")
    assert ran.returncode == 0, ran
    return json.loads(ran.stdout)


def arguments(azure: Cloud, name: str) -> tuple[str, ...]:
    return {"index": ("index", azure.source), "status": ("status",)}.get(name, (name, "Where is the red boat?"))


def indexed(azure: Cloud, place: Path, names: tuple[str, ...] = NAMES) -> Path:
    """Pictures in the container and in the index."""
    made = folder(place / "photos", dict(zip(names, COLOURS, strict=False)), {names[0]: {"title": "Red boat"}})
    done(place, "upload", str(made), azure.source)
    assert done(place, "index", azure.source)["added"] == len(names)
    return made


def test_names_of_every_kind(azure: Cloud, tmp_path: Path) -> None:
    indexed(azure, tmp_path)
    found = done(tmp_path, "search", "Red boat", "--top", "6")["hits"]
    assert {hit["uri"] for hit in found} == {f"{azure.source}/{name}" for name in NAMES}
    asked = command(tmp_path, "ask", "Where is the red boat?")
    assert "Source 6 shows something" in asked.stdout  # each picture could be read
    assert "note:" not in asked.stderr
    done(tmp_path, "upload", str(tmp_path / "photos"), f"{azure.source}/Ordner 1/%23#x?y")
    report = done(tmp_path, "index", f"{azure.source}/Ordner 1/%23#x?y", "--kb", f"{azure.kb}-prefix")
    assert report["added"] == len(NAMES)


@pytest.mark.parametrize("end", ["\r", "\n", " "])
@pytest.mark.parametrize("name", KEYS[1:])
def test_a_key_pasted_with_what_stood_after_it(
    azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, end: str
) -> None:
    """Line ends of Windows, a copied blank: the key is taken without them, or the line names its variable."""
    indexed(azure, tmp_path, NAMES[:1])
    monkeypatch.setenv(name, os.environ[name] + end)
    ran = command(tmp_path, "ask", "Where is the red boat?")
    assert ran.returncode == 0 or name in ran.stderr, ran


@pytest.mark.parametrize("name", KEYS[1:])
def test_a_key_that_is_no_key(azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    indexed(azure, tmp_path, NAMES[:1])
    monkeypatch.setenv(name, "ключ")
    assert re.search(r"AZURE_\w+_KEY\b", mistaken(tmp_path, "ask", "Where is the red boat?"))


@pytest.mark.parametrize("name", KEYS)
def test_what_the_line_says_mends_a_wrong_key(
    azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    indexed(azure, tmp_path, NAMES[:1])
    words = arguments(azure, "index" if "STORAGE" in name else "ask")
    right = os.environ[name]
    monkeypatch.setenv(name, KEY[::-1].replace("==", "AA") if "STORAGE" in name else "wrong-0123456789")
    line = mistaken(tmp_path, *words)
    advised = re.search(r"`(AZURE_\w+_KEY)`", line)
    assert advised, line
    monkeypatch.setenv(advised[1], right)
    assert command(tmp_path, *words).returncode == 0


@pytest.mark.parametrize("status", [302, 200, 404])
@pytest.mark.parametrize(("name", "needs"), ENDPOINTS)
def test_an_address_of_something_else(
    azure: Cloud, tmp_path: Path, site: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, name: str, needs: str,
    status: int,
) -> None:  # fmt: skip
    indexed(azure, tmp_path, NAMES[:1])
    monkeypatch.setattr(_Site, "status", status)
    path = f"/{ACCOUNT}" if "STORAGE" in name else ""
    monkeypatch.setenv(name, f"http://127.0.0.1:{site.server_address[1]}{path}")
    assert f"`{name}`" in mistaken(tmp_path, *arguments(azure, needs))


@pytest.mark.parametrize(("roles", "needs", "wanted"), [
    (set(), "search", "'Reader'"),
    ({SERVICE}, "search", f"'{READER}'"),
    ({SERVICE, READER}, "index", f"'{WRITER}'"),
])  # fmt: skip
def test_a_role_is_missing(
    azure: Cloud, tmp_path: Path, identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch, roles: set[str], needs: str,
    wanted: str,
) -> None:  # fmt: skip
    made = indexed(azure, tmp_path, NAMES[:1])
    paint(made / "new.png", "blue", 7)
    done(tmp_path, "upload", str(made), azure.source)
    monkeypatch.delenv("AZURE_SEARCH_API_KEY")
    azure.search.roles = roles
    assert wanted in mistaken(tmp_path, *arguments(azure, needs))
    azure.search.roles = {SERVICE, WRITER}
    assert done(tmp_path, "index", azure.source)["added"] == 1


@pytest.mark.parametrize("needs", ["index", "search", "status"])
@pytest.mark.parametrize("kb", [
    "azure-search://pix/a--b", "azure-search://pix/x", "azure-search://pix/pictures?api-key=s3cret",
    "azure-search://u:s3cret@pix/pictures", "azuresearch://pix/pictures", "https://pix.search.windows.net/x?sig=s3cret",
])  # fmt: skip
def test_an_address_of_no_knowledge_base(azure: Cloud, tmp_path: Path, kb: str, needs: str) -> None:
    ran = command(tmp_path, *arguments(azure, needs), "--kb", kb)
    assert (ran.returncode, "s3cret" in ran.stdout + ran.stderr) == (1, False)
    assert "azure-search://SERVICE/INDEX" in ran.stderr
    assert "s3cret" not in command(tmp_path, "doctor", "--kb", kb).stdout


def test_a_token_has_expired(
    azure: Cloud, tmp_path: Path, identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed(azure, tmp_path, NAMES[:1])
    identity.lifetime = -60
    for name in KEYS[1:]:
        with monkeypatch.context() as without:
            without.delenv(name)
            assert "`az login`" in mistaken(tmp_path, "ask", "Where is the red boat?")


def test_an_index_of_somebody_else_stays_as_it_is(azure: Cloud, tmp_path: Path) -> None:
    made = folder(tmp_path / "photos", {"a.png": "red"})
    done(tmp_path, "upload", str(made), azure.source)
    done(tmp_path, "index", azure.source)
    theirs = azure.search.indexes[azure.container].schema.definition
    theirs["description"] = "Documents of the board"
    before = json.dumps(theirs, sort_keys=True)
    for words in (arguments(azure, needs) for needs in ("index", "search", "ask", "status")):
        assert "was not made by imagelore" in mistaken(tmp_path, *words)
    assert json.dumps(azure.search.indexes[azure.container].schema.definition, sort_keys=True) == before
    assert command(tmp_path, "doctor").returncode == 1


def test_an_index_with_a_field_that_somebody_added(azure: Cloud, tmp_path: Path) -> None:
    indexed(azure, tmp_path, NAMES[:1])
    at = f"{azure.search.url}/indexes('{azure.container}')?api-version=2026-04-01"
    headers = {"api-key": azure.search.admin_key, "Prefer": "return=representation"}
    definition = {k: v for k, v in requests.get(at, headers=headers, timeout=5).json().items() if k[0] != "@"}
    definition["fields"].append({"name": "m_stock", "type": "Edm.Int32"})
    assert requests.put(at, json=definition, headers=headers, timeout=5).ok
    ran = command(tmp_path, "search", "Red boat")
    assert ran.returncode == 0 or "m_stock" in ran.stderr


def test_a_wrong_vision_key_leaves_no_index_that_another_embedder_is_refused_for(
    azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path / "photos", {"a.png": "red", "b.png": "blue"})
    monkeypatch.setenv("AZURE_VISION_KEY", "wrong-0123456789")
    mistaken(tmp_path, "index", str(made))
    assert done(tmp_path, "index", str(made), "--embedder", "palette")["added"] == 2


def test_a_run_that_was_stopped_half_way_goes_on(azure: Cloud, tmp_path: Path) -> None:
    made = folder(tmp_path / "photos", {f"{number:02}.png": COLOURS[number % 6] for number in range(36)})
    done(tmp_path, "upload", str(made), azure.source)
    settings, seen = Settings.load(), [0]

    def stop() -> bool:
        seen[0] += 1
        return seen[0] > 20

    first = ingest(settings, azure.source, Run(stop=stop))
    assert first.stopped
    azure.storage.before = lambda _, path: (403, "AuthorizationFailure") if path.endswith("/30.png") else None
    assert "AZURE_STORAGE_KEY" in mistaken(tmp_path, "index", azure.source)
    azure.storage.before = lambda _, path: None
    kept = done(tmp_path, "status")["records"]
    last = done(tmp_path, "index", azure.source)
    assert kept >= first.added > 0
    assert (last["added"], last["unchanged"]) == (36 - kept, kept)
    assert done(tmp_path, "status")["records"] == 36


def test_two_runs_at_once_end_well(azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one run is about to end, another writes one of its pictures anew."""
    made = folder(tmp_path / "photos", {"a.png": "red", "b.png": "blue"})
    done(tmp_path, "upload", str(made), azure.source)
    monkeypatch.setenv("IMAGELORE_AZURE_TIMEOUT", "1")
    settings, others = Settings.load(), list[Report]()

    def meanwhile(now: Progress) -> None:
        if now.stage == "finishing" and not others:
            paint(made / "a.png", "green", 9)
            done(tmp_path, "upload", str(made), azure.source)
            azure.search.settle()  # the other run reads what this one has written
            others.append(ingest(settings, azure.source))

    report = ingest(settings, azure.source, Run(progress=meanwhile))
    assert (report.added, others[0].updated) == (2, 1)
    assert (report.warnings, others[0].warnings) == ((), ())


@pytest.mark.parametrize(("deployment", "said"), [
    ("nosuch", "`AZURE_OPENAI_DEPLOYMENT`"),
    ("retired-told", "`AZURE_OPENAI_DEPLOYMENT`"),
    ("embeddings", "`AZURE_OPENAI_DEPLOYMENT`"),
    ("keyless", "`AZURE_OPENAI_API_KEY`"),
    ("closed", "networking"),
    ("picky", "`AZURE_OPENAI_API_VERSION`"),
])  # fmt: skip
def test_a_deployment_that_does_not_answer(
    azure: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deployment: str, said: str
) -> None:
    indexed(azure, tmp_path, NAMES[:1])
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", deployment)
    assert said in mistaken(tmp_path, "ask", "Where is the red boat?")
    assert done(tmp_path, "search", "Red boat")["hits"]
