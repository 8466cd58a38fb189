"""PowerPoint presentations: each slide's title, texts, tables, charts and notes, and the pictures on it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

from imagelore.errors import UnreadableError
from imagelore.read import Unread, _document
from imagelore.read._blocks import Block, Figure, Piece, clean, row
from imagelore.read._office import core_metadata
from imagelore.read._zip import DAMAGE, Package, damage_told

SUFFIXES = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx")
_KIND, _MODERN = "PowerPoint presentation", ".pptx"
_LIMIT = 100_000_000  # bytes of one entry of markup
_FURNITURE = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")  # placeholders that say the same on every slide
_DEEP = 20  # groups within groups


def _open(data: bytes) -> _document.Document:
    package = Package(data, _KIND, _MODERN)
    return _document.Document(core_metadata(package), _parts(package, data))


def _parts(package: Package, data: bytes) -> Iterator[_document.Part]:
    from lxml.etree import LxmlError
    from pptx.exc import PythonPptxError
    from pptx.package import Package as Presentation

    if any(package.size(name) > _LIMIT for name in package if posixpath.splitext(name)[1] in (".xml", ".rels")):
        raise UnreadableError(f"a slide takes more than {_LIMIT / 1e6:,.0f} MB of markup")
    with damage_told(_KIND, LxmlError, PythonPptxError):
        # Not `pptx.Presentation`: it refuses slide shows and templates, which hold the same.
        slides = Presentation.open(BytesIO(data)).presentation_part.presentation.slides
        ids = range(len(slides))
    for at in ids:
        name = f"slide {at + 1}"
        try:
            with damage_told("slide", LxmlError, PythonPptxError):
                slide = slides[at]
                pieces = list(_pieces(slide)) if slide.element.get("show") != "0" else []
        except UnreadableError as error:
            yield Unread(name, str(error))
            continue
        if pieces:
            yield from _document.numbered(pieces, name)


def _pieces(slide: Any) -> Iterator[Piece]:
    title = slide.shapes.title
    if title is not None and (text := clean(title.text_frame.text)):
        yield Block("heading", text, 1)
    for shape in _in_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, 0)
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
        notes = [clean(paragraph.text) for paragraph in frame.paragraphs]
        if any(notes):
            yield Block("heading", "Notes", 2)
            yield from (Block("paragraph", text) for text in notes if text)


def _in_order(shapes: Any) -> list[Any]:
    """Shapes as they are read: from the top, then from the left; a twentieth of an inch makes no difference."""
    return sorted(shapes, key=lambda shape: ((shape.top or 0) // 45_720, shape.left or 0))


def _shape(shape: Any, depth: int) -> Iterator[Piece]:
    kind = shape.placeholder_format.type if shape.is_placeholder else None
    if kind is not None and kind.name in _FURNITURE:
        return
    if hasattr(shape, "shapes"):
        if depth < _DEEP:
            for inner in _in_order(shape.shapes):
                yield from _shape(inner, depth + 1)
    elif shape.has_text_frame:
        yield from _text(shape.text_frame)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield from _table(shape.table)
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        with suppress(*DAMAGE):  # of a kind that python-pptx does not know
            yield from list(_chart(shape.chart))
    elif hasattr(shape, "image"):
        yield from _picture(shape)


def _text(frame: Any) -> Iterator[Block]:
    for paragraph in frame.paragraphs:
        if text := clean(paragraph.text):
            yield Block("item", text, paragraph.level) if paragraph.level else Block("paragraph", text)


def _table(table: Any) -> Iterator[Block]:
    rows = [[clean(cell.text) for cell in line.cells] for line in table.rows]
    header = rows[0] if table.first_row and len(rows) > 1 else []
    if header:
        yield Block("row", row([], header))
    yield from (Block("row", text) for cells in rows[bool(header) :] if (text := row(header, cells)))


def _chart(chart: Any) -> Iterator[Block]:
    if chart.has_title and chart.chart_title.has_text_frame and (text := clean(chart.chart_title.text_frame.text)):
        yield Block("paragraph", text)
    for plot in chart.plots:
        names = [clean(str(category)) for category in plot.categories]
        for series in plot.series:
            values = ["" if value is None else f"{value:.15g}" for value in series.values]
            if text := row(names, values):
                yield Block("row", f"{clean(series.name)}: {text}" if series.name else text)


def _picture(shape: Any) -> Iterator[Figure]:
    alt = clean(shape._element._nvXxPr.cNvPr.get("descr", ""))
    try:
        yield Figure(shape.image.blob, alt)
    except DAMAGE:  # only linked to, or of a kind that python-pptx does not know
        if blob := _embedded(shape):
            yield Figure(blob, alt)


def _embedded(shape: Any) -> bytes | None:
    id = getattr(shape._element, "blip_rId", None)
    return bytes(shape.part.related_part(id).blob) if id else None


readings, embedded, part = _document.provided(_open)
