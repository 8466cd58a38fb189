"""Word documents: sections under their headings, lists, tables and pictures, through mammoth's HTML."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread, _document
from imagelore.read._html import parsed, pieces
from imagelore.read._office import core_metadata
from imagelore.read._zip import DAMAGE, Package, damage_told
from imagelore.read.picture.memory import decoding
from imagelore.types import Asset

SUFFIXES = (".docx", ".docm", ".dotx")
_KIND, _MODERN = "Word document", ".docx"
_LIMIT, _COST = 20_000_000, 45  # bytes of markup; bytes of memory that mammoth's trees take for each, measured
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='caption'] => figcaption:fresh
p[style-name='Caption'] => figcaption:fresh
"""
_ADDRESS = "docx-picture:"


def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:
    """A document's sections, each followed by its pictures.

    Raises:
        UnreadableError: it is empty, damaged, encrypted, too large, made to exhaust memory, or of the old format.
    """
    _document.check_size(data, options)
    yield from _document.readings(asset, data, _parts(data), embedded(data, options), options)


def embedded(data: bytes, options: Options) -> Metadata:  # noqa: ARG001  (of the contract)
    """The document's properties: title, author, subject, keywords, date.

    Raises:
        UnreadableError: as `readings`.
    """
    return core_metadata(Package(data, _KIND, _MODERN))


def part(data: bytes, place: str, options: Options) -> bytes:  # noqa: ARG001  (of the contract)
    """A section on paper, or one of the pictures in it.

    Raises:
        UnreadableError: as `readings`; or there is no such part.
    """
    return _document.part(_parts(data), place)


def _parts(data: bytes) -> Iterator[_document.Part]:
    import mammoth

    package = Package(data, _KIND, _MODERN)
    size = sum(package.size(name) for name in package if name.endswith(".xml"))
    if size > _LIMIT:
        raise UnreadableError(f"its text takes {size / 1e6:,.0f} MB of markup; the limit is {_LIMIT / 1e6:,.0f} MB")
    images: list[Any] = []

    def note(image: Any) -> dict[str, str]:
        images.append(image)
        return {"src": f"{_ADDRESS}{len(images) - 1}"}

    def picture(address: str) -> bytes | None:
        number = address.removeprefix(_ADDRESS)
        return _opened(images[int(number)]) if number != address else None

    with decoding.taken(size * _COST), damage_told(_KIND):
        made = mammoth.convert_to_html(
            BytesIO(data),
            convert_image=mammoth.images.img_element(note),
            style_map=_STYLES,
            include_embedded_style_map=False,
        )
    return _document.numbered(pieces(parsed(made.value), picture))


def _opened(image: Any) -> bytes | None:
    """An embedded picture; None for one that is only linked to: nothing outside is opened."""
    from mammoth.docx.files import InvalidFileReferenceError

    try:
        with image.open() as stream:
            return bytes(stream.read())
    except InvalidFileReferenceError:
        return None
    except DAMAGE:
        return b"damaged"  # it will be told by its place
