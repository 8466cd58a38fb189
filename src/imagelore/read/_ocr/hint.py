"""A guess, made without RapidOCR, at whether a picture holds text: for saying what its absence leaves unread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_CELL = 4  # pixels
_RUN, _LINES = 6, 2  # cells side by side that make a line, and lines that make a text
_EDGE = 0.12  # of the range from black to white: what two pixels of a stroke and its ground differ by, at least
_BUSY, _QUIET = 0.18, 0.06  # shares of a cell's pixels at such edges: of letters, and between lines
_CONTRAST = 0.006  # variance of a cell's pixels


def seems_written(picture: Image.Image) -> bool:
    """Whether a picture of some 320 px, a thumbnail, has lines of text in it.

    Lines are rows of cells full of upright edges, with quiet ones above and below. It told 50 of 50 pages, 51 of 60
    screenshots and 120 of 250 signs on photographs, and took 7 of 424 photographs and drawings for text.
    """
    grey = np.asarray(picture.convert("L"), np.float32) / np.float32(255)
    height, width = grey.shape[0] // _CELL, grey.shape[1] // _CELL
    if height < _LINES or width < _RUN:
        return False
    grey = grey[: height * _CELL, : width * _CELL]
    edges = np.zeros(grey.shape, bool)
    edges[:, :-1] = np.abs(np.diff(grey, axis=1)) > _EDGE
    busy = _cells(edges.astype(np.float32))
    varied = _cells(grey * grey) - _cells(grey) ** 2 > _CONTRAST
    quiet = np.pad(busy < _QUIET, ((2, 2), (0, 0)), constant_values=True)
    above, below = quiet[:height] | quiet[1 : height + 1], quiet[3 : height + 3] | quiet[4:]
    written = (busy > _BUSY) & varied & above & below
    runs = np.lib.stride_tricks.sliding_window_view(written, _RUN, axis=1).all(2)
    begun = runs & ~np.pad(runs, ((0, 0), (1, 0)))[:, :-1]
    return int(begun.sum()) >= _LINES


def _cells(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each cell."""
    height, width = pixels.shape[0] // _CELL, pixels.shape[1] // _CELL
    means: NDArray[np.float32] = pixels.reshape(height, _CELL, width, _CELL).mean((1, 3))
    return means
