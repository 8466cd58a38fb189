"""Pictures whose pixels are known, and reading them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagelore.errors import UnreadableError
from imagelore.read import Options, Reading, picture
from imagelore.types import Asset

SIZE = (60, 40)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(data: bytes, **options: Any) -> Reading:
    return picture.read(Asset("a.jpg", "", len(data)), data, Options(**options))


def reason(data: bytes, **options: Any) -> str:
    with pytest.raises(UnreadableError) as told:
        read(data, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


def quartered(size: tuple[int, int] = SIZE) -> Image.Image:
    """Red top left, lime top right, blue bottom left, white bottom right."""
    image = Image.new("RGB", size, "white")
    draw, (w, h) = ImageDraw.Draw(image), size
    draw.rectangle((0, 0, w // 2 - 1, h // 2 - 1), "red")
    draw.rectangle((w // 2, 0, w, h // 2 - 1), "lime")
    draw.rectangle((0, h // 2, w // 2 - 1, h), "blue")
    return image


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    w, h = image.size
    pixels = [image.getpixel((x, y)) for y in (h // 4, h * 3 // 4) for x in (w // 4, w * 3 // 4)]
    return [pixel for pixel in pixels if isinstance(pixel, tuple)]


def near(pixels: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int = 40) -> bool:
    return bool(np.abs(np.array(pixels) - np.array(wanted)).max() <= tolerance)


QUARTERS: list[tuple[int, ...]] = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
