"""Any picture as a small JPEG: upright, on white, without metadata; what is none is refused, never opened."""

from __future__ import annotations

import io
import subprocess

import pytest
from PIL import Image

from imagelore.errors import UnreadableError
from imagelore.read import Options
from imagelore.read.picture import jpeg, media_type
from tests.read.painted import encoded

# imagelore silences Pillow when it is imported; pytest puts its own filters in front of that.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")
ORIENTATION, MAKER = 0x0112, 0x010F


def painted(size: tuple[int, int] = (90, 30), colour: object = "red", mode: str = "RGB", kind: str = "JPEG") -> bytes:
    return encoded(Image.new(mode, size, colour), kind)  # type: ignore[arg-type]


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (painted(colour=(0, 0, 0, 0), mode="RGBA", kind="PNG"), (255, 255, 255)),
        (painted(colour=(0, 255, 255, 0), mode="CMYK"), (255, 0, 0)),
        (painted(colour=65535, mode="I;16", kind="PNG"), (255, 255, 255)),
        (painted(colour=128, mode="L", kind="WEBP"), (128, 128, 128)),
        (painted(colour=1, mode="1", kind="TIFF"), (255, 255, 255)),
        (painted(colour=0, mode="F", kind="TIFF"), (0, 0, 0)),
        (painted(kind="GIF"), (255, 0, 0)),
    ],
    ids=["alpha", "cmyk", "16 bits", "grey", "1 bit", "float", "palette"],
)
def test_every_kind_of_picture_becomes_rgb(data: bytes, expected: tuple[int, int, int]) -> None:
    pixel = opened(jpeg(data, 64)).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) < 12 for a, b in zip(pixel, expected, strict=True))


def test_it_is_reduced_to_the_side_and_never_enlarged() -> None:
    assert opened(jpeg(painted((900, 300)), 90)).size == (90, 30)
    assert opened(jpeg(painted((20, 10)), 90)).size == (20, 10)


def test_it_stands_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "Camera"
    image = opened(jpeg(encoded(Image.new("RGB", (400, 200), "blue"), "JPEG", exif=exif), 100))
    assert image.size == (50, 100)
    assert not image.getexif()


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%PDF-1.7", b"<svg/>", painted()[:120], b"GIF89a" + b"\xff" * 40, b"BM<html>", b"II*\0garbage"],
)
def test_what_is_no_picture_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(UnreadableError) as caught:
        jpeg(data, 64)
    assert str(caught.value)
    assert "\n" not in str(caught.value)


def test_postscript_starts_no_other_program(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *call, **_: started.append(call))
    with pytest.raises(UnreadableError, match="PostScript"):
        jpeg(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n", 64)
    assert not started


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(UnreadableError, match="pixels"):
        jpeg(painted((40, 30)), 64, Options(max_pixels=1_000))


@pytest.mark.parametrize(
    ("data", "type_"),
    [
        (painted(), "image/jpeg"),
        (painted(kind="PNG"), "image/png"),
        (painted(kind="WEBP"), "image/webp"),
        (painted(kind="AVIF"), "image/avif"),
        (painted(kind="TIFF"), "image/tiff"),
        (painted(kind="JPEG2000"), "image/jp2"),
        (painted(kind="PNG")[:40], "image/png"),
        (b"<html>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_the_media_type_is_told_by_the_signature(data: bytes, type_: str) -> None:
    assert media_type(data) == type_
