"""The files of models: fetched once, compared with their hashes, and told in one line where they cannot be had."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants

from imagelore._hub import fetched, kept, whole
from imagelore.errors import EmbedderError, ImageloreError, ModelError
from tests.fakes.hub_server import FakeHub, pinned

DATA = b"weights " * 500
FILE = pinned("model", "onnx/model.onnx", DATA)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    served = FakeHub({})
    served.has(FILE, DATA)
    served.stands_in(monkeypatch, tmp_path / "hub")
    yield served
    served.close()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read through for its hash."""
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(file: Any, *args: Any) -> Any:
        read.append(Path(file.name).name)
        return digest(file, *args)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    return read


def refused(error: type[ImageloreError] = ModelError) -> str:
    with pytest.raises(error) as caught:
        fetched(FILE, "tiny", error)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_comes_once_and_is_read_through_once(hub: FakeHub, hashed: list[str]) -> None:
    assert (kept(FILE), whole(FILE)) == (None, False)
    path = fetched(FILE, "tiny")
    assert path.read_bytes() == DATA
    assert (kept(FILE), whole(FILE)) == (path, True)
    hub.asked.clear()
    assert fetched(FILE, "tiny") == path
    assert (hub.asked, len(hashed)) == ([], 1)


def test_a_file_that_changed_is_read_through_again(hub: FakeHub) -> None:
    path = fetched(FILE, "tiny").resolve()
    path.write_bytes(DATA[::-1])
    assert f"delete `{path}` and start again" in refused()
    path.unlink()
    assert fetched(FILE, "tiny").read_bytes() == DATA


@pytest.mark.parametrize("harm", ["text", "json", "list"])
def test_a_damaged_memory_is_looked_past(hub: FakeHub, hashed: list[str], harm: str) -> None:
    fetched(FILE, "tiny")
    (memory,) = Path(os.environ["XDG_CACHE_HOME"], "imagelore", "verified").iterdir()
    memory.write_text({"text": "\x00", "json": '{"a": 1}', "list": "[]"}[harm])
    fetched(FILE, "tiny")
    assert len(hashed) == 2


def test_a_home_that_cannot_be_written_costs_time_only(
    hub: FakeHub, hashed: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    for _ in range(2):
        fetched(FILE, "tiny")
    assert len(hashed) == 2


def test_the_error_is_of_the_callers_kind(hub: FakeHub) -> None:
    hub.files.clear()
    told = refused(EmbedderError)
    assert "`onnx/model.onnx` of tiny is not in" in told
    assert "404" in told


def test_a_file_without_room_is_not_fetched(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100_000_000))
    told = refused()
    assert "0.1 GB are free: make room, or set HF_HOME" in told
    assert [command for command, _ in hub.asked] == ["HEAD"]


def test_without_a_network_the_hub_is_asked_once(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                calls.append(1)
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        hub.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        hub.stands_in(monkeypatch, tmp_path / "hub")
        told = refused()
    assert len(calls) == 1
    for hint in (
        "imagelore models pull tiny",
        "imagelore models export tiny tiny.tar",
        "imagelore models import tiny.tar",
    ):
        assert hint in told


def test_offline_nothing_is_asked_and_what_is_here_is_used(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched(FILE, "tiny")
    hub.asked.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetched(FILE, "tiny").read_bytes() == DATA
    shutil.rmtree(constants.HF_HUB_CACHE)
    assert "offline mode" in refused()
    assert hub.asked == []
    mirror = "https://me:s3cret@mirror.example/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", mirror)
    monkeypatch.setattr(constants, "ENDPOINT", "https://me:s3cret@mirror.example")
    assert "https://mirror.example/owner/tiny" in refused()


def test_a_download_is_quiet_where_there_is_no_terminal(hub: FakeHub, capfd: pytest.CaptureFixture[str]) -> None:
    fetched(FILE, "tiny")
    assert capfd.readouterr() == ("", "")
