"""Plain texts: their paragraphs, as their lines were written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagelore.read import Metadata, _document
from imagelore.read._blocks import Block, kept_lines
from imagelore.read._encodings import check_length, decoded

SUFFIXES = (".txt", ".text")


def _open(data: bytes) -> _document.Document:
    return _document.Document(Metadata(), _parts(data))  # it says nothing about itself


def _parts(data: bytes) -> Iterator[_document.Part]:
    text = decoded(data)
    check_length(text)
    paragraphs = map(kept_lines, re.split(r"\n\s*\n", "\n".join(text.splitlines())))
    yield from _document.numbered(Block("code", text) for text in paragraphs if text)


readings, embedded, part = _document.provided(_open)
