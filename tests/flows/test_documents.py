"""Documents in the index flow: one file, many records, the first of which is written last."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from imagelore import KnowledgeBase, Settings, ingest
from imagelore.embed import palette
from imagelore.errors import KnowledgeBaseError, SourceError, UnreadableError
from imagelore.flows import ingest as flow
from imagelore.flows.ingest import Progress, Run
from imagelore.flows.preview import preview
from imagelore.index import lancedb
from imagelore.read import Metadata, Options, Reading, Unread, text
from imagelore.types import Asset, Described, ImageEmbeddings, Line, Record
from tests.flows.pictures import describe, embedded_batches, folder, paint
from tests.read.documents import pdf

PAGES = (["The red door of Leeds"], ["The green gate of York"], ["The blue bridge of Hull"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive", ocr="off")


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Two pictures and a document of three pages, the second with a figure."""
    made = folder(tmp_path / "shelf", {"red.png": "red", "green.png": "green"})
    write(made / "guide.pdf")
    return made


def write(path: Path, pages: Sequence[Sequence[str]] = PAGES) -> None:
    path.write_bytes(pdf(pages, {2: [Image.new("RGB", (200, 150), "orange")]}, {"Title": "Guide"}))


def records(settings: Settings) -> dict[str, Record]:
    """The records of the knowledge base by `path#place`."""
    found = KnowledgeBase(settings).index.browse(limit=1000)
    return {f"{record.path}#{record.place}": record for record in found}


def counts(settings: Settings, source: Path, run: Run | None = None) -> tuple[int, int, int, int, int]:
    report = ingest(settings, str(source), run)
    return report.added, report.updated, report.unchanged, report.removed, report.parts


def test_a_document_becomes_a_record_for_each_part(settings: Settings, shelf: Path) -> None:
    assert counts(settings, shelf) == (3, 0, 0, 0, 3)
    found = records(settings)
    places = ["page 1", "page 2", "page 2, picture 1", "page 3"]
    assert set(found) == {"red.png#", "green.png#", *(f"guide.pdf#{place}" for place in places)}
    head, *parts = (found[f"guide.pdf#{place}"] for place in places)
    assert head.parent == ""
    assert {part.parent for part in parts} == {head.id}
    assert {(part.version, part.digest, part.title) for part in parts} == {(head.version, head.digest, "Guide")}
    assert [line.text for line in parts[2].lines] == ["The blue bridge of Hull"]
    figure = parts[1]
    assert figure.seen.classes[0][0] == "orange"
    assert "green gate" in figure.text
    assert counts(settings, shelf) == (0, 0, 3, 0, 0)


def test_what_stands_on_a_page_is_found_and_leads_to_it(settings: Settings, shelf: Path) -> None:
    ingest(settings, str(shelf))
    kb = KnowledgeBase(settings)
    hit = kb.search("bridge hull").hits[0]
    assert hit.record.place == "page 3"
    assert hit.uri.endswith("shelf/guide.pdf#page=3")
    uris = {record.place: kb.pictures.uri(record) for record in records(settings).values() if record.place}
    assert uris["page 1"].endswith("shelf/guide.pdf")
    assert uris["page 2, picture 1"].endswith("shelf/guide.pdf#page=2&picture=1")


def test_a_part_opens_as_a_picture_of_its_own(settings: Settings, shelf: Path) -> None:
    ingest(settings, str(shelf))
    kb, found = KnowledgeBase(settings), records(settings)
    page = kb.picture(found["guide.pdf#page 3"].id)
    assert (page.media_type, page.notice) == ("image/jpeg", "")
    assert len(page.data) > len(found["guide.pdf#page 3"].thumbnail)
    (shelf / "guide.pdf").write_bytes(b"%PDF-1.7 no more")
    lost = kb.picture(found["guide.pdf#page 3"].id)
    assert lost.data == found["guide.pdf#page 3"].thumbnail
    assert lost.notice.startswith("only the thumbnail is left: ")


def test_places_that_are_no_pages_are_quoted(settings: Settings, tmp_path: Path) -> None:
    source = folder(tmp_path / "notes", {})
    (source / "long.txt").write_text("\n\n".join(f"Paragraph {n} " + "goes on and on. " * 40 for n in range(30)))
    ingest(settings, str(source))
    kb = KnowledgeBase(settings)
    assert kb.pictures.uri(records(settings)["long.txt#part 2"]).endswith("/long.txt#part%202")


@pytest.mark.parametrize("killed", ["part", "head", "trim"])
def test_a_killed_run_does_the_document_again(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch, killed: str
) -> None:
    ingest(settings, str(shelf))
    write(shelf / "guide.pdf", PAGES[:2])
    with monkeypatch.context() as patch:
        _break(patch, killed)
        with pytest.raises(KnowledgeBaseError, match="killed"):
            ingest(settings, str(shelf))
    assert counts(settings, shelf)[:4] == (0, 1, 2, 0)
    assert {place for place in records(settings) if place.startswith("guide.pdf")} == {
        "guide.pdf#page 1",
        "guide.pdf#page 2",
        "guide.pdf#page 2, picture 1",
    }
    assert counts(settings, shelf) == (0, 0, 3, 0, 0)


def _break(patch: pytest.MonkeyPatch, where: str) -> None:
    """An index that is gone before parts are written, before the first part is, or before old ones are removed."""
    write = lancedb.LanceIndex.upsert

    def upsert(self: lancedb.LanceIndex, records: Sequence[Record]) -> Mapping[str, str]:
        if [r for r in records if r.place and bool(r.parent) == (where == "part")]:
            raise KnowledgeBaseError("killed")
        return write(self, records)

    def trim(self: lancedb.LanceIndex, parent: str, version: str, digest: str) -> None:
        raise KnowledgeBaseError("killed")

    if where == "trim":
        patch.setattr(lancedb.LanceIndex, "trim", trim)
    else:
        patch.setattr(lancedb.LanceIndex, "upsert", upsert)


@pytest.mark.parametrize("left", [True, False])
def test_a_new_document_that_a_killed_run_began_is_added_or_gone(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch, left: bool
) -> None:
    with monkeypatch.context() as patch:
        _break(patch, "head")
        with pytest.raises(KnowledgeBaseError, match="killed"):
            ingest(settings, str(shelf))
    assert records(settings)["guide.pdf#page 3"].parent
    assert "guide.pdf#page 1" not in records(settings)
    if left:
        assert counts(settings, shelf) == (1, 0, 2, 0, 3)
    else:
        (shelf / "guide.pdf").unlink()
        assert counts(settings, shelf) == (0, 0, 2, 1, 0)
        assert set(records(settings)) == {"red.png#", "green.png#"}


def test_parts_that_differ_from_the_first_are_done_again(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody widens the groups, stops the run, and takes it back: no part may keep the wider groups."""
    table = {"guide.pdf": {"groups": ["staff"]}}
    describe(shelf, table)
    ingest(settings, str(shelf))
    describe(shelf, {"guide.pdf": {"groups": ["everyone"]}})
    with monkeypatch.context() as patch:
        _break(patch, "head")
        with pytest.raises(KnowledgeBaseError, match="killed"):
            ingest(settings, str(shelf))
    assert records(settings)["guide.pdf#page 3"].groups == ("everyone",)
    describe(shelf, table)
    assert counts(settings, shelf) == (0, 1, 2, 0, 3)
    assert {record.groups for key, record in records(settings).items() if "guide" in key} == {("staff",)}


def test_a_document_that_goes_takes_all_parts_along(settings: Settings, shelf: Path) -> None:
    ingest(settings, str(shelf))
    (shelf / "guide.pdf").unlink()
    assert counts(settings, shelf) == (0, 0, 2, 1, 0)
    assert set(records(settings)) == {"red.png#", "green.png#"}


def test_files_are_counted_where_half_of_them_would_go(settings: Settings, shelf: Path) -> None:
    ingest(settings, str(shelf))
    (shelf / "red.png").unlink()
    (shelf / "green.png").unlink()
    with pytest.raises(SourceError, match="2 of the 3 files"):
        ingest(settings, str(shelf))


def test_a_renamed_document_reuses_its_vectors(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(settings, str(shelf))
    embedded = embedded_batches(monkeypatch)
    (shelf / "guide.pdf").rename(shelf / "manual.pdf")
    assert counts(settings, shelf) == (1, 0, 2, 1, 3)
    assert embedded == []
    assert records(settings)["manual.pdf#page 2, picture 1"].seen.classes[0][0] == "orange"


def test_changed_metadata_reaches_every_part(settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(settings, str(shelf))
    _say(settings, "guide.pdf#page 2, picture 1", "An orange square")
    embedded = embedded_batches(monkeypatch)
    describe(shelf, {"guide.pdf": {"title": "Yorkshire", "text": "All of it", "year": 1901, "tags": ["map"]}})
    assert counts(settings, shelf) == (0, 1, 2, 0, 3)
    assert embedded == []
    found = records(settings)
    head, page, figure = (found[f"guide.pdf#{place}"] for place in ("page 1", "page 3", "page 2, picture 1"))
    assert {record.title for record in (head, page, figure)} == {"Yorkshire"}
    assert {(record.fields["year"], record.tags) for record in (head, page, figure)} == {(1901, ("map",))}
    assert (head.text, page.text) == ("All of it", "")
    assert figure.described.text == "An orange square"


def test_a_page_whose_picture_is_refused_keeps_its_text(
    settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = palette.Palette.embed_images

    def refuse(self: palette.Palette, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        return replace(embed(self, pictures), refused=dict.fromkeys(range(len(pictures)), "unsafe"))

    with monkeypatch.context() as patch:
        patch.setattr(palette.Palette, "embed_images", refuse)
        report = ingest(settings, str(shelf))
    assert (report.added, report.parts) == (1, 3)
    assert sorted(uri.rsplit("/", 1)[-1] for uri, _ in report.skipped) == ["green.png", "red.png"]
    told = [line for line in report.warnings if line.endswith("its picture was refused: unsafe")]
    assert len(told) == 4
    assert KnowledgeBase(settings).search("bridge hull", rankings="text").hits[0].record.place == "page 3"


def test_a_description_stays_as_long_as_the_picture_does(settings: Settings, shelf: Path) -> None:
    paint(shelf / "twin.png", "red", 0)  # the same bytes as red.png
    ingest(settings, str(shelf))
    _say(settings, "red.png#", "A red square")
    describe(shelf, {"red.png": {"title": "Door"}})
    (shelf / "red.png").touch()
    assert counts(settings, shelf)[1] == 1
    assert records(settings)["red.png#"].described.text == "A red square"
    paint(shelf / "red.png", "navy", 5)
    ingest(settings, str(shelf))
    assert records(settings)["red.png#"].described == Described()


def _say(settings: Settings, key: str, said: str) -> None:
    index = KnowledgeBase(settings).index
    record = index.get([records(settings)[key].id], vectors=True)[0]
    index.upsert([replace(record, described=Described(said, model="m"))])


def test_a_text_beside_a_file_of_its_name_belongs_to_it(settings: Settings, shelf: Path) -> None:
    (shelf / "red.txt").write_text("A door in Leeds.")
    (shelf / "guide.pdf.txt").write_text("Bought in 1950.")
    (shelf / "readme.txt").write_text("How this shelf is kept.")
    assert counts(settings, shelf)[0] == 4
    found = records(settings)
    assert {record.path for record in found.values()} == {"red.png", "green.png", "guide.pdf", "readme.txt"}
    assert found["red.png#"].text == "A door in Leeds."
    assert found["guide.pdf#page 1"].text == "Bought in 1950."
    assert [line.text for line in found["readme.txt#part 1"].lines] == ["How this shelf is kept."]
    (shelf / "red.png").unlink()  # now it is a text of its own
    assert counts(settings, shelf)[:4] == (1, 0, 3, 1)
    assert "red.txt#part 1" in records(settings)


def test_a_text_on_paper_is_not_a_picture(settings: Settings, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(settings, str(shelf))
    embedded = embedded_batches(monkeypatch)
    (shelf / "readme.txt").write_text("How this shelf is kept.")
    ingest(settings, str(shelf))
    assert embedded == []
    record = records(settings)["readme.txt#part 1"]
    full = KnowledgeBase(settings).index.get([record.id], vectors=True)[0]
    assert not full.images
    assert full.texts["words"].any()
    assert (record.seen.classes, record.seen.colours) == ((), ())


def test_pictures_alone_where_documents_are_not_wanted(settings: Settings, shelf: Path) -> None:
    (shelf / "readme.txt").write_text("How this shelf is kept.")
    ingest(replace(settings, documents=False), str(shelf))
    assert set(records(settings)) == {"red.png#", "green.png#"}
    assert counts(settings, shelf) == (2, 0, 2, 0, 3)
    assert counts(replace(settings, documents=False), shelf) == (0, 0, 2, 2, 0)
    only = folder(shelf / "only", {})
    write(only / "guide.pdf")
    with pytest.raises(SourceError, match="there is no picture in"):
        ingest(Settings(kb=settings.kb + "2", embedder="palette", documents=False), str(only))


def test_leaving_documents_out_says_what_it_would_remove(settings: Settings, tmp_path: Path) -> None:
    shelf = folder(tmp_path / "shelf", {"red.png": "red"})
    for name in ("a.txt", "b.txt"):
        (shelf / name).write_text("How this shelf is kept.")
    ingest(settings, str(shelf))
    with pytest.raises(SourceError, match="are gone, or documents, which this run leaves out, so"):
        ingest(replace(settings, documents=False), str(shelf))
    assert len(records(settings)) == 3


def test_a_preview_shows_a_document_by_its_first_part(settings: Settings, shelf: Path) -> None:
    total, shown = preview(settings, str(shelf))
    assert total == 3
    assert [item.path for item in shown] == ["green.png", "red.png", "guide.pdf"]
    assert shown[2].metadata.title == "Guide"


Parts = Callable[[], Iterator[Reading | Unread]]


@pytest.fixture
def book(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Parts], None]:
    """Puts a text into the shelf that is read as whatever parts a test makes up."""
    (shelf / "book.txt").write_text("...")

    def read_as(parts: Parts) -> None:
        def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:
            return parts()

        monkeypatch.setattr(text, "readings", readings)

    return read_as


def leaf(number: int, picture: Image.Image | None = None) -> Reading:
    """A page that looks like no other."""
    shown = picture or Image.new("RGB", (8, 8), (number % 256, number // 256, 99))
    line = Line(f"leaf {number}", (0, 0, 1, 1))
    return Reading(
        shown, 8, 8, f"{number:064}", "", ("red",), b"", Metadata(title="Book"), place=f"page {number}", lines=(line,)
    )


def test_a_part_that_cannot_be_read_is_named_and_the_others_stay(
    settings: Settings, shelf: Path, book: Callable[[Parts], None]
) -> None:
    book(lambda: iter([Unread("page 1", "torn out"), leaf(2), Unread("page 3", "too dark"), leaf(4)]))
    report = ingest(settings, str(shelf))
    assert (report.added, report.parts) == (4, 4)
    assert [(uri.rsplit("/", 1)[-1], reason) for uri, reason in report.skipped] == [
        ("book.txt#page=1", "torn out"),
        ("book.txt#page=3", "too dark"),
    ]
    found = records(settings)
    assert found["book.txt#page 2"].parent == ""
    assert found["book.txt#page 4"].parent == found["book.txt#page 2"].id
    assert counts(settings, shelf) == (0, 0, 4, 0, 0)


def test_a_document_that_breaks_off_keeps_what_was_read(
    settings: Settings, shelf: Path, book: Callable[[Parts], None]
) -> None:
    def parts() -> Iterator[Reading]:
        yield leaf(1)
        yield leaf(2)
        raise UnreadableError("the rest is torn off")

    book(parts)
    report = ingest(settings, str(shelf))
    assert [(uri.rsplit("/", 1)[-1], reason) for uri, reason in report.skipped] == [
        ("book.txt", "the rest is torn off")
    ]
    assert {"book.txt#page 1", "book.txt#page 2"} <= set(records(settings))


@pytest.mark.parametrize("kind", ["nothing", "parts", "refused"])
def test_a_document_of_which_nothing_can_be_read_changes_nothing(
    settings: Settings, shelf: Path, book: Callable[[Parts], None], kind: str
) -> None:
    book(lambda: iter([leaf(1), leaf(2)]))
    ingest(settings, str(shelf))

    def parts() -> Iterator[Reading | Unread]:
        if kind == "refused":
            raise UnreadableError("it is encrypted")
        yield from [Unread("page 1", "torn out")] if kind == "parts" else []

    book(parts)
    (shelf / "book.txt").write_text("changed")
    report = ingest(settings, str(shelf))
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)
    assert report.skipped[-1][0].endswith("book.txt")
    assert {"book.txt#page 1", "book.txt#page 2"} <= set(records(settings))


def test_a_long_document_is_never_in_memory_as_a_whole(
    settings: Settings, shelf: Path, book: Callable[[Parts], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: set[int] = set()
    most = 0

    def parts() -> Iterator[Reading]:
        nonlocal most
        for number in range(1, 5_001):
            picture = Image.new("RGB", (8, 8), (number % 256, number // 256, 99))
            alive.add(number)
            weakref.finalize(picture, alive.discard, number)
            most = max(most, len(alive))
            made = leaf(number, picture)
            del picture
            yield made
            del made

    monkeypatch.setattr(flow, "calibrate", lambda *_: None)
    book(parts)
    pages: list[int] = []
    report = ingest(
        replace(settings, workers=2),
        str(shelf),
        Run(lambda now: pages.append(now.parts) if now.stage == "indexing" else None),
    )
    assert (report.added, report.parts) == (4, 4_999 + 3)
    assert KnowledgeBase(settings).index.count() == 5_000 + 6
    assert most <= 16 * 8
    assert pages == sorted(pages)
    assert len({n for n in pages if 0 < n < 5_002}) > 100  # it is told on the way
    gc.collect()
    assert not alive


def test_a_stop_in_the_middle_of_a_document_leaves_it_for_the_next_run(
    settings: Settings, shelf: Path, book: Callable[[Parts], None]
) -> None:
    stop = threading.Event()
    read: list[int] = []

    def parts() -> Iterator[Reading]:
        for number in range(1, 2_001):
            read.append(number)
            yield leaf(number)

    def after_some(now: Progress) -> None:
        if now.parts >= 100:
            stop.set()

    book(parts)
    report = ingest(settings, str(shelf), Run(after_some, stop.is_set))
    assert report.stopped
    assert 100 <= report.parts <= len(read) + 3
    assert len(read) < 2_000
    assert "book.txt#page 1" not in records(settings)
    (shelf / "book.txt").write_text("shorter")
    book(lambda: map(leaf, range(1, 31)))
    assert counts(settings, shelf)[4] >= 29
    assert sum(key.startswith("book.txt") for key in records(settings)) == 30
