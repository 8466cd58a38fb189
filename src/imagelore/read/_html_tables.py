"""Tables of web pages: rows that can stand alone, each cell with its column's name."""

from __future__ import annotations

from typing import Any

from imagelore.read._blocks import row

_SPAN = 50  # columns that a cell may span

Tree = Any


def is_layout(table: Tree) -> bool:
    """Whether a table places whole pieces of a page instead of data: these are read as if it were not there."""
    if table.get("role") in ("presentation", "none"):
        return True
    inner = "self::table or self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6 or self::figure"
    if table.xpath(f"boolean(.//*[{inner}])"):
        return True
    if table.xpath("boolean(.//td[count(p | ul | ol | pre | div | blockquote) > 1])"):
        return True
    return not table.xpath("boolean(.//tr[count(td | th) > 1])")


class Table:
    """A table under way: its header, once it is seen, and the cells of the current row."""

    def __init__(self, node: Tree) -> None:
        self.node = node
        self._header: list[str] = []
        self._cells: list[str] = []
        self._named = 0  # cells of the row that are headings
        self._rows = 0
        # Where cells reach over rows, or headings have two storeys, columns cannot be told by counting cells.
        self._aligned = not node.xpath("boolean(.//*[@rowspan > 1]) or count(.//tr[th and not(td)]) > 1")

    def cell(self, node: Tree, text: str) -> None:
        """Takes a cell's text."""
        span = node.get("colspan", "1").strip()
        more = min(int(span), _SPAN) - 1 if span.isdecimal() and span.isascii() else 0
        heading = node.tag == "th"
        self._cells += [text, *[text if heading else ""] * more]
        self._named += heading * (1 + more)

    def row(self) -> str:
        """The row that ends here, as a line."""
        cells, named = self._cells, self._named
        self._cells, self._named = [], 0
        first, self._rows = self._rows == 0, self._rows + 1
        if first and self._aligned and len(cells) > 1 and named == len(cells):
            self._header = cells
            return " | ".join(dict.fromkeys(cell for cell in cells if cell))
        return row(self._header, cells)
