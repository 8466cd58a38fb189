"""The sentences of checked text, and the sources that each of them cites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CODE = re.compile(r"(?ms)^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\2(?!`)")
CITATION = re.compile(r"\[(\d+)\]")
CITATIONS = re.compile(r" ?\[\d+\](?:[ ,;]{0,2}\[\d+\])*")
_SHORT = r"\b(?:(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|ca|approx|[A-Z])\.|(?:No|Nr|Vol)\.(?=\s+\d))"  # their full stop ends nothing
_SENTENCE_END = re.compile(
    rf"(?:{_SHORT}(?=\s+\S)|(?P<end>[.!?…][\"'”’»)*_]*(?: ?\[\d+\])*(?=\s+[^a-z\s]|\s*\Z)|[。！？](?:\[\d+\])*|\n+))"
)
_LONGEST_QUOTE = 1_000  # characters
_MARKERS = re.compile(r"^(?:[-*+>#\s]+|\d+[.)]\s+)+|[\s*_]+$")


class Cited(NamedTuple):
    """A sentence without its citations and its Markdown, and the numbers that it cites."""

    text: str
    numbers: tuple[int, ...]


def cited(text: str) -> Iterator[Cited]:
    """The sentences of an answer, in order; what stands in code cites nothing."""
    for sentence in _sentences(CODE.sub(lambda code: re.sub(r"[\[\].!?]", " ", code.group()), text)):
        plain = _MARKERS.sub("", " ".join(CITATIONS.sub("", sentence).split()))
        yield Cited(plain, tuple(dict.fromkeys(map(int, CITATION.findall(sentence)))))


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match["end"] is None or _quotes(text[start : match.end()], text[match.end() :]):
            continue
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def _quotes(before: str, after: str) -> bool:
    """Whether a place is inside a quotation on one line: what is quoted may have several sentences."""
    closing = after.partition("\n")[0].find("”", 0, _LONGEST_QUOTE)
    return before.count("“") > before.count("”") and "\n" not in before and closing >= 0
