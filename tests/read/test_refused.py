"""What is no picture, damaged, cut short or a bomb is refused in plain words; damaged metadata costs nothing."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imagelore.errors import UnreadableError
from tests.read.painted import QUARTERS, corners, encoded, near, quartered, read, reason

# imagelore silences Pillow when it is imported; pytest puts its own filters in front of that.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\0" * 5000, "zero bytes"),
        (b"only some words", "text"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"PK\x03\x04rest", "zip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41avc1", "video"),
        (b"\x93\x01\x02 nothing known", "unknown"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, word: str) -> None:
    assert word in reason(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_a_truncated_picture_is_refused(kind: str) -> None:
    rng = np.random.default_rng(1)
    data = encoded(Image.fromarray(rng.integers(0, 255, (80, 90, 3), dtype=np.uint8)), kind)
    for part in (0.95, 0.5, 0.1):
        assert kind in reason(data[: int(len(data) * part)])
    for length in range(1, 60):
        reason(data[:length])


def test_a_truncated_picture_says_so() -> None:
    data = encoded(quartered((400, 400)), "JPEG")
    assert "truncated" in reason(data[: len(data) // 2])


def _png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def _webp_header(width: int, height: int) -> bytes:
    head = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        _png_header(100_000, 100_000),
        _webp_header(16_383, 16_383),
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;",
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 50_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0),
    ],
    ids=["png", "webp", "gif", "bmp"],
)
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    assert "too many" in reason(data)


def test_the_limit_of_pixels_is_told() -> None:
    assert reason(encoded(quartered((60, 40)), "PNG"), max_pixels=2_000) == (
        "60 x 40 pixels are too many; the limit for PNG is 2,000 in all"
    )


def test_the_limit_of_bytes_is_told() -> None:
    assert "limit" in reason(encoded(quartered(), "BMP"), max_bytes=100)


def test_tags_that_overlap_are_refused() -> None:
    entries = 4_000
    directory = b"".join(struct.pack("<HHII", tag, 1, 60_000, 8) for tag in range(60_000, 60_000 + entries))
    data = b"II*\0" + struct.pack("<I", 60_008) + b"x" * 60_000 + struct.pack("<H", entries) + directory + b"\0" * 4
    assert "overlap" in reason(data)


def test_directories_without_end_are_refused() -> None:
    offsets = [8 + 18 * n for n in range(40)]
    links = b"".join(struct.pack("<HHHIII", 1, 0x8769, 4, 1, at + 18, 0) for at in offsets)
    assert "overlap" in reason(b"II*\0" + struct.pack("<I", 8) + links + b"\0" * 64)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_any_damage_is_survived(kind: str, damage: list[tuple[float, int]]) -> None:
    data = bytearray(encoded(quartered((40, 30)), kind))
    for place, value in damage:
        data[int(place * len(data))] = value
    with suppress(UnreadableError):  # the only other outcome that there may be
        assert read(bytes(data)).picture.mode == "RGB"


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encoded(quartered(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    assert "scans" in reason(data[:at] + data[at:-2] * 300 + data[-2:])


def test_a_jpeg_with_a_film_behind_it_is_read() -> None:
    """Phones keep a film of the moment behind a picture's end; by chance it holds what begins a scan, many times."""
    data = encoded(quartered(), "JPEG") + b"\0\0\0\x18ftypmp42" + b"\xff\xda some of a film " * 300
    assert near(corners(read(data).picture), QUARTERS)


def test_scans_behind_what_only_looks_like_an_end_are_counted() -> None:
    data = encoded(quartered(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    remark = b"\xff\xfe\x00\x04\xff\xd9"  # a segment with the bytes of an end in it
    assert "scans" in reason(data[:at] + remark + data[at:-2] * 300 + data[-2:])


def test_damaged_metadata_does_not_cost_the_picture() -> None:
    jpeg, png = encoded(quartered(), "JPEG"), encoded(quartered(), "PNG")
    for name, body in ((0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"), (0xED, b"Photoshop 3.0\x008BIM\x04\x04"), (0xE1, b"")):
        segment = struct.pack(">BBH", 0xFF, name, len(body) + 2) + body
        assert near(corners(read(jpeg[:2] + segment + jpeg[2:]).picture), QUARTERS)
    chunk = struct.pack(">I4s", 6, b"zTXt") + b"a\0\0bad" + b"crc!"
    assert near(corners(read(png[:33] + chunk + png[33:]).picture), QUARTERS)
    bomb = b"k\0\0" + zlib.compress(b"a" * 20_000_000)
    for kind in (b"iCCP", b"zTXt"):
        chunk = struct.pack(">I4s", len(bomb), kind) + bomb + b"crc!"
        assert near(corners(read(png[:33] + chunk + png[33:]).picture), QUARTERS)
