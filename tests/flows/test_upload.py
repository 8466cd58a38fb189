"""Uploading a folder, against Azurite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient, ContentSettings, StandardBlobTier

from imagelore.errors import SourceError, UsageError
from imagelore.flows.upload import Run, upload
from imagelore.source import azure_blob
from imagelore.source.azure_blob import container, retry
from imagelore.source.azure_blob.values import encoded
from tests.cli.running import run as command
from tests.fakes.azurite import ACCOUNT, Azurite, Relay
from tests.fakes.identity_server import FakeIdentity

FILES = {
    "a.jpg": b"\xff\xd8one",
    "a.jpg.json": b'{"title": "A"}',
    "metadata.jsonl": b'{"file_name": "a.jpg"}\n',
    "deep/ünï cøde 日本.webp": b"RIFF",
    "deep/er/empty.png": b"",
    "notes.xyz": b"?",
    ".hidden/b.jpg": b"no",
}
VISIBLE = {path: data for path, data in FILES.items() if not path.startswith(".")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, data in FILES.items():
        (tmp_path / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / path).write_bytes(data)
    return tmp_path / "photos"


@pytest.fixture
def blobs(azurite: Azurite) -> ContainerClient:
    """A container that is not there yet."""
    return azurite.client().get_container_client(azurite.fresh())


@pytest.fixture
def relay(azurite: Azurite) -> Iterator[Relay]:
    server = Relay(azurite)
    yield server
    server.close()


def address(blobs: ContainerClient, prefix: str = "/in/here") -> str:
    return f"az://{ACCOUNT}/{blobs.container_name}{prefix}"


def held(blobs: ContainerClient, prefix: str = "in/here/") -> dict[str, bytes]:
    names = [name for name in blobs.list_blob_names() if name.startswith(prefix)]
    return {name.removeprefix(prefix): blobs.download_blob(name).readall() for name in names}


def test_what_is_uploaded_is_what_the_source_lists(azurite: Azurite, blobs: ContainerClient, folder: Path) -> None:
    report = upload(azurite.settings(), str(folder), address(blobs))
    assert (report.uploaded, report.unchanged, report.skipped, report.stopped) == (len(VISIBLE), 0, (), False)
    assert held(blobs) == VISIBLE
    source = azure_blob.create(address(blobs), azurite.settings())
    assert {asset.path: source.read(asset) for asset in source.list()} == VISIBLE
    kinds = {blob.name: blob.content_settings.content_type for blob in blobs.list_blobs()}
    assert kinds["in/here/a.jpg"] == "image/jpeg"
    assert kinds["in/here/deep/ünï cøde 日本.webp"] == "image/webp"
    assert kinds["in/here/metadata.jsonl"] == "application/jsonl"
    assert kinds["in/here/notes.xyz"] == "application/octet-stream"


def test_a_second_upload_sends_only_what_changed(blobs: ContainerClient, relay: Relay, folder: Path) -> None:
    upload(relay.settings(), str(folder), address(blobs))
    blobs.upload_blob("in/here/theirs.jpg", b"stays")
    (folder / "a.jpg").write_bytes(b"\xff\xd8two")  # as long as before
    (folder / "notes.xyz").unlink()
    relay.seen.clear()
    report = upload(relay.settings(), str(folder), address(blobs))
    assert (report.uploaded, report.unchanged) == (1, len(VISIBLE) - 2)
    assert held(blobs) == VISIBLE | {"a.jpg": b"\xff\xd8two", "theirs.jpg": b"stays"}
    assert [path.partition("?")[0] for method, path, _ in relay.seen if method == "PUT"] == [
        f"/{ACCOUNT}/{blobs.container_name}/in/here/a.jpg"
    ]


def test_overwriting_keeps_what_was_known_of_the_blob(azurite: Azurite, blobs: ContainerClient, folder: Path) -> None:
    blobs.create_container()
    known = {"title": "Grün", "note": "plain"}
    blobs.upload_blob(
        "in/here/a.jpg",
        b"old",
        metadata=encoded(known),
        tags={"project": "a b", "kind": "bird"},
        content_settings=ContentSettings(content_type="text/plain", cache_control="no-store"),
    )
    upload(azurite.settings(), str(folder), address(blobs))
    blob = blobs.get_blob_client("in/here/a.jpg")
    now = blob.get_blob_properties()
    assert blob.download_blob().readall() == FILES["a.jpg"]
    assert blob.get_blob_tags() == {"project": "a b", "kind": "bird"}
    assert (now.content_settings.content_type, now.content_settings.cache_control) == ("image/jpeg", "no-store")
    source = azure_blob.create(address(blobs), azurite.settings())
    facts = {asset.path: asset.facts for asset in source.list()}
    assert facts["a.jpg"] == known | {"project": "a b", "kind": "bird"}


def test_tags_that_cannot_be_kept_are_not_lost(blobs: ContainerClient, relay: Relay, folder: Path) -> None:
    blobs.create_container()
    blobs.upload_blob("in/here/a.jpg", b"old", tags={"project": "a"})
    relay.before = lambda method, path: (
        (403, "AuthorizationPermissionMismatch") if method == "GET" and "comp=tags" in path else None
    )
    report = upload(relay.settings(), str(folder), address(blobs))
    assert report.uploaded == len(VISIBLE) - 1
    [(uri, reason)] = report.skipped
    assert uri.endswith("/photos/a.jpg")
    assert "Storage Blob Data Owner" in reason
    assert held(blobs)["a.jpg"] == b"old"


def test_without_leave_to_see_tags_it_is_said_that_they_get_lost(
    blobs: ContainerClient, relay: Relay, folder: Path
) -> None:
    blobs.create_container()
    for name in VISIBLE:
        blobs.upload_blob(f"in/here/{name}", b"old", tags={"project": "a"})
    allowed = upload(relay.settings(), str(folder), address(blobs))
    assert blobs.get_blob_client("in/here/a.jpg").get_blob_tags() == {"project": "a"}
    relay.hidden = {"x-ms-tag-count"}  # who may not read tags is not told their number
    (folder / "a.jpg").write_bytes(b"\xff\xd8two")
    (folder / "a.jpg.json").write_bytes(b"{}")
    relay.before = lambda method, path: (
        (403, "AuthorizationPermissionMismatch") if method == "GET" and "comp=tags" in path else None
    )
    relay.seen.clear()
    report = upload(relay.settings(), str(folder), address(blobs))
    assert (allowed.warnings, report.uploaded, report.skipped) == ((), 2, ())
    (warning,) = report.warnings
    assert "index tags cannot be seen (AuthorizationPermissionMismatch)" in warning
    assert "Storage Blob Data Owner" in warning
    assert relay.count("GET", "comp=tags") == 1


def test_an_account_without_tags_has_none_to_lose(blobs: ContainerClient, relay: Relay, folder: Path) -> None:
    blobs.create_container()
    blobs.upload_blob("in/here/a.jpg", b"old")
    relay.before = lambda _method, path: (
        (409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts") if "comp=tags" in path else None
    )
    report = upload(relay.settings(), str(folder), address(blobs))
    assert (report.uploaded, report.warnings) == (len(VISIBLE), ())


@pytest.mark.parametrize("large", [False, True])
def test_a_blob_stays_in_its_tier(
    azurite: Azurite, blobs: ContainerClient, folder: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    blobs.create_container()
    blobs.upload_blob("in/here/a.jpg", b"old", standard_blob_tier=StandardBlobTier.COOL)
    blobs.upload_blob("in/here/notes.xyz", b"old")
    if large:
        monkeypatch.setattr(container, "BLOCK", 2)
    upload(azurite.settings(), str(folder), address(blobs))
    tiers = {blob.name: (blob.blob_tier, bool(blob.blob_tier_inferred)) for blob in blobs.list_blobs()}
    assert tiers["in/here/a.jpg"] == ("Cool", False)
    assert tiers["in/here/notes.xyz"] == ("Hot", True)  # the account's default stays one


def test_large_files_go_in_blocks_and_appear_at_once(
    blobs: ContainerClient, relay: Relay, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "BLOCK", 1_000)
    blobs.create_container()
    blobs.upload_blob("in/here/big.tif", b"old")
    (folder / "big.tif").write_bytes(bytes(range(256)) * 10)
    relay.before = lambda _method, path: (
        (403, "AuthorizationFailure") if relay.count("PUT", "comp=block&") == 3 and "comp=block&" in path else None
    )
    with pytest.raises(SourceError, match="AuthorizationFailure"):
        upload(relay.settings(), str(folder), address(blobs))
    assert held(blobs)["big.tif"] == b"old"
    report = upload(relay.settings(), str(folder), address(blobs))
    assert report.uploaded + report.unchanged == len(VISIBLE) + 1
    assert held(blobs) == VISIBLE | {"big.tif": bytes(range(256)) * 10}
    assert relay.count("PUT", "comp=blocklist") == 1
    again = upload(relay.settings(), str(folder), address(blobs))
    assert (again.uploaded, again.unchanged) == (0, len(VISIBLE) + 1)


def test_an_interrupted_upload_goes_on(azurite: Azurite, blobs: ContainerClient, tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number:02d}.jpg").write_bytes(b"x" * number)
    told: list[int] = []
    interrupted = Run(
        progress=lambda now: told.append(now.done) if now.stage == "uploading" else None,
        stop=lambda: bool(told),
    )
    first = upload(azurite.settings(), str(tmp_path), address(blobs), interrupted)
    assert first.stopped
    assert 0 < first.uploaded < 60
    second = upload(azurite.settings(), str(tmp_path), address(blobs))
    assert not second.stopped
    assert (second.uploaded, second.unchanged) == (60 - first.uploaded, first.uploaded)
    assert len(held(blobs)) == 60


def test_faults_on_the_way_lose_nothing(
    blobs: ContainerClient, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_FIRST", 0.01)
    for number in range(40):
        (tmp_path / f"{number:02d}.jpg").write_bytes(b"x" * (number + 1))
    relay.faults.rate = 0.25
    report = upload(relay.settings(azure_retries=8), str(tmp_path), address(blobs))
    assert (report.uploaded, report.unchanged, report.skipped) == (40, 0, ())
    assert len(relay.faults.taken) >= 5
    assert held(blobs) == {f"{number:02d}.jpg": b"x" * (number + 1) for number in range(40)}


def test_an_answer_that_got_lost_does_no_harm(
    blobs: ContainerClient, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_FIRST", 0.01)
    blobs.create_container()
    (tmp_path / "a.jpg").write_bytes(b"one")
    relay.lost = 1
    report = upload(relay.settings(), str(tmp_path), address(blobs))
    assert (report.uploaded, report.skipped) == (1, ())
    assert held(blobs) == {"a.jpg": b"one"}


def test_one_file_that_is_refused_stops_nothing(azurite: Azurite, blobs: ContainerClient, folder: Path) -> None:
    blobs.create_container()
    leased = blobs.upload_blob("in/here/a.jpg", b"old").acquire_lease()
    (folder / "back\\slash.jpg").write_bytes(b"x")
    report = upload(azurite.settings(), str(folder), address(blobs))
    leased.break_lease()
    reasons = {uri.rpartition("/")[2]: reason for uri, reason in report.skipped}
    assert set(reasons) == {"a.jpg", "back\\slash.jpg"}
    assert "lease" in reasons["a.jpg"]
    assert "backslash" in reasons["back\\slash.jpg"]
    assert report.uploaded == len(VISIBLE) - 1


def test_an_archived_blob_is_written_again_or_named(azurite: Azurite, blobs: ContainerClient, tmp_path: Path) -> None:
    blobs.create_container()
    blobs.upload_blob("in/here/a.jpg", b"old", standard_blob_tier=StandardBlobTier.ARCHIVE)
    (tmp_path / "a.jpg").write_bytes(b"new")
    report = upload(azurite.settings(), str(tmp_path), address(blobs))
    assert report.uploaded + len(report.skipped) == 1


@pytest.mark.usefixtures("identity")
def test_a_missing_role_is_named(secure_azurite: Azurite, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    relay = Relay(secure_azurite)
    relay.before = lambda method, _path: (403, "AuthorizationPermissionMismatch") if method == "PUT" else None
    try:
        with pytest.raises(SourceError) as told:
            upload(relay.settings(azure_storage_key=""), str(folder), f"az://{ACCOUNT}/not-there")
    finally:
        relay.close()
    assert "'Storage Blob Data Contributor'" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_identity_uploads(
    secure_azurite: Azurite, identity: FakeIdentity, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    report = upload(
        secure_azurite.settings(azure_storage_key=""), str(folder), f"az://{ACCOUNT}/{secure_azurite.fresh()}"
    )
    assert report.uploaded == len(VISIBLE)
    assert identity.asked == ["https://storage.azure.com"]


def test_a_folder_or_container_that_is_none_is_named(azurite: Azurite, blobs: ContainerClient, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        upload(azurite.settings(), str(tmp_path / "none"), address(blobs))
    with pytest.raises(UsageError, match="is no container"):
        upload(azurite.settings(), str(tmp_path), str(tmp_path / "elsewhere"))
    assert not blobs.exists()


def test_the_command_in_json(azurite: Azurite, blobs: ContainerClient, folder: Path, tmp_path: Path) -> None:
    (folder / "back\\slash.jpg").write_bytes(b"x")
    done = command(tmp_path, "upload", "photos", address(blobs), "--json", **azurite.environment())
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"uploaded", "unchanged", "skipped", "seconds"}
    assert (report["uploaded"], report["unchanged"]) == (len(VISIBLE), 0)
    assert report["skipped"][0]["uri"].endswith("photos/back\\slash.jpg")
    again = command(tmp_path, "upload", "photos", address(blobs), **azurite.environment())
    assert again.stdout.startswith(f"0 uploaded, {len(VISIBLE)} unchanged, 1 skipped")


def test_the_command_told_in_one_line(azurite: Azurite, blobs: ContainerClient, folder: Path, tmp_path: Path) -> None:
    wrong = azurite.environment() | {"AZURE_STORAGE_KEY": "d3Jvbmc="}
    done = command(tmp_path, "upload", "photos", address(blobs), **wrong)
    assert done.returncode == 1
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert "`AZURE_STORAGE_KEY`" in done.stderr
