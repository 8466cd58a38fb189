"""One page of a PDF: drawn, with the lines of its text layer and the figures on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image
from pypdfium2 import internal

from imagelore.read import Options
from imagelore.read.pdf.captions import caption, lines_in
from imagelore.read.pdf.images import Placed, images_on, take_out
from imagelore.read.pdf.lines import text_lines
from imagelore.read.pdf.values import Box, Figure, Sheet

_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_SECONDS = 10.0  # of drawing
_SIZE_SIDE = 1600  # pixels: pages have no pixels of their own; this is how large they are shown
_MOST, _MOST_OF_ALL = 12, 2_000  # figures of one page, of a document
_LEAST_SIDE, _LEAST_PIXELS = 48, 10_000  # pixels of a figure: smaller ones are icons, rules and bullets
_LEAST_SHARE, _MOST_SHARE = 0.01, 0.8  # of the page; one that covers more is the page itself: a scan, a background


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rendering; `whole` unless it took too long and was stopped."""

    picture: Image.Image
    whole: bool


def sheet(page: pypdfium2.PdfPage, number: int, options: Options, seen: set[bytes]) -> Sheet:
    """Draws and reads a page. `seen` takes the digests of its figures; those in it already are not read again.

    Raises:
        PdfiumError: the page is damaged.
    """
    side = max(options.image_side, options.thumbnail_side)
    images = images_on(page)
    too_large = take_out(page, images, options.max_pixels)  # before anything is drawn
    page_drawn = drawn(page, side)
    lines, cut = text_lines(page, page_drawn.picture)
    figures, left_out = [], []
    for at, placed in enumerate(_figures(images), start=1):
        if placed in too_large:
            left_out.append((at, f"{placed.width:,} x {placed.height:,} pixels are too many"))
        elif at > _MOST or len(seen) >= _MOST_OF_ALL:
            left_out.append((at, "there are more pictures than are read; those from here on are left out"))
            break
        elif (digest := placed.digest()) not in seen:
            seen.add(digest)
            picture = drawn(page, min(side, max(placed.width, placed.height)), placed.box).picture
            said, own = caption(placed.box, lines), lines_in(placed.box, lines)
            figures.append(Figure(at, picture, (placed.width, placed.height), said, own))
    warnings = (
        [] if page_drawn.whole else [f"drawing it takes more than {_SECONDS:.0f} seconds: not all of it is shown"]
    )
    warnings += ["it holds more text than is read: its end is left out"] if cut else []
    size = _pixels(page, _WHOLE, _SIZE_SIDE)[:2]
    return Sheet(number, page_drawn.picture, size, lines, tuple(figures), tuple(left_out), tuple(warnings))


def figure_box(page: pypdfium2.PdfPage, number: int, max_pixels: int) -> tuple[Box, int] | None:
    """Where figure `number` is, and the longer side of its bitmap; None where the page has none of this number."""
    images = images_on(page)
    too_large = take_out(page, images, max_pixels)
    for at, placed in enumerate(_figures(images), start=1):
        if at == number and placed not in too_large:
            return placed.box, max(placed.width, placed.height)
    return None


def _figures(images: list[Placed]) -> Iterator[Placed]:
    """The images that are pictures of their own."""
    for placed in images:
        left, top, right, bottom = placed.box
        large = min(placed.width, placed.height) >= _LEAST_SIDE and placed.width * placed.height >= _LEAST_PIXELS
        if large and _LEAST_SHARE <= (right - left) * (bottom - top) < _MOST_SHARE:
            yield placed


def drawn(page: pypdfium2.PdfPage, side: int, box: Box = _WHOLE) -> Drawn:
    """What is seen in a box of the page (shares of it), with a longer side of `side` pixels, in bounded time."""
    width, height, full_width, full_height = _pixels(page, box, side)
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGRx, rev_byteorder=True)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
    end, pause = time.monotonic() + _SECONDS, pdfium.IFSDK_PAUSE(version=1)
    internal.set_callback(pause, "NeedToPauseNow", lambda _: time.monotonic() > end)
    place = (-round(box[0] * full_width), -round(box[1] * full_height), full_width, full_height, 0)
    flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER | pdfium.FPDF_RENDER_LIMITEDIMAGECACHE
    status = pdfium.FPDF_RenderPageBitmap_Start(bitmap, page, *place, flags, pause)
    pdfium.FPDF_RenderPage_Close(page)
    picture = bitmap.to_pil().convert("RGB")  # a copy
    bitmap.close()
    return Drawn(picture, status == pdfium.FPDF_RENDER_DONE)


def _pixels(page: pypdfium2.PdfPage, box: Box, side: int) -> tuple[int, int, int, int]:
    """Width and height of the box, and of the whole page, at this side of the box."""
    width, height = max(page.get_width(), 1e-3), max(page.get_height(), 1e-3)
    wide, high = (box[2] - box[0]) * width, (box[3] - box[1]) * height
    scale = side / max(wide, high)
    return tuple(max(1, round(length * scale)) for length in (wide, high, width, height))
