"""Conversations in Chromium: turns that lean on earlier ones, limits, citations, verdicts.

Each test also asserts that the console stayed free of errors and that no other host was asked for anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from imagelore.flows.feedback import folder, kept
from tests.ui.chromium import Browser, Page, answer, ask, attach, chromium, expect, opened, too_faint
from tests.ui.served import Served, filled, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),  # Gradio's queue
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(filled(tmp_path_factory.mktemp("kb"))) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(site: Served, browser: Browser) -> Iterator[Page]:
    with opened(browser, site.url) as page:
        yield page


def sources(page: Page) -> list[str]:
    """The titles of the last answer's sources, those that fit less well included."""
    titles = page.locator(".il-sources:visible .il-title").all_text_contents()
    return [re.sub(r"^\d+", "", title) for title in titles]


def test_three_turns_with_a_picture_a_condition_taken_off_and_the_second_one(page: Page) -> None:
    attach(page, "#dc1e1e")
    ask(page, "Which pictures look like this?")
    assert set(sources(page)[:2]) == {"Red boat", "Red barn"}
    ask(page, "And before 1990?")
    assert sources(page) == ["Red boat"]
    chip = page.locator(".il-off")
    expect(chip).to_have_text(re.compile(r"year (until 1989|before 1990)×"))
    chip.click()
    expect(chip).to_have_count(0)
    expect(page.locator("#il-log .bot-row")).to_have_count(2)
    expect(page.locator(".il-acts")).to_have_count(2)
    found = sources(page)
    assert set(found[:2]) == {"Red boat", "Red barn"}
    ask(page, "Where was the second one taken?")
    assert sources(page) == [found[1]]
    expect(page.locator("#il-log .bot-row")).to_have_count(3)


def test_an_earlier_picture_is_asked_with_again(page: Page) -> None:
    attach(page, "#dc1e1e")
    ask(page, "Which pictures look like this?")
    ask(page, "the blue lake")
    ask(page, "the same picture as mine, but in blue")
    expect(page.locator(".il-searched").last).to_contain_text("picture")


def test_a_citation_leads_to_the_fact_it_was_cited_for(page: Page) -> None:
    ask(page, "Where does the red boat lie?")
    cite = page.locator("#il-log .il-cite").first
    page.locator(".il-card").first.hover()
    expect(cite).to_have_class(re.compile("il-lit"))
    cite.click()
    dialog = page.locator("#il-dialog")
    expect(dialog.locator("#il-dialog-sentence")).to_contain_text("Leith")
    expect(dialog.locator("mark.il-fact")).to_contain_text("Leith")
    expect(dialog.locator("mark.il-match").first).to_be_visible()
    dialog.locator("summary", has_text="ranked").click()
    expect(dialog.locator("#il-dialog-why tr", has_text="words")).to_contain_text("1st")


def test_a_follow_up_question_is_asked_by_a_click(page: Page) -> None:
    ask(page, "boats")
    chip = page.locator("#il-next .il-chip:not([data-like])").first
    question = chip.inner_text()
    chip.click()
    expect(page.locator(".user-row")).to_have_count(2)
    expect(page.locator(".user-row").last).to_contain_text(question)
    expect(page.locator(".il-acts")).to_have_count(2)
    assert "Nothing in this knowledge base" not in answer(page)


def test_a_thumb_is_given_changed_and_taken_back_with_the_keyboard(page: Page, site: Served) -> None:
    ask(page, "the red barn")
    up, down = page.locator(".il-up"), page.locator(".il-down")
    expect(up).to_have_attribute("aria-label", "Good answer")
    expect(up).to_have_attribute("aria-pressed", "false")
    up.focus()
    page.keyboard.press("Enter")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(up).to_be_focused()
    rows = kept(site.session.settings)
    assert [(row["question"], row["verdict"]) for row in rows] == [("the red barn", "up")]
    assert "barn.png" in {hit["path"] for hit in rows[0]["hits"]}
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    assert [row["verdict"] for row in kept(site.session.settings)] == ["down"]
    down.click()
    expect(down).to_have_attribute("aria-pressed", "false")
    assert kept(site.session.settings) == []
    assert len((folder(site.session.settings) / "feedback.jsonl").read_text().splitlines()) == 3


def test_what_an_answer_took_stays_open_when_a_thumb_is_given(page: Page) -> None:
    ask(page, "the red barn")
    page.locator(".il-took summary").click()
    expect(page.locator(".il-took dl")).to_contain_text("searching")
    page.locator(".il-up").click()
    expect(page.locator(".il-up")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".il-took dl")).to_be_visible()


def test_questions_are_asked_within_the_limits_below_the_box_until_they_are_removed(page: Page) -> None:
    page.click("#il-narrow-open")
    page.locator("#il-narrow-fields .il-pill", has_text="year").click()
    page.locator("#il-narrow-fields").get_by_label("from", exact=True).fill("1988")
    page.keyboard.press("Enter")
    expect(page.locator("#il-narrow .il-limit")).to_have_text("year from 1988×")
    page.locator("#il-narrow-fields .il-pill", has_text="place").click()
    expect(page.locator("#il-narrow-fields label")).to_have_text(["Leeds2"])  # counted within the year
    leeds = page.locator("#il-narrow-fields").get_by_label("Leeds")
    leeds.check()
    expect(page.locator("#il-narrow .il-limit")).to_have_count(2)
    expect(leeds).to_be_checked()
    page.click("#il-narrow-open")
    expect(page.locator("#il-narrow-fields")).to_be_hidden()
    for _ in range(2):
        ask(page, "boats and barns")
        assert set(sources(page)) == {"Red barn", "Blue lake"}
    expect(page.locator(".il-searched").last).to_contain_text("within")
    page.locator("#il-narrow .il-limit", has_text="Leeds").click()
    page.locator("#il-narrow .il-limit", has_text="1988").click()
    ask(page, "boats and barns")
    assert "Red boat" in sources(page)


def test_all_of_it_is_readable_in_light_and_in_dark(page: Page) -> None:
    ask(page, "boats")
    ask(page, "And before 1990?")
    expect(page.locator(".il-off")).to_be_visible()
    page.locator(".il-took summary").last.click()
    page.locator(".il-up").last.click()
    expect(page.locator(".il-up").last).to_have_attribute("aria-pressed", "true")
    page.click("#il-narrow-open")
    page.locator("#il-narrow-fields .il-pill", has_text="place").click()
    page.locator("#il-narrow-fields").get_by_label("Leith").check()
    for _ in range(2):
        expect(page.locator("#il-narrow .il-limit")).to_be_visible()
        assert too_faint(page) == []
        page.locator("#il-log .il-cite").last.click()
        page.locator("#il-dialog-why summary").click()
        assert too_faint(page) == []
        page.keyboard.press("Escape")
        page.click("#il-theme")


def test_the_gallery_has_the_same_limits_and_takes_an_expression(page: Page) -> None:
    page.click("#il-tab-pictures")
    told = page.locator("#il-found")
    expect(told).to_have_text("7 pictures")
    page.locator("#il-facets .il-pill", has_text="year").click()
    page.locator("#il-facets").get_by_label("to", exact=True).fill("1990")
    page.keyboard.press("Tab")
    expect(told).to_have_text("2 pictures")
    page.locator("#il-facets .il-pill", has_text="tags").click()
    page.locator("#il-facets").get_by_label("barn").check()
    expect(told).to_have_text("1 picture")
    page.locator("#il-chosen .il-limit", has_text="barn").click()
    page.locator("#il-chosen .il-limit", has_text="1990").click()
    expect(told).to_have_text("7 pictures")
    page.locator("#il-facets .il-pill", has_text="expression").click()
    page.fill("#il-where", "place = 'Leeds' and year is null")
    page.keyboard.press("Enter")
    expect(told).to_have_text("1 picture")
    expect(page.locator("#il-gallery .il-tile")).to_contain_text("Blue boat")
    page.fill("#il-where", "")
    page.keyboard.press("Enter")
    expect(told).to_have_text("7 pictures")


def test_too_many_pictures_are_refused_where_the_answer_would_stand(page: Page) -> None:
    attach(page, *["red", "blue"] * 10)
    ask(page, "what are these?")
    expect(page.locator(".il-error")).to_contain_text("20 pictures")
    expect(page.locator("#il-box .thumbnail-item")).to_have_count(20)


def test_a_picture_that_was_never_shown_is_told(page: Page) -> None:
    ask(page, "the red barn")
    ask(page, "where was the twentieth one taken?")
    expect(page.locator(".il-searched").last).to_contain_text("“the twentieth one”")


def test_an_expression_that_cannot_be_read_shows_the_place(browser: Browser, site: Served) -> None:
    page = browser.new_page()  # a refused request is an error on the console
    page.goto(f"{site.url}#pictures")
    page.wait_for_selector("#il-gallery .il-tile")
    page.locator("#il-facets .il-pill", has_text="expression").click()
    page.fill("#il-where", "year >= 1960 and plaec = 'Leeds'")
    page.keyboard.press("Enter")
    wrong = page.locator("#il-where-wrong")
    expect(wrong).to_contain_text("`place`")
    lines = wrong.inner_text().splitlines()
    assert lines[1][lines[2].index("^") :].startswith("plaec")
    expect(page.locator("#il-where")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#il-found")).to_have_text("7 pictures")
    page.close()
