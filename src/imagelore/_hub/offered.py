"""What is known of a model that can be had by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of the Hugging Face hub, pinned."""

    role: str  # what it is to its model: "vision", "text", "tokenizer", "model" ...
    repository: str
    revision: str  # a commit
    path: str
    sha256: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Reported:
    """A figure that a model's publishers report."""

    metric: str
    value: str
    source: str  # where it can be read


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that can be had by name."""

    name: str
    kind: Literal["embedder", "sentences", "generator"]
    use: str  # what names it on the command line: "--embedder clip:siglip2-base"
    files: tuple[HubFile, ...]
    licence: str
    about: str
    languages: tuple[str, ...] = ()  # (): many
    quality: tuple[Reported, ...] = ()
    extra: str = ""  # what `pip install "imagelore[...]"` has to bring

    def file(self, role: str) -> HubFile:
        """Its file of that role."""
        return next(file for file in self.files if file.role == role)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files)
