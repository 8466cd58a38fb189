"""Values as every engine can store them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from imagelore.types import Vectors


def utf8(text: str) -> str:
    """A text as valid UTF-8: metadata and file names may hold lone surrogates, which no engine stores."""
    return text.encode("utf-8", "replace").decode("utf-8")


def clean(value: Any) -> Any:
    """Strings as valid UTF-8, NaN (neither comparable nor countable) as None; lists item by item."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, tuple | list):
        return [clean(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    """Each value once, in lists of at most `size`: filters by ids have their limits."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def directed(vector: Vectors) -> Vectors | None:
    """None for a vector without a direction (an empty text): a cosine to it does not exist."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    return flat if np.isfinite(flat).all() and flat.any() else None
