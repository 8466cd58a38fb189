"""source: lists assets and hands over their bytes.

A provider is a module with `create(address, settings) -> Source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from imagelore.types import Asset


class Source(Protocol):
    """A place that holds files."""

    @property
    def root(self) -> str:
        """The source's address, resolved: what a knowledge base remembers and opens again."""
        ...

    @property
    def skipped(self) -> Sequence[tuple[str, str]]:
        """(path, reason) of what the latest listing passed over although it may be a picture; a bounded number."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What the latest listing had to do without, in words; mostly nothing."""
        ...

    def list(self) -> Iterator[Asset]:
        """Every file that is not hidden, in no promised order, in constant memory.

        Raises:
            SourceError: the place is missing, or cannot be listed to its end.
        """
        ...

    def read(self, asset: Asset) -> bytes:
        """The bytes of one asset.

        Raises:
            UnreadableError: this asset is gone or cannot be read.
        """
        ...

    def uri(self, path: str) -> str:
        """The address that a person would use for a path of this source; it ends in the path."""
        ...
