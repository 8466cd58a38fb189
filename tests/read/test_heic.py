"""HEIC pictures: upright once, with what is known about them, in bounds; and without the library that reads them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import picture
from imagelore.read.picture import containers
from tests.read.painted import QUARTERS, corners, near, quartered, read, reason

pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


def heic(image: Image.Image, orientation: int = 1, description: bytes = b"") -> bytes:
    """A HEIC file whose EXIF has an orientation; the encoder writes its rotation as boxes of the file, as phones do."""
    text = description + b"\0"
    entries = struct.pack("<HHHI", 2, 0x010E, 2, len(text)) + struct.pack("<I", 38)
    entries += struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entries + bytes(4) + text
    stream = io.BytesIO()
    written = pillow_heif.from_pillow(image)
    written.info["exif"] = exif
    written.save(stream, quality=90, exif=exif)
    return stream.getvalue()


PLAIN = heic(quartered((120, 80)), description=b"A boat at the pier")


def test_it_is_read_with_what_it_says() -> None:
    found = read(PLAIN)
    assert (found.width, found.height) == (120, 80)
    assert near(corners(found.picture), QUARTERS)
    assert found.metadata.text == "A boat at the pier"
    assert picture.size(PLAIN) == (120, 80)
    assert picture.media_type(PLAIN) == "image/heic"  # browsers do not show it: it goes out as a JPEG
    assert picture.jpeg(PLAIN, 60).startswith(b"\xff\xd8")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright_whatever_the_camera_was_turned(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = quartered((120, 80))
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    found = read(heic(stored, orientation))
    assert (found.width, found.height) == (120, 80)
    assert near(corners(found.picture), QUARTERS)


def test_alpha_and_deep_colours() -> None:
    see_through = quartered((120, 80)).convert("RGBA")
    see_through.putalpha(0)
    stream = io.BytesIO()
    pillow_heif.from_pillow(see_through).save(stream, quality=90)
    assert near(corners(read(stream.getvalue()).picture), [(255, 255, 255)] * 4)
    deep = (np.asarray(quartered((120, 80))).astype(np.uint16) * 257).tobytes()
    stream = io.BytesIO()
    pillow_heif.from_bytes(mode="RGB;16", size=(120, 80), data=deep).save(stream, quality=90)
    assert near(corners(read(stream.getvalue()).picture), QUARTERS)


def test_too_many_pixels_and_damage_are_told() -> None:
    assert "too many" in reason(PLAIN, max_pixels=9_000)
    for length in (20, 100, len(PLAIN) // 2, len(PLAIN) - 20):
        assert "HEIC" in reason(PLAIN[:length])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damage_is_survived(damage: list[tuple[float, int]]) -> None:
    data = bytearray(PLAIN)
    for place, value in damage:
        data[int(place * len(data))] = value
    with suppress(UnreadableError):
        assert read(bytes(data)).picture.mode == "RGB"


@pytest.fixture
def without_the_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(containers, "find_spec", lambda name: None)
    containers.heic_is_read.cache_clear()
    yield
    containers.heic_is_read.cache_clear()


def test_without_the_library_it_says_what_to_install(without_the_library: None) -> None:
    assert 'pip install "imagelore[heic]"' in reason(PLAIN)


def test_its_names_are_known() -> None:
    assert {".heic", ".heif", ".hif"} <= set(picture.SUFFIXES)
