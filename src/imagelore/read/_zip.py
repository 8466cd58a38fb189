"""Documents that are zip files (Word, PowerPoint, Excel, EPUB), opened with care.

Sizes are checked by what the archive declares, before anything is unpacked; `zipfile` never unpacks more of an entry
than it declares. Entries of XML that declare a document type are refused: the Office formats forbid it (ECMA-376, part
2, clause 8.2.5), and it is how entities are made that grow without end. Archives in the archive are never opened.
"""

from __future__ import annotations

import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.parsers.expat import ExpatError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from imagelore.errors import UnreadableError
from imagelore.read._blocks import DAMAGED

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ENTRIES = 20_000
_UNPACKED = 1_000_000_000  # bytes of all entries together, as declared
_RATIO, _SMALL = 200, 20_000_000  # unpacked over packed, of an archive that unpacks to more than this many bytes
_CHUNK = 1 << 20
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB], 2.2: old Office files, and encrypted new ones
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # [MS-OFFCRYPTO], 2.3.4.4: the stream's name
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"

# What zipfile, the XML parsers and the libraries above them were seen to raise on damaged files, or raise by their
# source: they index, convert and look up what a sound file would hold.
DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, OSError, EOFError, SyntaxError, ValueError),
    *(LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RuntimeError, MemoryError),
    *(NotImplementedError, ParseError, ExpatError, DefusedXmlException),
)


@contextmanager
def damage_told(kind: str, *others: type[Exception]) -> Iterator[None]:
    """Turns what reading a damaged file raises into `UnreadableError`; `others`: a library's own exceptions."""
    try:
        yield
    except (*DAMAGE, *others) as error:
        said = " ".join(str(error).split())[:120]
        raise UnreadableError(f"it is a damaged or truncated {kind}" + (f" ({said})" if said else "")) from error


class Package:
    """An archive whose sizes were found to be sound; `kind` is what people call such a file.

    Raises:
        UnreadableError: it is no such archive, encrypted, damaged, or made to exhaust memory.
    """

    def __init__(self, data: bytes, kind: str, modern: str, *, doctypes: bool = False) -> None:
        self.kind = kind
        _check_signature(data, kind, modern)
        with damage_told(kind):
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._sizes = {entry.filename: entry.file_size for entry in self._zip.infolist()}
        _check_sizes(self._zip.infolist(), len(data))
        if not doctypes:
            for name in self._sizes:
                self._check_doctype(name)

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def size(self, name: str) -> int:
        """The unpacked size of an entry in bytes, 0 where there is none."""
        return self._sizes.get(name, 0)

    def read(self, name: str) -> bytes:
        """One entry, unpacked.

        Raises:
            UnreadableError: there is none of this name, or it is damaged.
        """
        with damage_told(self.kind):
            return self._zip.read(name)

    def picture(self, name: str) -> bytes:
        """One entry that is a picture; what stands for one where it is damaged, so that the rest can be read."""
        try:
            return self.read(name)
        except UnreadableError:
            return DAMAGED

    def xml(self, name: str) -> Element:
        """The root of an entry of XML; entities are refused.

        Raises:
            UnreadableError: there is none of this name, or it is damaged.
        """
        with damage_told(self.kind):
            root: Element = fromstring(self._zip.read(name))
            return root

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """What an entry of an Office file refers to inside the archive: id -> (type's last word, entry)."""
        folder, file = posixpath.split(name)
        listed = posixpath.join(folder, "_rels", f"{file}.rels")
        if listed not in self:
            return {}
        return {
            relation.get("Id", ""): (
                posixpath.basename(relation.get("Type", "")),
                entry_of(relation.get("Target", ""), name),
            )
            for relation in self.xml(listed).iter(_RELATIONS)
            if relation.get("TargetMode") != "External"
        }

    def _check_doctype(self, name: str) -> None:
        with suppress(*DAMAGE), self._zip.open(name) as stream:  # what cannot be unpacked is told when it is read
            tail = stream.read(_CHUNK)
            if not tail.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n").startswith(b"<"):
                return
            while tail:
                if any(doctype in tail for doctype in _DOCTYPES):
                    raise UnreadableError("its XML declares a document type, which is how entity bombs are made")
                chunk = stream.read(_CHUNK)
                tail = tail[-32:] + chunk if chunk else b""


def entry_of(target: str, beside: str) -> str:
    """The entry that a relative address means, seen from another entry; it never leads out of the archive."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(beside), path)).lstrip("/")


def _check_signature(data: bytes, kind: str, modern: str) -> None:
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise UnreadableError("it is protected with a password; save a copy without one")
        raise UnreadableError(f"it is of Office's old binary format; save it as {modern}")
    if not data:
        raise UnreadableError("the file is empty")
    if not data.startswith(b"PK"):
        raise UnreadableError(f"it is no {kind}: its content is something else")


def _check_sizes(entries: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _ENTRIES:
        raise UnreadableError(f"its archive has {len(entries):,} entries; the limit is {_ENTRIES:,}")
    if unpacked > _UNPACKED or (unpacked > _SMALL and unpacked > _RATIO * packed):
        raise UnreadableError(
            f"its {packed / 1e6:,.1f} MB unpack to {unpacked / 1e6:,.0f} MB: it looks made to exhaust memory"
        )
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise UnreadableError("its archive is packed in a way that office documents and books never are")
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableError("it is protected with a password; save a copy without one")
