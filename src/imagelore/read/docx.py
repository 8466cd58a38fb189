"""Word documents: sections under their headings, lists, tables and pictures, through mammoth's HTML."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from imagelore.errors import UnreadableError
from imagelore.read import _document
from imagelore.read._blocks import DAMAGED
from imagelore.read._html import parsed, pieces
from imagelore.read._office import core_metadata
from imagelore.read._zip import DAMAGE, Package, damage_told
from imagelore.read.picture.memory import decoding

SUFFIXES = (".docx", ".docm", ".dotx")
_KIND, _MODERN = "Word document", ".docx"
_LIMIT, _COST = 20_000_000, 45  # bytes of markup; bytes of memory that mammoth's trees take for each, measured
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='caption'] => figcaption:fresh
p[style-name='Caption'] => figcaption:fresh
"""
_ADDRESS = "docx-picture:"


def _open(data: bytes) -> _document.Document:
    package = Package(data, _KIND, _MODERN)
    return _document.Document(core_metadata(package), _parts(package, data))


def _parts(package: Package, data: bytes) -> Iterator[_document.Part]:
    import mammoth

    size = sum(package.size(name) for name in package if name.endswith(".xml"))
    if size > _LIMIT:
        raise UnreadableError(f"its text takes {size / 1e6:,.0f} MB of markup; the limit is {_LIMIT / 1e6:,.0f} MB")
    images: list[Any] = []

    def note(image: Any) -> dict[str, str]:
        images.append(image)
        return {"src": f"{_ADDRESS}{len(images) - 1}"}

    def picture(address: str) -> bytes | None:
        number = address.removeprefix(_ADDRESS)
        return _held(images[int(number)]) if number != address else None

    with decoding.taken(size * _COST), damage_told(_KIND):
        made = mammoth.convert_to_html(
            BytesIO(data),
            convert_image=mammoth.images.img_element(note),
            style_map=_STYLES,
            include_embedded_style_map=False,
        )
    yield from _document.numbered(pieces(parsed(made.value), picture))


def _held(image: Any) -> bytes | None:
    """An embedded picture; None for one that is only linked to: nothing outside is opened."""
    from mammoth.docx.files import InvalidFileReferenceError

    try:
        with image.open() as stream:
            return bytes(stream.read())
    except InvalidFileReferenceError:
        return None
    except DAMAGE:
        return DAMAGED


readings, embedded, part = _document.provided(_open)
