"""What every source provider promises. A provider joins by one more builder in `BUILDERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from imagelore.errors import SourceError, UnreadableError
from imagelore.settings import Settings
from imagelore.source import Source, azure_blob, local
from imagelore.types import Asset
from tests.fakes.azurite import ACCOUNT, Azurite

FILES = {
    "a.jpg": b"one",
    "metadata.jsonl": b"{}",
    "deep/er/b.png": b"two",
    "deep/ünï cøde 日本.webp": b"three",
    "empty.gif": b"",
    ".hidden/c.jpg": b"no",
    "deep/.d.jpg": b"no",
}
VISIBLE = {path for path in FILES if "/." not in f"/{path}"}

Built = tuple[Source, Callable[[str, bytes], None]]  # a source, and what changes one of its files (or adds it)
Builder = Callable[[Path, Mapping[str, bytes]], Built]


def local_folder(request: pytest.FixtureRequest, scratch: Path, files: Mapping[str, bytes]) -> Built:
    """A folder of these files; without any there is no folder."""

    def put(path: str, data: bytes) -> None:
        (scratch / "pictures" / path).parent.mkdir(parents=True, exist_ok=True)
        (scratch / "pictures" / path).write_bytes(data)

    for path, data in files.items():
        put(path, data)
    return local.create(str(scratch / "pictures"), Settings()), put


def blob_container(request: pytest.FixtureRequest, scratch: Path, files: Mapping[str, bytes]) -> Built:
    """A folder of a container in Azurite, with blobs beside it; without files there is no container."""
    azurite: Azurite = request.getfixturevalue("azurite")
    place = azurite.fresh()
    container = azurite.client().get_container_client(place)

    def put(path: str, data: bytes) -> None:
        container.upload_blob(f"pictures/{path}", data, overwrite=True)

    if files:
        container.create_container()
        container.upload_blob("pictures2/beside.jpg", b"no")
        for path, data in files.items():
            put(path, data)
    return azure_blob.create(f"az://{ACCOUNT}/{place}/pictures", azurite.settings()), put


BUILDERS = {"local": local_folder, "azure_blob": blob_container}


@pytest.fixture(params=BUILDERS)
def build(request: pytest.FixtureRequest) -> Builder:
    return partial(BUILDERS[request.param], request)


def test_lists_every_file_that_is_not_hidden(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, FILES)
    assets = list(source.list())
    assert sorted(asset.path for asset in assets) == sorted(VISIBLE)
    assert {asset.path: asset.size for asset in assets} == {path: len(FILES[path]) for path in VISIBLE}
    assert source.skipped == ()


def test_reads_the_bytes_it_lists(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, FILES)
    assert {asset.path: source.read(asset) for asset in source.list()} == {path: FILES[path] for path in VISIBLE}


def test_version_changes_with_the_content_only(build: Builder, tmp_path: Path) -> None:
    source, put = build(tmp_path, FILES)
    before = {asset.path: asset.version for asset in source.list()}
    put("a.jpg", b"another content")
    after = {asset.path: asset.version for asset in source.list()}
    assert [path for path in before if before[path] != after[path]] == ["a.jpg"]


def test_listing_twice_gives_the_same(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, FILES)
    assert sorted(source.list(), key=lambda a: a.path) == sorted(source.list(), key=lambda a: a.path)


def test_uri_ends_in_the_path(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, FILES)
    assert source.uri("deep/er/b.png").endswith("/deep/er/b.png")
    assert source.root in source.uri("a.jpg")


def test_a_file_that_is_gone_is_unreadable(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, FILES)
    with pytest.raises(UnreadableError) as told:
        source.read(Asset("gone.jpg", "", 0))
    assert "\n" not in str(told.value)


def test_a_place_that_is_missing_cannot_be_listed(build: Builder, tmp_path: Path) -> None:
    source, _ = build(tmp_path, {})
    with pytest.raises(SourceError) as told:
        list(source.list())
    assert source.root in str(told.value)
    assert "\n" not in str(told.value)
