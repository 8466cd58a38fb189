"""Whether text is guessed at without what reads it: pages are told from photographs and from plain surfaces."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest
from PIL import Image, ImageDraw

from imagelore.read import Options, picture
from imagelore.read._ocr.hint import seems_written
from imagelore.types import Asset


@pytest.mark.parametrize(("ink", "paper"), [("black", "white"), ("white", "navy"), ("#333333", "#ddccaa")])
@pytest.mark.parametrize("size", [10, 14, 18])
def test_lines_of_writing_are_seen(ink: str, paper: str, size: int) -> None:
    page = Image.new("RGB", (320, 240), paper)
    for line in range(5):
        ImageDraw.Draw(page).text((20, 20 + 40 * line), "The quick brown fox jumps over", ink, font_size=size)
    assert seems_written(page)


@pytest.mark.parametrize("size", [(512, 384), (8, 8), (7, 500), (500, 3), (40, 16)])
def test_a_plain_surface_is_no_writing(size: tuple[int, int]) -> None:
    assert not seems_written(Image.new("RGB", size, "white"))


def test_photographs_are_seldom_taken_for_writing() -> None:
    with as_file(files("imagelore") / "samples") as folder:
        photos = [p for p in sorted(folder.rglob("*")) if p.suffix in picture.SUFFIXES]
        options = Options(image_side=320)
        shown = [picture.read(Asset(p.name, "", 0), p.read_bytes(), options).picture for p in photos]
    assert len(shown) > 20
    assert sum(map(seems_written, shown)) <= len(shown) // 20
