"""The first stage of the index flow: a changed file is read into the drafts of its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Literal

from PIL import Image

from imagelore.errors import MissingExtraError, UnreadableError
from imagelore.flows._kinds import readers, suffix
from imagelore.flows._plan import Change, record_id
from imagelore.flows.pictures import at
from imagelore.read import Metadata, Options, Reading, Unread, merged, row_metadata, sidecar_metadata
from imagelore.read._ocr import installed
from imagelore.read._ocr.engine import MISSING
from imagelore.read._ocr.hint import seems_written
from imagelore.settings import Settings
from imagelore.source import Source
from imagelore.types import Asset

_SIDECAR_LIMIT = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that could not be read, or a part of a document, and why."""

    uri: str
    reason: str
    part: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A picture, or a part of a document, that was read and not yet embedded.

    `reading` is None where only a picture's metadata changed, and again once it is embedded. `parent` is "" for a
    picture and for the first part of a document.
    """

    change: Change
    id: str
    parent: str
    uri: str
    metadata: Metadata
    reading: Reading | None
    warnings: tuple[str, ...] = ()
    looked: bool = False  # text was looked for in its picture
    missed: bool = False  # some seems to stand in its picture, and this run cannot read it


@dataclass(frozen=True, slots=True)
class Read:
    """A change -> drafts, one after another: a long document is never in memory as a whole."""

    source: Source
    options: Options
    name: str = ""  # that the source is filed under
    stop: Callable[[], bool] = lambda: False
    misses: bool = False  # say where text is missed

    def __call__(self, change: Change) -> Iterator[Draft | Skipped]:
        """All of a file; a document's first part comes last: while the index lacks it, the document counts as unread.

        It never comes where the caller wants to stop in the middle of a document.
        """
        head: Draft | None = None
        for item in self.parts(change):
            if head is None and isinstance(item, Draft):
                head = item
                continue
            yield item
            if self.stop():
                return
        if head:
            yield head

    def parts(self, change: Change) -> Iterator[Draft | Skipped]:
        """All of a file in its own order: one draft, or why there is none, then a document's further parts."""
        uri = self.source.uri(change.asset.path)
        head: Draft | None = None
        warnings: list[str] = []
        try:
            for item in self._readings(change):
                if isinstance(item, Unread):
                    yield Skipped(at(uri, item.place), item.reason, part=True)
                elif head is None:
                    beside = self._beside(change, warnings)
                    metadata = merged([beside, item.metadata if isinstance(item, Reading) else item])
                    reading = item if isinstance(item, Reading) else None
                    head = Draft(change, change.id, "", uri, metadata, reading, tuple(warnings))
                    yield self._looked(head)
                elif isinstance(item, Reading):
                    yield self._looked(self._part(head, beside, item))
        except UnreadableError as error:
            yield Skipped(uri, str(error), part=head is not None)
        else:
            if head is None:
                yield Skipped(uri, "there is nothing in it that can be read")

    def _readings(self, change: Change) -> Iterator[Reading | Unread | Metadata]:
        provider, asset = readers()[suffix(change.asset.path)], change.asset
        self.options.check_size(asset.size)  # before it fills the memory
        data = self.source.read(asset)
        if change.kind == "metadata" and not change.document:
            yield provider.embedded(data, self.options)
        else:
            yield from provider.readings(asset, data, self.options)

    def _beside(self, change: Change, warnings: list[str]) -> Metadata:
        """What tables and sidecars say about a file."""
        sidecars = [self._sidecar(asset, warnings) for asset in change.sidecars]
        return merged([*map(row_metadata, change.rows), *sidecars])

    def _part(self, head: Draft, beside: Metadata, reading: Reading) -> Draft:
        """What holds for the whole document holds for its part, but not what is said about the whole."""
        own, whole = reading.metadata, head.metadata
        titles = {whole.title, head.reading.metadata.title if head.reading else ""}
        heading = own.title if own.title not in {*titles, own.text} else ""  # a figure's own
        return replace(
            head,
            id=record_id(self.name, f"{head.change.asset.path}#{reading.place}"),
            parent=head.id,
            uri=at(head.uri, reading.place),
            metadata=replace(
                merged([beside, own, whole]),
                title=whole.title,
                text="\n\n".join(filter(None, [heading, own.text])),
                groups=whole.groups,
            ),
            reading=reading,
            warnings=(),
        )

    def _looked(self, draft: Draft) -> Draft:
        reading = draft.reading
        if reading is None:
            return draft
        told = tuple(f"{draft.uri}: {line}" for line in reading.warnings)
        silent = not reading.lines and not reading.drawn
        missed = self.misses and silent and seems_written(Image.open(BytesIO(reading.thumbnail)))
        return replace(draft, warnings=draft.warnings + told, looked=reading.ocr_seconds > 0, missed=missed)

    def _sidecar(self, asset: Asset, warnings: list[str]) -> Metadata:
        try:
            if asset.size > _SIDECAR_LIMIT:
                raise UnreadableError(f"{asset.size / 1e6:,.0f} MB are too many for a sidecar")
            metadata, told = sidecar_metadata(asset.path, self.source.read(asset))
        except UnreadableError as error:
            warnings.append(f"{asset.path}: {error}")
            return Metadata()
        warnings += told
        return metadata


def effort(settings: Settings) -> Literal["auto", "on", "off"]:
    """How the text in pictures is read in a run with these settings: `auto` does without where it cannot.

    Raises:
        MissingExtraError: it is to be read, and cannot.
    """
    match settings.ocr:
        case "on" if not installed():
            raise MissingExtraError(MISSING)
        case "on" | "auto" as wanted if installed():
            return wanted
    return "off"
