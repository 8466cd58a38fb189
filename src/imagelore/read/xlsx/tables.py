"""Rows of cells -> lines that can stand alone: which row names the columns, and what a cell's value reads like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from imagelore.read._blocks import Block, row

_ERROR = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")


class Rows:
    """The rows of a sheet, one after another; `read` counts those that hold something.

    The first row of several texts, and nothing but texts, names the columns below it. After an empty row such a row names
    those of a new table, if the table before it had numbers: else it may as well be one of its rows.
    """

    def __init__(self, title: str) -> None:
        self.read = 0
        self._title = title
        self._header: Sequence[str] = ()
        self._gap, self._numbers, self._begun = False, False, False

    def heading(self) -> Block:
        """The sheet's name: its parts repeat it."""
        return Block("heading", self._title, 1)

    def taken(self, cells: Sequence[str]) -> Iterator[Block]:
        """The row as a line; nothing where it is empty."""
        filled = [cell for cell in cells if cell]
        if not filled:
            self._gap = True
            return
        self.read += 1
        texts = not any(map(_is_number, filled))
        if len(filled) == 1 and not self._begun:
            yield Block("paragraph", filled[0])
        elif len(filled) > 1 and texts and (not self._begun or self._gap and self._numbers):
            self._header, self._begun, self._numbers = cells, True, False
            yield Block("row", " | ".join(filled))
        else:
            self._begun, self._numbers = True, self._numbers or not texts
            yield Block("row", row(self._header, cells))
        self._gap = False


def said(value: Any) -> str:
    """A cell's value as a person reads it; "" for an empty cell and for Excel's errors."""
    if value is None or value in _ERROR:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value if not isinstance(value, timedelta) else value)


def _is_number(text: str) -> bool:
    return text[0].isdigit() or text[0] in "-+" and text[1:2].isdigit()
