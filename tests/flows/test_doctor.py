"""`imagelore doctor`: what it finds on a plain local set-up and with services stood in, and that nothing hides."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imagelore import Settings, ingest
from imagelore.errors import EmbedderError
from imagelore.flows import doctor
from imagelore.flows.doctor import examine
from imagelore.types import Check
from tests.cli.running import run
from tests.fakes.azure_openai_server import FakeAzureOpenAI
from tests.fakes.identity_server import FakeIdentity
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.search_server import FakeSearch
from tests.fakes.vision_server import FakeVision
from tests.flows.named import tiny_on_a_hub
from tests.flows.pictures import folder

SECRET = "sk-secret-99"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with pictures in `photos`, indexed into the default knowledge base there."""
    folder(tmp_path / "photos", {"red.png": "red", "green.png": "green"})
    ingest(local(tmp_path), str(tmp_path / "photos"))
    return tmp_path


def local(place: Path) -> Settings:
    return Settings(kb=str(place / ".imagelore"), embedder="palette")


def found(settings: Settings, source: str = "") -> dict[str, Check]:
    checks = list(examine(settings, source))
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.said and "\n" not in check.said + check.mend for check in checks)
    assert not any(check.mend for check in checks if check.ok)
    return {check.name: check for check in checks}


def test_a_plain_set_up_is_well(place: Path) -> None:
    checks = found(replace(local(place), embedder=""))  # the embedder is the knowledge base's own
    assert list(checks) == [
        "imagelore",
        "knowledge base",
        "embedder",
        f"source {place / 'photos'}",
        "embedder fits the knowledge base",
        "generator",
    ]
    assert all(check.ok for check in checks.values())
    assert "2 records" in checks["knowledge base"].said
    assert "palette 1" in checks["embedder"].said


def test_without_a_knowledge_base_it_says_how_to_make_one(tmp_path: Path) -> None:
    checks = found(local(tmp_path))
    assert [name for name, check in checks.items() if not check.ok] == [
        "knowledge base",
        "embedder fits the knowledge base",
    ]
    assert checks["knowledge base"].mend == "make one with `imagelore index FOLDER`"
    assert checks["embedder fits the knowledge base"].said == "not tried"
    assert not (tmp_path / ".imagelore").exists()


def test_another_embedder_than_the_knowledge_bases(place: Path) -> None:
    fits = found(replace(local(place), embedder="starter"))["embedder fits the knowledge base"]
    assert not fits.ok
    assert "was made by the embedder 'palette', not 'starter'" in fits.said
    assert "leave out `--embedder`" in fits.mend


def test_a_folder_that_is_gone_and_one_that_is_not_indexed_yet(place: Path) -> None:
    shutil.move(place / "photos", place / "moved")
    checks = found(local(place), str(place / "moved"))
    gone, there = checks[f"source {place / 'photos'}"], checks[f"source {place / 'moved'}"]
    assert (gone.ok, there.ok) == (False, True)
    assert "does not exist" in gone.said
    assert gone.mend
    assert checks["knowledge base"].ok


def test_an_empty_folder_is_told(place: Path) -> None:
    (place / "empty").mkdir()
    empty = found(local(place), str(place / "empty"))[f"source {place / 'empty'}"]
    assert (empty.ok, empty.said) == (False, "there is nothing in it")


def test_an_account_without_a_known_container_is_not_looked_into(place: Path) -> None:
    storage = found(replace(local(place), azure_storage_account="pictures"))["Azure Blob Storage"]
    assert "`imagelore doctor az://ACCOUNT/CONTAINER`" in storage.said


def test_a_damaged_knowledge_base_hides_nothing(place: Path) -> None:
    shutil.rmtree(place / ".imagelore" / "records.lance")
    checks = found(local(place))
    assert not checks["knowledge base"].ok
    assert checks["embedder"].ok
    assert checks["generator"].ok


def test_a_wrong_key_fails_one_check_and_is_not_printed(place: Path, openai_server: FakeOpenAI) -> None:
    settings = replace(local(place), openai_base_url=openai_server.url, openai_api_key=SECRET, openai_model="colours")
    checks = found(settings)
    assert [name for name, check in checks.items() if not check.ok] == ["generator"]
    assert "set `OPENAI_API_KEY`" in checks["generator"].mend
    assert SECRET not in repr(checks)


def test_a_model_that_stalls_is_given_up(place: Path, openai_server: FakeOpenAI) -> None:
    settings = replace(
        local(place),
        openai_base_url=openai_server.url,
        openai_api_key=openai_server.key,
        openai_model="stalls",
        openai_timeout=1.0,
    )
    checks = found(settings)
    assert "did not answer within 1 s" in checks["generator"].said
    assert checks["embedder fits the knowledge base"].ok


def test_azure_openai_with_an_identity(place: Path, identity: FakeIdentity) -> None:
    server = FakeAzureOpenAI()
    try:
        settings = replace(local(place), azure_openai_endpoint=server.url, azure_openai_deployment="colours")
        assert all(check.ok for check in found(settings).values())
        blind = found(replace(settings, azure_openai_deployment="no-vision"))
    finally:
        server.close()
    assert [name for name, check in blind.items() if not check.ok] == ["Azure OpenAI: sees pictures"]
    assert identity.asked == ["https://ai.azure.com"]


@pytest.fixture
def on_azure(place: Path, vision_server: FakeVision, search_server: FakeSearch) -> Iterator[Settings]:
    """A folder indexed by AI Vision into AI Search, and a deployment that answers."""
    answering = FakeAzureOpenAI()
    settings = Settings(
        kb="azure-search://pix/photos",
        azure_search_endpoint=search_server.url,
        azure_search_key=search_server.admin_key,
        azure_vision_endpoint=vision_server.url,
        azure_vision_key=vision_server.key,
        azure_vision_rate=0,
        azure_openai_endpoint=answering.url,
        azure_openai_key=answering.key,
        azure_openai_deployment="colours",
    )
    ingest(settings, str(place / "photos"))
    yield settings
    answering.close()


def test_the_reference_architecture_is_well(on_azure: Settings) -> None:
    checks = found(on_azure)
    assert all(check.ok for check in checks.values())
    assert checks["embedder fits the knowledge base"].said == "both are azure_vision 2023-04-15"
    assert {name.partition(":")[0] for name in checks} >= {"Azure AI Search", "Azure AI Vision", "Azure OpenAI"}


@pytest.mark.parametrize(
    ("changed", "failed", "mend"),
    [
        ({"azure_vision_key": SECRET}, ["embedder"], "`AZURE_VISION_KEY`"),
        ({"azure_vision_model": "2022-04-11"}, ["embedder fits the knowledge base"], "index into another place"),
        ({"azure_openai_key": SECRET}, ["generator"], "`AZURE_OPENAI_API_KEY`"),
        ({"azure_openai_deployment": "retired"}, ["generator"], "`AZURE_OPENAI_DEPLOYMENT`"),
        ({"azure_search_key": SECRET}, ["knowledge base", "embedder fits the knowledge base"], "`AZURE_SEARCH_"),
        ({"kb": "azure-search://pix/none"}, ["knowledge base", "embedder fits the knowledge base"], "imagelore index"),
    ],
)
def test_what_is_wrong_with_one_service_is_said_of_that_one(
    on_azure: Settings, changed: dict[str, str], failed: list[str], mend: str
) -> None:
    wrong = [check for check in found(replace(on_azure, **changed)).values() if not check.ok]  # type: ignore[arg-type]
    assert [check.name for check in wrong] == failed
    assert mend in wrong[0].mend
    assert SECRET not in repr(wrong)


def test_a_model_that_is_not_here_is_only_looked_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = tiny_on_a_hub(monkeypatch, place)
    settings = Settings(kb=str(place / "other"), embedder="clip:tiny")
    check = found(settings)["embedder"]
    assert (check.ok, "tiny (0.00 GB) is not whole on this machine" in check.said) == (False, True)
    assert check.mend == "get it with `imagelore models pull tiny`"
    assert hub.asked == []
    ingest(settings, str(place / "photos"))
    assert found(settings)["embedder"].ok
    hub.close()


def test_a_library_that_is_missing_names_its_extra(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("imagelore.generate.azure_openai")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    generator = found(replace(local(place), azure_openai_endpoint="https://r.openai.azure.com"))["generator"]
    assert not generator.ok
    assert generator.mend == 'pip install "imagelore[azure]"'


def test_an_unknown_provider_is_one_failed_check(place: Path) -> None:
    checks = found(replace(local(place), generator="gpt"))
    assert "there is no generate provider 'gpt'" in checks["generator"].said
    assert checks["embedder"].ok


def test_a_check_that_breaks_is_told_after_what_it_found() -> None:
    def look() -> Iterator[Check]:
        yield Check("service: address", True, f"reached with {SECRET}")
        raise ZeroDivisionError(SECRET)

    first, broken = doctor._Visit("service", Settings(azure_search_key=SECRET), look).checks()
    assert first.said == "reached with …"
    assert (broken.ok, broken.said) == (False, "it broke unexpectedly (ZeroDivisionError)")


@pytest.mark.parametrize(
    ("line", "said", "mend"),
    [
        ("x refused the key: set `KEY`", "x refused the key", "set `KEY`"),
        ("x failed (Error: it: broke): set `KEY`", "x failed (Error: it: broke)", "set `KEY`"),
        ("x failed (Error: it broke)", "x failed (Error: it broke)", ""),  # its words are no remedy
        ("no index; run `imagelore index`", "no index", "run `imagelore index`"),
        ("x failed", "x failed", ""),
    ],
)
def test_an_error_becomes_a_check_after_what_was_found(line: str, said: str, mend: str) -> None:
    def look() -> Iterator[Check]:
        yield Check("service: address", True, "reached")
        raise EmbedderError(line)

    first, failed = doctor._Visit("service", Settings(), look).checks()
    assert first.ok
    assert failed == Check("service", False, said, mend)


def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PATIENCE", 0.1)
    ends = threading.Event()

    def look() -> Iterator[Check]:
        yield Check("service: address", True, "reached")
        ends.wait(20)

    first, late = doctor._Visit("service", Settings(), look).checks()
    ends.set()
    assert first.ok
    assert (late.ok, late.said) == (False, "no end after 0.1 s")


def test_waits_and_retries_are_shortened() -> None:
    settings = Settings(azure_timeout=600, azure_retries=9, openai_timeout=5, openai_retries=0)
    hasty = doctor._hasty(settings, 10)
    assert (hasty.azure_retries, hasty.azure_timeout, hasty.azure_patience) == (0, 10, 0)
    assert (hasty.openai_retries, hasty.openai_timeout) == (0, 5)


def test_the_command_says_it_in_lines(place: Path) -> None:
    done = run(place, "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("ok    ") for line in done.stdout.splitlines())
    failed = run(place, "doctor", "--kb", "nowhere", "--embedder", "palette")
    assert failed.returncode == 1
    assert "FAIL  knowledge base: there is none at nowhere\n      -> make one with `imagelore index FOLDER`\n" in (
        failed.stdout
    )


def test_the_command_in_json(place: Path) -> None:
    done = run(place, "doctor", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], done.stderr) == (0, True, "")
    assert all(set(check) == {"name", "ok", "said", "mend"} for check in document["checks"])
    failed = run(place, "doctor", "photos/none", "--json", OPENAI_API_KEY=SECRET, OPENAI_BASE_URL="ftp://x")
    document = json.loads(failed.stdout)
    assert (failed.returncode, document["ok"]) == (1, False)
    assert {"source photos/none", "generator"} == {c["name"] for c in document["checks"] if not c["ok"]}
    assert SECRET not in failed.stdout + failed.stderr
