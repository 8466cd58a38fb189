"""Text in pictures: read where it stands, told where it is unlikely, bounded, and only where the extra is there."""

from __future__ import annotations

import importlib.util
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

import imagelore
from imagelore.errors import MissingExtraError
from imagelore.read import _ocr
from imagelore.read._ocr.engine import Engine
from imagelore.read._ocr.order import reading_order
from imagelore.types import Line
from tests.read.painted import encoded, read

if not _ocr.installed() and not os.environ.get("CI"):
    pytest.skip('needs RapidOCR: pip install "imagelore[ocr]"', allow_module_level=True)

SAMPLES = Path(imagelore.__file__).parent / "samples"
FONTS = Path("/usr/share/fonts/truetype/dejavu")
FACES = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSans-Bold.ttf")
SIGNS = (  # sample picture, letters' height, ink, paper ("" for none), what stands there
    ("animals/kingfisher.jpg", 40, "black", "white", ("Harbour office", "Open daily 8 to 17")),
    ("places/red-pyramid.webp", 64, "navy", "", ("PLATFORM 12", "Mind the gap")),
    ("animals/polar-bear-churchill.jpg", 32, "yellow", "#303030", ("Invoice 2026-0417", "Total due: 318.50 EUR")),
    ("space/hubble-extreme-deep-field.jpg", 48, "white", "black", ("Danger: high voltage", "Keep out")),
)
QUIET = ("animals/bull-moose.jpg", "places/brandenburg-gate-2005.jpg", "things/coffee.jpg", "space/mercury.jpg")


def font(size: int, face: str = "") -> Any:
    """DejaVu where Debian's package has put it, else the face that Pillow ships: other letters, the same claims."""
    file = FONTS / face
    return ImageFont.truetype(str(file), size) if face and file.is_file() else ImageFont.load_default(size)


def written(ground: Image.Image, lines: list[tuple[int, int, str]], face: Any, ink: str, paper: str = "") -> list[Any]:
    """Writes lines, each at its place, and returns their boxes as shares of the picture."""
    draw, boxes = ImageDraw.Draw(ground), []
    for x, y, text in lines:
        left, top, right, bottom = draw.textbbox((x, y), text, font=face)
        if paper:
            draw.rectangle((left - 15, top - 15, right + 15, bottom + 15), paper)
        draw.text((x, y), text, font=face, fill=ink)
        width, height = ground.size
        boxes.append((left / width, top / height, right / width, bottom / height))
    return boxes


def photo(name: str, side: int = 1600) -> Image.Image:
    picture = Image.open(SAMPLES / name).convert("RGB")
    return picture.resize((side, round(side * picture.height / picture.width)))


def page(lines: list[str], size: int = 40) -> Image.Image:
    paper = Image.new("RGB", (1200, 120 + 2 * size * len(lines)), "white")
    written(paper, [(60, 60 + 2 * size * row, line) for row, line in enumerate(lines)], font(size), "black")
    return paper


def mistakes(read: str, wanted: str) -> int:
    """Letters to change, add or drop (Levenshtein)."""
    row = list(range(len(wanted) + 1))
    for i, a in enumerate(read, 1):
        above, row = row, [i]
        for j, b in enumerate(wanted, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


@pytest.mark.parametrize("face", FACES)
def test_signs_on_photographs_are_read_where_they_stand(face: str) -> None:
    name, size, ink, paper, texts = SIGNS[FACES.index(face)]
    ground = photo(name, 1280)
    boxes = written(ground, [(90, 120 + 250 * row, t) for row, t in enumerate(texts)], font(size, face), ink, paper)
    found = _ocr.read(ground)
    wrong = mistakes("\n".join(line.text for line in found.lines), "\n".join(texts))
    assert wrong <= 0.05 * sum(map(len, texts))
    for line, box in zip(found.lines, boxes, strict=True):
        assert overlap(line.box, box) > 0.3  # a found box stands a little off the letters
        assert 0 <= line.box[0] < line.box[2] <= 1
        assert 0 <= line.box[1] < line.box[3] <= 1
    assert found.seconds > 0
    assert not found.warning


def test_auto_reads_pictures_with_text_and_leaves_photographs_alone() -> None:
    for name in QUIET:
        reading = read((SAMPLES / name).read_bytes(), ocr="auto")
        assert not reading.lines
        assert reading.ocr_seconds == 0
    for name, size, ink, paper, texts in SIGNS[::3]:
        ground = photo(name)
        written(ground, [(90, 120 + 250 * row, t) for row, t in enumerate(texts)], font(size), ink, paper)
        reading = read(encoded(ground, "JPEG"), ocr="auto")
        assert " ".join(texts).lower() == " ".join(line.text for line in reading.lines).lower()
        assert reading.ocr_seconds > 0


def test_photographs_without_text_have_none() -> None:
    for name in QUIET[1:3]:
        assert not _ocr.read(photo(name, 480)).lines


def test_a_picture_is_read_larger_than_it_is_embedded_and_upright() -> None:
    sign = Image.new("RGB", (3000, 2000), "white")
    (box,) = written(sign, [(300, 900, "Bay 14, loading from 6 am")], font(42), "black")
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(sign.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)
    reading = read(data, image_side=260, ocr="on")
    (line,) = reading.lines
    assert line.text == "Bay 14, loading from 6 am"
    assert overlap(line.box, box) > 0.4
    assert max(reading.picture.size) == 260
    off = read(data, image_side=260)
    assert not off.lines
    assert off.ocr_seconds == 0
    assert (off.sha256, off.width, off.height) == (reading.sha256, reading.width, reading.height)


def test_small_letters_of_a_large_screenshot_are_read() -> None:
    texts = ["File  Edit  View  Help", "Connection refused by 10.0.0.7", "Retry in 30 seconds"]
    screen = Image.new("RGB", (1600, 400), "#f4f4f4")
    written(screen, [(100, 100 + 40 * row, t) for row, t in enumerate(texts)], font(13, FACES[0]), "#222222")
    found = "\n".join(line.text for line in _ocr.read(screen).lines)
    assert "Connection refused by 10.0.0.7" in found
    assert "Retry in 30 seconds" in found


def test_ten_thousand_letters_are_read_as_far_as_allowed() -> None:
    chance = random.Random(3)
    wall = Image.new("RGB", (1500, 1500), "white")
    draw, face = ImageDraw.Draw(wall), font(12)
    for at in range(10_000):
        draw.text((15 * (at % 100) + 2, 15 * (at // 100)), chance.choice("ABCDEFGHKLMNPRSTUVXYZ"), "black", face)
    some = _ocr.read(wall, most=12)
    assert len(some.lines) <= 12
    assert some.warning.endswith("places with text were not read: 12 are the limit")
    none = _ocr.read(page(["One line", "Another line"]), seconds=0.0)
    assert none.lines == ()
    assert none.warning == "2 of 2 places with text were not read: 0 s of a core are the limit"


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (3000, 3), (40, 40)])
def test_odd_sizes_are_no_trouble(size: tuple[int, int]) -> None:
    assert _ocr.read(Image.new("RGB", size, "red")).lines == ()
    assert not _ocr.likely(Image.new("RGB", size, "red"))


def test_a_letter_by_itself_is_text_only_among_text() -> None:
    ring = Image.new("RGB", (600, 600), "white")
    ImageDraw.Draw(ring).ellipse((150, 150, 450, 450), outline="black", width=40)
    assert not _ocr.read(ring).lines
    assert [line.text for line in _ocr.read(page(["Platform", "7"])).lines] == ["Platform", "7"]


def test_the_same_picture_reads_the_same_from_many_threads() -> None:
    paper = page(["The quick brown fox", "jumps over 13 lazy dogs"])
    with ThreadPoolExecutor(4) as pool:
        found = [one.lines for one in pool.map(_ocr.read, [paper] * 4)]
    assert [line.text for line in found[0]] == ["The quick brown fox", "jumps over 13 lazy dogs"]
    assert found == [found[0]] * 4


def test_nothing_is_said_on_the_way(capfd: pytest.CaptureFixture[str]) -> None:
    Engine()
    _ocr.read(page(["Not a word of it"]))
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "rapidocr" else real(name))


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_on_says_what_to_install_and_auto_does_without() -> None:
    data = encoded(page(["Some text"]), "PNG")
    with pytest.raises(MissingExtraError, match=r'pip install "imagelore\[ocr\]"'):
        read(data, ocr="on")
    assert read(data, ocr="auto").lines == ()


def test_a_missing_or_damaged_model_is_never_downloaded(tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match="pip install --force-reinstall rapidocr"):
        Engine(tmp_path)
    for name in ("a_det_small.onnx", "a_rec_small.onnx"):
        (tmp_path / name).write_bytes(b"\x08\x07cut short")
    with pytest.raises(MissingExtraError, match="pip install --force-reinstall rapidocr") as told:
        Engine(tmp_path)
    assert "\n" not in str(told.value)


def at(text: str, left: float, top: float, width: float = 0.4) -> Line:
    return Line(text, (left, top, left + width, top + 0.02))


def texts(lines: tuple[Line, ...]) -> str:
    return " ".join(line.text for line in lines)


def test_columns_of_running_text_are_read_one_after_another() -> None:
    left = [at(f"l{row}", 0.05, 0.2 + 0.03 * row) for row in range(4)]
    right = [at(f"r{row}", 0.55, 0.203 + 0.03 * row) for row in range(4)]
    lines = [at("head", 0.05, 0.1, 0.9), *right, at("foot", 0.05, 0.5, 0.9), *left]
    assert texts(reading_order(lines)) == "head l0 l1 l2 l3 r0 r1 r2 r3 foot"


def test_labels_and_values_are_read_row_by_row() -> None:
    labels = [at(f"k{row}", 0.05, 0.2 + 0.03 * row, 0.08) for row in range(4)]
    values = [at(f"v{row}", 0.3, 0.205 + 0.03 * row, 0.05) for row in range(4)]
    assert texts(reading_order([*values, *labels])) == "k0 v0 k1 v1 k2 v2 k3 v3"


shares = st.floats(0, 0.9).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(shares, shares, st.floats(0.01, 0.1)), max_size=30), st.randoms(use_true_random=False))
def test_no_line_is_lost_or_doubled(places: list[tuple[float, float, float]], chance: random.Random) -> None:
    lines = [at(str(row), left, top, width) for row, (left, top, width) in enumerate(places)]
    chance.shuffle(lines)
    assert sorted(reading_order(lines), key=id) == sorted(lines, key=id)
