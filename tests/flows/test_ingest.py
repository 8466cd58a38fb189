"""The index flow through its public surface: a folder goes in, a knowledge base and a report come out."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from imagelore import KnowledgeBase, Settings, ingest
from imagelore.embed import palette
from imagelore.errors import KnowledgeBaseError, MismatchError, SourceError
from imagelore.flows import _tally
from imagelore.flows._kinds import readers
from imagelore.flows._plan import scratch
from imagelore.flows.ingest import Progress, Run
from imagelore.index import lancedb
from imagelore.read import picture
from imagelore.source import local
from imagelore.types import Asset, Compare, Record, Scope
from tests.flows.pictures import describe, embedded_batches, folder, paint

COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive", ocr="off")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rows = {
        "red.png": {"title": "A red door", "tags": ["door"], "year": 1987},
        "green.png": {"title": "A green gate", "year": 1990, "place": "Leeds"},
    }
    return folder(tmp_path / "photos", {f"{colour}.png": colour for colour in COLOURS}, rows)


def records(settings: Settings) -> dict[str, Record]:
    return {record.path: record for record in KnowledgeBase(settings).index.browse(limit=1000)}


def counts(settings: Settings, source: Path, run: Run | None = None) -> tuple[int, int, int, int, int]:
    report = ingest(settings, str(source), run)
    return report.added, report.updated, report.unchanged, report.removed, len(report.skipped)


def test_a_folder_becomes_a_knowledge_base(settings: Settings, photos: Path) -> None:
    assert counts(settings, photos) == (6, 0, 0, 0, 0)
    red = records(settings)["red.png"]
    assert (red.title, red.tags, dict(red.fields)) == ("A red door", ("door",), {"year": 1987})
    assert (red.width, red.height) == (64, 48)
    assert red.seen.classes[0][0] == "red"
    assert "red" in red.seen.colours
    assert red.thumbnail.startswith(b"\xff\xd8")
    assert len({record.id for record in records(settings).values()}) == 6


def test_a_second_run_does_nothing(settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(settings, str(photos))
    monkeypatch.setattr(palette.Palette, "embed_images", None)
    monkeypatch.setattr(palette.Palette, "embed_texts", None)
    assert counts(settings, photos) == (0, 0, 6, 0, 0)


def test_only_what_is_new_is_embedded(settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(settings, str(photos))
    embedded = embedded_batches(monkeypatch)
    paint(photos / "new.png", "pink", 9)
    assert counts(settings, photos) == (1, 0, 6, 0, 0)
    assert embedded == [1]


def test_changed_metadata_embeds_the_text_only(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(settings, str(photos))
    before = KnowledgeBase(settings).index.get([records(settings)["red.png"].id], vectors=True)[0]
    embedded = embedded_batches(monkeypatch)
    describe(photos, {"red.png": {"title": "A crimson portal", "year": 1987}, "green.png": {"title": "A green gate"}})
    assert counts(settings, photos) == (0, 2, 4, 0, 0)
    assert embedded == []
    after = KnowledgeBase(settings).index.get([before.id], vectors=True)[0]
    assert after.title == "A crimson portal"
    assert after.tags == ()
    assert (after.images["colour"] == before.images["colour"]).all()
    assert (after.texts["words"] != before.texts["words"]).any()
    assert after.thumbnail == before.thumbnail
    assert records(settings)["green.png"].fields == {}


def test_changed_content_is_embedded_again(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    paint(photos / "red.png", "blue", 3)
    assert counts(settings, photos) == (0, 1, 5, 0, 0)
    record = records(settings)["red.png"]
    assert record.seen.classes[0][0] == "blue"
    assert record.title == "A red door"


def test_a_renamed_file_reuses_its_vectors(settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(settings, str(photos))
    embedded = embedded_batches(monkeypatch)
    (photos / "blue.png").rename(photos / "azure.png")
    assert counts(settings, photos) == (1, 0, 5, 1, 0)
    assert embedded == []
    assert records(settings)["azure.png"].seen.classes[0][0] == "blue"


def test_a_moved_folder_keeps_its_records(settings: Settings, photos: Path, tmp_path: Path) -> None:
    ingest(settings, str(photos))
    ids = {record.id for record in records(settings).values()}
    moved = tmp_path / "elsewhere" / "photos"
    moved.parent.mkdir()
    shutil.move(photos, moved)
    assert counts(settings, moved) == (0, 0, 6, 0, 0)
    assert {record.id for record in records(settings).values()} == ids
    kb = KnowledgeBase(settings)
    assert kb.picture(next(iter(ids))).notice == ""


def test_two_folders_of_one_name_stay_apart(settings: Settings, photos: Path, tmp_path: Path) -> None:
    other = folder(tmp_path / "other" / "photos", {"red.png": "navy"})
    ingest(settings, str(photos))
    assert counts(settings, other) == (1, 0, 0, 0, 0)
    assert [source.name for source in KnowledgeBase(settings).index.info().sources] == ["photos", "photos-2"]
    assert KnowledgeBase(settings).index.count() == 7


def test_what_is_gone_is_removed(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    (photos / "red.png").unlink()
    report = ingest(settings, str(photos))
    assert (report.removed, report.unchanged) == (1, 5)
    assert "red.png" not in records(settings)
    assert "metadata.jsonl" in report.warnings[0]


@pytest.mark.parametrize("left", [0, 2])
def test_an_emptied_folder_empties_nothing(settings: Settings, photos: Path, left: int) -> None:
    ingest(settings, str(photos))
    for name in COLOURS[left:]:
        (photos / f"{name}.png").unlink()
    with pytest.raises(SourceError, match="--allow-removals"):
        ingest(settings, str(photos))
    assert len(records(settings)) == 6
    assert counts(settings, photos, Run(allow_removals=True)) == (0, 0, left, 6 - left, 0)
    assert len(records(settings)) == left


def test_a_missing_folder_removes_nothing(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    shutil.rmtree(photos)
    with pytest.raises(SourceError, match="photos"):
        ingest(settings, str(photos))
    assert len(records(settings)) == 6


@pytest.mark.parametrize("kind", ["missing", "empty", "no picture"])
def test_nothing_is_made_of_nothing(settings: Settings, tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source"
    if kind != "missing":
        source.mkdir()
    if kind == "no picture":
        (source / "notes.ini").write_text("no picture here")
    with pytest.raises(SourceError) as raised:
        ingest(settings, str(source))
    assert "\n" not in str(raised.value)
    assert "source" in str(raised.value)
    assert not Path(settings.kb).exists()


def test_bad_pictures_are_skipped_by_name(settings: Settings, photos: Path) -> None:
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.png").write_text("not a picture")
    whole = (photos / "red.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[: len(whole) // 2])
    report = ingest(settings, str(photos))
    assert report.added == 6
    assert sorted(uri.rsplit("/", 1)[-1] for uri, _ in report.skipped) == ["cut.png", "empty.jpg", "text.png"]
    assert all(reason and "\n" not in reason for _, reason in report.skipped)


def test_a_picture_of_many_megabytes_is_not_even_read(settings: Settings, photos: Path) -> None:
    with (photos / "huge.png").open("wb") as huge:
        huge.truncate(300_000_000)  # sparse: it takes no room on disk
    report = ingest(settings, str(photos))
    assert report.added == 6
    assert [reason for _, reason in report.skipped] == ["it is 300 MB large; the limit is 200 MB"]


def test_a_link_that_leads_out_is_named(settings: Settings, photos: Path, tmp_path: Path) -> None:
    (photos / "out.png").symlink_to(paint(tmp_path / "secret.png", "navy", 8))
    report = ingest(settings, str(photos))
    assert report.added == 6
    assert [uri.rsplit("/", 1)[-1] for uri, _ in report.skipped] == ["out.png"]


def test_bad_metadata_costs_a_line_and_no_picture(settings: Settings, photos: Path) -> None:
    table = photos / "metadata.jsonl"
    lines = table.read_text().splitlines()
    lines += [
        "{broken",
        '{"file_name": "nowhere.png"}',
        '{"title": "nameless"}',
        lines[0].replace("red door", "second"),
    ]
    table.write_text("\n".join(lines))
    report = ingest(settings, str(photos))
    assert report.added == 6
    warnings = "\n".join(report.warnings)
    assert "metadata.jsonl, line 3" in warnings
    assert "nowhere.png" in warnings
    assert len(report.warnings) == 4
    assert records(settings)["red.png"].title == "A red door"


def test_values_that_do_not_fit_are_kept_aside(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    describe(photos, {"red.png": {"year": "unknown"}, "green.png": {"year": 1991}})
    report = ingest(settings, str(photos))
    assert any("year" in line and "unknown" in line for line in report.warnings)
    assert records(settings)["red.png"].extra == {"year": "unknown"}
    assert records(settings)["green.png"].fields == {"year": 1991}


def test_sidecars_and_nearer_tables_join_in(settings: Settings, photos: Path) -> None:
    paint(photos / "sub" / "one.png", "cyan", 4)
    (photos / "sub" / "one.txt").write_text("A sea of cyan.")
    describe(photos / "sub", {"one.png": {"title": "Near"}})
    with (photos / "metadata.jsonl").open("a") as table:
        table.write('{"file_name": "sub/one.png", "title": "Far", "place": "Oslo"}\n')
    ingest(settings, str(photos))
    one = records(settings)["sub/one.png"]
    assert (one.title, one.text, one.fields["place"]) == ("Near", "A sea of cyan.", "Oslo")
    (photos / "sub" / "one.txt").write_text("A sea of cyan and of light.")
    assert counts(settings, photos) == (0, 1, 6, 0, 0)
    assert records(settings)["sub/one.png"].text.endswith("light.")


def test_another_embedder_is_refused(settings: Settings, photos: Path, tmp_path: Path) -> None:
    ingest(settings, str(photos))
    starter = Settings(kb=settings.kb, embedder="starter")
    with pytest.raises(MismatchError, match="--kb OTHER"):
        ingest(starter, str(photos))
    with pytest.raises(MismatchError, match="palette"):
        KnowledgeBase(starter)
    assert KnowledgeBase(Settings(kb=settings.kb)).embedder.info.name == "palette"


def test_no_knowledge_base_names_the_command(settings: Settings) -> None:
    with pytest.raises(KnowledgeBaseError, match="imagelore index FOLDER"):
        KnowledgeBase(settings)


def test_progress_reaches_its_total(settings: Settings, photos: Path) -> None:
    told: list[Progress] = []
    ingest(settings, str(photos), Run(progress=told.append))
    assert [p.stage for p in told if p.stage != "indexing"] == ["listing", "finishing"]
    done = [p.done for p in told if p.stage == "indexing"]
    assert done == sorted(done)
    assert done[-1] == 6


def test_a_stopped_run_keeps_what_was_done(settings: Settings, tmp_path: Path) -> None:
    source = folder(tmp_path / "many", {f"{n:03}.png": COLOURS[n % 6] for n in range(200)})
    stop = threading.Event()

    def after_some(progress: Progress) -> None:
        if progress.stage == "indexing" and progress.done >= 16:
            stop.set()

    report = ingest(settings, str(source), Run(after_some, stop.is_set))
    assert report.stopped
    assert 0 < report.added < 200
    assert KnowledgeBase(settings).index.count() == report.added
    rest = ingest(settings, str(source))
    assert rest.added == 200 - report.added
    assert rest.unchanged == report.added


def test_a_killed_run_leaves_what_was_written(settings: Settings, tmp_path: Path) -> None:
    source = folder(tmp_path / "many", {f"{n:03}.png": COLOURS[n % 6] for n in range(60)})
    program = (
        "import sys, os, signal, time\n"
        "from imagelore.flows import ingest as flow\n"
        "from imagelore import Settings\n"
        "flow._CHUNK = 8\n"
        "def tell(p):\n"
        "    time.sleep(0.05)\n"
        "    print(p.done if p.stage == 'indexing' else 0, flush=True)\n"
        f"flow.ingest(Settings(kb={settings.kb!r}, embedder='palette'), {str(source)!r}, flow.Run(tell))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if int(line) >= 48:
                process.send_signal(signal.SIGKILL)
                break
    kept = KnowledgeBase(settings).index.count()
    assert 0 < kept < 60
    assert counts(settings, source) == (60 - kept, 0, kept, 0, 0)


def test_a_place_that_cannot_be_written_is_told(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")  # root may write anywhere, but not below a file
    with pytest.raises(KnowledgeBaseError, match="file"):
        ingest(Settings(kb=str(tmp_path / "file" / "kb"), embedder="palette"), str(photos))


def test_only_bad_pictures_make_no_knowledge_base(settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "bad"
    source.mkdir()
    (source / "a.jpg").write_bytes(b"")
    (source / "b.png").write_text("text")
    with pytest.raises(SourceError, match=r"none of the 2 files .*a\.jpg: .*b\.png: "):
        ingest(settings, str(source))
    assert not Path(settings.kb).exists()


def test_another_folder_does_not_take_over_one_that_is_away(settings: Settings, photos: Path, tmp_path: Path) -> None:
    ingest(settings, str(photos))
    photos.rename(tmp_path / "away")
    other = folder(tmp_path / "other" / "photos", {"x.png": "navy", "y.png": "olive"})
    assert counts(settings, other) == (2, 0, 0, 0, 0)
    assert KnowledgeBase(settings).index.count() == 8
    assert [source.name for source in KnowledgeBase(settings).index.info().sources] == ["photos", "photos-2"]


def test_a_renamed_folder_is_the_same_source(settings: Settings, photos: Path, tmp_path: Path) -> None:
    ingest(settings, str(photos))
    renamed = photos.rename(tmp_path / "pictures")
    assert counts(settings, renamed) == (0, 0, 6, 0, 0)
    assert [(s.name, s.root) for s in KnowledgeBase(settings).index.info().sources] == [("photos", str(renamed))]


def test_kinds_that_no_reader_takes_are_told(settings: Settings, photos: Path, tmp_path: Path) -> None:
    (photos / "a.psd").write_bytes(b"x")
    (photos / "b.PSD").write_bytes(b"x")
    (photos / "c.svg").write_bytes(b"x")
    assert "2 .psd and 1 .svg files passed over: imagelore does not read them" in ingest(settings, str(photos)).warnings
    drawings = tmp_path / "drawings"
    drawings.mkdir()
    (drawings / "a.psd").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"no picture or document in .*: 1 \.psd file cannot be read$"):
        ingest(Settings(kb=str(tmp_path / "other"), embedder="palette"), str(drawings))


@pytest.fixture
def without_heic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    plain = tuple(ending for ending in picture.SUFFIXES if not ending.startswith(".hei"))
    with monkeypatch.context() as patch:
        patch.setattr(picture, "SUFFIXES", plain)
        readers.cache_clear()
        yield
    readers.cache_clear()


@pytest.mark.usefixtures("without_heic")
def test_what_an_extra_would_read_names_it(settings: Settings, photos: Path, tmp_path: Path) -> None:
    phone = tmp_path / "phone"
    phone.mkdir()
    for place in (photos, phone):
        (place / "a.heic").write_bytes(b"x")
    told = ingest(settings, str(photos)).warnings
    assert [line for line in told if "1 .heic file passed over" in line and 'pip install "imagelore[heic]"' in line]
    with pytest.raises(SourceError, match=r'1 \.heic file cannot be read; .*pip install "imagelore\[heic\]"'):
        ingest(Settings(kb=str(tmp_path / "other"), embedder="palette"), str(phone))


def test_rows_without_a_picture_are_told_in_one_line(settings: Settings, photos: Path) -> None:
    describe(photos, {f"missing{n}.png": {"title": "x"} for n in range(500)})
    assert ingest(settings, str(photos)).warnings == (
        "metadata.jsonl: there is no file `missing0.png`, nor 499 others",
    )


@pytest.mark.parametrize("address", ["", "  ", "ftp://account/container"])
def test_what_is_no_folder_is_not_the_working_directory(settings: Settings, address: str) -> None:
    with pytest.raises(SourceError, match="folder"):
        ingest(settings, address)


def test_a_source_may_be_named(settings: Settings, photos: Path, tmp_path: Path) -> None:
    ingest(settings, str(photos), Run(name="album"))
    copy = shutil.copytree(photos, tmp_path / "copy")
    assert counts(settings, copy, Run(name="album")) == (0, 0, 6, 0, 0)
    assert [(s.name, s.root) for s in KnowledgeBase(settings).index.info().sources] == [("album", str(copy))]


def test_what_cannot_be_listed_costs_neither_the_rest_nor_a_record(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(settings, str(photos))
    paint(photos / "new.png", "pink", 9)
    (photos / "red.png").unlink()
    whole = local.LocalSource.list

    def broken(self: local.LocalSource) -> Iterator[Asset]:
        yield from whole(self)
        raise SourceError("the folder `sub` cannot be listed")

    monkeypatch.setattr(local.LocalSource, "list", broken)
    report = ingest(settings, str(photos))
    assert (report.added, report.removed) == (1, 0)
    assert "`sub` cannot be listed" in report.incomplete
    assert len(records(settings)) == 7


def test_a_run_killed_before_the_end_is_completed_by_the_next(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(lancedb.LanceIndex, "refresh", lambda _: None)
        ingest(settings, str(photos))
    assert KnowledgeBase(settings).index.info().details["unindexed"] > 0
    ingest(settings, str(photos))
    assert KnowledgeBase(settings).index.info().details["unindexed"] == 0


def test_what_reads_do_not_show_yet_is_a_warning(
    settings: Settings, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lancedb.LanceIndex, "refresh", lambda _: "6 changes are not shown yet")
    monkeypatch.setattr(_tally, "_TOLD", 0)  # it is told even where many warnings came before
    describe(photos, {"gone.png": {"year": 1}})
    report = ingest(settings, str(photos))
    assert report.added == 6
    assert report.warnings == ("6 changes are not shown yet", "... and 1 more warnings")


def test_asking_for_places_later_reads_the_metadata_again(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    with_gps = replace(settings, gps=True)
    assert counts(with_gps, photos) == (0, 6, 0, 0, 0)
    assert counts(with_gps, photos) == (0, 0, 6, 0, 0)


def test_nested_data_does_not_become_thousands_of_columns(settings: Settings, photos: Path) -> None:
    describe(photos, {f"{c}.png": {f"{c}{n}": n for n in range(60)} for c in COLOURS})
    report = ingest(settings, str(photos))
    assert len(KnowledgeBase(settings).index.info().fields) == 200
    told = [line for line in report.warnings if "kept aside" in line]
    assert 1 <= len(told) <= len(COLOURS)  # one for a picture, however many fields it has
    assert "others are more than the 200 fields that are searchable" in told[-1]


def test_many_sidecars_are_joined_by_an_index() -> None:
    with scratch() as plan:
        plan.add_files((Asset(f"{n}.jpg", "1", 1), False) for n in range(20_000))
        plan.add_sidecars(Asset(f"{n}.jpg.json", "1", 1) for n in range(20_000))
        plan.part_sidecars()
        plan.name("s", ())
        assert plan.compare() == 20_000  # a join without an index would take minutes here
        assert all(len(change.sidecars) == 1 for change in plan.changes())


def test_scope_reaches_the_records(settings: Settings, photos: Path) -> None:
    ingest(settings, str(photos))
    scope = Scope(Compare("year", ">", 1988))
    assert [hit.record.path for hit in KnowledgeBase(settings).search("gate door", scope=scope).hits] == ["green.png"]
