"""A perceptual hash: pictures that look the same have nearly the same one.

The form, as hex, is what `imagelore.retrieve` compares: 32 digits of a difference hash, then 24 of coarse colour.

- Difference hash (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013; in both directions): the picture's
  luminance at 9 x 8, one bit for each pixel that is clearly brighter than its right neighbour, row by row; then at
  8 x 9 for each that is clearly brighter than the one below. 128 bits, most significant first.
- Coarse colour: the mean R, G and B of the four quarters (top left, top right, bottom left, bottom right), a byte
  each. A difference hash sees shapes only; this tells a red shirt from the same shirt in blue.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_STEP = 2.5  # of luminance: smaller steps are a compressor's noise on an even ground, and count as none
_FLAT = 4.0  # standard deviation of luminance (0 to 255) below which bits are noise


TINY = 72  # pixels: the side of the square that is hashed, a multiple of 8 and 9


def perceptual_hash(tiny: NDArray[np.uint8]) -> str:
    """56 hex digits of a picture, given as `[72, 72, 3]`, or "" where it is too flat to have a shape."""
    grey = tiny @ _LUMA
    across, down = _means(grey, 8, 9), _means(grey, 9, 8)
    if across.std() < _FLAT and down.std() < _FLAT:
        return ""
    darker_by = [across[:, :-1] - across[:, 1:], down[:-1] - down[1:]]
    bits = np.concatenate([(steps > _STEP).ravel() for steps in darker_by])
    colour = np.rint(_means(tiny, 2, 2)).astype(np.uint8)
    return np.packbits(bits).tobytes().hex() + colour.tobytes().hex()


def _means(samples: NDArray[Any], rows: int, columns: int) -> NDArray[np.float64]:
    cells = samples.reshape(rows, TINY // rows, columns, TINY // columns, *samples.shape[2:])
    return np.asarray(cells.mean(axis=(1, 3)), dtype=np.float64)
