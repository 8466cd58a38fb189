"""How a record is named outside of a knowledge base: by its path, and by its place where it is a part of a document."""

from __future__ import annotations

from imagelore.types import Record


def located(record: Record) -> str:
    """`photos/owl.jpg`, `manual.pdf#page 3`."""
    return f"{record.path}#{record.place}" if record.place else record.path


def locates(name: str, record: Record) -> bool:
    """Whether a name is a record's: its path, which names every part of a document, or its path and its place.

    The place may be written as in addresses: `manual.pdf#page=3`.
    """
    path, mark, place = name.rpartition("#")
    wanted = place.replace("=", " ", 1).casefold()
    return name == record.path or bool(mark and path == record.path and wanted == record.place.casefold())
