"""Metadata values: headers of HTTP hold ASCII only, what people know about pictures does not.

A value that is not printable ASCII is written as one encoded word of RFC 2047 (UTF-8, base64), the convention that
object stores and mail share; encoded words are decoded when they are read, also those that others wrote. A value that
looks like an encoded word is encoded too, so that `decoded` gives back what `encoded` was given, always.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header

_WORD = re.compile(r"=\?[\w.:-]+\?[bBqQ]\?[!->@-~]*\?=")  # no blanks, no question mark inside
_WORDS = re.compile(rf"{_WORD.pattern}(?:\s+{_WORD.pattern})*")


def encoded(values: Mapping[str, str]) -> dict[str, str]:
    """The values as headers can carry them."""
    return {name: _encode(value) for name, value in values.items()}


def decoded(values: Mapping[str, str] | None) -> dict[str, str]:
    """The values that were encoded; one that cannot be decoded stays as it is."""
    return {name: _decode(value or "") for name, value in (values or {}).items()}


def _encode(value: str) -> str:
    plain = value.isascii() and value.isprintable() and value == value.strip() and not _WORDS.fullmatch(value)
    return value if plain else f"=?utf-8?b?{base64.b64encode(value.encode()).decode()}?="


def _decode(value: str) -> str:
    if not _WORDS.fullmatch(value):
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, binascii.Error, UnicodeError, LookupError, ValueError):
        return value
