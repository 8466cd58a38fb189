"""embed: turns pictures and texts into vectors in named spaces.

A provider is a module with `create(settings) -> Embedder`. Creating one is cheap; models load on first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from PIL import Image

from imagelore.types import EmbedderInfo, ImageEmbeddings, Vectors


class Embedder(Protocol):
    """Pictures and texts -> float32 vectors, L2-normalised. Safe to call from several threads at once."""

    @property
    def info(self) -> EmbedderInfo:
        """Name, version and spaces; known without loading a model."""
        ...

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures -> `{space: [n, d]}` for every space with `images`, and the classes seen in each.

        A picture that a service will not take is named in `refused`; the others have their vectors.

        Raises:
            EmbedderError: the model is missing, damaged or unreachable.
        """
        ...

    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> `{space: [n, d]}` for every space with `queries` or `documents`, by role.

        An empty or very long text is no error: what exceeds the model's context is cut or averaged, and the
        provider's docstring says which.

        Raises:
            EmbedderError: the model is missing, damaged or unreachable.
        """
        ...
