"""Models by name: listed, fetched, and carried to a machine without a network."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagelore._hub import Offered, fetched
from imagelore.embed._sentences import facts as sentences
from imagelore.embed.clip import facts as clip
from imagelore.errors import GeneratorError, ImageloreError, ModelError, UsageError
from imagelore.flows import models
from imagelore.generate import _named
from tests.fakes.hub_server import FakeHub, pinned

BYTES = {"tiny.gguf": b"weights " * 5_000, "eyes/mmproj.gguf": b"eyes " * 3_000}
TINY = Offered(
    "tiny",
    "generator",
    "--generator llamacpp:tiny",
    tuple(pinned(path, path, data) for path, data in BYTES.items()),
    "MIT",
    "for tests",
)
MANIFEST = "imagelore-models.json"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """A hub that has the one model that can be had."""
    served = FakeHub({})
    for file in TINY.files:
        served.has(file, BYTES[file.path])
    served.stands_in(monkeypatch, tmp_path / "hub")
    monkeypatch.setattr(clip, "MODELS", ())
    monkeypatch.setattr(sentences, "MODELS", ())
    monkeypatch.setattr(_named, "MODELS", (TINY,))
    yield served
    served.close()


@pytest.fixture
def packed(hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The model in a tar, and a machine that has neither the model nor a network."""
    target = tmp_path / "tiny.tar"
    list(models.pull(["tiny"]))
    assert models.export("tiny", target) == target.stat().st_size
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.asked.clear()
    return target


def here() -> str:
    (only,) = models.listed()
    return only.here


def changed(packed: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]) -> Path:
    """The same tar with every member changed, or left out."""
    target = packed.with_name("changed.tar")
    with tarfile.open(packed) as old, tarfile.open(target, "w") as new:
        for member in old:
            opened = old.extractfile(member)
            made = change(member, opened.read() if opened else b"")
            if made:
                made[0].size = len(made[1])
                new.addfile(made[0], io.BytesIO(made[1]))
    return target


def refused(source: Path) -> str:
    """The one line that an import ends with; nothing that is not the model's came of it."""
    with pytest.raises((ModelError, UsageError)) as caught:
        models.take(source)
    assert "\n" not in str(caught.value)
    sound()
    return str(caught.value)


def sound() -> None:
    """What an import left behind is the model's own, whole."""
    for path in Path(constants.HF_HUB_CACHE).rglob("*"):
        if path.is_file():
            assert path.read_bytes() in BYTES.values()


# the real tables


def test_every_model_has_a_name_a_place_and_a_licence() -> None:
    known = models.offered()
    names = [model.name for model in known]
    assert len(set(names)) == len(names)
    assert {model.kind for model in known} == {"embedder", "sentences", "generator"}
    for model in known:
        assert model.licence
        assert model.about
        assert model.name in model.use
        for file in model.files:
            assert file.size > 0
            assert (len(bytes.fromhex(file.sha256)), len(bytes.fromhex(file.revision))) == (32, 20)


# on a machine with a network


def test_what_is_here_is_listed(hub: FakeHub) -> None:
    assert here() == "no"
    for _ in models.pull(["tiny"]):
        assert here() == ("yes" if hub.files.keys() == {path for _, path in hub.asked} else "partly")
    assert here() == "yes"
    (only,) = models.listed()
    assert [path.read_bytes() for path in only.kept] == list(BYTES.values())


def test_a_pull_goes_on_where_the_last_one_ended(hub: FakeHub) -> None:
    eyes = next(path for path in hub.files if path.endswith("mmproj.gguf"))
    whole = hub.files.pop(eyes)
    with pytest.raises(GeneratorError, match=r"`eyes/mmproj\.gguf` of tiny .* cannot be downloaded"):
        list(models.pull(["tiny"]))
    assert here() == "partly"
    hub.files[eyes] = whole
    hub.asked.clear()
    assert [file.path for _, file, _ in models.pull(["tiny", "llamacpp:tiny"])] == [*BYTES, *BYTES]
    assert {path for _, path in hub.asked} == {eyes}


def test_a_wrong_name_is_told_before_anything_is_fetched(hub: FakeHub) -> None:
    with pytest.raises(UsageError, match=r"no model 'tny': did you mean tiny\?"):
        list(models.pull(["tiny", "tny"]))
    with pytest.raises(UsageError, match=r"no model 'elephant': `imagelore models` lists them"):
        list(models.pull(["elephant"]))
    assert hub.asked == []


# on a machine without one


def test_a_model_travels(hub: FakeHub, packed: Path) -> None:
    assert here() == "no"
    assert models.take(packed) == (TINY,)
    assert here() == "yes"
    for file in TINY.files:
        path = fetched(file, "tiny")
        assert path.read_bytes() == BYTES[file.path]
        assert not path.is_symlink()
    assert models.take(packed) == (TINY,)
    assert hub.asked == []


def test_the_tar_is_plain(packed: Path) -> None:
    with tarfile.open(packed, "r:") as tar:
        members = tar.getmembers()
        manifest = json.load(tar.extractfile(members[0]) or io.BytesIO())
    assert [member.name for member in members] == [MANIFEST, *(file.sha256 for file in TINY.files)]
    assert all(member.isreg() for member in members)
    assert [file["path"] for file in manifest["models"][0]["files"]] == list(BYTES)


def test_a_damaged_file_that_is_here_is_replaced(packed: Path) -> None:
    models.take(packed)
    (only,) = models.listed()
    for path in only.kept:
        path.write_bytes(b"?" * path.stat().st_size)
    models.take(packed)
    sound()
    assert here() == "yes"


def test_only_a_whole_model_is_exported(hub: FakeHub, tmp_path: Path) -> None:
    target = tmp_path / "tiny.tar"
    with pytest.raises(ModelError, match=r"`tiny\.gguf` is missing\): first `imagelore models pull tiny`"):
        models.export("tiny", target)
    *_, (_, _, path) = models.pull(["tiny"])
    path.resolve().write_bytes(b"?")
    with pytest.raises(ModelError, match="delete"):
        models.export("tiny", target)
    assert not target.exists()


def test_a_place_that_cannot_be_written_is_told(packed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    with pytest.raises(ModelError, match="cannot be written: Not a directory"):
        models.take(packed)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(ModelError, match="cannot be written: "):
        models.export("tiny", tmp_path / "file" / "tiny.tar")


@pytest.mark.parametrize("evil", ["../../outside", "/outside", "models--owner--tiny/snapshots/x/tiny.gguf", "0" * 64])
def test_files_of_others_are_refused(packed: Path, tmp_path: Path, evil: str) -> None:
    def renamed(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        member.name = evil if member.name == TINY.files[1].sha256 else member.name
        return member, data

    before = {path for path in tmp_path.rglob("*") if "other" not in path.parts} | {packed.with_name("changed.tar")}
    assert "which is no file of its models: do not use it" in refused(changed(packed, renamed))
    assert {path for path in tmp_path.rglob("*") if "other" not in path.parts} == before
    assert here() != "yes"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_are_refused(packed: Path, kind: bytes) -> None:
    def linked(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        if member.name != TINY.files[0].sha256:
            return member, data
        member.type, member.linkname = kind, "/etc/passwd"
        return member, b""

    assert "do not use it" in refused(changed(packed, linked))
    assert here() == "no"


def test_another_content_is_refused(packed: Path) -> None:
    def other(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
        return member, data if member.name == MANIFEST else data[::-1]

    assert "`tiny.gguf` in " in refused(changed(packed, other))
    assert here() == "no"


def test_a_tar_without_one_of_the_files_is_told(packed: Path) -> None:
    last = TINY.files[1]
    cut = changed(packed, lambda member, data: None if member.name == last.sha256 else (member, data))
    assert "ends before `eyes/mmproj.gguf`: copy it again" in refused(cut)
    assert here() == "partly"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "was not made by `imagelore models export`"),
        ("[]", "was not made by `imagelore models export`"),
        ('{"models": 3}', "was not made by `imagelore models export`"),
        ('{"models": []}', "holds no models"),
        ('{"models": [{"name": "tiny", "files": []}]}', "does not know: use the same version"),
        ('{"models": [{"name": "huge", "files": []}]}', "does not know: use the same version"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(packed: Path, text: str, said: str) -> None:
    other = changed(packed, lambda member, data: (member, text.encode() if member.name == MANIFEST else data))
    assert said in refused(other)


def test_a_file_that_is_no_tar_is_refused(hub: FakeHub, tmp_path: Path) -> None:
    assert "there is no file" in refused(tmp_path / "none.tar")
    for name, data in {"empty": b"", "text": b"hello", "zeros": bytes(20_000)}.items():
        (tmp_path / name).write_bytes(data)
        assert str(tmp_path / name) in refused(tmp_path / name)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_tar_leaves_nothing_wrong_behind(packed: Path, data: st.DataObject) -> None:
    shutil.rmtree(constants.HF_HUB_CACHE, ignore_errors=True)
    whole = packed.read_bytes()
    at = data.draw(st.integers(0, len(whole)) | st.integers(0, 2_048), label="at")
    tail = b"" if data.draw(st.booleans(), label="cut") else whole[at:]
    damaged = packed.with_name("damaged.tar")
    damaged.write_bytes(whole[:at] + data.draw(st.binary(max_size=40), label="instead") + tail)
    try:
        models.take(damaged)
    except ImageloreError as error:
        assert "\n" not in str(error)  # noqa: PT017  (one or the other)
    else:
        assert here() == "yes"
    sound()
