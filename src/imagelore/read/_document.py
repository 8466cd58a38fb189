"""The parts of a document and the pictures in it -> readings: what all document readers share.

A reader opens a document: what it says about itself, and its parts as (place, section). Their pictures are read by the
picture reader: one that comes again is read once, one of an icon's size not at all. The first part that can be read
stands for the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain, count

from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread, picture
from imagelore.read._blocks import Piece, Placed, Section, sections
from imagelore.read._typeset import page
from imagelore.read.picture.pictured import THUMBNAIL_QUALITY, fitted, jpeg_bytes
from imagelore.types import Asset

Part = tuple[str, Section] | Unread
Provided = tuple[
    Callable[[Asset, bytes, Options], Iterator[Reading | Unread]],
    Callable[[bytes, Options], Metadata],
    Callable[[bytes, str, Options], bytes],
]
_ICON = 48  # pixels: a picture with a shorter side below is a bullet, a rule or a button
_SHOWN_SIDE = 2_048  # pixels: of a page that a person looks at, at most
_TITLE = 120  # characters of a figure's title


@dataclass(frozen=True, slots=True)
class Document:
    """An open document; its parts are made while they are taken, once."""

    about: Metadata
    parts: Iterator[Part]


def provided(opened: Callable[[bytes], Document]) -> Provided:
    """`readings`, `embedded` and `part` as `imagelore.read` asks for them, of documents that `opened` opens.

    `opened` may raise `UnreadableError`, and so may the parts of what it returns.
    """

    def readings(asset: Asset, data: bytes, options: Options) -> Iterator[Reading | Unread]:
        options.check_size(len(data))
        document = opened(data)
        sha256 = hashlib.sha256(data).hexdigest()
        yield from some_read(_readings(asset, sha256, document, options))

    def embedded(data: bytes, options: Options) -> Metadata:
        options.check_size(len(data))
        return opened(data).about

    def part(data: bytes, place: str, options: Options) -> bytes:
        options.check_size(len(data))
        return _shown(opened(data).parts, place)

    return readings, embedded, part


def some_read(parts: Iterable[Reading | Unread]) -> Iterator[Reading | Unread]:
    """The parts as they come; what cannot be read is told once one can.

    Raises:
        UnreadableError: none can be read, or there is none.
    """
    unread: list[Unread] = []
    read = False
    for part in parts:
        read = read or isinstance(part, Reading)
        if isinstance(part, Unread) and not read:
            unread.append(part)
            continue
        yield from unread
        unread.clear()
        yield part
    if not read:
        why = (
            f"nothing in it can be read: {unread[0].reason}" if unread else "there is neither text nor a picture in it"
        )
        raise UnreadableError(why)


def numbered(pieces: Iterable[Piece], name: str = "") -> Iterator[Part]:
    """Pieces as parts with their places: "part 1", "part 2" ...; or `name`, then "name, part 2" ..."""
    number = 0
    for section in sections(pieces):
        if isinstance(section, Unread):
            yield section
            continue
        number += 1
        yield (f"{name}, part {number}" if number > 1 else name) if name else f"part {number}", section


def _readings(asset: Asset, sha256: str, document: Document, options: Options) -> Iterator[Reading | Unread]:
    """Each part as a page of text, followed by the pictures in it."""
    about, head = document.about, True
    for place, item in _opened(document.parts):
        if isinstance(item, Unread):
            yield item
            continue
        try:
            if isinstance(item, Section):
                reading = _set(place, item, about, options)
            else:
                reading = _figure(asset, place, item, about, options, head)
        except UnreadableError as error:
            yield Unread(place, str(error))
            continue
        yield replace(reading, sha256=sha256) if head else reading
        about, head = replace(about, text=""), False


def _shown(parts: Iterable[Part], place: str) -> bytes:
    """The picture file of one part: a page as a PNG, an embedded picture as it is."""
    for here, item in _opened(parts):
        if here == place and isinstance(item, Section):
            return _png(page(item).drawn(_SHOWN_SIDE))
        if here == place and isinstance(item, Placed):
            return item.figure.data
    raise UnreadableError(f"there is no {place} in it")


def _opened(parts: Iterable[Part]) -> Iterator[tuple[str, Section | Placed | Unread]]:
    """Parts and the pictures in them, with their places, in the same order each time.

    No two share a place, even where a sheet is called like a part of another ("Stock, part 2"): ids are made of it.
    """
    known: set[bytes] = set()
    used: set[str] = set()
    for item in parts:
        if isinstance(item, Unread):
            yield item.place, item
            continue
        place, section = _unused(item[0], used), item[1]
        if section.blocks or section.path:
            yield place, section
        number = 0
        for placed in section.figures:
            data = placed.figure.data
            digest = hashlib.sha256(data).digest()
            if digest not in known and not _is_icon(data):
                number += 1
                yield _unused(f"{place}, picture {number}", used), placed
            known.add(digest)


def _unused(place: str, used: set[str]) -> str:
    """The place, with a number behind it where another part has it; it is used from now on."""
    names = chain([place], (f"{place} ({n})" for n in count(2)))
    name = next(name for name in names if name not in used)
    used.add(name)
    return name


def _is_icon(data: bytes) -> bool:
    try:
        return min(picture.size(data)) < _ICON
    except UnreadableError:
        return False  # it will be told when it is read


def _set(place: str, section: Section, about: Metadata, options: Options) -> Reading:
    paper = page(section)
    small = paper.drawn(max(options.image_side, options.thumbnail_side))
    words = "\n".join(line.text for line in paper.lines)
    return Reading(
        picture=small.convert("RGB"),
        width=paper.width,
        height=paper.height,
        sha256=hashlib.sha256(words.encode()).hexdigest(),
        phash="",  # pages of text look alike
        colours=(),
        thumbnail=jpeg_bytes(fitted(small, options.thumbnail_side), THUMBNAIL_QUALITY),
        metadata=about,
        place=place,
        lines=paper.lines,
        drawn=True,
    )


def _figure(asset: Asset, place: str, placed: Placed, about: Metadata, options: Options, head: bool) -> Reading:
    """An embedded picture with what the document says about it; what is in the picture's own bytes fills gaps.

    The document's title gives way to the figure's own, except on its `head`, which stands for the whole.
    """
    figure = placed.figure
    reading = picture.read(asset, figure.data, options)
    own = reading.metadata
    title = (figure.alt or figure.caption or own.title)[:_TITLE]
    said = "\n\n".join(filter(None, [" > ".join(placed.path), placed.said])) or own.text
    if head and about.title:
        title, said = about.title, "\n\n".join(filter(None, [about.text, title, said]))
    metadata = replace(
        about,
        title=title,
        text=said,
        tags=tuple(dict.fromkeys([*about.tags, *own.tags])),
        taken_at=own.taken_at or about.taken_at,
        fields={**about.fields, **own.fields},
    )
    return replace(reading, place=place, metadata=metadata)


def _png(paper: Image.Image) -> bytes:
    stream = BytesIO()
    paper.save(stream, "PNG")
    return stream.getvalue()
