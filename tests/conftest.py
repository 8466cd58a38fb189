"""What holds for every test: no network but this machine, a home of its own, no settings from outside."""

from __future__ import annotations

import ipaddress
import math
import os
import socket
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from filelock import FileLock

from imagelore import Settings, ingest
from imagelore.flows import _calibrate
from imagelore.flows.ingest import Run
from tests.fakes.azurite import Azurite
from tests.fakes.cohere_server import FakeCohere
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.search_server import FakeSearch
from tests.fakes.vision_server import FakeVision

OUTSIDE = ("IMAGELORE_", "OPENAI_", "AZURE_", "VISION_", "IDENTITY_", "IMDS_", "MSI_")  # what settings and SDKs read
hypothesis.settings.register_profile("untimed", deadline=None)  # machines that run tests are busy
hypothesis.settings.load_profile("untimed")
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _guard(sock: socket.socket, address: Any) -> None:
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(address[0])
    if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        raise RuntimeError(f"a test reached for the network: {address!r}")


def _guarded_connect(sock: socket.socket, address: Any) -> None:
    _guard(sock, address)
    _connect(sock, address)


def _guarded_connect_ex(sock: socket.socket, address: Any) -> int:
    _guard(sock, address)
    return _connect_ex(sock, address)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No network but loopback, a temporary home, none of the variables that settings read."""
    monkeypatch.setattr(socket.socket, "connect", _guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", _guarded_connect_ex)
    for name in list(os.environ):
        if name.startswith(OUTSIDE) or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # no probing of hosts, no `az` is run
    home: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """A calibration asks all of its questions, however slow the machine is: what is found must not depend on that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_calibrate, "_SECONDS", math.inf)
        yield


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample pictures, indexed as `imagelore demo` does; to be read only: all tests of all workers share it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own  # of the run: each worker has its own below
    made = Settings(kb=str(shared / "samples.kb"), embedder="starter", generator="extractive")
    with FileLock(shared / "samples.lock"):
        if not (done := shared / "samples.done").exists():
            with as_file(files("imagelore") / "samples") as folder:
                ingest(made, str(folder), Run(name="samples"))
            done.touch()
    return made


@pytest.fixture
def openai_server() -> Iterator[FakeOpenAI]:
    """A server that speaks OpenAI's protocol and looks at the pictures it is sent."""
    server = FakeOpenAI()
    yield server
    server.close()


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIdentity]:
    """The managed identity that `DefaultAzureCredential` finds; its tokens are not kept from test to test."""
    from imagelore import _azure

    server = FakeIdentity()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    _azure.identity.cache_clear()
    yield server
    if _azure.identity.cache_info().currsize:
        _azure.identity().close()
    _azure.identity.cache_clear()
    server.close()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Blob Storage: one server for all tests of a process; a test takes a `fresh` container."""
    server = Azurite(tmp_path_factory.mktemp("azurite"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def secure_azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """The same over TLS, where it takes tokens of Entra; REQUESTS_CA_BUNDLE has to name its `certificate`."""
    server = Azurite(tmp_path_factory.mktemp("azurite"), secure=True)
    yield server
    server.close()


@pytest.fixture
def vision_server() -> Iterator[FakeVision]:
    """Azure AI Vision's multimodal embeddings, whose vectors mean something."""
    server = FakeVision()
    yield server
    server.close()


@pytest.fixture
def cohere_server() -> Iterator[FakeCohere]:
    """Cohere Embed v4 as Foundry serves it, whose vectors mean something."""
    server = FakeCohere()
    yield server
    server.close()


@pytest.fixture
def search_server() -> Iterator[FakeSearch]:
    """Azure AI Search: it really ranks, and shows what was written after a delay."""
    server = FakeSearch()
    yield server
    server.close()
