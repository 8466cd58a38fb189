"""What embedding services are sent."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from imagelore.embed._inputs import jpeg, neutral, windows


@pytest.mark.parametrize(
    ("size", "sent"),
    [
        ((640, 480), (640, 480)),
        ((4000, 3000), (768, 576)),
        ((1, 1), (32, 32)),
        ((9, 300), (16, 300)),
        ((20_000, 3), (768, 16)),
        ((5, 10), (16, 32)),
    ],
)
def test_a_picture_fits_the_limits_and_keeps_its_shape(size: tuple[int, int], sent: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(jpeg(Image.new("RGB", size, "red"), 768))) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", sent)
        assert np.abs(np.asarray(picture, int) - (255, 0, 0)).max() < 6  # padding has the picture's own colour


def test_a_window_holds_so_many_words_and_a_text_so_many_windows() -> None:
    words = [f"w{n}" for n in range(1000)]
    parts = windows(" ".join(words), 70, 4)
    assert [len(part.split()) for part in parts] == [70] * 4
    assert " ".join(parts).split() == words[:280]
    assert [len(part.split()) for part in windows(" ".join(words[:71]), 70, 4)] == [36, 35]
    assert windows("  a red\nball ", 70, 4) == ["a red\nball"]
    assert windows(" \n ", 70, 4) == []


def test_scripts_without_spaces_and_endless_words_are_cut_too() -> None:
    assert [len(part) for part in windows("赤い風船" * 30, 70, 4)] == [60, 60]
    assert max(len(part) for part in windows("x" * 100_000, 70, 4)) <= 70 * 24


def test_a_vector_for_nothing_has_length_one_and_is_close_to_no_other() -> None:
    random = np.random.default_rng(1).normal(size=(100, 1024))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    assert np.linalg.norm(neutral(1024)) == pytest.approx(1)
    assert np.abs(random @ neutral(1024)).max() < 0.15
