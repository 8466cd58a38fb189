"""PDF: each page as a picture with the text of its text layer, and the figures on it as pictures of their own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread, _ocr
from imagelore.read._document import some_read
from imagelore.read.pdf.isolated import Isolated
from imagelore.read.pdf.values import Sheet
from imagelore.read.picture.pictured import jpeg_bytes, pictured
from imagelore.types import Asset

SUFFIXES = (".pdf",)
_SHOWN_SIDE = 1600  # pixels of a page's longer side at which its text can be read
_SHOWN_QUALITY = 88
_PAGES = 20_000  # read of one document
_DAMAGED = 20  # pages in a row after which the others are not tried: a document may claim a million
_LOSSES = 3  # pages that PDFium gave up on, likewise
_PLACE = re.compile(r"page (\d{1,9})(?:, picture (\d{1,9}))?")


def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:  # noqa: ARG001
    """The pages in their order, each followed by the figures on it.

    A bitmap that returns (a logo on every page) is read once. What is left out for its size or number is an `Unread`.

    Raises:
        UnreadableError: it is encrypted, no PDF, or no page of it can be read.
    """
    with Isolated(data, options) as document:
        yield from some_read(_readings(document, hashlib.sha256(data).hexdigest()))


def _readings(document: Isolated, sha256: str) -> Iterator[Reading | Unread]:
    about, head = document.about, True
    for sheet in _sheets(document):
        if isinstance(sheet, Unread):
            yield sheet
        else:
            yield from _parts(document, sheet, about, sha256, head)
            about, head = replace(about, text=""), False


def _sheets(document: Isolated) -> Iterator[Sheet | Unread]:
    """The pages, until it is not worth trying more."""
    failed = 0
    for number in range(1, document.pages + 1):
        if failed == _DAMAGED or document.losses == _LOSSES or number > _PAGES:
            yield Unread(f"page {number}", f"from here on, {document.pages - number + 1:,} pages are left out")
            return
        sheet = document.sheet(number)
        failed = failed + 1 if isinstance(sheet, Unread) else 0
        yield sheet


def embedded(data: bytes, options: Options) -> Metadata:
    """What the document says about itself: title, author, subject, keywords, when it was made.

    Raises:
        UnreadableError: as `readings`.
    """
    with Isolated(data, options) as document:
        return document.about


def part(data: bytes, place: str, options: Options) -> bytes:
    """A page ("page 3") or a figure ("page 3, picture 1") as a JPEG of at most 1,600 pixels.

    Raises:
        UnreadableError: as `readings`, or there is no such place in it.
    """
    found = _PLACE.fullmatch(place)
    with Isolated(data, options) as document:
        if not found or not 1 <= int(found[1]) <= document.pages:
            raise UnreadableError(f"it has no {place!r}")
        picture = document.shown(int(found[1]), int(found[2] or 0), _SHOWN_SIDE)
    return jpeg_bytes(picture, _SHOWN_QUALITY)


def _parts(document: Isolated, sheet: Sheet, about: Metadata, sha256: str, head: bool) -> Iterator[Reading | Unread]:
    """A page, then its figures; the first page that is read stands for the file."""
    options, place = document.options, f"page {sheet.number}"
    page = pictured(sheet.picture, sheet.size, sha256 if head else _sha256(sha256, place), about, options)
    page = replace(page, place=place, lines=sheet.lines, warnings=sheet.warnings)
    yield _with_text(page, options, partial(document.shown, sheet.number, 0))
    for figure in sheet.figures:
        name, said = f"{place}, picture {figure.number}", replace(about, text=figure.caption)
        made = pictured(figure.picture, figure.size, _sha256(sha256, name), said, options)
        made = replace(made, place=name, lines=figure.lines)
        yield _with_text(made, options, partial(document.shown, sheet.number, figure.number))
    for number, reason in sheet.left_out:
        yield Unread(f"{place}, picture {number}", reason)


def _sha256(document: str, place: str) -> str:
    return hashlib.sha256(f"{document} {place}".encode()).hexdigest()


def _with_text(reading: Reading, options: Options, render: Callable[[int], Image.Image]) -> Reading:
    """Where there is no text layer: with the text that can be read in the picture, rendered at a side in pixels."""
    if reading.lines or options.ocr == "off" or (options.ocr == "auto" and not _ocr.installed()):
        return reading
    large = render(_ocr.SIDE)
    return _ocr.with_text(reading, large) if _ocr.wanted(options.ocr, large) else reading
