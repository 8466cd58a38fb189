"""The simple query syntax: text to a tree of words, phrases, prefixes and Boolean operators.

https://learn.microsoft.com/azure/search/query-simple-syntax. Operators bind from left to right, as in Lucene's
SimpleQueryParser, which the service uses; two parts without an operator are joined by `searchMode`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fakes.search_server.errors import parameter


@dataclass
class Word:
    text: str


@dataclass
class Phrase:
    text: str


@dataclass
class Prefix:
    text: str


@dataclass
class Everything:
    pass


@dataclass
class Not:
    part: Node


@dataclass
class Joined:
    operator: str  # "any" or "all"
    parts: list[Node] = field(default_factory=list)


Node = Word | Phrase | Prefix | Everything | Not | Joined
MAX_CLAUSES = 3_000
MAX_PREFIX = 1_000  # characters
_ENDS = '"|+()'


def parse(text: str, mode: str) -> Node | None:
    """The tree of a query, None where nothing is asked. `mode` is the `searchMode`.

    Raises:
        Refused: it is too long (https://learn.microsoft.com/azure/search/search-limits-quotas-capacity#api-request-limits).
    """
    parser = _Parser(text, mode)
    tree = parser.group(nested=False)
    if parser.parts > MAX_CLAUSES:
        raise parameter(f"The search text has more than {MAX_CLAUSES} clauses.", "search")
    return tree


class _Parser:
    def __init__(self, text: str, mode: str) -> None:
        self.text, self.mode, self.at = text, mode, 0
        self.parts = 0

    def group(self, nested: bool) -> Node | None:
        """Up to the closing parenthesis, or to the end."""
        top: Node | None = None
        operator = before = None
        negated = False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter == ")" or letter.isspace():
                self.at += 1
                if letter == ")" and nested:
                    return top
                continue
            if letter in "+|":
                self.at += 1
                operator = operator or ({"+": "all", "|": "any"}[letter] if top else None)
                continue
            if letter == "-":
                self.at += 1
                negated = not negated
                continue
            part = self._part(letter)
            if part is None:
                continue
            self.parts += 1
            part = Not(part) if negated else part
            operator, negated = operator or self.mode, False
            if top is None:
                top, operator = part, None
                continue
            if not isinstance(top, Joined) or before != operator:
                top = Joined(operator, [top])
            top.parts.append(part)
            before, operator = operator, None
        return top

    def _part(self, letter: str) -> Node | None:
        if letter == "(":
            self.at += 1
            return self.group(nested=True)
        if letter == '"' and (found := self._quoted()) is not None:
            return Phrase(found)
        if letter == '"':
            self.at += 1
            return None
        return self._word()

    def _quoted(self) -> str | None:
        at, text = self.at + 1, ""
        while at < len(self.text):
            if self.text[at] == "\\" and at + 1 < len(self.text):
                at += 1
            elif self.text[at] == '"':
                self.at = at + 1
                return text
            text += self.text[at]
            at += 1
        return None

    def _word(self) -> Node | None:
        text, prefix = "", False
        while self.at < len(self.text):
            letter = self.text[self.at]
            if letter.isspace() or letter in _ENDS:
                break
            self.at += 1
            prefix = letter == "*"
            if letter == "\\" and self.at < len(self.text):
                letter, prefix = self.text[self.at], False
                self.at += 1
            text += letter
        if not prefix:
            return Word(text) if text else None
        if len(text) > MAX_PREFIX:
            raise parameter(f"The prefix '{text[:20]}...' is longer than {MAX_PREFIX} characters.", "search")
        return Prefix(text[:-1]) if text[:-1] else Everything()
