"""Pictures that arrive through the page are kept under safe names, and never over another file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.errors import SourceError, UnreadableError, UsageError
from imagelore.flows.add import endings, folder_for, safe_name, save, source_for
from imagelore.settings import Settings
from imagelore.types import SourceInfo


@given(st.text(max_size=300))
def test_a_safe_name_stays_inside_its_folder(name: str) -> None:
    try:
        path = safe_name(name)
    except UsageError:
        return
    assert not path.is_absolute()
    assert len(path.parts) <= 4
    for part in path.parts:
        assert part not in ("", ".", "..")
        assert not part.startswith(".")
        assert part.isprintable()
        assert not set('/\\:*?"<>|') & set(part)
        assert len(part.encode()) < 600
    assert os.path.normpath(path) == str(path)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.png", "etc/passwd.png"),
        ("C:\\photos\\a.png", "C_/photos/a.png"),
        ("con.png", "_con.png"),
        (".hidden.png", "hidden.png"),
        ("Käse & Brot.JPG", "Käse & Brot.JPG"),
        ("x" * 500 + ".png", "x" * 117 + ".png"),
    ],
)
def test_names_are_made_safe(name: str, kept: str) -> None:
    assert str(safe_name(name)) == kept


def test_nothing_is_overwritten_and_the_same_file_is_kept_once(tmp_path: Path) -> None:
    assert save(tmp_path, "a.png", b"one").name == "a.png"
    assert save(tmp_path, "a.png", b"two").name == "a-2.png"
    assert save(tmp_path, "a.png", b"two").name == "a-2.png"
    assert (tmp_path / "a.png").read_bytes() == b"one"


def test_whatever_can_be_indexed_can_be_added(tmp_path: Path) -> None:
    for name in ("a.jfif", "b.JPC", "c.apng", "notes.txt", "a.json", "b.PDF", "metadata.jsonl", "metadata.csv"):
        assert save(tmp_path, name, b"x").name == name


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SourceError, match="No space left"):
        save(tmp_path, "a.png", b"x")
    assert not list(tmp_path.iterdir())


def test_only_the_file_itself_is_left(tmp_path: Path) -> None:
    save(tmp_path, "a.png", b"one")
    save(tmp_path, "a.png", b"one")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").symlink_to(outside)
    assert save(folder, "a.png", b"new").name == "a-2.png"
    assert not outside.exists()


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"script\.exe"):
        save(tmp_path, "script.exe", b"MZ")


def test_documents_are_refused_where_they_are_not_indexed(tmp_path: Path) -> None:
    assert ".pdf" in endings()
    assert ".pdf" not in endings(documents=False)
    with pytest.raises(UnreadableError, match=r"a\.pdf' is no picture, and the setting `documents` is off"):
        save(tmp_path, "a.pdf", b"x", documents=False)
    assert save(tmp_path, "a.txt", b"x", documents=False).exists()  # what is said about a picture


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(SourceError, match="taken"):
        save(tmp_path / "taken", "a.png", b"x")


def test_the_folder_lies_beside_a_local_knowledge_base(tmp_path: Path) -> None:
    assert folder_for(Settings(kb=str(tmp_path / ".imagelore"))) == tmp_path / "imagelore-pictures"
    assert folder_for(Settings(kb="s3://bucket/kb")) is None


def test_a_source_that_holds_the_folder_takes_it_in(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    assert source_for(folder, (SourceInfo("all", str(tmp_path)),)) == str(tmp_path)
    assert source_for(folder, (SourceInfo("other", str(tmp_path / "else")),)) == str(folder)
