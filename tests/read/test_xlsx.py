"""Workbooks: rows that can stand alone, sheet by sheet, and the pictures on them."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart
from openpyxl.drawing.image import Image as Drawn
from PIL import Image

from imagelore.read import Options, Reading, Unread
from imagelore.read import xlsx as reader
from tests.read.office import archive, parts, peak, picture, readings, reason, unpacked, words
from tests.read.painted import encoded

pytestmark = pytest.mark.filterwarnings("ignore:::openpyxl")


def saved(book: Any) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def workbook(*rows: list[Any], title: str = "Sales") -> Any:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def lines(*rows: list[Any]) -> list[str]:
    return words(readings(reader, saved(workbook(*rows)))["sheet Sales"]).split("\n")[1:]


def test_a_row_can_stand_alone() -> None:
    found = lines(
        *(["Prices of 2024"], [], ["Product", "Price", "Since", "Sold"]),
        ["Tyre", 89.5, date(2024, 3, 1), True],
        ["Wheel", 120, datetime(2024, 3, 1, 8, 30), None],
        ["#N/A", 0.1 + 0.2],
    )
    assert found == [
        *("Prices of 2024", "Product | Price | Since | Sold"),
        "Product: Tyre; Price: 89.5; Since: 2024-03-01; Sold: TRUE",
        "Product: Wheel; Price: 120; Since: 2024-03-01 08:30",
        "Price: 0.3",
    ]


def test_numbers_have_no_names_where_there_is_no_header() -> None:
    assert lines([1, 2], [3, 4]) == ["1 | 2", "3 | 4"]


def test_a_second_table_has_names_of_its_own() -> None:
    assert lines(["City", "People"], ["Rome", 3], [], ["Lake", "Depth"], ["Como", 425])[-1] == "Lake: Como; Depth: 425"


def test_an_empty_row_within_a_table_of_texts_changes_no_names() -> None:
    rows: tuple[list[Any], ...] = (["City", "Land", "Sea"], ["Rome", "Italy", "yes"], [], ["Bonn", "Germany", "no"])
    assert lines(*rows)[-1] == "City: Bonn; Land: Germany; Sea: no"


def test_a_form_has_no_header() -> None:
    assert lines(["Name", "Ann"], ["Age", 7], ["Town", "Rome"]) == ["Name | Ann", "Age | 7", "Town | Rome"]


def test_long_sheets_are_parts_and_hidden_ones_are_left_out() -> None:
    book = workbook(["Name", "Number"], *([f"The name of number {n}", n] for n in range(60)))
    book.create_sheet("Secret").append(["not", "read"])
    book["Secret"].sheet_state = "hidden"
    book.create_sheet("Notes").append(["remember", "this"])
    book.create_chartsheet("Chart").add_chart(BarChart())
    found = readings(reader, saved(book))
    assert list(found) == ["sheet Sales", "sheet Sales, part 2", "sheet Notes"]
    assert words(found["sheet Sales, part 2"]).startswith("Sales\nName: ")
    assert words(found["sheet Sales, part 2"]).endswith("Name: The name of number 59; Number: 59")


def test_no_two_parts_share_a_place() -> None:
    book = workbook(["Name", "Number"], *([f"The name of number {n}", n] for n in range(60)))
    book.active.add_image(Drawn(io.BytesIO(picture())), "C3")
    for title in ("Sales, part 2", "Sales, picture 1"):
        book.create_sheet(title).append([f"This is {title}", "all of it"])
    data = saved(book)
    places = [part.place for part in parts(reader, data) if isinstance(part, Reading)]
    assert places == [
        *("sheet Sales", "sheet Sales, picture 1", "sheet Sales, part 2"),
        *("sheet Sales, part 2 (2)", "sheet Sales, picture 1 (2)"),
    ]
    assert len({reader.part(data, place, Options()) for place in places}) == len(places)


def test_the_name_of_a_sheet_is_one_short_line() -> None:
    entries = unpacked(saved(workbook(["remember", "this"])))
    named = entries["xl/workbook.xml"].replace(b'name="Sales"', b'name="Sales&#10;2024' + b"x" * 90 + b'"')
    found = readings(reader, archive(entries | {"xl/workbook.xml": named}))
    assert list(found) == ["sheet Sales 2024" + "x" * 21]


def test_a_picture_comes_with_the_row_beside_it() -> None:
    book = workbook(["Product", "Price"], ["Tyre", 90], ["Wheel", 120])
    book.active.add_image(Drawn(io.BytesIO(picture())), "C3")
    found = readings(reader, saved(book))["sheet Sales, picture 1"]
    assert found.metadata.text == "Sales\n\nProduct: Wheel; Price: 120"
    assert (found.width, found.height) == (120, 90)


def test_a_picture_that_stands_on_a_sheet_many_times_is_kept_once() -> None:
    book = workbook(["remember", "this"])
    book.active.add_image(Drawn(io.BytesIO(encoded(Image.effect_noise((1_000, 1_000), 90), "PNG"))), "C3")
    entries = unpacked(saved(book))
    drawing = entries["xl/drawings/drawing1.xml"]
    start, end = drawing.index(b"<oneCellAnchor"), drawing.rindex(b"</")
    entries["xl/drawings/drawing1.xml"] = drawing[:start] + drawing[start:end] * 100 + drawing[end:]
    assert list(readings(reader, archive(entries))) == ["sheet Sales", "sheet Sales, picture 1"]
    assert peak(reader, archive(entries)) < 30


def test_rows_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_ROWS", 5)
    found = parts(reader, saved(workbook(*([n, n] for n in range(9)))))
    assert found[0] == Unread("sheet Sales, from row 6", "only the first 5 rows of a sheet are read")
    assert [part.place for part in found] == ["sheet Sales, from row 6", "sheet Sales"]


@pytest.mark.parametrize("row", ["999999999999", "1048577"])
def test_a_row_far_beyond_the_last_costs_nothing(row: str) -> None:
    entries = unpacked(saved(workbook(["a", 1], ["b", 2])))
    name = "xl/worksheets/sheet1.xml"
    entries[name] = entries[name].replace(b'<row r="2"', f'<row r="{row}"'.encode())
    assert list(readings(reader, archive(entries))) == ["sheet Sales"]


def test_formulas_give_their_last_values() -> None:
    entries = unpacked(saved(workbook(["Sum", "=1+1"], [5, 6])))
    name = "xl/worksheets/sheet1.xml"
    entries[name] = entries[name].replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    assert "Sum | 2" in words(readings(reader, archive(entries))["sheet Sales"])


def test_what_is_no_workbook() -> None:
    data = saved(workbook(["a", "b"]))
    assert "truncated" in reason(reader, data[:1000])
    assert "damaged" in reason(reader, archive({"a": "b"}))
    assert "save it as .xlsx" in reason(reader, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "neither text nor a picture" in reason(reader, saved(Workbook()))
    entries = unpacked(data)
    entries["xl/worksheets/sheet1.xml"] = b'<!DOCTYPE p [<!ENTITY a "b">]>' + entries["xl/worksheets/sheet1.xml"]
    assert "document type" in reason(reader, archive(entries))


def test_what_the_file_says_of_itself() -> None:
    book = workbook(["a", "b"])
    book.properties.title, book.properties.creator = "Price list", "openpyxl"
    about = reader.embedded(saved(book), Options())
    assert (about.title, about.fields) == ("Price list", {})
