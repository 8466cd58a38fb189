"""Documents on Blob Storage, in parts, in AI Search: from the upload to the quoted page, and what a change leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook
from PIL import Image

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.types import Done
from tests.end_to_end.test_azure import blobs, done
from tests.fakes.azure import Cloud, cloud
from tests.fakes.azurite import Azurite
from tests.flows.pictures import folder
from tests.read.documents import pdf

PAGES = (["The red door of Leeds"], ["The green gate of York"], ["The blue bridge of Hull"])
FIGURE = {2: [Image.new("RGB", (200, 150), "orange")]}


@pytest.fixture
def azure(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud(azurite) as services:
        for name, value in services.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("IMAGELORE_GENERATOR", "extractive")
        monkeypatch.setenv("IMAGELORE_OCR", "off")
        yield services


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Two pictures, a guide of three pages with a figure, and a workbook of two sheets."""
    made = folder(tmp_path / "shelf", {"red.png": "red", "green.png": "green"})
    write(made / "my guide.pdf", PAGES)
    book, saved = Workbook(), BytesIO()
    book.active.title = "Opening hours"
    book.active.append(["Monday", "closed for the stocktaking"])
    book.create_sheet("Prices").append(["Ferry", "4 euros"])
    book.save(saved)
    (made / "hours.xlsx").write_bytes(saved.getvalue())
    return made


def write(path: Path, pages: Sequence[Sequence[str]]) -> None:
    path.write_bytes(pdf(pages, FIGURE, {"Title": "Guide"}))


def uris(place: Path, question: str) -> list[str]:
    return [hit["uri"].rpartition("/")[2] for hit in done(place, "search", question)["hits"]]


def test_the_parts_of_documents_in_ai_search(azure: Cloud, shelf: Path, tmp_path: Path) -> None:
    done(tmp_path, "upload", str(shelf), azure.source)
    report = done(tmp_path, "index", azure.source)
    assert (report["added"], report["parts"], report["skipped"]) == (4, 4, [])
    assert done(tmp_path, "status")["records"] == 8
    assert done(tmp_path, "index", azure.source)["unchanged"] == 4
    assert uris(tmp_path, "blue bridge of Hull")[0] == "my guide.pdf#page=3"
    assert "my guide.pdf#page=2&picture=1" in uris(tmp_path, "green gate of York")
    assert uris(tmp_path, "What does the ferry cost?")[0] == "hours.xlsx#sheet%20Prices"

    answer = done(tmp_path, "ask", "What is on page 3 of the guide?")
    assert "The blue bridge of Hull" in answer["answer"]
    assert [cited["uri"].rpartition("/")[2] for cited in answer["citations"]] == ["my guide.pdf#page=3"]

    write(shelf / "my guide.pdf", PAGES[:2])
    done(tmp_path, "upload", str(shelf), azure.source)
    assert done(tmp_path, "index", azure.source)["updated"] == 1
    assert done(tmp_path, "status")["records"] == 7
    assert "my guide.pdf#page=3" not in uris(tmp_path, "blue bridge of Hull")
    client, container = blobs(azure)
    with client, container:
        container.delete_blob("my guide.pdf")
    assert done(tmp_path, "index", azure.source)["removed"] == 1
    assert done(tmp_path, "status")["records"] == 4


def test_a_part_is_opened_from_blob_storage_and_marked(azure: Cloud, shelf: Path, tmp_path: Path) -> None:
    done(tmp_path, "upload", str(shelf), azure.source)
    done(tmp_path, "index", azure.source)
    kb = KnowledgeBase(Settings.load())
    *_, last = kb.chat("What is written on the bridge of Hull?")
    assert isinstance(last, Done)
    (cited,) = last.citations
    assert (cited.hit.record.place, len(cited.boxes)) == ("page 3", 1)
    page = kb.pictures.open(cited.hit.record)
    assert (page.media_type, page.notice) == ("image/jpeg", "")
    shown = Image.open(BytesIO(page.data)).convert("L")
    everything = shown.histogram()
    left, top, right, bottom = (round(n * side) for n, side in zip(cited.boxes[0], shown.size * 2, strict=True))
    marked = shown.crop((left, top, right, bottom)).histogram()
    assert 0 < sum(marked[:100]) == sum(everything[:100])  # all letters of this page, in this box
