"""An open PDF, as PDFium reads it: in the process that `worker` runs, in one thread."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Unread
from imagelore.read.pdf.about import about
from imagelore.read.pdf.sheet import drawn, figure_box, sheet
from imagelore.read.pdf.values import Sheet

logging.getLogger("pypdfium2").addHandler(logging.NullHandler())  # what it says helps nobody who indexes a folder


class Document:
    """A PDF that is being read; its methods are those of `isolated.Isolated`."""

    def __init__(self, data: bytes, options: Options) -> None:
        """Opens it.

        Raises:
            UnreadableError: it is encrypted, damaged, or no PDF.
        """
        self._options = options
        self._seen: set[bytes] = set()  # digests of the figures so far
        try:
            self._pdf = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise UnreadableError(_reason(data, error.err_code)) from error
        self.pages = len(self._pdf)
        try:
            self._forms = self._pdf.init_forms()  # no JavaScript: this build of PDFium has none
        except pypdfium2.PdfiumError:
            self._forms = False  # what was filled in is not shown

    def close(self) -> None:
        """Frees what PDFium holds."""
        self._pdf.close()

    def about(self) -> Metadata:
        """What it says about itself."""
        return about(self._pdf)

    def sheet(self, number: int) -> Sheet | Unread:
        """Page `number` (from 1), drawn and read."""
        try:
            with self._page(number) as page:
                return sheet(page, number, self._options, self._seen)
        except pypdfium2.PdfiumError:
            return Unread(f"page {number}", "the page is damaged")

    def shown(self, number: int, figure: int, side: int) -> Image.Image:
        """Page `number`, or a figure on it (from 1; 0: the page), with a longer side of at most `side` pixels.

        Raises:
            UnreadableError: the page is damaged, or has no such figure.
        """
        try:
            with self._page(number) as page:
                if not figure:
                    return drawn(page, side).picture
                if found := figure_box(page, figure, self._options.max_pixels):
                    box, pixels = found
                    return drawn(page, min(side, pixels), box).picture
        except pypdfium2.PdfiumError as error:
            raise UnreadableError(f"its page {number} is damaged") from error
        raise UnreadableError(f"its page {number} has no picture {figure}")

    @contextmanager
    def _page(self, number: int) -> Iterator[pypdfium2.PdfPage]:
        """Page `number`. What was filled into a form's fields is made part of the page."""
        page = self._pdf[number - 1]
        try:
            if self._forms and pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
                page.close()
                page = self._pdf[number - 1]
            yield page
        finally:
            page.close()


def _reason(data: bytes, code: int | None) -> str:
    """Why PDFium does not open it."""
    if not data.strip(b"\0 \t\r\n"):
        return "it is empty"
    if code == pdfium.FPDF_ERR_PASSWORD:
        return "it is encrypted: save a copy that opens without a password, and index that"
    if code == pdfium.FPDF_ERR_SECURITY:
        return "it is encrypted in a way that cannot be read: save a copy without encryption, and index that"
    if b"%PDF-" not in data[:1024]:
        return "it is not a PDF"
    if b"%%EOF" not in data[-2048:]:
        return "it is a PDF that is cut short (truncated)"
    return "it is a damaged PDF, or one without pages"
