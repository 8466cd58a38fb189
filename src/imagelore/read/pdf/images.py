"""The image objects of a page, in form XObjects too, one level deep."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from imagelore.read.pdf.lines import shares
from imagelore.read.pdf.values import Box

_OBJECTS = 100_000  # of one page that are looked at: a drawing may have millions


@dataclass(frozen=True, eq=False, slots=True)
class Placed:
    """An image object, and where it is seen on its page."""

    handle: Any
    form: Any  # the form XObject that holds it, or None
    width: int  # pixels
    height: int
    box: Box  # shares of the page; empty where it lies outside

    def digest(self) -> bytes:
        """The same for the same bitmap, wherever it stands."""
        size = pdfium.FPDFImageObj_GetImageDataRaw(self.handle, None, 0)
        data = ctypes.create_string_buffer(size)
        pdfium.FPDFImageObj_GetImageDataRaw(self.handle, data, size)
        digest = hashlib.blake2b(b"%d %d " % (self.width, self.height), digest_size=16)
        digest.update(data)
        return digest.digest()


def images_on(page: pypdfium2.PdfPage) -> list[Placed]:
    """The images in the order in which they are drawn."""
    return [placed for handle, form in _handles(page) if (placed := _placed(page, handle, form))]


def take_out(page: pypdfium2.PdfPage, images: Sequence[Placed], max_pixels: int) -> set[Placed]:
    """Removes the images of too many pixels from the page, so that they are never decoded; which they were."""
    removed = {placed for placed in images if placed.width * placed.height > max_pixels}
    for placed in removed:
        if placed.form is None:
            pdfium.FPDFPage_RemoveObject(page, placed.handle)
        else:
            pdfium.FPDFFormObj_RemoveObject(placed.form, placed.handle)
        pdfium.FPDFPageObj_Destroy(placed.handle)
    return removed


def _handles(page: pypdfium2.PdfPage) -> Iterator[tuple[Any, Any]]:
    """(image, its form XObject or None)."""
    for at in range(min(pdfium.FPDFPage_CountObjects(page), _OBJECTS)):
        handle = pdfium.FPDFPage_GetObject(page, at)
        kind = pdfium.FPDFPageObj_GetType(handle)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            yield handle, None
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            for inner in range(min(pdfium.FPDFFormObj_CountObjects(handle), _OBJECTS)):
                held = pdfium.FPDFFormObj_GetObject(handle, inner)
                if pdfium.FPDFPageObj_GetType(held) == pdfium.FPDF_PAGEOBJ_IMAGE:
                    yield held, handle


def _placed(page: pypdfium2.PdfPage, handle: Any, form: Any) -> Placed | None:
    """None where PDFium cannot tell its size or its place."""
    wide, high = ctypes.c_uint(), ctypes.c_uint()
    sides = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFImageObj_GetImagePixelSize(handle, wide, high) or not pdfium.FPDFPageObj_GetBounds(
        handle, *sides
    ):
        return None
    left, bottom, right, top = (side.value for side in sides)
    corners = [(left, bottom), (right, bottom), (left, top), (right, top)]
    if form is not None:
        m = pdfium.FS_MATRIX()
        pdfium.FPDFPageObj_GetMatrix(form, m)
        corners = [(m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f) for x, y in corners]
    return Placed(handle, form, wide.value, high.value, shares(page, corners))
