"""Web pages: sections under their headings, and the pictures written in them; a page's links are never followed."""

from __future__ import annotations

from imagelore.read import Metadata, _document
from imagelore.read._blocks import clean
from imagelore.read._dates import moment
from imagelore.read._encodings import decoded
from imagelore.read._html import Tree, lifted, parsed, pieces
from imagelore.read._office import real_title

SUFFIXES = (".html", ".htm", ".xhtml")


def _open(data: bytes) -> _document.Document:
    markup, picture = lifted(decoded(data, markup=True))
    root = parsed(markup)
    return _document.Document(_about(root), _document.numbered(pieces(root, picture)))


def _about(root: Tree) -> Metadata:
    """The page's title, and what its `meta` elements say."""
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


readings, embedded, part = _document.provided(_open)
