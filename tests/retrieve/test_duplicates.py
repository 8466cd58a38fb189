"""Near-duplicates by their hashes, over pictures that `read` hashed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from imagelore.read import Options, picture
from imagelore.retrieve._duplicates import near_duplicate
from imagelore.types import Asset


def phash(image: Image.Image, kind: str = "BMP", **options: Any) -> str:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    data = stream.getvalue()
    return picture.read(Asset("a", "", len(data)), data, Options()).phash


def scene(seed: int) -> Image.Image:
    """Soft blobs of colour: as smooth as a photograph, and another for each seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (7, 9, 3), dtype=np.uint8))
    return coarse.resize((720, 560), Image.Resampling.BICUBIC)


def shirt(colour: str) -> Image.Image:
    """The same product on the same ground in another colour."""
    image = Image.new("RGB", (400, 400), "white")
    draw = ImageDraw.Draw(image)
    draw.polygon([(120, 80), (280, 80), (360, 160), (310, 200), (280, 170), (280, 340), (120, 340)], colour)
    draw.polygon([(120, 340), (120, 170), (90, 200), (40, 160), (120, 80)], colour)
    return image


@pytest.mark.parametrize("seed", range(8))
def test_changed_copies_are_near_duplicates(seed: int) -> None:
    image = scene(seed)
    original = phash(image)
    assert near_duplicate(original, original)
    assert near_duplicate(original, phash(image.resize((180, 140))))
    assert near_duplicate(original, phash(image.resize((1440, 1120))))
    assert near_duplicate(original, phash(image, "JPEG", quality=30))
    assert near_duplicate(original, phash(image, "WEBP", quality=40))
    assert near_duplicate(original, phash(ImageEnhance.Brightness(image).enhance(1.1)))
    assert near_duplicate(original, phash(ImageEnhance.Brightness(image).enhance(0.9)))


def test_different_pictures_are_not() -> None:
    hashes = [phash(scene(seed)) for seed in range(30)]
    assert not [(a, b) for a in range(30) for b in range(a) if near_duplicate(hashes[a], hashes[b])]


@pytest.mark.parametrize(("a", "b"), [("red", "blue"), ("red", "green"), ("navy", "black"), ("orange", "purple")])
def test_the_same_product_in_another_colour_is_not(a: str, b: str) -> None:
    assert not near_duplicate(phash(shirt(a)), phash(shirt(b)))
    assert near_duplicate(phash(shirt(a)), phash(shirt(a).resize((150, 150)), "JPEG"))


def test_flat_pictures_are_never_duplicates() -> None:
    assert phash(Image.new("RGB", (50, 50), "teal")) == ""
    assert not near_duplicate("", "")
    assert not near_duplicate("", phash(scene(1)))
