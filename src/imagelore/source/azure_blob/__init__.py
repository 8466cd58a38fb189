"""A container of Azure Blob Storage, or a folder of it: `az://ACCOUNT/CONTAINER[/PREFIX]`.

What a blob's name cannot be in a folder is passed over by name; hidden names (a part that starts with a dot) and the
markers that stand for folders are passed over in silence, as a local folder does. A blob's metadata and its index tags
are an asset's facts; on the same name the tag wins. Blobs in the archive tier cannot be read and are named as skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from imagelore.settings import Settings
from imagelore.source.azure_blob.address import Place
from imagelore.source.azure_blob.container import Container
from imagelore.source.azure_blob.names import unfit
from imagelore.source.azure_blob.values import decoded
from imagelore.source.local import MAX_BYTES, MAX_NOTED
from imagelore.types import Asset, Check

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties

READER = "Storage Blob Data Reader"
CONTRIBUTOR = "Storage Blob Data Contributor"


def create(address: str, settings: Settings) -> BlobSource:
    """The container at `address`; that it exists is checked when it is listed.

    Raises:
        SourceError: the address is none, or the account in the settings is another one.
    """
    return BlobSource(Container(Place.parse(address, settings), settings, READER))


def target(address: str, settings: Settings) -> Container:
    """The same place, to write to.

    Raises:
        SourceError: as `create`.
    """
    return Container(Place.parse(address, settings), settings, CONTRIBUTOR)


def check(address: str, settings: Settings) -> Iterator[Check]:
    """Whether the container can be listed and read with what the settings hold.

    Raises:
        ImageloreError: it cannot, or its first blob cannot.
    """
    source, name = create(address, settings), "Azure Blob Storage"
    first = next(source.list(), None)
    if first:
        source.read(first)
    who = f"`{source.container.key}`" if source.container.key else "the identity"
    seen = f"could read `{first.path}`" if first else "found it empty"
    yield Check(name, True, f"{who} {seen} in {source.root} ({source.container.url})")
    for note in source.notes:
        yield Check(f"{name}: index tags", True, note)


class BlobSource:
    """See the module; fulfils `imagelore.source.Source`."""

    def __init__(self, opened: Container) -> None:
        self.container = opened
        self.root = opened.place.root
        self._skipped: list[tuple[str, str]] = []

    @property
    def skipped(self) -> Sequence[tuple[str, str]]:
        """What the latest listing passed over although it may be a picture: (path, reason), at most `MAX_NOTED`."""
        return tuple(self._skipped)

    @property
    def notes(self) -> Sequence[str]:
        """What the latest listing had to do without: sentences."""
        return tuple(self.container.notes)

    def uri(self, path: str) -> str:
        """`az://ACCOUNT/CONTAINER/PREFIX/path`."""
        return f"{self.root}/{path}"

    def list(self) -> Iterator[Asset]:
        """Every blob that is not hidden; page by page, so that memory does not grow with their number.

        Raises:
            SourceError: the container is missing or does not let us in, or the listing broke off; what came before
                that was handed over.
        """
        self._skipped = []
        for blob in self.container.blobs("metadata", "tags"):
            path = self.container.place.inner(blob.name)
            if _is_folder(blob):
                continue
            reason = unfit(path)
            if not reason and any(part.startswith(".") for part in path.split("/")):
                continue
            if not reason and blob.blob_tier == "Archive":
                reason = "it is in the archive tier; move it to the hot or cool tier"
            if not reason:
                yield Asset(path, blob.etag.strip('"'), blob.size, decoded(blob.metadata) | (blob.tags or {}))
            elif len(self._skipped) < MAX_NOTED:
                self._skipped.append((path, reason))

    def read(self, asset: Asset) -> bytes:
        """The bytes of one blob as they were at one moment, in parallel ranges if it is large.

        Raises:
            UnreadableError: it is gone, archived, too large, or changes each time that it is read.
            SourceError: the account does not let us in, or does not answer.
        """
        return self.container.read(asset.path, MAX_BYTES)


def _is_folder(blob: BlobProperties) -> bool:
    """Whether a blob only stands for a folder: an account with a hierarchical namespace, or a tool, made it."""
    if blob.name.endswith("/") and not blob.size:
        return True
    return any(name.lower() == "hdi_isfolder" and value == "true" for name, value in (blob.metadata or {}).items())
