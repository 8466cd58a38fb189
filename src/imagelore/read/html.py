"""Web pages: sections under their headings, and the pictures written in them; a page's links are never followed."""

from __future__ import annotations

from collections.abc import Iterator

from imagelore.read import Metadata, Options, Reading, Unread, _document
from imagelore.read._blocks import clean
from imagelore.read._dates import moment
from imagelore.read._encodings import decoded
from imagelore.read._html import lifted, parsed, pieces
from imagelore.read._office import real_title
from imagelore.types import Asset

SUFFIXES = (".html", ".htm", ".xhtml")


def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:
    """A page's sections, each followed by its pictures.

    Raises:
        UnreadableError: it is empty, no text, too large, or holds neither text nor pictures.
    """
    _document.check_size(data, options)
    yield from _document.readings(asset, data, _parts(data), embedded(data, options), options)


def embedded(data: bytes, options: Options) -> Metadata:  # noqa: ARG001  (of the contract)
    """The page's title, and what its `meta` elements say.

    Raises:
        UnreadableError: as `readings`.
    """
    root = parsed(lifted(decoded(data, markup=True))[0])
    said = {
        name.lower(): text
        for node in reversed(root.xpath("//meta[@content and (@name or @property)]"))
        if (name := node.get("name") or node.get("property")) and (text := clean(node.get("content")))
    }
    author = said.get("author", "")
    return Metadata(
        title=real_title(clean("".join(root.xpath("string(//head/title)"))) or said.get("og:title", "")),
        text=said.get("description", ""),
        tags=tuple(tag for word in said.get("keywords", "").split(",") if (tag := word.strip())),
        taken_at=moment(said.get("date", "") or said.get("dcterms.date", "")),
        fields={"creator": author} if author else {},
    )


def part(data: bytes, place: str, options: Options) -> bytes:  # noqa: ARG001  (of the contract)
    """A section on paper, or one of the pictures in it.

    Raises:
        UnreadableError: as `readings`; or there is no such part.
    """
    return _document.part(_parts(data), place)


def _parts(data: bytes) -> Iterator[_document.Part]:
    markup, picture = lifted(decoded(data, markup=True))
    return _document.numbered(pieces(parsed(markup), picture))
