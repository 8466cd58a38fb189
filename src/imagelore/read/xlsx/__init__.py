"""Excel workbooks: each visible sheet's rows as lines that can stand alone, and the pictures on it."""

from __future__ import annotations

import posixpath
import warnings
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any

from imagelore.errors import UnreadableError
from imagelore.read import Unread, _document
from imagelore.read._blocks import Figure, Piece, clean
from imagelore.read._office import core_metadata
from imagelore.read._zip import Package, damage_told
from imagelore.read.xlsx.anchors import anchored
from imagelore.read.xlsx.tables import Row, Rows, ahead, said

SUFFIXES = (".xlsx", ".xlsm", ".xltx")
_KIND, _MODERN = "Excel workbook", ".xlsx"
_ROWS = 20_000  # of a sheet that are read
_LAST_ROW = 1_048_576  # of Excel itself
_NAME = 31  # characters of a sheet's, in Excel itself
_STRINGS = 100_000_000  # bytes of the table of all texts, which stays in memory

# What openpyxl says about features that it does not keep ("Data Validation extension ...") helps nobody who only reads.
warnings.filterwarnings("ignore", module=r"openpyxl\.")


def _open(data: bytes) -> _document.Document:
    package = Package(data, _KIND, _MODERN)
    return _document.Document(core_metadata(package), _parts(package, data))


def _parts(package: Package, data: bytes) -> Iterator[_document.Part]:
    import openpyxl

    if any(package.size(name) > _STRINGS for name in package if posixpath.basename(name) == "sharedStrings.xml"):
        raise UnreadableError(f"its texts take more than {_STRINGS / 1e6:,.0f} MB")
    with damage_told(_KIND, openpyxl.utils.exceptions.InvalidFileException):
        book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True)
        sheets = list(_visible(package))
    for title, entry in sheets:
        if title not in book.sheetnames or not hasattr(book[title], "reset_dimensions"):
            continue  # a chart on a sheet of its own
        name = f"sheet {clean(title)[:_NAME]}"
        try:
            yield from _document.numbered(_pieces(book[title], title, anchored(package, entry)), name)
        except UnreadableError as error:
            yield Unread(f"{name}, the rest", str(error))


def _visible(package: Package) -> Iterator[tuple[str, str]]:
    """(title, entry) of each sheet that is not hidden."""
    roots = [entry for kind, entry in package.related("").values() if kind == "officeDocument"]
    book = roots[0] if roots else "xl/workbook.xml"
    related = package.related(book)
    for node in package.xml(book).iter():
        if node.tag.endswith("}sheet") and node.get("state", "visible") == "visible":
            id = next((value for name, value in node.attrib.items() if name.endswith("}id")), "")
            yield node.get("name", ""), related.get(id, ("", ""))[1]


def _pieces(sheet: Any, title: str, figures: list[tuple[int, Figure]]) -> Iterator[Piece]:
    rows, waiting = Rows(title), list(figures)
    for row, below in ahead(_filled(sheet)):
        number, _ = row
        if rows.read >= _ROWS:
            yield Unread(f"sheet {title}, from row {number:,}", f"only the first {_ROWS:,} rows of a sheet are read")
            return
        while waiting and waiting[0][0] < number - 1:
            yield waiting.pop(0)[1]
        yield from rows.taken(row, below)
    yield from (figure for _, figure in waiting)


def _filled(sheet: Any) -> Iterator[Row]:
    """(number, cells as texts) of each row that is not empty."""
    sheet.reset_dimensions()  # as written they may be wrong
    rows = enumerate(sheet.iter_rows(max_row=_LAST_ROW, values_only=True), 1)
    values = ((number, cells) for number, cells in rows if any(cell is not None for cell in cells))
    while True:
        with damage_told(_KIND):
            some = [
                (number, ["" if cell is None else clean(said(cell)) for cell in cells])
                for number, cells in islice(values, 1_000)
            ]
        if not some:
            return
        yield from some


readings, embedded, part = _document.provided(_open)
