"""Plain texts: their paragraphs, as their lines were written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread, _document
from imagelore.read._blocks import Block, kept_lines
from imagelore.read._encodings import LIMIT, decoded
from imagelore.types import Asset

SUFFIXES = (".txt", ".text")


def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:
    """A text's parts.

    Raises:
        UnreadableError: it is empty, no text, or too large.
    """
    _document.check_size(data, options)
    yield from _document.readings(asset, data, _parts(data), Metadata(), options)


def embedded(data: bytes, options: Options) -> Metadata:  # noqa: ARG001  (of the contract)
    """Nothing: a plain text says what it says, and nothing about itself."""
    return Metadata()


def part(data: bytes, place: str, options: Options) -> bytes:  # noqa: ARG001  (of the contract)
    """A part on paper.

    Raises:
        UnreadableError: as `readings`; or there is no such part.
    """
    return _document.part(_parts(data), place)


def _parts(data: bytes) -> Iterator[_document.Part]:
    if len(data) > LIMIT:
        raise UnreadableError(f"its text has {len(data) / 1e6:,.0f} MB; the limit is {LIMIT / 1e6:,.0f} MB")
    paragraphs = map(kept_lines, re.split(r"\n\s*\n", "\n".join(decoded(data).splitlines())))
    return _document.numbered(Block("code", text) for text in paragraphs if text)
