"""The page in Chromium, as people use it; the answers come from a server that looks at the pictures it is sent.

Each test also asserts that the console stayed free of errors and that no other host was asked for anything.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from imagelore.flows.knowledge import KnowledgeBase
from imagelore.ui import page as ui_page
from imagelore.ui.session import Session
from tests.fakes.openai_server import FakeOpenAI
from tests.ui.chromium import Browser, FilePayload, Page, answer, ask, attach, chromium, expect, opened, too_faint
from tests.ui.served import Served, filled, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),  # Gradio's queue
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    model = FakeOpenAI()
    session = filled(
        tmp_path_factory.mktemp("kb"), generator="openai", openai_base_url=model.url, openai_api_key=model.key,
        openai_model="colours", openai_retries=0,
    )  # fmt: skip
    with served(session) as site:
        yield site
    model.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["1280x900"])
def page(request: pytest.FixtureRequest, site: Served, browser: Browser) -> Iterator[Page]:
    with opened(browser, site.url, request.param) as page:
        yield page


@pytest.fixture
def model(site: Served) -> Iterator[Served]:
    """The site; whichever model a test chose answers only for that test."""
    before = site.session.kb
    yield site
    site.session.kb = before


def choose(site: Served, name: str) -> None:
    site.session.kb = KnowledgeBase(replace(site.session.settings, openai_model=name))


def test_a_question_is_answered_with_the_pictures_it_rests_on(page: Page) -> None:
    expect(page.locator(".il-welcome .il-ask")).to_have_count(4)
    ask(page, "Where is the red boat?")
    expect(page.locator(".il-card").first).to_contain_text("Red boat")
    assert "shows something red" in answer(page)
    cite = page.locator("#il-log .il-cite").first
    cite.hover()
    expect(page.locator(".il-card.il-lit")).to_have_count(1)
    cite.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#il-dialog")
    expect(dialog.locator("h2")).to_have_text("Red boat")
    expect(dialog.locator("#il-dialog-sentence")).to_contain_text("red")
    expect(dialog.locator("dl")).to_contain_text("1987")
    expect(dialog.locator("#il-dialog-neighbours .il-tile").first).to_have_attribute("data-id", neighbour(page))
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(cite).to_be_focused()


def neighbour(page: Page) -> str:
    return str(page.locator(".il-card", has_text="Red barn").get_attribute("data-id"))


def test_the_answer_changes_when_the_picture_is_removed(page: Page) -> None:
    attach(page, "#dc1e1e")
    ask(page, "what colour is my picture?")
    assert "Your picture shows something red." in answer(page)
    expect(page.locator(".user-row .il-mine")).to_have_count(1)
    expect(page.locator(".il-searched").last).to_contain_text("your picture")
    page.click("#il-new")  # else "my picture" is the one of the conversation
    expect(page.locator("#il-log .bot-row")).to_have_count(0)
    attach(page, "#dc1e1e")
    page.locator("#il-box .delete-button").first.click()
    expect(page.locator("#il-box .thumbnail-item")).to_have_count(0)
    ask(page, "what colour is my picture?")
    assert "Your picture" not in answer(page)


def test_citations_belong_to_their_own_turn(page: Page) -> None:
    ask(page, "the red boat")
    ask(page, "the blue lake")
    expect(page.locator(".il-sources:visible .il-asked")).to_have_text("the blue lake")
    page.locator(".bot-row").first.locator(".il-cite").first.click()
    expect(page.locator("#il-dialog h2")).to_have_text("Red boat")
    page.keyboard.press("Escape")
    expect(page.locator(".il-sources:visible .il-asked")).to_have_text("the red boat")


def test_escape_stops_an_answer_and_what_came_stays(page: Page, model: Served) -> None:
    choose(model, "slow")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("the red boat")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector(".il-card")
    page.wait_for_selector("#il-log .bot-row p:not(:empty)")
    page.keyboard.press("Escape")
    expect(page.locator("#il-log")).to_contain_text("You stopped this answer.")
    expect(page.locator("#il-box [data-testid=submit-button]")).to_be_visible()
    choose(model, "colours")
    page.locator(".il-act", has_text="Retry").click()
    expect(page.locator("#il-log .bot-row")).to_contain_text("The source 1 is called Red boat")
    expect(page.locator("#il-log")).not_to_contain_text("You stopped")


def test_an_error_stands_where_the_answer_would_and_nothing_typed_is_lost(page: Page, model: Served) -> None:
    choose(model, "quota")
    attach(page, "blue")
    ask(page, "the red boat, please")
    expect(page.locator("#il-log .il-error")).to_be_visible()
    expect(page.locator("#il-box textarea")).to_have_value("the red boat, please")
    expect(page.locator("#il-box .thumbnail-item")).to_have_count(1)
    page.click("#il-new")
    expect(page.locator("#il-log .bot-row")).to_have_count(0)
    page.fill("#il-box textarea", "x" * 5000)
    page.press("#il-box textarea", "Enter")
    expect(page.locator("#il-log .il-error")).to_contain_text("4,000")


def test_a_suggestion_with_a_picture_asks_with_it(page: Page) -> None:
    page.locator(".il-ask[data-like]").first.click()
    page.wait_for_selector(".user-row .il-mine")
    expect(page.locator(".il-next .il-chip").first).to_be_visible()
    assert "Your picture shows" in answer(page)


def test_the_gallery_searches_filters_and_shows_a_record(page: Page) -> None:
    page.click("#il-tab-pictures")
    expect(page.locator("#il-gallery .il-tile")).to_have_count(7)
    page.fill("#il-query", "harbour")
    page.press("#il-query", "Enter")
    expect(page.locator("#il-gallery .il-tile").first).to_contain_text("Red boat")
    page.fill("#il-query", "")
    page.press("#il-query", "Enter")
    page.locator("#il-facets .il-pill", has_text="place").click()
    page.get_by_label("Leeds").check()
    expect(page.locator("#il-found")).to_have_text("3 pictures")
    page.locator("#il-gallery .il-tile", has_text="Blue lake").click()
    expect(page.locator("#il-dialog h2")).to_have_text("Blue lake")
    page.locator("#il-dialog-ask").click()
    expect(page.locator("#il-box .thumbnail-item")).to_have_count(1)


def test_the_browsers_way_back_leads_from_the_pictures_to_the_conversation(page: Page) -> None:
    ask(page, "the red boat")
    page.click("#il-tab-pictures")
    expect(page.locator("#il-gallery .il-tile").first).to_be_visible()
    page.go_back()
    expect(page.locator("#il-log .bot-row")).to_be_visible()
    expect(page.locator("#il-tab-chat")).to_have_attribute("aria-selected", "true")
    page.go_forward()
    expect(page.locator("#il-gallery")).to_be_visible()


def test_what_is_drawn_on_nothing_is_shown_on_paper_in_its_own_shape(page: Page) -> None:
    page.click("#il-tab-pictures")
    page.locator("#il-gallery .il-tile").first.click()
    picture = page.locator("#il-dialog-picture")
    expect(picture).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(picture).to_have_js_property("naturalWidth", 64)  # (a polled predicate would be eval: the page forbids it)
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(64 / 48, rel=0.02)


def test_a_title_that_wants_to_be_html_stays_text(page: Page) -> None:
    ask(page, "a title that wants to be HTML")
    expect(page.locator(".il-card", has_text="<img src=x onerror=alert(1)>").first).to_be_visible()


def test_pictures_are_added_with_progress(page: Page, site: Served) -> None:
    page.click("#il-tab-pictures")
    before = site.session.opened().index.count()
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "purple").save(out, "PNG")
    page.set_input_files(
        "#il-view-pictures .il-files",
        [
            FilePayload(name="violet.png", mimeType="image/png", buffer=out.getvalue()),
            FilePayload(name="torn.png", mimeType="image/png", buffer=out.getvalue()[:30]),
        ],
    )
    progress = page.locator("#il-view-pictures .il-progress")
    expect(progress).to_contain_text("1 file added; left out: torn.png")
    expect(page.locator("#il-count")).to_have_text(f"{before + 1} pictures")
    expect(page.locator("#il-gallery .il-tile", has_text="violet.png")).to_have_count(1)


@pytest.mark.parametrize("page", ["390x844"], indirect=True)
def test_a_phone_shows_one_column_without_sideways_scrolling(page: Page) -> None:
    ask(page, "the red boat")
    card, field = page.locator(".il-card").first.bounding_box(), page.locator("#il-box").bounding_box()
    assert card
    assert field
    assert card["y"] + card["height"] <= field["y"]
    assert field["y"] + field["height"] <= 844
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_text_is_readable_in_light_and_in_dark(page: Page) -> None:
    ask(page, "the red boat")
    assert too_faint(page) == []
    page.click("#il-theme")
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    assert too_faint(page) == []
    page.click("#il-tab-pictures")
    page.wait_for_selector("#il-gallery .il-tile")
    assert too_faint(page) == []


def test_a_deleted_knowledge_base_is_told_where_the_chat_was(browser: Browser, tmp_path: Path) -> None:
    session = filled(tmp_path)
    with served(session) as site:
        shutil.rmtree(session.settings.kb)
        page = browser.new_page()
        page.goto(site.url)
        expect(page.get_by_role("alert")).to_be_visible()
        page.wait_for_selector("body.il-ready")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#il-box")).to_be_hidden()
        expect(page.get_by_role("tab")).to_have_count(0)
        page.close()


def test_the_first_paint_stays_until_the_chat_has_its_own(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    real, let_go = ui_page.welcome, threading.Event()

    def slow(session: Session) -> str:
        if sys._getframe(1).f_code.co_name == "started":  # it is the chat that asks, and not the first paint
            let_go.wait(20)
        return real(session)

    monkeypatch.setattr(ui_page, "welcome", slow)
    page.reload()
    page.wait_for_selector("body.il-ready")
    expect(page.locator("#il-boot .il-welcome h1")).to_be_visible()
    let_go.set()
    expect(page.locator("#il-boot")).to_have_count(0)
    expect(page.locator("#il-welcome .il-welcome h1")).to_be_visible()
