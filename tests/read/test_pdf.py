"""Pages of PDFs that are written here: what is read of them is what was written, where it was written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imagelore.read import Metadata, Options, Reading, Unread, _ocr
from imagelore.read import pdf as provider
from imagelore.types import Asset, Line
from tests.read.documents import A4, SIZE, Box, Page, pdf, written
from tests.read.painted import QUARTERS, corners, near, quartered


def parts(data: bytes, **options: object) -> list[Reading]:
    read = list(provider.readings(Asset("a.pdf", "", len(data)), data, Options(**options)))  # type: ignore[arg-type]
    assert all(isinstance(part, Reading) for part in read)
    return [part for part in read if isinstance(part, Reading)]


def texts(part: Reading) -> list[str]:
    return [line.text for line in part.lines]


def shown(data: bytes, place: str) -> Image.Image:
    return Image.open(io.BytesIO(provider.part(data, place, Options())))


PICTURE = quartered((240, 160))

# No word ends in a hyphen, which would join it to the next. PDFium leaves out a single letter without a form, and those
# that Helvetica lacks may have none on this machine: lines with such begin with another.
LETTERS = st.sampled_from(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789äöüßéñçÆœ€%&+=()[]?!;:'αβγДЖ中文"
)
LINE = st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=6).map(" ".join)
LINE = LINE.map(lambda line: line if line.encode("cp1252", "ignore").decode("cp1252") == line else f"n{line}")


@settings(max_examples=40)
@given(st.lists(st.lists(LINE, max_size=12), min_size=1, max_size=4))
def test_lines_are_what_was_written(pages: list[list[str]]) -> None:
    read = parts(pdf(pages))
    assert [part.place for part in read] == [f"page {number}" for number in range(1, len(pages) + 1)]
    assert [texts(part) for part in read] == pages
    for part in read:
        tops = [line.box[1] for line in part.lines]
        assert tops == sorted(tops)


BOXES = {0: (0.2, 0.1), 90: (0.9, 0.2), 180: (0.8, 0.9), 270: (0.1, 0.8)}  # where the upper left corner's text goes


@settings(max_examples=25)
@given(
    st.sampled_from(sorted(BOXES)),
    st.tuples(st.integers(0, 150), st.integers(0, 150), st.integers(400, 595), st.integers(600, 842)),
)
def test_boxes_are_where_the_text_is_seen(turned: int, crop: tuple[int, int, int, int]) -> None:
    left, bottom, right, top = map(float, crop)
    x, y = left + 0.2 * (right - left), top - 0.1 * (top - bottom)
    data = pdf([Page([(x, y, "H")], crop=(left, bottom, right, top), rotate=turned)])
    (part,) = parts(data)
    (line,) = part.lines
    across, down = BOXES[turned]
    wide, high = (right - left, top - bottom) if turned in (0, 180) else (top - bottom, right - left)
    reach = SIZE / min(wide, high)  # the letter stands right of its origin and above it
    assert abs((line.box[0] + line.box[2]) / 2 - across) < reach
    assert abs((line.box[1] + line.box[3]) / 2 - down) < reach
    assert (part.width, part.height) == tuple(round(1600 * side / max(wide, high)) for side in (wide, high))
    ink = np.asarray(shown(data, "page 1").convert("L")) < 128
    rows, columns = np.nonzero(ink)
    height, width = ink.shape
    seen = (columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height)
    assert np.allclose(line.box, seen, atol=0.004)


def test_a_page_is_a_picture_of_the_size_that_is_wanted() -> None:
    data = pdf([["some words"], Page(written(["wide"]), size=(842, 595))])
    first, second = parts(data, image_side=300, thumbnail_side=100)
    assert (first.picture.size, second.picture.size) == ((212, 300), (300, 212))
    assert Image.open(io.BytesIO(first.thumbnail)).size == (71, 100)
    assert shown(data, "page 2").size == (second.width, second.height) == (1600, 1131)
    assert first.sha256 != second.sha256
    assert first.sha256 == hashlib.sha256(data).hexdigest()  # it stands for the file
    assert first.colours == ("white",)


def test_text_that_nobody_sees_is_left_out() -> None:
    drawn = (
        "BT 3 Tr /F0 12 Tf 100 200 Td (in no ink) Tj ET BT 0 Tr 1 1 1 rg /F0 12 Tf 100 150 Td (white on white) Tj ET "
        "0 0 0 rg 90 90 200 30 re f BT 1 1 1 rg /F0 12 Tf 100 100 Td (white on black) Tj ET"
    )
    page = Page([(-300, 400, "outside"), (100, 300, "inside"), (-49, 250, "left edge cuts")], drawn=drawn)
    (part,) = parts(pdf([page]))
    assert texts(part) == ["inside", "cuts", "white on black"]
    assert part.lines[1].box[0] < 0.05


def test_unseen_text_over_a_scan_is_kept() -> None:
    scan = Image.effect_noise((300, 420), 90).convert("RGB")
    page = Page(figures=[(scan, (0, 0, *A4))], drawn="BT 3 Tr /F0 12 Tf 100 200 Td (what the scan shows) Tj ET")
    (part,) = parts(pdf([page]))  # and the scan is no picture beside the page
    assert texts(part) == ["what the scan shows"]


def test_divided_words_are_joined_and_ligatures_taken_apart() -> None:
    lines = ["a hyphen divi-", "des words, and Jean-", "Paul has an oﬃce ﬂoor"]
    assert texts(parts(pdf([lines]))[0]) == ["a hyphen divides", "words, and Jean-", "Paul has an office floor"]


def test_turned_text_and_lines_that_pdfium_joins_are_lines_of_their_own() -> None:
    turned = "q 0 1 -1 0 300 300 cm BT /F0 12 Tf (going up the page) Tj 0 -20 Td (beside it) Tj ET Q"
    assert texts(parts(pdf([Page(drawn=turned)]))[0]) == ["going up the page", "beside it"]
    columns = Page([*written(["left one", "left two"]), *written(["right one", "right two"], left=350)])
    assert texts(parts(pdf([columns]))[0]) == ["left one", "left two", "right one", "right two"]


def test_figures_are_pictures_of_their_own_with_their_captions() -> None:
    other = quartered((300, 300)).transpose(Image.Transpose.ROTATE_180)
    data = pdf(
        [
            Page(
                [
                    (100, 480, "Figure 1: four colours"),
                    (100, 466, "and their corners."),
                    (100, 120, "Some other words"),
                ],
                [(PICTURE, (100, 500, 340, 660)), (other, (100, 150, 300, 350))],
            ),
            Page([(100, 80, "the first one comes back")], [(PICTURE, (100, 100, 340, 260))]),
        ]
    )
    page, first, second, last = parts(data)
    assert [part.place for part in (page, first, second, last)] == [
        *("page 1", "page 1, picture 1", "page 1, picture 2", "page 2")
    ]
    assert first.metadata.text == "Figure 1: four colours and their corners."
    assert second.metadata.text == "Some other words"
    assert (first.width, first.height, first.picture.size) == (240, 160, (240, 160))
    assert near(corners(first.picture), QUARTERS)
    assert near(corners(shown(data, "page 1, picture 2")), QUARTERS[::-1])
    assert near(corners(shown(data, "page 2, picture 1")), QUARTERS)  # not read again, but there


def test_figures_that_share_a_caption_have_their_own_before_it() -> None:
    shared = [
        (100, 480, "(a) left"),
        (400, 480, "(b) right"),
        (200, 440, "Figure 2: both of them, side by side and below"),
    ]
    figures = [(PICTURE, (60, 500, 280, 640)), (PICTURE.rotate(180), (320, 500, 540, 640))]
    _, first, second = parts(pdf([Page(shared, figures)]))
    assert first.metadata.text.endswith("Figure 2: both of them, side by side and below")
    assert "(a) left" in first.metadata.text
    assert "(b) right" in second.metadata.text


def test_captions_above_and_beside_are_found() -> None:
    above = Page([(100, 670, "Abb. 4: darüber"), (100, 400, "unrelated words")], [(PICTURE, (100, 500, 340, 660))])
    beside = Page([(360, 580, "beside it"), (100, 80, "far below")], [(PICTURE.rotate(180), (100, 500, 340, 660))])
    far = Page([(100, 80, "far below")], [(quartered((200, 200)), (100, 500, 300, 700))])
    said = [part.metadata.text for part in parts(pdf([above, beside, far])) if "picture" in part.place]
    assert said == ["Abb. 4: darüber", "beside it", ""]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("form", [False, True])
def test_figures_are_seen_as_on_the_page(turned: int, form: bool) -> None:
    page = Page([], [(PICTURE, (100, 300, 340, 460))], rotate=turned, crop=(50, 50, 500, 800), form=form)
    _, figure = parts(pdf([page]))
    assert near(corners(figure.picture.rotate(turned, expand=True)), QUARTERS)


def test_a_figure_in_a_form_that_is_scaled_is_found_where_it_is_seen() -> None:
    page = Page([], [(PICTURE, (50, 150, 170, 230))], form=True)
    data = pdf([page]).replace(b"/Type /XObject /Subtype /Form", b"/Subtype /Form /Matrix [2 0 0 2 0 0]")
    _, figure = parts(data)
    assert near(corners(figure.picture), QUARTERS)


def test_alpha_is_on_white_and_cmyk_is_converted() -> None:
    clear = PICTURE.convert("RGBA")
    clear.putalpha(Image.new("L", clear.size, 0))
    clear.paste((255, 0, 0, 255), (0, 0, 120, 160))
    cmyk = Image.new("CMYK", (200, 200), (255, 0, 0, 0))
    _, first, second = parts(pdf([Page([], [(clear, (100, 500, 340, 660)), (cmyk, (100, 200, 300, 400))])]))
    assert near(corners(first.picture), [(255, 0, 0), (255, 255, 255)] * 2)
    red, _, blue = corners(second.picture)[0]
    assert red < 60 < 200 < blue


def test_icons_rules_and_backgrounds_are_no_figures() -> None:
    icon, rule, ground = (Image.new("RGB", size, "navy") for size in ((32, 32), (2000, 4), (600, 800)))
    boxes: list[tuple[Image.Image, Box]] = [
        (ground, (0, 0, *A4)),
        (icon, (50, 50, 90, 90)),
        (rule, (50, 700, 550, 702)),
    ]
    assert [part.place for part in parts(pdf([Page(figures=boxes)]))] == ["page 1"]


def test_more_figures_than_are_read_are_told() -> None:
    tiles: Sequence[tuple[Image.Image, Box]] = [
        (
            Image.new("RGB", (120, 120), (n * 15, 90, 200)),
            (n % 4 * 140.0, n // 4 * 140.0, n % 4 * 140.0 + 120, n // 4 * 140.0 + 120),
        )
        for n in range(16)
    ]
    data = pdf([Page(figures=tiles)])
    *read, told = provider.readings(Asset("a.pdf", "", len(data)), data, Options())
    assert [part.place for part in read][-1] == "page 1, picture 12"
    assert isinstance(told, Unread)
    assert told.place == "page 1, picture 13"
    assert "left out" in told.reason


def test_what_a_document_says_about_itself() -> None:
    info = {
        "Title": "Annual report",
        "Author": "A. Writer",
        "Subject": "All that happened",
        "Keywords": "boats; sea,boats",
        "CreationDate": "D:20240501123005+02'00'",
    }
    data = pdf([["one"], ["two"]], {2: [PICTURE]}, info)
    said = provider.embedded(data, Options())
    assert said == Metadata(
        "Annual report",
        "All that happened",
        ("boats", "sea"),
        (),
        datetime(2024, 5, 1, 12, 30, 5),
        {"creator": "A. Writer"},
    )
    first, second, figure = parts(data)
    assert first.metadata == said
    assert (second.metadata.title, second.metadata.text) == ("Annual report", "")
    assert (figure.metadata.title, figure.metadata.text) == ("Annual report", "two")


@pytest.mark.parametrize(
    ("written_there", "title"),
    [
        ("Microsoft Word - Quarterly figures", "Quarterly figures"),
        *(
            (name, "")
            for name in ("untitled", "Untitled document", "Microsoft Word - a_v2.doc", "PowerPoint Presentation")
        ),
        *((name, "") for name in ("scan_0001.tif", "Ohne Titel 3", "my last draft.docx", "--", "Document1")),
        ("The Document of Amsterdam", "The Document of Amsterdam"),
        ("Vol. 3", "Vol. 3"),
    ],
)
def test_titles_that_a_program_gave_are_none(written_there: str, title: str) -> None:
    assert provider.embedded(pdf([["x"]], info={"Title": written_there}), Options()).title == title


def test_threads_read_documents_side_by_side() -> None:
    documents = [pdf([[f"document {d} page {n}"] for n in range(8)]) for d in range(6)]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(parts, documents))
    assert [[texts(part) for part in pages] for pages in read] == [
        [[f"document {d} page {n}"] for n in range(8)] for d in range(6)
    ]


def test_a_document_that_is_left_early_is_closed() -> None:
    data = pdf([[f"page {n}"] for n in range(50)])
    for _ in range(3):
        reading = next(iter(provider.readings(Asset("a.pdf", "", len(data)), data, Options())))
        assert reading.place == "page 1"
    assert len(parts(data)) == 50


def test_a_scan_is_read_by_ocr_and_a_page_with_text_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []

    def read(reading: Reading, picture: Image.Image) -> Reading:
        given.append(picture.size)
        return replace(reading, lines=(Line("what the scan says", (0.1, 0.1, 0.2, 0.2)),), ocr_seconds=0.5)

    monkeypatch.setattr(_ocr, "installed", lambda: True)
    monkeypatch.setattr(_ocr, "wanted", lambda mode, picture: mode == "on")
    monkeypatch.setattr(_ocr, "with_text", read)
    scan = Image.effect_noise((300, 420), 90).convert("RGB")
    data = pdf([Page(figures=[(scan, (0, 0, *A4))]), ["it has text"]])
    assert [texts(part) for part in parts(data, ocr="on")] == [["what the scan says"], ["it has text"]]
    assert given == [(1413, 2000)]
    assert [texts(part) for part in parts(data, ocr="auto")] == [[], ["it has text"]]
