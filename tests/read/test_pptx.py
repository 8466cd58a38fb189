"""Presentations: slides with their titles, texts, tables, charts, notes and pictures."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from imagelore.read import Options, Unread
from imagelore.read import pptx as reader
from tests.read.office import archive, parts, picture, readings, reason, unpacked, words

HERE = (Inches(1), Inches(3), Inches(4), Inches(2))


def saved(presentation: Any) -> bytes:
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def slide(presentation: Any, title: str = "") -> Any:
    made = presentation.slides.add_slide(presentation.slide_layouts[5])
    made.shapes.title.text = title
    return made


def box(shapes: Any, text: str, top: float) -> None:
    shapes.add_textbox(Inches(1), Inches(top), Inches(4), Inches(1)).text_frame.text = text


@pytest.fixture(scope="module")
def talk() -> bytes:
    made = Presentation()
    made.core_properties.title = "PowerPoint Presentation"
    made.core_properties.author = "Ann Lee"
    first = slide(made, "Winter tyres")
    box(first.shapes, "below", 4)
    box(first.shapes, "above", 2)
    group = first.shapes.add_group_shape()
    box(group.shapes, "in a group", 5)
    first.notes_slide.notes_text_frame.text = "Mention the recall."
    second = slide(made, "Figures")
    table = second.shapes.add_table(2, 2, *HERE).table
    for row, texts in enumerate((("Size", "Price"), ("R17", "90"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Sold", (10, 12.5))
    second.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *HERE, data)
    third = slide(made, "Look")
    for shapes in (second.shapes, third.shapes):  # a logo on each slide
        shapes.add_picture(io.BytesIO(picture(size=(300, 200))), 0, 0)
    shown = third.shapes.add_picture(io.BytesIO(picture()), Inches(1), Inches(2))
    shown._element._nvXxPr.cNvPr.set("descr", "A tyre on snow")
    slide(made, "Never shown").element.set("show", "0")
    long = slide(made, "Details")
    box(long.shapes, "Studs grip on ice. " * 150, 2)
    return saved(made)


def test_a_slide_is_a_part(talk: bytes) -> None:
    found = readings(reader, talk)
    assert list(found) == [
        *("slide 1", "slide 2", "slide 2, picture 1", "slide 3", "slide 3, picture 1"),
        *("slide 5", "slide 5, part 2"),
    ]
    assert words(found["slide 1"]).split("\n") == [
        *("Winter tyres", "above", "below", "in a group", "Notes", "Mention the recall.")
    ]
    assert words(found["slide 5, part 2"]).startswith("Details\n")


def test_tables_and_charts_are_read_by_rows(talk: bytes) -> None:
    text = words(readings(reader, talk)["slide 2"])
    assert "Size: R17; Price: 90" in text
    assert "Sold: 2023: 10; 2024: 12.5" in text


def test_a_picture_comes_with_its_slide(talk: bytes) -> None:
    found = readings(reader, talk)["slide 3, picture 1"]
    assert (found.metadata.title, found.metadata.text) == ("A tyre on snow", "Look")
    assert (found.width, found.height) == (120, 90)
    assert reader.part(talk, "slide 3, picture 1", Options()) == picture()


def test_what_the_file_says_of_itself(talk: bytes) -> None:
    about = reader.embedded(talk, Options())
    assert (about.title, about.fields, about.taken_at) == ("", {"creator": "Ann Lee"}, None)


def test_a_slide_show_is_read_too(talk: bytes) -> None:
    entries = unpacked(talk)
    entries["[Content_Types].xml"] = entries["[Content_Types].xml"].replace(b"presentation.main", b"slideshow.main")
    assert len(readings(reader, archive(entries))) == 7


def test_a_damaged_slide_does_not_cost_the_others(talk: bytes) -> None:
    entries = unpacked(talk)
    entries["ppt/slides/slide2.xml"] = b'<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"/>'
    found = parts(reader, archive(entries))
    assert [part.place for part in found if isinstance(part, Unread)] == ["slide 2"]
    assert {"slide 1", "slide 5"} <= {part.place for part in found}


def test_what_is_no_presentation(talk: bytes) -> None:
    assert "password" in reason(reader, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"))
    assert "truncated" in reason(reader, talk[:2000])
    assert "damaged" in reason(reader, archive({"a": "b"}))
    bomb = {**unpacked(talk), "ppt/media/image9.png": bytes(90_000_000)}
    assert "exhaust memory" in reason(reader, archive(bomb))
    entries = unpacked(talk)
    entries["ppt/slides/slide1.xml"] = b'<!DOCTYPE p [<!ENTITY a "b">]>' + entries["ppt/slides/slide1.xml"]
    assert "document type" in reason(reader, archive(entries))
