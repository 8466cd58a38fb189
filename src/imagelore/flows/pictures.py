"""The one way from a record to the bytes of its full picture."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

from imagelore import providers
from imagelore.errors import SourceError, UnreadableError
from imagelore.flows._kinds import readers, suffix
from imagelore.read import Options
from imagelore.settings import Settings
from imagelore.source import Source
from imagelore.types import Asset, IndexInfo, Record

_PAGE = re.compile(r"page (\d+)(?:, picture (\d+))?")


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture's bytes as they are stored, or a document's part as a picture.

    `notice` says what the reader should know (the source is gone).
    """

    data: bytes
    media_type: str
    notice: str = ""


class Pictures:
    """Opens records' pictures through their sources; where a source is gone, hands over the thumbnail."""

    def __init__(self, settings: Settings, info: Callable[[], IndexInfo]) -> None:
        self._settings = settings
        self._info = info
        self._sources: dict[str, Source] = {}

    def open(self, record: Record) -> PictureFile:
        """The full picture, or the picture of a document's part, from inside its source's root only."""
        try:
            data = self._source(record.source).read(Asset(record.path, record.version, 0))
            if provider := readers().get(suffix(record.path)):
                data = provider.part(data, record.place, Options(max_pixels=self._settings.max_pixels))
        except (SourceError, UnreadableError) as error:
            return PictureFile(record.thumbnail, "image/jpeg", f"only the thumbnail is left: {error}")
        return PictureFile(data, media_type(data))

    def uri(self, record: Record) -> str:
        """The address that a person would use for the record's file; it ends in the path, or in a part's place."""
        return at(self._source(record.source).uri(record.path), record.place if record.parent else "")

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            roots = {source.name: source.root for source in self._info().sources}
            if name not in roots:
                raise SourceError(f"the knowledge base does not know a source named {name!r}")
            self._sources[name] = open_source(roots[name], self._settings)
        return self._sources[name]


def at(uri: str, place: str) -> str:
    """The address of a part: `#page=3` is what PDF viewers understand (PDF Open Parameters, Adobe 2007, page 6)."""
    if not place:
        return uri
    if page := _PAGE.fullmatch(place):
        return f"{uri}#page={page[1]}" + (f"&picture={page[2]}" if page[2] else "")
    return f"{uri}#{quote(place)}"


def open_source(address: str, settings: Settings) -> Source:
    """The source at an address."""
    return cast(Source, providers.load("source", source_name(address)).create(address, settings))


def source_name(address: str) -> str:
    """The source provider of an address: Blob Storage for `az://`, else a folder on this machine."""
    return "azure_blob" if address.startswith("az://") else "local"


def media_type(data: bytes) -> str:
    """The media type of picture bytes by their signature; a stranger's bytes are `application/octet-stream`."""
    return cast(str, providers.load("read", "picture").media_type(data))


def jpeg(data: bytes, side: int, settings: Settings) -> bytes:
    """Picture bytes from anywhere as an upright JPEG without metadata, of at most `side` pixels on the longer side.

    Raises:
        UnreadableError: they are no picture that can be read, or have more pixels than `settings.max_pixels`.
    """
    options = Options(max_pixels=settings.max_pixels)
    return cast(bytes, providers.load("read", "picture").jpeg(data, side, options))
