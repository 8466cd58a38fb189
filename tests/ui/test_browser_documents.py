"""Documents and text in pictures, on the page in Chromium: the cited passage is marked where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from imagelore.ui.session import Session
from tests.flows.pictures import folder
from tests.read.documents import pdf
from tests.ui.chromium import Browser, Page, answer, ask, chromium, expect, opened
from tests.ui.served import Served, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),  # Gradio's queue
]

PAGES = (
    ["Care of the boat", "Wash the hull with fresh water."],
    ["The engine", "Change the impeller every two hundred hours.", "Use the key with the yellow handle."],
    ["Winter", "Drain the tanks before the first frost."],
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root: Path = tmp_path_factory.mktemp("documents")
    photos = folder(root / "photos", {"boat.png": "red", "lake.png": "blue"}, {})
    (photos / "manual.pdf").write_bytes(pdf(PAGES, info={"Title": "Boat manual"}))
    (photos / "notes.md").write_text("# Moorings\n\nThe mooring in Leith costs forty pounds.\n", encoding="utf-8")
    settings = Settings(kb=str(root / ".imagelore"), embedder="palette", generator="extractive", port=0)
    ingest(settings, str(photos))
    with served(Session(settings, KnowledgeBase(settings))) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(site: Served, browser: Browser) -> Iterator[Page]:
    with opened(browser, site.url) as page:
        yield page


def cited(page: Page) -> tuple[float, float]:
    """Top and bottom of what is marked as cited on the picture in the dialog, as shares of the picture."""
    marks = page.locator("#il-dialog-marks .il-mark-cited")
    expect(marks.first).to_be_visible()
    shown = page.locator("#il-dialog-picture")
    shape = shown.evaluate("async shown => (await shown.decode(), shown.naturalWidth / shown.naturalHeight)")
    picture, box = shown.bounding_box(), marks.first.bounding_box()
    assert picture is not None
    assert box is not None
    assert picture["width"] / picture["height"] == pytest.approx(shape, rel=0.02)  # else the marks lie beside the text
    return (box["y"] - picture["y"]) / picture["height"], (box["y"] + box["height"] - picture["y"]) / picture["height"]


def test_a_cited_passage_is_marked_on_its_page(page: Page) -> None:
    expect(page.locator("#il-count")).to_have_text("6 pictures and pages")
    ask(page, "How often must the impeller be changed?")
    assert "every two hundred hours" in answer(page)
    page.locator("#il-log .il-cite").first.click()
    expect(page.locator("#il-dialog h2")).to_have_text("Boat manual, page 2")
    expect(page.locator("#il-dialog-read")).to_contain_text("Change the impeller")
    top, bottom = cited(page)
    assert 0.09 < top < bottom < 0.13  # the second line stands 90 points below the top of 842
    page.click("#il-dialog-marked")
    expect(page.locator("#il-dialog-marks")).not_to_be_visible()


def test_one_leafs_through_a_document(page: Page) -> None:
    ask(page, "How often must the impeller be changed?")
    page.locator("#il-log .il-cite").first.click()
    leaves = page.locator("#il-dialog-parts .il-tile")
    expect(leaves).to_have_text(["page 1", "page 3"])
    leaves.last.click()
    expect(page.locator("#il-dialog h2")).to_have_text("Boat manual, page 3")
    expect(page.locator("#il-dialog-read")).to_contain_text("Drain the tanks")


def test_a_text_without_pages_is_shown_on_paper_with_its_passage_marked(page: Page) -> None:
    ask(page, "What does the mooring in Leith cost?")
    assert "forty pounds" in answer(page)
    page.locator("#il-log .il-cite").first.click()
    top, bottom = cited(page)
    assert 0 < top < bottom < 1


def test_a_search_in_the_gallery_marks_the_lines_with_its_words(page: Page) -> None:
    page.click("#il-tab-pictures")
    page.fill("#il-query", "tanks frost")
    page.press("#il-query", "Enter")
    expect(page.locator("#il-found")).to_contain_text("tanks frost")
    page.locator("#il-gallery .il-tile", has_text="page 3").first.click()
    expect(page.locator("#il-dialog-marks .il-mark")).to_have_count(1)
    expect(page.locator("#il-dialog-marks .il-mark-cited")).to_have_count(0)
