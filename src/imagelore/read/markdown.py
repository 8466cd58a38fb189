"""Markdown (CommonMark, and GitHub's tables): sections under their headings, and pictures written in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagelore.read import Metadata, _document
from imagelore.read._blocks import clean
from imagelore.read._dates import moment
from imagelore.read._encodings import check_length, decoded
from imagelore.read._html import lifted, parsed, pieces

SUFFIXES = (".md", ".markdown")
_FRONT = re.compile(r"---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_KEY = re.compile(r"^([A-Za-z_-]+):[ \t]*(.*(?:\n[ \t]*-[ \t]+.*)*)", re.MULTILINE)
_TITLE = re.compile(r"\s*(?:#[ \t]+(.+)|(\S.*)\n=+[ \t]*(?:\n|$))")


def _open(data: bytes) -> _document.Document:
    source = _Source.of(data)
    return _document.Document(_about(source), _parts(source.body))


def _about(source: _Source) -> Metadata:
    """What its front matter says; without a title there, the heading that it begins with."""
    said = source.front
    first = _TITLE.match(source.body)
    author = " ".join(said.get("author", []))
    return Metadata(
        title=" ".join(said.get("title", [])) or (clean((first[1] or first[2]).rstrip(" \t#")) if first else ""),
        text=" ".join(said.get("description", []) or said.get("summary", [])),
        tags=tuple(said.get("tags", []) or said.get("keywords", [])),
        taken_at=moment(" ".join(said.get("date", []))),
        fields={"creator": author} if author else {},
    )


def _parts(source: str) -> Iterator[_document.Part]:
    from markdown_it import MarkdownIt

    body, picture = lifted(source)
    check_length(body)
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(body)
    yield from _document.numbered(pieces(parsed(made or " "), picture))


@dataclass(frozen=True, slots=True)
class _Source:
    """A file's front matter, its simple values only (key -> texts), and the Markdown below."""

    front: dict[str, list[str]]
    body: str

    @classmethod
    def of(cls, data: bytes) -> _Source:
        text = decoded(data).replace("\r\n", "\n")
        found = _FRONT.match(text)
        if not found:
            return cls({}, text)
        front = {key[1].lower(): _values(key[2]) for key in _KEY.finditer(found[1])}
        return cls(front, text[found.end() :])


def _values(written: str) -> list[str]:
    """YAML's plain and quoted scalars, and both forms of its lists of them."""
    listed = re.fullmatch(r"\[(.*)\]", written.strip())
    words = listed[1].split(",") if listed else re.split(r"\n[ \t]*-[ \t]+", written)
    return [value for word in words if (value := clean(word.strip().strip("\"'")))]


readings, embedded, part = _document.provided(_open)
