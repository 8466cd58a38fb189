"""Decoding: every format and mode becomes an upright RGB picture."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from imagelore.errors import UnreadableError
from imagelore.read import Options, picture
from imagelore.read.picture import rgb
from imagelore.read.picture.memory import Budget
from tests.read.painted import QUARTERS, SIZE, corners, encoded, near, quartered, read

# imagelore silences Pillow when it is imported; pytest puts its own filters in front of that.
pytestmark = pytest.mark.filterwarnings("ignore:::PIL")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_every_format_is_read_whatever_the_name(kind: str) -> None:
    reading = read(encoded(quartered(), kind))
    assert (reading.width, reading.height) == reading.picture.size == SIZE
    assert reading.picture.mode == "RGB"
    assert near(corners(reading.picture), QUARTERS)
    assert len(reading.sha256) == 64


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quartered().transpose(undo[orientation]) if orientation in undo else quartered()
    exif = Image.Exif()
    exif[0x0112] = orientation
    reading = read(encoded(stored, kind, exif=exif))
    assert (reading.width, reading.height) == reading.picture.size == SIZE
    assert near(corners(reading.picture), QUARTERS)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 30, 40))
    data = encoded(image.quantize(8) if mode == "P" else image.convert(mode), "PNG")
    assert near(corners(read(data).picture), [(0, 0, 0), (255, 255, 255)] * 2, 3)


def test_a_transparent_colour_is_laid_on_white() -> None:
    data = encoded(quartered(), "PNG", transparency=(0, 0, 255))
    assert near(corners(read(data).picture), [*QUARTERS[:2], (255, 255, 255), (255, 255, 255)], 3)


@pytest.mark.parametrize(
    ("samples", "kind"),
    [
        (np.array([[0, 65535]], "<u2"), "PNG"),
        (np.array([[0, 65535]], ">u2"), "TIFF"),
        (np.array([[0, 4095]], "<u2"), "TIFF"),  # 12 bits
        (np.array([[-5, 1_000_000]], "<i4"), "TIFF"),
        (np.array([[0.0, 1.0]], "<f4"), "TIFF"),
        (np.array([[0.0, 255.0]], "<f4"), "TIFF"),
        (np.array([[-3.5, 1e9]], "<f4"), "TIFF"),
    ],
)
def test_deep_samples_become_black_to_white(samples: Any, kind: str) -> None:
    image = Image.fromarray(np.repeat(np.repeat(samples, 40, 0), 30, 1))
    pixels = np.asarray(read(encoded(image, kind)).picture)
    assert pixels[20, 5].tolist() == [0, 0, 0]
    assert pixels[20, 55].tolist() == [255, 255, 255]


def test_not_a_number_does_not_spoil_the_rest() -> None:
    samples = np.linspace(0, 1, 2400, dtype="<f4").reshape(40, 60)
    samples[0, 0], samples[0, 1] = np.nan, np.inf
    pixels = np.asarray(read(encoded(Image.fromarray(samples), "TIFF")).picture)
    assert pixels[39, 59].tolist() == [255, 255, 255]
    assert 100 < pixels[20, 30, 0] < 155


@pytest.mark.parametrize(
    ("mode", "kind"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("1", "PNG"), ("L", "JPEG"), ("P", "GIF")]
)
def test_other_colours_become_rgb(mode: str, kind: str) -> None:
    reading = read(encoded(quartered().convert(mode), kind))
    assert reading.picture.mode == "RGB"
    assert near([corners(reading.picture)[3]], [(255, 255, 255)], 3)
    if mode in ("CMYK", "P"):
        assert near(corners(reading.picture), QUARTERS)


def test_lab_becomes_rgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(quartered(), srgb, lab, outputMode="LAB")
    assert image is not None
    assert near(corners(read(encoded(image, "TIFF")).picture), QUARTERS, 25)


def test_a_colour_profile_is_applied_and_a_broken_one_is_not() -> None:
    image = Image.new("RGB", SIZE, (200, 120, 60))
    swapped = _profile_with_swapped_primaries()
    assert not near(corners(read(encoded(image, "PNG", icc_profile=swapped)).picture), [(200, 120, 60)] * 4, 20)
    assert near(corners(read(encoded(image, "PNG", icc_profile=b"broken" * 40)).picture), [(200, 120, 60)] * 4, 2)


def _profile_with_swapped_primaries() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"none"))
    profile = bytearray(bytes(profile).replace("sRGB".encode("utf-16-be"), "none".encode("utf-16-be")))
    at = {bytes(profile[i : i + 4]): i for i in range(132, 132 + 12 * profile[131], 12)}
    profile[at[b"rXYZ"] : at[b"rXYZ"] + 4], profile[at[b"bXYZ"] : at[b"bXYZ"] + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def test_the_first_frame_counts() -> None:
    frames = [quartered(), Image.new("RGB", SIZE, "black")]
    for kind in ("GIF", "WEBP", "TIFF", "PNG", "AVIF", "MPO"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert near(corners(read(data).picture), QUARTERS), kind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "JPEG2000", "WEBP"])
def test_large_pictures_are_reduced_and_keep_their_size_and_look(kind: str) -> None:
    reading = read(encoded(quartered((3000, 2000)), kind), image_side=256, thumbnail_side=320)
    assert (reading.width, reading.height) == (3000, 2000)
    assert reading.picture.size == (256, 170)
    assert near(corners(reading.picture), QUARTERS)
    thumbnail = Image.open(io.BytesIO(reading.thumbnail))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (320, 213))
    assert near(corners(thumbnail.convert("RGB")), QUARTERS)


def test_reducing_in_bands_gives_what_reducing_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    noise = Image.fromarray(rng.integers(0, 255, (100, 75, 4), dtype=np.uint8), "RGBA").resize((450, 603))
    whole = read(encoded(noise, "PNG"), image_side=60, thumbnail_side=60)
    monkeypatch.setattr(rgb, "_BAND", 10_000)
    banded = read(encoded(noise, "PNG"), image_side=60, thumbnail_side=60)
    assert np.abs(np.asarray(whole.picture, dtype=int) - np.asarray(banded.picture, dtype=int)).max() <= 1
    assert whole.phash == banded.phash


def test_small_pictures_are_not_enlarged() -> None:
    reading = read(encoded(Image.new("RGB", (3, 1), "red"), "PNG"))
    assert reading.picture.size == (3, 1)
    assert Image.open(io.BytesIO(reading.thumbnail)).size == (3, 1)


def test_extreme_shapes_keep_a_pixel() -> None:
    assert read(encoded(Image.new("L", (1, 20_000)), "PNG")).picture.size == (1, 512)


def test_a_thumbnail_says_nothing_about_its_origin() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    thumbnail = read(encoded(quartered(), "JPEG", exif=exif, comment=b"a secret comment")).thumbnail
    assert b"secret" not in thumbnail
    assert b"Exif" not in thumbnail


def test_metadata_without_decoding_is_the_same() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Two swans"
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        data = encoded(quartered(), kind, exif=exif)
        assert picture.embedded(data, Options()) == read(data).metadata
        assert read(data).metadata.text == "Two swans", kind
    with pytest.raises(UnreadableError):
        picture.embedded(b"", Options())


def test_threads_read_alike() -> None:
    data = [encoded(quartered((700 + n, 500)), kind) for n in range(3) for kind in ("JPEG", "PNG", "TIFF", "WEBP")]
    alone = [read(one).picture.tobytes() for one in data]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda one: read(one).picture.tobytes(), data * 2))
    assert together == alone * 2


def test_the_budget_lets_no_more_in_than_it_holds() -> None:
    budget, peak, taken, lock = Budget(10), 0, 0, threading.Lock()

    def work(amount: int) -> None:
        nonlocal peak, taken
        with budget.taken(amount):
            with lock:
                taken += min(amount, 10)
                peak = max(peak, taken)
            with lock:
                taken -= min(amount, 10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [3, 4, 20, 1, 7, 10] * 50))
    assert 3 <= peak <= 10
    assert taken == 0


def test_a_tiff_of_many_pages_is_read_at_once() -> None:
    stream = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(stream, True) as writer:
        for _ in range(3):
            quartered().save(writer, "TIFF")
            writer.newFrame()
    assert near(corners(read(stream.getvalue()).picture), QUARTERS)
