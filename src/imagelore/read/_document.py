"""The parts of a document and the pictures in it -> readings: what all document readers share.

A reader hands over its parts as (place, section), each time anew; the first is the document's head. Its pictures are
read by the picture reader: a picture that comes again is read once, and one of an icon's size is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from io import BytesIO

from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread, picture
from imagelore.read._blocks import Piece, Placed, Section, sections
from imagelore.read._typeset import page
from imagelore.read.picture.pictured import THUMBNAIL_QUALITY, fitted, jpeg_bytes
from imagelore.types import Asset

Part = tuple[str, Section] | Unread
_ICON = 48  # pixels: a picture with a shorter side below is a bullet, a rule or a button
_SHOWN_SIDE = 2_048  # pixels: of a page that a person looks at, at most
_TITLE = 120  # characters of a figure's title


def numbered(pieces: Iterable[Piece], name: str = "") -> Iterator[Part]:
    """Pieces as parts with their places: "part 1", "part 2" ...; or `name`, then "name, part 2" ..."""
    number = 0
    for section in sections(pieces):
        if isinstance(section, Unread):
            yield section
            continue
        number += 1
        yield (f"{name}, part {number}" if number > 1 else name) if name else f"part {number}", section


def readings(
    asset: Asset, data: bytes, parts: Iterable[Part], about: Metadata, options: Options
) -> Iterator[Reading | Unread]:
    """Each part as a page of text, followed by the pictures in it.

    Raises:
        UnreadableError: there is neither a text nor a picture in it.
    """
    head = hashlib.sha256(data).hexdigest()
    empty = True
    for place, item in _opened(parts):
        if isinstance(item, Unread):
            yield item
        elif isinstance(item, Section):
            yield _set(place, item, about, options, head if empty else "")
        else:
            try:
                yield _figure(asset, place, item, about, options)
            except UnreadableError as error:
                yield Unread(place, str(error))
        about, empty = replace(about, text=""), False
    if empty:
        raise UnreadableError("there is neither text nor a picture in it")


def part(parts: Iterable[Part], place: str) -> bytes:
    """The picture file of one part: a page as a PNG, an embedded picture as it is.

    Raises:
        UnreadableError: there is no such part.
    """
    for here, item in _opened(parts):
        if here == place and isinstance(item, Section):
            return _png(page(item).drawn(_SHOWN_SIDE))
        if here == place and isinstance(item, Placed):
            return item.figure.data
    raise UnreadableError(f"there is no {place} in it")


def check_size(data: bytes, options: Options) -> None:
    """Refuses what is larger than a file may be.

    Raises:
        UnreadableError: it is.
    """
    if len(data) > options.max_bytes:
        size, limit = len(data) / 1e6, options.max_bytes / 1e6
        raise UnreadableError(f"it is {size:,.0f} MB large; the limit is {limit:,.0f} MB")


def _opened(parts: Iterable[Part]) -> Iterator[tuple[str, Section | Placed | Unread]]:
    """Parts and the pictures in them, with their places, in the same order each time."""
    known: set[bytes] = set()
    for item in parts:
        if isinstance(item, Unread):
            yield item.place, item
            continue
        place, section = item
        if section.blocks or section.path:
            yield place, section
        number = 0
        for placed in section.figures:
            data = placed.figure.data
            digest = hashlib.sha256(data).digest()
            if digest not in known and not _is_icon(data):
                number += 1
                yield f"{place}, picture {number}", placed
            known.add(digest)


def _is_icon(data: bytes) -> bool:
    try:
        return min(picture.size(data)) < _ICON
    except UnreadableError:
        return False  # it will be told when it is read


def _set(place: str, section: Section, about: Metadata, options: Options, sha256: str) -> Reading:
    paper = page(section)
    small = paper.drawn(max(options.image_side, options.thumbnail_side))
    words = "\n".join(line.text for line in paper.lines)
    return Reading(
        picture=small.convert("RGB"),
        width=paper.width,
        height=paper.height,
        sha256=sha256 or hashlib.sha256(words.encode()).hexdigest(),
        phash="",  # pages of text look alike
        colours=(),
        thumbnail=jpeg_bytes(fitted(small, options.thumbnail_side), THUMBNAIL_QUALITY),
        metadata=about,
        place=place,
        lines=paper.lines,
        drawn=True,
    )


def _figure(asset: Asset, place: str, placed: Placed, about: Metadata, options: Options) -> Reading:
    """An embedded picture with what the document says about it; what is in the picture's own bytes fills gaps."""
    figure = placed.figure
    reading = picture.read(asset, figure.data, options)
    own = reading.metadata
    said = "\n".join(filter(None, [" > ".join(placed.path), placed.said]))
    metadata = replace(
        about,
        title=(figure.alt or figure.caption or own.title)[:_TITLE],
        text=said or own.text,
        tags=tuple(dict.fromkeys([*about.tags, *own.tags])),
        taken_at=own.taken_at or about.taken_at,
        fields={**about.fields, **own.fields},
    )
    return replace(reading, place=place, metadata=metadata)


def _png(paper: Image.Image) -> bytes:
    stream = BytesIO()
    paper.save(stream, "PNG")
    return stream.getvalue()
