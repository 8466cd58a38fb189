"""EPUB books: chapter after chapter as web pages are read, and the pictures in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Unread, _document
from imagelore.read._blocks import Figure, Piece, clean
from imagelore.read._dates import moment
from imagelore.read._encodings import decoded
from imagelore.read._html import Pictures, parsed, pieces
from imagelore.read._zip import Package, entry_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIXES = (".epub",)
_KIND = "EPUB book"
_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_DC, _OPF = "{http://purl.org/dc/elements/1.1/}", "{http://www.idpf.org/2007/opf}"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")


def _open(data: bytes) -> _document.Document:
    book = _Book.opened(data)
    return _document.Document(book.metadata(), _document.numbered(book.pieces()))


readings, embedded, part = _document.provided(_open)


@dataclass(frozen=True, slots=True)
class _Book:
    package: Package
    content: Element  # the root of the book's package document (EPUB 3.3, 5)
    address: str  # of it in the archive

    @classmethod
    def opened(cls, data: bytes) -> _Book:
        package = Package(data, _KIND, ".epub", doctypes=True)  # chapters declare one; they are read as HTML
        if _CONTAINER not in package:
            raise UnreadableError(f"it is no {_KIND}: it has no {_CONTAINER}")
        roots = [node.get("full-path", "") for node in package.xml(_CONTAINER).iter() if node.tag.endswith("}rootfile")]
        if not roots or roots[0] not in package:
            raise UnreadableError(f"it is a damaged {_KIND}: its list of contents is missing")
        book = cls(package, package.xml(roots[0]), roots[0])
        book._check_protection()
        return book

    def metadata(self) -> Metadata:
        said: dict[str, list[str]] = {}
        for node in self.content.iter():
            if node.tag.startswith(_DC) and (text := clean("".join(node.itertext()))):
                said.setdefault(node.tag.removeprefix(_DC), []).append(text)
        creators = ", ".join(said.get("creator", ()))
        summary = said.get("description", [""])[0]
        return Metadata(
            title=said.get("title", [""])[0],
            text=clean("".join(parsed(summary).itertext())) if "<" in summary else summary,
            tags=tuple(dict.fromkeys(said.get("subject", ()))),
            taken_at=moment(said.get("date", [""])[0]),
            fields={"creator": creators} if creators else {},
        )

    def pieces(self) -> Iterator[Piece]:
        """The cover, then each chapter; one that cannot be read is told by its file."""
        if (cover := self._cover()) and cover in self.package:
            yield Figure(self.package.picture(cover), "Cover")
        for chapter in self._chapters():
            try:
                yield from pieces(parsed(decoded(self.package.read(chapter), markup=True)), self._pictures(chapter))
            except UnreadableError as error:
                yield Unread(f"chapter {chapter}", str(error))

    def _pictures(self, chapter: str) -> Pictures:
        def picture(address: str) -> bytes | None:
            if ":" in address.partition("/")[0]:  # outside of the book
                return None
            entry = entry_of(address, chapter)
            return self.package.picture(entry) if entry in self.package else None

        return picture

    def _manifest(self) -> dict[str, Element]:
        return {node.get("id", ""): node for node in self.content.iter(f"{_OPF}item")}

    def _chapters(self) -> list[str]:
        items = self._manifest()
        spine = [items[ref] for node in self.content.iter(f"{_OPF}itemref") if (ref := node.get("idref", "")) in items]
        read = [item for item in spine if item.get("media-type") in _PAGES and "nav" not in _properties(item)]
        return [entry_of(item.get("href", ""), self.address) for item in read]

    def _cover(self) -> str:
        items = self._manifest()
        named = [node.get("content", "") for node in self.content.iter(f"{_OPF}meta") if node.get("name") == "cover"]
        marked = [id for id, item in items.items() if "cover-image" in _properties(item)]
        found = [items[id] for id in (*marked, *named) if id in items]
        pictures = [item for item in found if item.get("media-type", "").startswith("image/")]
        return entry_of(pictures[0].get("href", ""), self.address) if pictures else ""

    def _check_protection(self) -> None:
        """Fonts may be scrambled; chapters that are cannot be read (EPUB OCF 3.3, 4.2.6.3.2)."""
        if _ENCRYPTION not in self.package:
            return
        nodes = self.package.xml(_ENCRYPTION).iter()
        scrambled = {entry_of(node.get("URI", ""), "") for node in nodes if node.tag.endswith("}CipherReference")}
        if scrambled.intersection(self._chapters()):
            raise UnreadableError("it is protected against copying (DRM)")


def _properties(item: Element) -> list[str]:
    return item.get("properties", "").split()
