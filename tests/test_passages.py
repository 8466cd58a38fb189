"""The text in a picture as running text, cut out for a question, and found again."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.passages import excerpt, paragraphs, regions, sought
from imagelore.types import Line, Record
from imagelore.words import stems

WIDE = 0.8


def line(text: str, row: int, left: float = 0.1, width: float | None = None, height: float = 0.02) -> Line:
    """A line of a page; as wide as its text unless said otherwise."""
    top = 0.05 + 0.03 * row
    return Line(text, (left, top, left + (0.009 * len(text) if width is None else width), top + height))


def record(*lines: Line) -> Record:
    return Record("a", "s", "a.pdf", "1", "d", lines=lines)


def test_a_paragraph_is_one_text_and_a_divided_word_is_whole() -> None:
    page = (
        line("The kettle must be descaled once a month, or the ele-", 0, width=WIDE),
        line("ment burns out. Use citric acid of the kind that is sold", 1, width=WIDE),
        line("for baking.", 2),
    )
    assert paragraphs(page) == [
        "The kettle must be descaled once a month, or the element burns out. Use citric acid of the kind that is sold "
        "for baking."
    ]


def test_a_compound_keeps_its_hyphens() -> None:
    assert paragraphs((line("a state-of-the-", 0), line("art kettle", 1))) == ["a state-of-the-art kettle"]


@pytest.mark.parametrize(
    "page",
    [
        (line("Descaling", 0, height=0.04), line("Scale builds up in every kettle sooner or later, in hard water", 2)),
        (line("Ingredients", 0), line("Flour", 1), line("Butter", 2), line("Two eggs", 3)),
        (line("- Fill the kettle to the mark and no further than it", 0), line("- Switch it on and wait for it", 1)),
        (line("The end of the first paragraph of all that stands on it.", 0), line("and far below another one", 9)),
    ],
    ids=["a heading", "a list", "items", "white between"],
)
def test_what_belongs_apart_stays_apart(page: tuple[Line, ...]) -> None:
    assert paragraphs(page) == [part.text for part in page]


def test_cells_of_a_row_stand_together() -> None:
    page = (line("Filters", 0), line("12.00", 0, left=0.7), line("Total", 1), line("EUR 110.50", 1, left=0.7))
    assert paragraphs(page) == ["Filters 12.00", "Total EUR 110.50"]


def test_lines_of_a_script_without_spaces_join_without_them() -> None:
    page = (line("水壶应当每月除垢一次否则加热元件会烧坏请使用", 0, width=WIDE), line("柠檬酸", 1))
    assert paragraphs(page) == ["水壶应当每月除垢一次否则加热元件会烧坏请使用柠檬酸"]


def test_a_short_text_is_not_cut() -> None:
    assert excerpt((line("Fill it", 0), line("Switch it on", 1)), (), 100) == "Fill it / Switch it on"


def test_of_a_long_text_the_lines_around_the_questions_words_are_taken() -> None:
    page = [line(f"Nothing here, row {n}", n) for n in range(200)]
    page[150] = line("Acid removes scale", 150)
    cut = excerpt(page, stems("How is scale removed with citric acid?"), 300)
    assert len(cut) <= 300
    assert "row 149 / Acid removes scale / Nothing here, row 151" in cut
    assert excerpt(page, stems("weather"), 300).startswith("Nothing here, row 0 /")


def test_two_passages_are_parted_by_a_gap() -> None:
    page = [line(f"Nothing here, row {n}", n) for n in range(200)]
    page[20], page[150] = line("Citric acid is sold in bags", 20), line("Scale is what hard water leaves", 150)
    cut = excerpt(page, stems("citric acid against scale"), 300)
    assert cut.index("Citric acid is sold") < cut.index(" … ") < cut.index("Scale is what hard water")


@given(st.lists(st.text(max_size=40), max_size=30), st.integers(20, 400), st.text(max_size=20))
def test_an_excerpt_keeps_to_its_limit(texts: list[str], limit: int, question: str) -> None:
    page = [line(text, n) for n, text in enumerate(texts)]
    longest = max((len(text) for text in texts), default=0)
    assert len(excerpt(page, stems(question), limit)) <= max(limit, longest)


def test_a_passage_is_found_across_breaks_hyphens_case_and_accents() -> None:
    page = record(
        line("At the café one must be", 0), line("care-", 1), line("ful with the kettle.", 2), line("Thank you.", 3)
    )
    boxes = tuple(part.box for part in page.lines)
    assert regions(page, "must be careful") == boxes[:3]
    assert regions(page, "AT THE CAFE") == boxes[:1]
    assert regions(page, "with the  kettle. / thank you") == boxes[2:]
    assert regions(page, "without the kettle") == ()
    assert regions(page, "…") == ()


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=12), st.data())
def test_the_lines_that_a_passage_is_made_of_are_found(texts: list[str], data: st.DataObject) -> None:
    page = record(*(line(text, n) for n, text in enumerate(texts)))
    start = data.draw(st.integers(0, len(texts) - 1))
    passage = " / ".join(texts[start:])
    found = regions(page, passage)
    marked = "".join(part.text for part in page.lines if part.box in found)
    assert plain("".join(texts[start:])) in plain(marked)
    assert len(found) <= len(texts) - start


def test_a_passage_is_found_with_its_own_accents_first() -> None:
    page = record(line("ELEVE", 0), line("Élève", 1))
    assert regions(page, "élève") == (page.lines[1].box,)
    assert regions(page, "elève") == (page.lines[0].box,)


def plain(text: str) -> str:
    """Letters and digits, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text).casefold() if c.isalnum())


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("Which picture has the text EXIT on it?", "Which picture EXIT ?"),
        ("the picture that says keep clear", "the picture keep clear"),
        ("pictures with the words NO SWIMMING", "pictures NO SWIMMING"),
        ("Where is the owl?", "Where is the owl?"),
        ("which picture has text on it?", "which picture has text on it?"),
    ],
)
def test_a_question_for_words_in_pictures_searches_for_these(question: str, left: str) -> None:
    assert sought(question) == left
