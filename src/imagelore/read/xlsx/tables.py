"""Rows of cells -> lines that can stand alone: which row names the columns, and what a cell's value reads like."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from imagelore.read._blocks import Block
from imagelore.read._blocks import row as line

Row = tuple[int, Sequence[str]]  # its number, its cells as texts
_AHEAD = 20  # rows
_ERROR = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


class Rows:
    """The rows of a sheet, one after another; `read` counts those that hold something.

    The first row of several texts, and nothing but texts, names the columns below it: of three columns and more always,
    of two where the second holds numbers only (else the first may as well name the rows: a form). After an empty row
    such a row names those of a new table, if the table before it had numbers.
    """

    def __init__(self, title: str) -> None:
        self.read = 0
        self._title = title
        self._header: Sequence[str] = ()
        self._last = 0  # row that held something
        self._begun, self._numbers = False, False

    def taken(self, row: Row, below: Iterable[Row]) -> Iterator[Block]:
        """A row as a line, before the first the sheet's name; nothing where all that it holds are errors."""
        number, cells = row
        filled = [cell for cell in cells if cell]
        if not filled:
            return
        if not self.read:
            yield Block("heading", self._title, 1)
        self.read += 1
        gap, self._last = number > self._last + 1, number
        if len(filled) == 1 and not self._begun:
            yield Block("paragraph", filled[0])
        elif (not self._begun or (gap and self._numbers)) and _names_columns(cells, below):
            self._header, self._begun, self._numbers = cells, True, False
            yield Block("row", " | ".join(filled))
        else:
            self._begun, self._numbers = True, self._numbers or any(map(_is_number, filled))
            yield Block("row", line(self._header, cells))


def ahead(rows: Iterable[Row]) -> Iterator[tuple[Row, Iterable[Row]]]:
    """Each row with those that follow it, as far as is looked."""
    window: deque[Row] = deque()
    for row in rows:
        window.append(row)
        if len(window) > _AHEAD:
            yield window.popleft(), window
    while window:
        yield window.popleft(), window


def _names_columns(cells: Sequence[str], below: Iterable[Row]) -> bool:
    columns = [at for at, cell in enumerate(cells) if cell]
    if len(columns) < 2 or any(_is_number(cells[at]) for at in columns):
        return False
    values = [row[columns[-1]] for _, row in below if len(row) > columns[-1] and row[columns[-1]]]
    return len(columns) > 2 or (bool(values) and all(map(_is_number, values)))


def said(value: Any) -> str:
    """A cell's value as a person reads it; "" for Excel's errors."""
    if value in _ERROR:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _is_number(text: str) -> bool:
    return text[0].isdigit() or (text[0] in "-+" and text[1:2].isdigit())
