"""A folder as a source: links, loops, odd names, unreadable parts, very many files."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imagelore.errors import SourceError, UnreadableError
from imagelore.settings import Settings
from imagelore.source import local
from imagelore.types import Asset


def paths(root: Path, **settings: Any) -> list[str]:
    return sorted(asset.path for asset in local.create(str(root), Settings(**settings)).list())


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def asset(path: str) -> Asset:
    return Asset(path, "", 0)


def test_a_loop_of_links_ends_and_lists_nothing_twice(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "sub/b.jpg", "sub/deeper/c.jpg")
    (tmp_path / "sub/deeper/up").symlink_to(tmp_path)
    (tmp_path / "sub/self").symlink_to("self")
    (tmp_path / "again").symlink_to(tmp_path / "sub")
    assert paths(tmp_path) == ["a.jpg", "sub/b.jpg", "sub/deeper/c.jpg"]


def test_a_link_into_a_hidden_store_is_followed_once(tmp_path: Path) -> None:
    write(tmp_path, ".store/a.jpg", ".store/sub/b.jpg")
    (tmp_path / "one").symlink_to(tmp_path / ".store")
    (tmp_path / "two").symlink_to(tmp_path / ".store")
    (tmp_path / ".store/back").symlink_to(tmp_path / ".store")
    (tmp_path / "file.jpg").symlink_to(".store/a.jpg")
    found = paths(tmp_path)
    assert len(found) == 3
    assert "file.jpg" in found
    assert {path.partition("/")[2] for path in found if "/" in path} == {"a.jpg", "sub/b.jpg"}


def test_links_that_lead_out_are_passed_over_by_name_and_never_read(tmp_path: Path) -> None:
    write(tmp_path, "secret/key.jpg", "in/a.jpg")
    (tmp_path / "in/leak.jpg").symlink_to(tmp_path / "secret/key.jpg")
    (tmp_path / "in/folder").symlink_to(tmp_path / "secret")
    source = local.create(str(tmp_path / "in"), Settings())
    assert [a.path for a in source.list()] == ["a.jpg"]
    assert sorted(path for path, _ in source.skipped) == ["folder", "leak.jpg"]
    for path in ("leak.jpg", "folder/key.jpg", "../secret/key.jpg", str(tmp_path / "secret/key.jpg"), "nul\0.jpg"):
        with pytest.raises(UnreadableError):
            source.read(asset(path))


def test_a_sibling_whose_name_starts_like_the_folder_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "in/a.jpg", "inner/b.jpg")
    with pytest.raises(UnreadableError, match="leads out"):
        local.create(str(tmp_path / "in"), Settings()).read(asset("../inner/b.jpg"))


def test_a_linked_root_is_resolved(tmp_path: Path) -> None:
    write(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    source = local.create(str(tmp_path / "link"), Settings())
    assert source.root == str(tmp_path / "real")
    assert [a.path for a in source.list()] == ["a.jpg"]


def test_dangling_links_pipes_and_the_knowledge_base_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg", "kb/data.bin", "kb/thumb.jpg")
    (tmp_path / "dangling.jpg").symlink_to("gone.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert paths(tmp_path, kb=str(tmp_path / "kb")) == ["a.jpg"]
    with pytest.raises(UnreadableError, match="no regular file"):
        local.create(str(tmp_path), Settings()).read(asset("pipe.jpg"))


def test_a_name_that_is_not_utf8_is_passed_over_by_name(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    source = local.create(str(tmp_path), Settings())
    assert [a.path for a in source.list()] == ["a.jpg"]
    ((path, reason),) = source.skipped
    assert path == "caf\\xe9.jpg"
    assert "UTF-8" in reason


@pytest.mark.parametrize("name", ["gone", "file.jpg"])
def test_no_folder_there_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    write(tmp_path, "file.jpg")
    with pytest.raises(SourceError) as told:
        paths(tmp_path / name)
    assert str(tmp_path / name) in str(told.value)
    assert "\n" not in str(told.value)


def test_an_address_that_is_no_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        local.create("a\0b", Settings())


def test_an_unreadable_sub_folder_is_told_after_the_rest_was_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "a/1.jpg", "locked/2.jpg", "z/3.jpg")
    scan: Callable[..., Any] = os.scandir

    def guarded(folder: str) -> Any:
        if folder.endswith("locked"):
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    found: list[str] = []
    with pytest.raises(SourceError, match="locked"):
        found.extend(item.path for item in local.create(str(tmp_path), Settings()).list())
    assert sorted(found) == ["a/1.jpg", "z/3.jpg"]


def test_a_file_over_the_limit_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "large.jpg")
    monkeypatch.setattr(local, "MAX_BYTES", 3)
    with pytest.raises(UnreadableError, match="larger"):
        local.create(str(tmp_path), Settings()).read(asset("large.jpg"))


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    for folder in range(4):
        (tmp_path / str(folder)).mkdir()
        for name in range(1_000):
            (tmp_path / str(folder) / f"{name}.jpg").touch()
    source = local.create(str(tmp_path), Settings())
    tracemalloc.start()
    count = sum(1 for _ in source.list())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_000
    assert peak < 100_000  # a list of the assets would take ten times that
