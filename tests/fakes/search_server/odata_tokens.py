"""The words of the filter language, and its constants.

https://learn.microsoft.com/azure/search/search-query-odata-syntax-reference
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fakes.search_server.edm import parse_date
from tests.fakes.search_server.errors import Refused, expression

_TOKEN = re.compile(
    r"\s*(?:(?P<date>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|INF)"
    r"(?![\w.]))|(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w.]*)|(?P<mark>[(),:/]))"
)
_WORDS: dict[str, tuple[str, Any]] = {
    "true": ("Edm.Boolean", True),
    "false": ("Edm.Boolean", False),
    "null": ("null", None),
    "INF": ("Edm.Double", float("inf")),
    "NaN": ("Edm.Double", float("nan")),
}


class Token(NamedTuple):
    kind: str  # date, number, text, name, mark, end
    text: str
    position: int


class Constant(NamedTuple):
    kind: str  # an Edm type, or "null"
    value: Any


def tokens(text: str) -> Iterator[Token]:
    """The tokens, and one of the kind `end`.

    Raises:
        Refused: there is something that is none.
    """
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            raise expression(f"Syntax error at position {position} in '{text}'.", "$filter")
        yield Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        position = found.end()
    yield Token("end", "", len(text))


def literal(token: Token) -> Constant | None:
    """The constant that a token is; None: it is none."""
    if token.kind == "text":
        return Constant("Edm.String", token.text[1:-1].replace("''", "'"))
    if token.kind == "number":
        whole = token.text.lstrip("-").isdigit()
        kind = "Edm.Double" if not whole else "Edm.Int32" if abs(int(token.text)) < 2**31 else "Edm.Int64"
        return Constant(kind, int(token.text) if whole else float(token.text.lower()))
    if token.kind == "date":
        moment = parse_date(token.text)
        if moment is None and "T" in token.text:
            return None
        return Constant("Edm.DateTimeOffset" if moment else "Edm.Date", moment)
    return Constant(*_WORDS[token.text]) if token.text in _WORDS else None


class Cursor:
    """A place in a filter, and what is wrong there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(tokens(text))
        self.next = 0

    def peek(self, ahead: int = 0) -> Token:
        return self.tokens[min(self.next + ahead, len(self.tokens) - 1)]

    def take(self, text: str) -> bool:
        found = self.peek().text == text and self.peek().kind in {"name", "mark"}
        self.next += found
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.syntax()

    def wrong(self, message: str) -> Refused:
        return expression(message, "$filter")

    def syntax(self, token: Token | None = None) -> Refused:
        return self.wrong(f"Syntax error at position {(token or self.peek()).position} in '{self.text}'.")
