"""A web page's markup -> blocks and figures: what a reader of the page came for, in its order.

Left out: scripts, forms, navigation, what is hidden. Nothing is ever fetched: pictures come from what the caller has.
The tree is libxml2's (its tokeniser follows the HTML standard), walked without recursion.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from imagelore.errors import UnreadableError
from imagelore.read import Unread
from imagelore.read._blocks import DAMAGED, Block, Figure, Piece, clean, kept_lines
from imagelore.read._encodings import check_length
from imagelore.read._html_tables import Table, is_layout

Tree = Any  # lxml has no types of its own
_BREAK = "\v"  # stands for <br> until a block is closed
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS_ = """
    address article aside blockquote body caption center dd details dir div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hgroup hr li main menu ol optgroup p pre section summary table tbody td tfoot th thead tr
    ul"""
_LEFT_OUT_ = """
    annotation applet audio button canvas datalist dialog embed frame frameset head iframe input map nav noscript object
    rp script select style svg template textarea video"""
_ROLES_ = "contentinfo doc-toc menu menubar navigation search toolbar tooltip"
_CLASSES_ = "breadcrumb breadcrumbs docnav headerlink navfooter navheader skip-link sphinxsidebar toc"
_BLOCKS, _LEFT_OUT = frozenset(_BLOCKS_.split()), frozenset(_LEFT_OUT_.split())
_ROLES, _CLASSES = frozenset(_ROLES_.split()), frozenset(_CLASSES_.split())
_CAPTIONS = frozenset({"caption", "title", "wp-caption-text"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DATA_URL = re.compile(r"data:image/[\w.+-]+(?:;[\w=-]+)*;base64,([\w+/=%\s-]*)", re.IGNORECASE | re.ASCII)
_LIFTED = "lifted-picture:"
_PICTURES = 2_000  # of a page, a chapter or a Word document

Pictures = Callable[[str], bytes | None]
"""An address as the page writes it -> the picture file, or None where the document does not hold it."""


def lifted(markup: str) -> tuple[str, Pictures]:
    """Markup without the pictures written in it (`data:` URLs), and where they are: a parser need not carry them."""
    kept: list[str] = []

    def lift(found: re.Match[str]) -> str:
        kept.append(found[1])
        return f"{_LIFTED}{len(kept) - 1}"

    def picture(address: str) -> bytes | None:
        number = address.strip().removeprefix(_LIFTED)
        if address.strip() == number or not number.isdecimal() or int(number) >= len(kept):
            return None
        try:
            return base64.b64decode(unquote_to_bytes(kept[int(number)])) or None
        except (binascii.Error, ValueError):
            return DAMAGED

    return _DATA_URL.sub(lift, markup), picture


def parsed(markup: str) -> Tree:
    """The tree of a page; of nothing but white space, an empty one.

    Raises:
        UnreadableError: it is too large, or nested too deeply.
    """
    from lxml import etree

    check_length(markup)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableError("it is no web page that can be read") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):  # the rest of the page is missing
        raise UnreadableError("its elements are nested too deeply")
    return root if root is not None else etree.Element("html")


def pieces(root: Tree, picture: Pictures) -> Iterator[Piece]:
    """Blocks and figures of a parsed page."""
    from lxml import etree

    writer = _Writer(picture)
    walker = etree.iterwalk(_content(root), events=("start", "end"))
    for event, node in walker:
        if event == "start":
            if _left_out(node):
                walker.skip_subtree()
                continue
            writer.start(node)
            writer.buffer.append(node.text or "")
        else:
            if not _left_out(node):
                writer.end(node)
            if node is not root:
                writer.buffer.append(node.tail or "")
        yield from writer.taken()
    writer.close()
    yield from writer.taken()


def _content(root: Tree) -> Tree:
    """The one element that a page calls its main one, else all of it."""
    mains = root.xpath("//main | //*[@role='main']")
    return mains[0] if len(mains) == 1 and "".join(mains[0].itertext()).strip() else root


def _left_out(node: Tree) -> bool:
    if not isinstance(node.tag, str) or node.tag in _LEFT_OUT:
        return True
    if node.tag == "footer":
        return not any(above.tag in ("article", "main", "section", "blockquote") for above in node.iterancestors())
    if not (attributes := node.attrib):
        return False
    return bool(
        "hidden" in attributes
        or attributes.get("aria-hidden", "").lower() == "true"
        or attributes.get("role", "").lower() in _ROLES
        or _HIDDEN.search(attributes.get("style", ""))
        or _CLASSES.intersection(attributes.get("class", "").split())
    )


class _Writer:
    """Makes blocks of a walk through the tree; figures follow the paragraph that they stand in."""

    def __init__(self, picture: Pictures) -> None:
        self.buffer: list[str] = []
        self._picture = picture
        self._ready: list[Piece] = []
        self._kinds: list[tuple[str, int]] = [("paragraph", 0)]
        self._inline: list[Figure] = []  # of the paragraph under way
        self._pending: list[Figure] = []  # that a caption may still follow
        self._figures: list[Tree] = []  # elements that hold a figure and its caption
        self._caption = ""
        self._table: Table | None = None
        self._looked, self._known = 0, set[bytes]()  # pictures, and the digests of those that differ

    def taken(self) -> list[Piece]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, node: Tree) -> None:
        tag = node.tag
        if tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS and self._table is None:
            self._kinds.append(("heading", _HEADINGS[tag]))
        elif tag == "li":
            self._kinds.append(("item", sum(kind == "item" for kind, _ in self._kinds)))
        elif tag == "pre" and self._table is None:
            self._kinds.append(("code", 0))
        elif tag == "table" and self._table is None and not is_layout(node):
            self._table = Table(node)
        elif tag == "br":
            self.buffer.append(_BREAK if self._kinds[-1][0] != "code" else "\n")
        elif tag == "img":
            self._see(node)
        elif _is_figure(node):
            self._release("")
            self._figures.append(node)

    def end(self, node: Tree) -> None:
        tag = node.tag
        if self._table is not None and tag in ("td", "th"):
            self._table.cell(node, clean("".join(self.buffer).replace(_BREAK, " ")))
            self.buffer = []
        elif self._table is not None and tag == "tr":
            self._row(self._table.row())
        elif self._table is not None and tag == "table" and self._table.node is node:
            self._table = None
        elif _is_caption(node, bool(self._figures)):
            self._caption = clean("".join(self.buffer).replace(_BREAK, " "))
            self._flush()
            if not self._figures:
                self._release(self._caption)
        elif tag in _BLOCKS:
            self._flush()
        if tag in _HEADINGS or tag in ("li", "pre"):
            if len(self._kinds) > 1 and (self._table is None or tag == "li"):
                self._kinds.pop()
        elif self._figures and self._figures[-1] is node:
            self._pending += self._inline
            self._inline = []
            self._release(self._caption)
            self._figures.pop()

    def close(self) -> None:
        self._flush()
        self._release("")

    def _flush(self) -> None:
        if self._table is not None:
            self.buffer.append(" ")
            return
        kind, level = self._kinds[-1]
        text = "".join(self.buffer)
        if kind == "code":
            text = kept_lines(text)
        else:
            text = "\n".join(line for part in text.split(_BREAK) if (line := clean(part)))
        self.buffer = []
        if text:
            self._emit(Block(kind, text, level))  # type: ignore[arg-type]
        self._pending += self._inline
        self._inline = []

    def _row(self, text: str) -> None:
        if text:
            self._emit(Block("row", text))
        self._pending += self._inline
        self._inline = []

    def _emit(self, block: Block) -> None:
        if block.kind == "heading":
            block = Block("heading", block.text.replace("\n", " "), block.level)
        if not self._figures and block.text != self._caption:
            self._release("")
        self._ready.append(block)

    def _release(self, caption: str) -> None:
        self._ready += [Figure(figure.data, figure.alt, caption) for figure in self._pending]
        self._pending, self._caption = [], ""

    def _see(self, node: Tree) -> None:
        if self._looked > _PICTURES or not (data := self._picture(node.get("src") or "")):
            return
        self._looked += 1
        digest = hashlib.sha256(data).digest()
        if self._looked > _PICTURES:
            why = "there are more pictures than are read; those from here on are left out"
            self._ready.append(Unread(f"picture {self._looked:,}", why))
        elif digest not in self._known:  # one that stands there many times is not kept as often
            self._known.add(digest)
            self._inline.append(Figure(data, clean(node.get("alt") or node.get("title") or "")))


def _is_figure(node: Tree) -> bool:
    return bool(node.tag == "figure" or (node.tag == "div" and "figure" in node.get("class", "").split()))


def _is_caption(node: Tree, inside: bool) -> bool:
    return bool(node.tag == "figcaption" or (inside and _CAPTIONS.intersection(node.get("class", "").split())))
