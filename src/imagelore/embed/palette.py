"""`palette`: an embedder that knows colours and nothing else; instant, exact, and without a model.

A double for tests and for trying out a pipeline: pictures become histograms of sixteen named colours, texts the
colour names in them (and, in the space `words`, the hashed words they hold).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from imagelore.settings import Settings
from imagelore.types import EmbedderInfo, ImageEmbeddings, Space, Vectors

_COLOURS = {
    "black": (0, 0, 0), "white": (255, 255, 255), "gray": (128, 128, 128), "red": (220, 20, 20),
    "green": (20, 160, 20), "blue": (20, 20, 220), "yellow": (250, 240, 20), "orange": (250, 140, 10),
    "purple": (130, 20, 160), "pink": (255, 160, 190), "brown": (120, 70, 30), "cyan": (20, 220, 220),
    "magenta": (240, 20, 220), "olive": (128, 128, 0), "navy": (0, 0, 100), "beige": (235, 220, 180),
}  # fmt: skip
_RGB = np.array(list(_COLOURS.values()), np.float32)
_WORDS = 64

INFO = EmbedderInfo(
    name="palette",
    version="1",
    spaces=(
        Space("colour", len(_COLOURS) + 1, images=True, queries=True, image_floor=0.3, look_floor=0.3),
        Space("words", _WORDS + 1, documents=True, queries=True, text_floor=0.3),
    ),
    image_side=64,
    batch=16,
    parallel=1,
)


def create(settings: Settings) -> Palette:
    """The embedder; it has no settings."""
    del settings
    return Palette()


class Palette:
    """Colour histograms and hashed words. The last dimension is only there so that no vector is zero."""

    info = INFO

    def embed_images(self, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        """RGB pictures -> `colour`, and the most frequent colours as the classes seen."""
        shares = np.array([_shares(picture) for picture in pictures], np.float32).reshape(-1, len(_COLOURS))
        names = list(_COLOURS)
        seen = tuple(
            tuple((names[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:2] if row[i] > 0.2)
            for row in shares
        )
        return ImageEmbeddings({"colour": _unit(shares)}, seen)

    def embed_texts(self, texts: Sequence[str], role: Literal["query", "document"]) -> Mapping[str, Vectors]:
        """Texts -> `words`, and for questions the colours they name."""
        found = [re.findall(r"\w+", text.lower()) for text in texts]
        words = np.zeros((len(texts), _WORDS), np.float32)
        colours = np.zeros((len(texts), len(_COLOURS)), np.float32)
        for row, tokens in enumerate(found):
            for token in tokens:
                words[row, zlib.crc32(token.encode()) % _WORDS] += 1
                if token in _COLOURS:
                    colours[row, list(_COLOURS).index(token)] += 1
        return {"words": _unit(words)} | ({"colour": _unit(colours)} if role == "query" else {})


def _shares(picture: Image.Image) -> Vectors:
    pixels = np.asarray(picture.resize((32, 32), Image.Resampling.BOX), np.float32).reshape(-1, 1, 3)
    nearest = np.square(pixels - _RGB).sum(axis=2).argmin(axis=1)
    return np.asarray(np.bincount(nearest, minlength=len(_COLOURS)) / len(nearest), np.float32)


def _unit(rows: Vectors) -> Vectors:
    rows = np.hstack([rows, np.where(rows.any(axis=1, keepdims=True), 0, 1).astype(np.float32)])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
