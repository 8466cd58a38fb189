"""A container as this package needs it: listed by pages, read and written blob by blob, errors in our own words.

The index flow reads through it, `imagelore upload` writes through it. Its calls may come from several threads.
"""

from __future__ import annotations

import hashlib
import mimetypes
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    DecodeError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, ContentSettings

from imagelore import _azure
from imagelore.errors import UnreadableError
from imagelore.settings import Settings
from imagelore.source.azure_blob.address import Place, connect
from imagelore.source.azure_blob.errors import Told, code
from imagelore.source.azure_blob.kept import NO_TAGS, WANTED, Keeper
from imagelore.source.azure_blob.names import unfit
from imagelore.source.azure_blob.retry import Patience

PAGE = 1_000  # blobs of a listing that are in memory at once
BLOCK = 8_000_000  # bytes: what is larger is read in ranges, and written in blocks
_PARALLEL = 4  # ranges or blocks of one blob
_TRIES = 4  # for a blob that changes under our hands
_KINDS = mimetypes.MimeTypes()  # not what this machine happens to know
for _kind, _ending in (("application/jsonl", ".jsonl"), ("image/webp", ".webp"), ("image/avif", ".avif")):
    _KINDS.add_type(_kind, _ending)


class Container:
    """The blobs below one place; `key` is the variable that let us in ("": the identity did)."""

    def __init__(self, place: Place, settings: Settings, role: str) -> None:
        self.place = place
        self.notes: list[str] = []  # what the latest listing, and what was written since, had to do without
        self._keeper = Keeper(lambda note: self.notes.append(note))
        access = connect(
            place,
            settings,
            role,
            retry_policy=Patience(settings.azure_retries, settings.azure_timeout),
            connection_timeout=min(20.0, settings.azure_timeout),
            read_timeout=settings.azure_timeout,
            max_single_get_size=BLOCK,
            max_chunk_get_size=BLOCK // 2,
            max_single_put_size=BLOCK,
        )
        self.key = access.key
        self._told = Told(place, access)
        self._client = access.client.get_container_client(place.container)
        self.url = f"{access.service.address}/{place.container}"

    def blobs(self, *include: str) -> Iterator[BlobProperties]:
        """Every blob below the place, with its "metadata" or its index "tags"; these only where that is allowed.

        Raises:
            SourceError: the listing cannot begin, or broke off.
        """
        self.notes = []
        pages, begun = self._pages(*include), False
        while True:
            try:
                page = _next(pages)
            except HttpResponseError as error:
                if begun or "tags" not in include or _azure.status(error) not in NO_TAGS:
                    raise self._told.stop(error) from error
                self.notes = [
                    f"index tags are left out, the account does not hand them over ({code(error)}): that {WANTED}"
                ]
                include = tuple(part for part in include if part != "tags")
                pages = self._pages(*include)
                continue
            except AzureError as error:
                raise self._told.stop(error) from error
            if page is None:
                return
            begun = True
            yield from page

    def sums(self) -> Iterator[tuple[str, int, str]]:
        """(path, size, MD5 in hexadecimal or "") of every blob below the place.

        Raises:
            SourceError: as `blobs`.
        """
        for blob in self.blobs():
            yield self.place.inner(blob.name), blob.size, bytes(blob.content_settings.content_md5 or b"").hex()

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a blob at one moment: ranges after the first ask for the same ETag, else all is read again.

        Raises:
            UnreadableError: its name is none for a blob; it is gone, larger than `limit` bytes, or changes each time.
            SourceError: the account does not let us in, or does not answer.
        """
        blob = self._blob(path)
        for _ in range(_TRIES):
            try:
                download = blob.download_blob(max_concurrency=_PARALLEL)
                if download.size > limit:
                    raise UnreadableError(f"the blob is larger than {limit // 1_000_000} MB")
                return download.readall()
            except ResourceModifiedError:
                continue
            except AzureError as error:
                raise self._told.failed(error) from error
        raise UnreadableError("the blob changes while it is read")

    def make(self) -> None:
        """Creates the container where there is none.

        Raises:
            SourceError: it is missing, and may not be created.
        """
        try:
            try:
                _next(self._pages(size=1))  # a signature for one container may list it and not ask for its properties
            except ResourceNotFoundError:
                self._client.create_container()
        except AzureError as error:
            if code(error) != "ContainerAlreadyExists":  # someone was faster
                raise self._told.stop(error) from error

    def write(self, path: str, data: bytes, *, exists: bool) -> None:
        """Writes a blob, whole or not at all; one that is there keeps what `Keeper` says.

        Raises:
            UnreadableError: its name is none for a blob, or the account refuses it: it is leased, immutable, or its
                tags could not be kept.
            SourceError: the account does not let us write, or does not answer.
        """
        blob = self._blob(path)
        for _ in range(_TRIES):
            try:
                self._put(blob, path, data, self._keeper.of(blob) if exists else {})
                return
            except (ResourceExistsError, ResourceModifiedError) as error:
                if code(error) not in ("BlobAlreadyExists", "ConditionNotMet"):
                    raise self._told.failed(error) from error
                exists = True  # someone else wrote it, or we did, and its answer was lost
            except ResourceNotFoundError as error:
                if not exists or code(error) != "BlobNotFound":
                    raise self._told.failed(error) from error
                exists = False
            except AzureError as error:
                raise self._told.failed(error) from error
        raise UnreadableError("the blob changes while it is written")

    def _blob(self, path: str) -> BlobClient:
        if reason := unfit(self.place.full(path)):  # `..` would lead out of the place
            raise UnreadableError(reason)
        return self._client.get_blob_client(self.place.full(path))

    def _pages(self, *include: str, size: int = 0) -> Iterator[Iterator[BlobProperties]]:
        prefix = f"{self.place.prefix}/" if self.place.prefix else None
        return self._client.list_blobs(prefix, list(include), results_per_page=size or PAGE).by_page()

    def _put(self, blob: BlobClient, path: str, data: bytes, kept: dict[str, Any]) -> None:
        options = {"match_condition": MatchConditions.IfMissing} | kept
        old = options.get("content_settings")
        options["content_settings"] = ContentSettings(
            content_type=content_type(path),
            content_md5=bytearray(hashlib.md5(data, usedforsecurity=False).digest()),
            content_language=old and old.content_language,
            content_disposition=old and old.content_disposition,
            cache_control=old and old.cache_control,
        )
        if len(data) <= BLOCK:
            blob.upload_blob(data, overwrite=True, **options)  # "overwrite" under the condition above
            return
        blob.commit_block_list(_staged(blob, data), **options)


def _staged(blob: BlobClient, data: bytes) -> list[BlobBlock]:
    """The data as blocks that wait at the account; no reader sees them before they are committed."""
    run = uuid.uuid4().hex  # names of our own: another writer's blocks never get into the blob

    def stage(start: int) -> BlobBlock:
        block = BlobBlock(f"{run}{start // BLOCK:08d}")
        blob.stage_block(block.id, data[start : start + BLOCK])
        return block

    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(stage, range(0, len(data), BLOCK)))


def _next(pages: Iterator[Iterator[BlobProperties]]) -> list[BlobProperties] | None:
    """The next page of a listing, None at its end; what is well-formed and no listing is an error of the SDK's too."""
    try:
        return next((list(page) for page in pages), None)
    except (AttributeError, TypeError, ValueError) as error:
        raise DecodeError(str(error)) from error


def content_type(path: str) -> str:
    """The media type of a file by its name."""
    kind, packed = _KINDS.guess_type(path, strict=False)
    return kind if kind and not packed else "application/octet-stream"
