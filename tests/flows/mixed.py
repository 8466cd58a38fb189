"""A knowledge base of pictures, some with text in them, some described, and of documents; no file is read for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imagelore import KnowledgeBase, Settings
from imagelore.embed import palette
from imagelore.flows._plan import record_id
from imagelore.index import lancedb
from imagelore.types import Described, Line, Record, Seen, SourceInfo

EMBEDDER = palette.create(Settings())
ALIKE = "0f" * 16 + "f0" * 12  # the perceptual hash of every page of text

MANUAL = (
    ("Kettle manual", "Welcome. Read this before you use the", "kettle for the first time, and keep it."),
    ("Filling the kettle", "Fill the kettle with at most two litres.", "Never fill the kettle over the mark."),
    (
        "Descaling the kettle",
        "Scale builds up in hard water and must be re-",
        "moved once a month with citric acid.",
        "12",
    ),
    ("Cleaning the kettle", "Wipe the kettle with a damp cloth only."),
    ("Storing the kettle", "Store the kettle empty and dry."),
    ("Warranty of the kettle", "The kettle is covered for twenty-four months."),
)
TALK = (("Our harvest",), ("Apples sold in 2023: 41 tonnes",), ("Thank you for listening",))
INVOICE = (
    ("Brandt Coffee Roasters",), ("Invoice No. 2024-0117",), ("Customer: Wexford Library, 12 Harbour Street, Wexford",),
    ("Espresso beans, dark roast, five kilograms", "98.50"), ("Paper filters", "12.00"), ("Total", "EUR 110.50"),
    ("Payable within thirty days of the date above, without deduction",),
)  # fmt: skip


def set_in(rows: Sequence[str | Sequence[str]]) -> tuple[Line, ...]:
    """Lines as a page sets them: one below the other, cells of a row side by side."""
    lines = []
    for number, row in enumerate(rows):
        for cell, text in enumerate((row,) if isinstance(row, str) else row):
            left, top = 0.1 + 0.6 * cell, 0.1 + 0.06 * number
            lines.append(Line(text, (left, top, left + 0.012 * len(text), top + 0.04)))
    return tuple(lines)


def picture(path: str, **facts: Any) -> Record:
    """A picture's record."""
    return Record(record_id("shots", path), "shots", path, "1", "d", seen=Seen((), ("white",)), **facts)


def document(path: str, title: str, pages: Mapping[str, Sequence[str | Sequence[str]]], **facts: Any) -> list[Record]:
    """The parts of a document: place -> what stands there."""
    parts: list[Record] = []
    for place, rows in pages.items():
        id = record_id("shots", f"{path}#{place}" if parts else path)
        parent = parts[0].id if parts else ""
        record = Record(id, "shots", path, "1", "d", title=title, place=place, parent=parent, lines=set_in(rows))
        parts.append(replace(record, seen=Seen((), ("white",)), phash=ALIKE, **facts))
    return parts


def records() -> Iterator[Record]:
    """All of them."""
    manual = document("docs/kettle.pdf", "Care and use", {f"page {n}": rows for n, rows in enumerate(MANUAL, start=1)})
    yield from manual
    yield replace(
        manual[0], id=record_id("shots", "docs/kettle.pdf#page 3, picture 1"), parent=manual[0].id, lines=(), phash="",
        place="page 3, picture 1", text="Figure 2: scale inside the kettle",
    )  # fmt: skip
    yield from document("talk.pptx", "Harvest report", {f"slide {n}": rows for n, rows in enumerate(TALK, start=1)})
    yield from document("sales.xlsx", "", {"sheet Fruit": (("Pears", "7"),), "sheet Nuts": (("Walnuts", "3"),)})
    yield picture("IMG_1.jpg", lines=set_in(("NO SWIMMING", "Danger of drowning")))
    yield picture("IMG_2.jpg", lines=set_in(INVOICE))
    yield picture("IMG_3.jpg", described=Described("A red bus waits at a stop in the rain.", ("bus", "rain"), "see-1"))
    yield picture("IMG_4.jpg", title="Copper kettle on a stove", text="An old kettle, photographed in Leeds in 1961.")
    yield picture("IMG_5.jpg", title="Kettle drum", text="It is no kettle at all.", tags=("music",))
    yield picture("IMG_6.jpg", title="Lighthouse at dusk")


def built(place: Path) -> KnowledgeBase:
    """The knowledge base, at a place of its own."""
    made = lancedb.create(str(place), EMBEDDER.info, Settings())
    made.remember(SourceInfo("shots", "/nowhere"))
    placed = []
    for record in records():
        texts = EMBEDDER.embed_texts([record.words()], "document")
        colour = np.zeros(17, np.float32)
        colour[1] = 1.0
        placed.append(replace(record, texts={"words": texts["words"][0]}, images={"colour": colour}))
    made.upsert(placed)
    made.refresh()
    return KnowledgeBase(Settings(kb=str(place), embedder="palette", generator="extractive"))
