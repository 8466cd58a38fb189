"""Bytes of texts and web pages -> text: byte order mark, UTF-8, the declared encoding, else Windows-1252.

UTF-8 comes before what is declared: hardly any other text is valid UTF-8 by chance, and many a page declares what it is
not.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from imagelore.errors import UnreadableError

LIMIT = 20_000_000  # letters of a text, or of a page without its pictures: it takes some 25 times as much to parse
_MARKS = (  # the longer first: UTF-32's begins like UTF-16's
    *((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8")),
    *((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
)
# HTML standard, 13.2.3.2: a page's declaration stands in its first bytes; XML 1.0, 4.3.3: in its first line.
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)|^\s*<\?xml[^>]{0,80}?encoding=["']([\w.-]+)""", re.IGNORECASE
)
_HEAD = 2_048
_SEVEN_BIT = ("iso2022_jp", "iso2022_kr", "hz")  # these are valid UTF-8, too
_TEXTS = ("iso8859", "cp", "koi8", "mac", "big5", "euc", "gb", "shift", "tis", "johab", "ptcp", "kz1048")


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
    declared = _declared(data[:_HEAD]) if markup else ""
    for encoding in (declared, "utf-8") if declared in _SEVEN_BIT else ("utf-8", declared):
        if encoding:
            with suppress(UnicodeError):
                return data.decode(encoding)
    text = data.decode("cp1252", "replace")
    if _strange(text[:10_000]):
        raise UnreadableError("it is no text: its content is binary")
    return text


def check_length(text: str) -> None:
    """Refuses a text that takes too much to parse.

    Raises:
        UnreadableError: it does.
    """
    if len(text) > LIMIT:
        raise UnreadableError(f"its text has {len(text) / 1e6:,.0f} MB; the limit is {LIMIT / 1e6:,.0f} MB")


def _declared(head: bytes) -> str:
    """The encoding that a page says it is in; "" where that cannot be: what can be read as bytes is not UTF-16."""
    if not (found := _DECLARED.search(head)):
        return ""
    try:
        name = codecs.lookup((found[1] or found[2]).decode("ascii", "replace")).name
    except (LookupError, ValueError):
        return ""
    return name if name in _SEVEN_BIT or name.startswith(_TEXTS) else ""


def _strange(text: str) -> bool:
    """Whether it holds more controls than a text does."""
    odd = sum(1 for letter in text if (letter < " " and letter not in "\t\n\r\f\v\x1b") or letter == "\ufffd")
    return odd > len(text) / 50
