"""The page's routes and headers, what it refuses, and the values that it is drawn from."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from imagelore.errors import SourceError, UsageError
from imagelore.flows.ingest import Progress, ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.assets import assets, version
from imagelore.ui.guard import rewritten
from imagelore.ui.page import uploaded
from imagelore.ui.serve import open_session
from imagelore.ui.session import Session
from tests.flows.pictures import folder
from tests.ui.served import Served, filled, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")  # Gradio's queue
PAGE = {"X-Imagelore": "page"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(filled(tmp_path_factory.mktemp("kb"))) as page:
        yield page


@pytest.fixture
def client(page: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        yield client


def ids(client: httpx.Client) -> dict[str, str]:
    return {p["title"]: p["id"] for p in client.get("/imagelore/browse").json()["pictures"]}


def png(colour: str, side: int = 32) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


# ---------------------------------------------------------------- the page itself


def test_the_page_names_no_other_host(client: httpx.Client) -> None:
    html = client.get("/").text
    named = set(re.findall(r"(?:src|href|content)=[\"'](?:https?:)?//[^\"']+", html))
    assert not named
    assert "iframeResizer.contentWindow" not in html


def test_scripts_run_only_with_the_pages_own_nonce(client: httpx.Client) -> None:
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    found = re.search(r"script-src 'self' 'nonce-([\w-]+)';", policy)
    assert found
    assert "unsafe-eval" not in policy
    scripts = re.findall(r"<script\b[^>]*>", answer.text)
    assert scripts
    assert all(f'nonce="{found[1]}"' in script for script in scripts)
    assert client.get("/").headers["content-security-policy"] != policy
    assert "img-src 'self' data: blob:;" in policy


def test_a_script_out_of_a_record_never_gets_the_nonce(tmp_path: Path) -> None:
    stranger = "<p><script>alert(1)</script></gradio-app></head></p>"
    gradio = "<html><head><script>one()</script></head><body><gradio-app></gradio-app></body></html>"
    html = rewritten(gradio, ("<script src=page.js></script>", stranger, stranger), "n0nce")
    assert html.count('nonce="n0nce"') == 2
    assert html.count("<script>alert(1)</script>") == 2

    rows = {"a.png": {"title": "<script>alert(1)</script>", "text": "<script>alert(2)</script>"}}
    folder(tmp_path / "photos", {"a.png": "red"}, rows)
    settings = Settings(kb=str(tmp_path / ".imagelore"), embedder="palette", generator="extractive")
    ingest(settings, str(tmp_path / "photos"))
    with served(open_session(settings)) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        html = client.get("/").text
    assert "alert(1)" in html
    assert not re.search(r"<script[^>]*>\s*alert", html)


def test_the_first_paint_says_what_is_here_and_what_to_ask(client: httpx.Client) -> None:
    html = client.get("/").text
    assert "7 pictures" in html
    assert "palette" in html
    assert "connect a vision model" in html
    assert html.count("data-ask=") >= 4
    assert "data-like=" in html


def test_titles_are_text_and_not_html(client: httpx.Client) -> None:
    html = client.get("/").text
    assert "<img src=x" not in html


@pytest.mark.parametrize(
    "path", ["/", "/imagelore/browse", f"/imagelore/assets/{version()}/page.js", "/config", "/nowhere"]
)
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]


def test_only_the_pages_own_assets_are_served(client: httpx.Client) -> None:
    assert client.get(f"/imagelore/assets/{version()}/page.css").headers["content-type"].startswith("text/css")
    for name in ("..%2Fapp.py", "app.py", "__init__.py", "..%2F..%2Fapp.py"):
        assert client.get(f"/imagelore/assets/{version()}/{name}").status_code == 404


def test_every_module_of_the_script_comes_with_its_type_and_is_kept_by_version(client: httpx.Client) -> None:
    asked, seen = ["page.js"], set()
    while asked:
        name = asked.pop()
        seen.add(name)
        answer = client.get(f"/imagelore/assets/{version()}/{name}")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        asked += {*re.findall(r'from "\./([\w.]+)"', answer.text)} - seen
    assert seen == {name for name in assets() if name.endswith(".js")}
    assert "no-cache" in client.get("/imagelore/assets/before/page.js").headers["cache-control"]


# ---------------------------------------------------------------- pictures and records


def test_a_thumbnail_may_be_kept_under_an_address_that_changes_with_it(client: httpx.Client) -> None:
    tile = client.get("/imagelore/browse").json()["pictures"][0]
    answer = client.get(f"/{tile['thumbnail']}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert "no-cache" in client.get(f"/imagelore/thumbnails/{tile['id']}").headers["cache-control"]
    again = client.get(f"/imagelore/thumbnails/{tile['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_the_picture_itself_comes_with_its_type(client: httpx.Client, page: Served) -> None:
    answer = client.get(f"/imagelore/pictures/{ids(client)['Red boat']}")
    assert answer.headers["content-type"] == "image/png"
    boat = Path(page.session.settings.kb).parent / "photos" / "boat.png"
    assert answer.content == boat.read_bytes()


def test_what_browsers_cannot_show_comes_as_jpeg(client: httpx.Client) -> None:
    answer = client.get(f"/imagelore/pictures/{ids(client)['scan.tif']}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (64, 48)


def test_a_file_that_became_html_is_never_handed_out(tmp_path: Path) -> None:
    session = filled(tmp_path)
    (tmp_path / "photos" / "boat.png").write_text("<html><script>alert(1)</script></html>")
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        answer = client.get(f"/imagelore/pictures/{ids(client)['Red boat']}")
        assert answer.status_code == 415
        assert "<script>" not in answer.text
        (tmp_path / "photos" / "barn.png").unlink()
        gone = client.get(f"/imagelore/pictures/{ids(client)['Red barn']}")
        assert gone.headers["content-type"] == "image/jpeg"
        assert "thumbnail" in gone.headers["x-imagelore-notice"]


def test_a_file_that_became_a_bomb_or_garbage_is_no_fault(tmp_path: Path) -> None:
    session = filled(tmp_path)
    bomb = io.BytesIO()
    Image.new("1", (13_000, 12_000)).save(bomb, "TIFF", compression="group4")
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        scan = f"/imagelore/pictures/{ids(client)['scan.tif']}"
        for data in (bomb.getvalue(), b"II*\0garbage", b"%!PS-Adobe-3.0 EPSF-3.0", b""):
            (tmp_path / "photos" / "scan.tif").write_bytes(data)
            answer = client.get(scan)
            assert answer.status_code == 415
            assert "no picture that a browser can show" in answer.text


def test_a_record_is_told_whole(client: httpx.Client) -> None:
    record = client.get(f"/imagelore/records/{ids(client)['Red boat']}").json()
    assert record["title"] == "Red boat"
    assert record["tags"] == ["boat", "harbour"]
    assert ["year", "1987"] in record["facts"]
    assert record["file"] == "boat.png"
    assert record["seen"]


def test_neighbours_look_alike_and_leave_the_picture_out(client: httpx.Client) -> None:
    boat = ids(client)["Red boat"]
    found = client.get(f"/imagelore/records/{boat}/neighbours").json()["pictures"]
    assert found[0]["title"] == "Red barn"
    assert boat not in {picture["id"] for picture in found}


@pytest.mark.parametrize("kind", ["thumbnails", "pictures", "records"])
def test_an_unknown_picture_is_not_found(client: httpx.Client, kind: str) -> None:
    assert client.get(f"/imagelore/{kind}/nothing").status_code == 404


# ---------------------------------------------------------------- Gradio's own doors


def ask(client: httpx.Client, files: list[dict[str, Any]]) -> str:
    """Asks through Gradio's queue as its page would; what the server's event stream said."""
    config = client.get("/config").json()
    asked = next(d for d in config["dependencies"] if d["targets"][0][1] == "submit")
    data = [{"text": "what is this?", "files": files}, "", None]
    event = {"data": data, "fn_index": asked["id"], "session_hash": "test", "trigger_id": asked["targets"][0][0]}
    joined = client.post("/gradio_api/queue/join", json=event)
    if joined.status_code != 200:
        return joined.text
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "test"}) as stream:
        return "".join(stream.iter_lines())


def test_a_file_of_the_server_cannot_be_asked_about(client: httpx.Client, page: Served) -> None:
    private = Path(page.session.settings.kb).parent / "photos" / "boat.png"
    said = ask(client, [{"path": str(private), "meta": {"_type": "gradio.FileData"}}])
    assert "Red boat" not in said
    assert "process_completed" in said
    assert '"success":false' in said.replace(" ", "")


def test_gradios_own_check_of_uploads_is_on(
    client: httpx.Client, page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagelore.ui.page.uploaded", lambda path: path)
    test_a_file_of_the_server_cannot_be_asked_about(client, page)


def test_our_own_check_of_uploads_is_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="uploaded"):
        uploaded(tmp_path / "secret.png")


def test_an_uploaded_picture_can_be_asked_about(client: httpx.Client) -> None:
    sent = client.post("/gradio_api/upload", files={"files": ("mine.png", png("red"), "image/png")}).json()
    said = ask(client, [{"path": sent[0], "meta": {"_type": "gradio.FileData"}}])
    assert "Red boat" in said
    assert "data:image/jpeg;base64," in said


def test_files_of_the_server_are_not_served(client: httpx.Client, page: Served) -> None:
    private = Path(page.session.settings.kb).parent / "photos" / "boat.png"
    assert client.get(f"/gradio_api/file={private}").status_code in (403, 404)


def test_the_size_of_an_upload_is_limited(client: httpx.Client) -> None:
    config = client.get("/config").json()
    assert config["max_file_size"] == 50 * 1024**2
    assert not config["analytics_enabled"]
    assert not config["show_error"]


def test_no_endpoint_is_offered_to_scripts(client: httpx.Client) -> None:
    api = client.get("/gradio_api/info").json()
    assert not api["named_endpoints"]
    assert not api["unnamed_endpoints"]


# ---------------------------------------------------------------- adding pictures


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    with served(filled(tmp_path)) as page:
        yield page


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def test_added_pictures_are_kept_beside_the_knowledge_base_and_found(fresh: Served, tmp_path: Path) -> None:
    with httpx.Client(base_url=fresh.url, trust_env=False, timeout=60, headers=PAGE) as client:
        for name in ("new.png", "new.png", "../../../escape.png", "album/.hidden/deep.png"):
            client.post("/imagelore/uploads", params={"name": name}, content=png("purple")).raise_for_status()
        other = client.post("/imagelore/uploads", params={"name": "new.png"}, content=png("orange"))
        assert other.json() == {"name": "new-2.png"}
        told = lines(client.post("/imagelore/index"))
        assert told[-1]["report"]["added"] == 4
        assert any(line.get("stage") == "indexing" for line in told)
        assert client.get("/imagelore/status").json() == {"records": 11, "told": "11 pictures"}
    kept = tmp_path / "imagelore-pictures"
    assert sorted(p.relative_to(kept).as_posix() for p in kept.rglob("*.png")) == [
        "album/hidden/deep.png", "escape.png", "new-2.png", "new.png",
    ]  # fmt: skip
    assert not (tmp_path.parent / "escape.png").exists()


def test_an_added_document_tells_of_its_parts(fresh: Served) -> None:
    with httpx.Client(base_url=fresh.url, trust_env=False, timeout=60, headers=PAGE) as client:
        client.post("/imagelore/uploads", params={"name": "notes.md"}, content=b"# One\n\nOwls.\n\n" * 200)
        told = lines(client.post("/imagelore/index"))
    report = told[-1]["report"]
    assert report["added"] == 1
    assert report["parts"] == max(line.get("parts", 0) for line in told) > 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**PAGE, "Origin": "https://evil.example"},
        {**PAGE, "Host": "evil.example:7860"},
    ],
    ids=["a form of another site", "a script of another site", "a name that resolves to this machine"],
)
def test_another_sites_page_cannot_add_pictures(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.post("/imagelore/uploads", params={"name": "a.png"}, headers=headers).status_code == 403
    assert client.post("/imagelore/index", headers=headers).status_code == 403


def test_a_page_for_others_adds_no_pictures(tmp_path: Path) -> None:
    settings = Settings(kb=str(tmp_path / "kb"), host="0.0.0.0")
    assert Session(settings).folder is None
    assert Session(Settings(kb="az://account/container")).folder is None


def test_what_is_no_picture_is_refused_by_name(fresh: Served, tmp_path: Path) -> None:
    with httpx.Client(base_url=fresh.url, trust_env=False, timeout=60, headers=PAGE) as client:
        refused = client.post("/imagelore/uploads", params={"name": "page.exe"}, content=b"MZ")
        assert refused.status_code == 400
        assert "page.exe" in refused.json()["error"]
        assert client.post("/imagelore/uploads", params={"name": "../.."}, content=b"x").status_code == 400
        too_large = client.post("/imagelore/uploads", params={"name": "a.png"}, content=bytes(50_000_001))
        assert too_large.status_code == 413
    assert not (tmp_path / "imagelore-pictures").exists()


def test_a_source_that_holds_the_folder_already_is_indexed_instead(tmp_path: Path) -> None:
    settings = filled(tmp_path).settings
    ingest(settings, str(tmp_path))
    session = Session(settings, KnowledgeBase(settings))
    before = session.opened().index.count()
    assert session.folder
    session.folder.mkdir()
    (session.folder / "one.png").write_bytes(png("cyan"))
    report = session.index_added(session.folder, lambda _: None)
    assert report.added == 1
    assert session.opened().index.count() == before + 1


def test_adding_keeps_the_knowledge_base_that_is_open(tmp_path: Path) -> None:
    session = filled(tmp_path)
    kb = session.kb
    assert session.folder
    session.folder.mkdir()
    (session.folder / "one.png").write_bytes(png("cyan"))
    session.index_added(session.folder, lambda _: None)
    assert session.kb is kb
    assert session.opened().index.count() == 8


def test_a_run_that_fails_halfway_still_opens_what_it_made(tmp_path: Path) -> None:
    session = Session(Settings(kb=str(tmp_path / ".imagelore"), embedder="palette"))
    assert session.folder
    folder(session.folder, {"a.png": "red"})

    def fails(progress: Progress) -> None:
        if session.kb is None and Path(session.settings.kb).exists():
            raise SourceError("the disk is gone")

    with pytest.raises(SourceError, match="disk"):
        session.index_added(session.folder, fails)
    assert session.kb is not None


# ---------------------------------------------------------------- requests from elsewhere


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "192.168.1.7", "[", ""]
)
@pytest.mark.parametrize("path", ["/", "/imagelore/browse", "/config"])
def test_a_name_that_is_not_this_machines_is_refused(client: httpx.Client, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert answer.text.count("\n") == 1
    assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "127.1.2.3:80", "[::1]:7860", "LOCALHOST"])
def test_every_name_of_this_machine_is_answered(client: httpx.Client, host: str) -> None:
    assert client.get("/imagelore/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]
)
def test_another_sites_page_can_upload_nothing(client: httpx.Client, origin: str) -> None:
    files = {"files": ("mine.png", png("red"), "image/png")}
    assert client.post("/gradio_api/upload", files=files, headers={"Origin": origin}).status_code == 403
    assert client.post("/imagelore/search", content=png("red"), headers={"Origin": origin}).status_code == 403


def test_our_own_page_can_upload(client: httpx.Client, page: Served) -> None:
    files = {"files": ("mine.png", png("red"), "image/png")}
    assert client.post("/gradio_api/upload", files=files, headers={"Origin": page.url}).status_code == 200


def test_a_page_for_others_answers_under_their_name_for_it(tmp_path: Path) -> None:
    session = Session(Settings(kb=str(tmp_path / "kb"), host="0.0.0.0"))
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        assert client.get("/", headers={"Host": "pictures.example"}).status_code == 200


# ---------------------------------------------------------------- nothing indexed yet, or no longer


def test_a_knowledge_base_that_was_deleted_is_told_on_the_page(tmp_path: Path) -> None:
    session = filled(tmp_path)
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        shutil.rmtree(session.settings.kb)
        answer = client.get("/")
        assert answer.status_code == 200
        assert 'data-state="error"' in answer.text
        assert 'role="alert"' in answer.text
        assert client.get("/imagelore/browse").status_code == 503


def test_a_folder_without_a_knowledge_base_is_an_empty_page(tmp_path: Path) -> None:
    (tmp_path / "kb").mkdir()
    session = open_session(Settings(kb=str(tmp_path / "kb"), embedder="palette"))
    assert session.kb is None
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=30) as client:
        assert 'data-state="empty"' in client.get("/").text


def test_an_empty_page_says_what_to_run_and_fills_itself(tmp_path: Path) -> None:
    settings = Settings(kb=str(tmp_path / ".imagelore"), embedder="palette")
    with served(Session(settings)) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=60) as client:
        html = client.get("/").text
        assert 'data-state="empty"' in html
        assert f"imagelore index FOLDER --kb {settings.kb}" in html
        refused = client.get("/imagelore/browse")
        assert refused.status_code == 503
        assert "imagelore index FOLDER" in refused.json()["error"]
        client.post("/imagelore/uploads", params={"name": "a.png"}, content=png("red"), headers=PAGE)
        assert lines(client.post("/imagelore/index", headers=PAGE))[-1]["report"]["added"] == 1
        assert 'data-state="ready"' in client.get("/").text


def test_a_knowledge_base_made_meanwhile_is_opened_on_reload(tmp_path: Path) -> None:
    session = Session(filled(tmp_path).settings)
    assert session.kb is None
    with served(session) as page, httpx.Client(base_url=page.url, trust_env=False, timeout=60) as client:
        assert 'data-state="ready"' in client.get("/").text
