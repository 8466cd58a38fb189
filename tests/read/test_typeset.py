"""Text on paper: each line stands where its box says, whatever the text."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imagelore.read import Options, text
from imagelore.read._blocks import Block, Section
from imagelore.read._typeset import Page, page

WORDS = "The motor has two cylinders and drives a screw of bronze. " * 9
SECTION = Section(
    ("Boats", "Engines"),
    (
        Block("paragraph", WORDS),
        Block("item", "of steel", 0),
        Block("heading", "Sails", 2),
        Block("code", "  x = 1\n\ny"),
    ),
)


def inked(sheet: Page, side: int = 2_000) -> list[float]:
    """How much of each line's box is dark."""
    ink = np.asarray(sheet.drawn(side)) < 128
    high, wide = ink.shape
    boxes = [line.box for line in sheet.lines]
    return [float(ink[int(t * high) : int(b * high), int(x * wide) : int(r * wide)].mean()) for x, t, r, b in boxes]


def test_ink_stands_in_the_boxes_and_nowhere_else() -> None:
    sheet = page(SECTION)
    assert min(inked(sheet)) > 0.02
    assert min(inked(sheet, 512)) > 0.02
    ink = np.asarray(sheet.drawn(2_000)) < 128
    for x, top, right, bottom in (line.box for line in sheet.lines):
        ink[
            int(top * sheet.height) : int(bottom * sheet.height) + 1,
            int(x * sheet.width) - 30 : int(right * sheet.width) + 4,
        ] = False
    assert not ink.any()


def test_the_lines_are_the_text() -> None:
    lines = [line.text for line in page(SECTION).lines]
    assert lines[0] == "Boats > Engines"
    assert " ".join(lines[1:-4]).split() == WORDS.split()
    assert lines[-4:] == ["of steel", "Sails", "  x = 1", "y"]


def test_a_line_is_no_wider_than_the_page_and_a_long_word_is_one_line() -> None:
    word = "https://example.org/" + "a" * 300
    sheet = page(Section((), (Block("paragraph", f"see {word} there"),)))
    assert [line.text for line in sheet.lines] == ["see", word, "there"]
    first, long, _ = (line.box for line in sheet.lines)
    assert long[3] - long[1] > 3 * (first[3] - first[1])


def test_the_same_text_makes_the_same_page() -> None:
    assert page(SECTION) == page(SECTION)
    assert page(SECTION).drawn(600).tobytes() == page(SECTION).drawn(600).tobytes()


def test_a_page_is_shown_large_and_its_reading_is_small() -> None:
    shown = Image.open(io.BytesIO(text.part(WORDS.encode(), "part 1", Options())))
    assert shown.size == (1_200, 800)
    sheet = page(SECTION)
    assert max(sheet.drawn(512).size) == 512
    assert sheet.drawn(9_000).size == (sheet.width, sheet.height)


def test_scripts_without_spaces_break_anywhere() -> None:
    sheet = page(Section((), (Block("paragraph", "船在海上。" * 60),)))
    assert len(sheet.lines) > 3
    assert "".join(line.text for line in sheet.lines) == "船在海上。" * 60


@settings(max_examples=60)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=80), max_size=6))
def test_any_text_has_boxes_on_the_page(texts: list[str]) -> None:
    sheet = page(Section((), tuple(Block("paragraph", text) for text in texts)))
    assert sheet.drawn(300).mode == "L"
    for x, top, right, bottom in (line.box for line in sheet.lines):
        assert 0 <= x <= right <= 1
        assert 0 <= top < bottom <= 1
