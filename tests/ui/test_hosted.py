"""The page as a server for others has it: behind a proxy that ends TLS, behind a sign-in, asked for its health."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from imagelore.errors import ImageloreError, KnowledgeBaseError
from imagelore.flows.chat import ChatStream
from imagelore.flows.feedback import kept
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.health import PATIENCE, Health, State
from imagelore.ui.serve import open_session
from imagelore.ui.session import Session
from tests.ui.served import filled, served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")  # Gradio's queue
SITE = "pictures.azurewebsites.net"
PROXY = {"Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7:50123", "X-ARR-SSL": "2048"}
USER = {"X-MS-CLIENT-PRINCIPAL-ID": "5c9e", "X-MS-CLIENT-PRINCIPAL-NAME": "ada@example.com"}


@contextmanager
def hosted(session: Session, **headers: str) -> Iterator[httpx.Client]:
    """A client of a served session that asks as App Service's front end does."""
    with (
        served(session) as page,
        httpx.Client(base_url=page.url, headers={**PROXY, **headers}, trust_env=False, timeout=30) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return filled(tmp_path_factory.mktemp("kb"), host="0.0.0.0")


def put(session: Session, **changes: Any) -> Session:
    """The same knowledge base under other settings."""
    settings = replace(session.settings, **changes)
    return Session(settings, KnowledgeBase(settings))


def join(client: httpx.Client, text: str, who: str, **headers: str) -> httpx.Response:
    """A question put into Gradio's queue, as the page does it."""
    asked = next(d for d in client.get("/config").json()["dependencies"] if d["targets"][0][1] == "submit")
    data = [{"text": text, "files": []}, "", None]
    event = {"data": data, "fn_index": asked["id"], "session_hash": who, "trigger_id": asked["targets"][0][0]}
    return client.post("/gradio_api/queue/join", json=event, headers=headers)


def answer(client: httpx.Client, who: str) -> list[dict[str, Any]]:
    """The events that the page gets for a question, until the stream ends."""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": who}) as stream:
        return [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]


# ---------------------------------------------------------------- behind a proxy


def test_the_page_works_under_the_proxys_name_and_scheme(kb: Session) -> None:
    with hosted(kb) as client:
        html = client.get("/").text
        assert f"https://{SITE}" in html
        assert "http://127.0.0.1" not in html
        assert client.get("/config").json()["root"] == f"https://{SITE}"
        assert join(client, "a red boat", "a", Origin=f"https://{SITE}").status_code == 200
        events = answer(client, "a")
    assert sum(event["msg"] == "process_generating" for event in events) > 1  # it streams
    assert "Red boat" in json.dumps(events)
    assert "127.0.0.1" not in json.dumps(events)


def test_an_upload_goes_through_the_proxy(kb: Session) -> None:
    files = {"files": ("mine.png", b"any", "image/png")}
    with hosted(kb) as client:
        sent = client.post("/gradio_api/upload", files=files, headers={"Origin": f"https://{SITE}"})
        assert sent.status_code == 200
        shown = client.get(f"/gradio_api/file={sent.json()[0]}")
        assert shown.content == b"any"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_can_change_nothing(kb: Session, site: str) -> None:
    files = {"files": ("mine.png", b"any", "image/png")}
    with hosted(kb) as client:
        assert client.post("/gradio_api/upload", files=files, headers={"Sec-Fetch-Site": site}).status_code == 403
        assert join(client, "a red boat", "b", **{"Sec-Fetch-Site": site}).status_code == 403
        assert client.get("/", headers={"Sec-Fetch-Site": site}).status_code == 200  # a link to the page is no attack


def test_a_server_for_others_takes_no_pictures_in(kb: Session) -> None:
    with hosted(kb) as client:
        for path in ("/imagelore/uploads?name=a.png", "/imagelore/index"):
            assert client.post(path, content=b"x", headers={"X-Imagelore": "page"}).status_code == 403


def judge(client: httpx.Client, turn: str, who: str, **headers: str) -> httpx.Response:
    """A thumb up, sent as the page does it."""
    config = client.get("/config").json()
    field = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "il-verdict")
    given = next(d for d in config["dependencies"] if d["targets"][0] == [field, "change"])
    order = json.dumps({"turn": turn, "verdict": "up"})
    event = {"data": [order, None], "fn_index": given["id"], "session_hash": who, "trigger_id": field}
    return client.post("/gradio_api/queue/join", json=event, headers=headers)


def test_a_thumb_counts_only_in_the_conversation_that_it_is_about(tmp_path: Path) -> None:
    session = filled(tmp_path, host="0.0.0.0", data=str(tmp_path / "data"))
    with hosted(session) as client:
        join(client, "a red boat", "a")
        turn = re.search(r"retry-([0-9a-f]{16})", json.dumps(answer(client, "a")))
        assert turn
        join(client, "a barn", "b")
        answer(client, "b")
        assert judge(client, turn[1], "a", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
        for who in ("b", "a"):
            assert not (tmp_path / "data").exists()
            assert judge(client, turn[1], who).status_code == 200
            answer(client, who)
    assert [row["question"] for row in kept(session.settings)] == ["a red boat"]


# ---------------------------------------------------------------- sign-in


def test_nobody_gets_past_a_sign_in_that_is_missing(kb: Session) -> None:
    with hosted(put(kb, behind_sign_in=True)) as client:
        for path in ("/", "/imagelore/browse", "/config", "/gradio_api/queue/data?session_hash=x"):
            refused = client.get(path)
            assert refused.status_code == 401
            assert "IMAGELORE_BEHIND_SIGN_IN" in refused.text
            assert refused.text.count("\n") == 1
        assert join_refused(client)
        assert client.get("/health").status_code == 200


def join_refused(client: httpx.Client) -> bool:
    return client.post("/gradio_api/queue/join", json={"data": []}).status_code == 401


def test_the_page_names_who_is_signed_in_and_lets_them_out(kb: Session) -> None:
    with hosted(put(kb, behind_sign_in=True), **USER) as client:
        html = client.get("/").text
        assert "ada@example.com" in html
        assert 'href=".auth/logout"' in html
        odd = client.get("/", headers={"X-MS-CLIENT-PRINCIPAL-NAME": "<b>&eve"}).text
        assert "&lt;b&gt;&amp;eve" in odd


def test_the_id_says_who_is_signed_in_and_the_name_is_only_shown(kb: Session) -> None:
    with hosted(put(kb, behind_sign_in=True)) as client:
        nameless = client.get("/", headers={"X-MS-CLIENT-PRINCIPAL-ID": "5c9e"})
        assert nameless.status_code == 200
        assert 'href=".auth/logout"' in nameless.text
        assert client.get("/", headers={"X-MS-CLIENT-PRINCIPAL-NAME": "ada@example.com"}).status_code == 401


@pytest.mark.parametrize(("told", "status"), [(None, 401), ("False", 401), ("True", 200), ("true", 200)])
def test_on_app_service_headers_count_only_while_its_sign_in_is_on(
    kb: Session, monkeypatch: pytest.MonkeyPatch, told: str | None, status: int
) -> None:
    monkeypatch.setenv("WEBSITE_SITE_NAME", "pictures")
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    if told is not None:
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", told)
    with hosted(put(kb, behind_sign_in=True), **USER) as client:
        page = client.get("/imagelore/browse")
        assert page.status_code == status
        assert ("sign-in is switched off" in page.text) == (status == 401)
        assert client.get("/health").status_code == 200


def test_the_users_name_is_believed_only_where_a_setting_says_so(kb: Session) -> None:
    with hosted(kb, **USER) as client:
        assert "ada@example.com" not in client.get("/").text


# ---------------------------------------------------------------- health


def test_a_server_that_can_answer_is_healthy(kb: Session) -> None:
    with hosted(kb) as client:
        healthy = client.get("/health")
    assert healthy.status_code == 200
    assert healthy.json() == {"status": "ok"}
    assert healthy.headers["cache-control"] == "no-store"


def test_a_knowledge_base_that_cannot_be_opened_is_told_without_naming_it(
    kb: Session, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = replace(kb.settings, embedder="starter")  # not the one that made it
    with hosted(Session(settings)) as client:
        sick = client.get("/health")
    assert sick.status_code == 503
    assert sick.text.count("\n") == 1
    assert "imagelore doctor" in sick.text
    assert settings.kb not in sick.text
    assert "not healthy" in capfd.readouterr().err


def test_failures_that_pass_within_minutes_end_no_conversation(tmp_path: Path) -> None:
    now = 0.0
    session = filled(tmp_path)
    health = Health(session, lambda: now)
    place, away = Path(session.settings.kb), tmp_path / "away"
    assert health.state() == (True, "ok")

    def later(seconds: float) -> State:
        nonlocal now
        now += seconds
        return health.state()

    for _ in range(2):  # the second time counts from its own first failure
        place.rename(away)
        failing = later(3600)
        assert failing.fit
        assert "cannot be read" in failing.said
        assert later(PATIENCE - 1).fit
        away.rename(place)
        assert later(60) == (True, "ok")
    place.rename(away)
    assert later(60).fit
    assert not later(PATIENCE).fit
    away.rename(place)
    assert later(60) == (True, "ok")


def test_nothing_indexed_is_no_fault_of_the_server(tmp_path: Path) -> None:
    settings = filled(tmp_path / "one").settings
    with hosted(Session(replace(settings, kb=str(tmp_path / "none"), host="0.0.0.0"))) as client:
        empty = client.get("/health")
    assert empty.status_code == 200
    assert "nothing is indexed" in empty.json()["status"]
    assert Health(Session(settings)).state() == (True, "ok")  # it opens what was made meanwhile


@dataclass
class Stuck(Session):
    """A knowledge base whose service does not answer."""

    entered: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    looked: int = 0

    def look_again(self) -> None:
        """Blocks until the test lets go, then fails."""
        self.looked += 1
        self.entered.set()
        self.let_go.wait(20)
        raise KnowledgeBaseError("no answer")


def test_checks_do_not_pile_up_behind_one_that_hangs() -> None:
    session = Stuck(Settings())
    health = Health(session)
    checking = threading.Thread(target=health.state)
    checking.start()
    assert session.entered.wait(20)
    assert not health.state().fit
    assert "starting" in health.state().said
    session.let_go.set()
    checking.join(20)
    assert not health.state().fit
    assert "cannot be read" in health.state().said
    assert session.looked == 1  # the result is kept for a while


def test_a_server_for_others_listens_before_it_asks_for_the_knowledge_base() -> None:
    """A service that hangs takes longer to fail than App Service waits for the port."""
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        endpoint = f"http://127.0.0.1:{hangs.getsockname()[1]}"
        search = Settings(kb="azure-search:///pictures", azure_search_endpoint=endpoint, azure_search_key="k")
        session = open_session(replace(search, host="0.0.0.0", azure_timeout=1, azure_retries=0))
        hangs.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has connected
            hangs.accept()
    assert session.kb is None


def test_a_server_for_others_starts_with_a_knowledge_base_that_cannot_be_opened(kb: Session) -> None:
    broken = replace(kb.settings, embedder="starter")  # not the one that made it
    with pytest.raises(ImageloreError):
        open_session(replace(broken, host="127.0.0.1"))
    with hosted(open_session(broken)) as client:
        assert client.get("/health").status_code == 503
        assert 'data-state="error"' in client.get("/").text


@pytest.mark.parametrize("path", ["browse", "status"])
def test_whoever_comes_first_opens_the_knowledge_base(kb: Session, path: str) -> None:
    with hosted(open_session(kb.settings)) as client:  # a tab that was open before the server started again
        answer = client.get(f"/imagelore/{path}")
        assert answer.status_code == 200
        assert answer.json().get("records") or answer.json().get("pictures")


# ---------------------------------------------------------------- how many at once


class Gated(KnowledgeBase):
    """Counts the questions that are answered at the same time, and holds them until the test lets go."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.inside = self.most = 0

    def chat(self, *asked: Any, **more: Any) -> ChatStream:
        """Holds."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.release()
        self.let_go.wait(20)
        yield from super().chat(*asked, **more)
        self.inside -= 1


def test_further_questions_wait_and_one_too_many_is_refused(kb: Session) -> None:
    settings = replace(kb.settings, answers_at_once=1, answers_waiting=1)
    gate = Gated(settings)
    with hosted(Session(settings, gate)) as client:
        assert join(client, "a red boat", "first").status_code == 200
        assert gate.entered.acquire(timeout=20)
        assert join(client, "a blue lake", "second").status_code == 200
        full = join(client, "a red barn", "third")
        assert full.status_code == 503
        assert "full" in full.json()["detail"]
        assert client.get("/").status_code == 200  # the page itself still opens
        gate.let_go.set()
        for who, title in (("first", "Red boat"), ("second", "Blue lake")):
            assert title in json.dumps(answer(client, who))
    assert gate.most == 1


def test_the_longest_question_is_a_setting(kb: Session) -> None:
    with hosted(put(kb, max_question=20)) as client:
        assert client.get("/imagelore/search", params={"q": "a red boat"}).status_code == 200
        refused = client.get("/imagelore/search", params={"q": "a red boat in the harbour"})
    assert refused.status_code == 400
    assert "20 are the limit" in refused.json()["error"]
