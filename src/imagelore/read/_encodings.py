"""Bytes of texts and web pages -> text: byte order mark, declared encoding, UTF-8, else Windows-1252."""

from __future__ import annotations

import codecs
import re

from imagelore.errors import UnreadableError

LIMIT = 20_000_000  # bytes of a text or of a page's markup: a page takes some 25 times as much to parse
_MARKS = (  # the longer first: UTF-32's begins like UTF-16's
    *((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8")),
    *((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
)
# HTML standard, 13.2.3.2: a page's declaration stands in its first bytes; XML 1.0, 4.3.3: in its first line.
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|^\s*<\?xml[^>]{0,80}?encoding=["']([\w.-]+)""", re.I)
_HEAD = 2_048
_LATIN = {"iso8859-1", "ascii"}  # the Encoding Standard reads these labels as Windows-1252, as pages mean them


def decoded(data: bytes, *, markup: bool = False) -> str:
    """A file's text; `markup`: it may declare its encoding, as HTML and XML do.

    Raises:
        UnreadableError: it is empty, or no text.
    """
    if not data.strip():
        raise UnreadableError("the file is empty")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data[:_HEAD] or b"\0" in data:
        raise UnreadableError("it is no text: its content is binary")
    for encoding in (*([_declared(data[:_HEAD])] if markup else []), "utf-8"):
        try:
            return data.decode(encoding)
        except (UnicodeError, ValueError):
            continue
    text = data.decode("cp1252", "replace")
    if _strange(text[:10_000]):
        raise UnreadableError("it is no text: its content is binary")
    return text


def _declared(head: bytes) -> str:
    found = _DECLARED.search(head)
    label = (found[1] or found[2]).decode("ascii", "replace") if found else "utf-8"
    try:
        name = codecs.lookup(label)
    except (LookupError, ValueError):
        return "utf-8"
    if not name._is_text_encoding or name.name.startswith(("utf-16", "utf-32", "idna", "punycode", "unicode", "raw")):
        return "utf-8"  # what declares UTF-16 in single bytes is not UTF-16
    return "cp1252" if name.name in _LATIN else name.name


def _strange(text: str) -> bool:
    """Whether it holds more controls than a text does."""
    odd = sum(1 for letter in text if letter < " " and letter not in "\t\n\r\f\v\x1b" or letter == "\ufffd")
    return odd > len(text) / 50
