"""Dominant colours have the names that a person would give."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imagelore.read import Options, picture
from imagelore.types import Asset


def colours(image: Image.Image) -> tuple[str, ...]:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return picture.read(Asset("a", "", 0), stream.getvalue(), Options()).colours


@pytest.mark.parametrize(
    ("swatch", "name"),
    [
        *(("#000000", "black"), ("#1a1a1a", "black"), ("#202022", "black"), ("#808080", "grey"), ("#b0b2b5", "grey")),
        *(("#ffffff", "white"), ("#f2f0ee", "white"), ("#e00000", "red"), ("#b22222", "red"), ("#ff0000", "red")),
        *(("#ff8c00", "orange"), ("#ffa500", "orange"), ("#ffff00", "yellow"), ("#ffd700", "yellow")),
        *(("#008000", "green"), ("#00ff00", "green"), ("#2e8b57", "green"), ("#556b2f", "green"), ("#90ee90", "green")),
        *(("#0000ff", "blue"), ("#87ceeb", "blue"), ("#000080", "blue"), ("#4682b4", "blue"), ("#1e90ff", "blue")),
        *(("#800080", "purple"), ("#8a2be2", "purple"), ("#4b0082", "purple"), ("#b19cd9", "purple")),
        *(("#ffc0cb", "pink"), ("#ff69b4", "pink"), ("#ff1493", "pink"), ("#8b4513", "brown"), ("#a0522d", "brown")),
        *(("#d2b48c", "brown"), ("#654321", "brown")),
    ],
)
def test_a_swatch_has_its_name(swatch: str, name: str) -> None:
    assert colours(Image.new("RGB", (30, 30), swatch)) == (name,)


def test_a_thing_on_a_white_ground_is_named() -> None:
    image = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(image).ellipse((70, 70, 130, 130), "red")  # 7 % of the area
    assert colours(image) == ("white", "red")


def test_specks_are_not_dominant() -> None:
    image = Image.new("RGB", (200, 200), "navy")
    ImageDraw.Draw(image).rectangle((0, 0, 40, 40), "yellow")  # 4 % of the area
    assert colours(image) == ("blue",)


def test_most_area_comes_first_and_three_are_enough() -> None:
    image = Image.new("RGB", (100, 100), "blue")
    draw = ImageDraw.Draw(image)
    for at, (colour, height) in enumerate([("green", 28), ("yellow", 22), ("red", 15)]):
        draw.rectangle((0, sum([28, 22, 15][:at]), 100, sum([28, 22, 15][:at]) + height - 1), colour)
    assert colours(image) == ("blue", "green", "yellow")


def test_a_gradient_has_the_names_along_it() -> None:
    hue = np.linspace(0, 255, 360).astype(np.uint8)
    full = np.full_like(hue, 255)
    image = Image.fromarray(np.stack([hue, full, full], axis=-1)[None].repeat(50, 0), "HSV").convert("RGB")
    assert set(colours(image)) >= {"green", "blue"}
    greys = Image.fromarray(np.linspace(0, 255, 300).astype(np.uint8)[None].repeat(50, 0))
    assert colours(greys)[0] == "grey"
    assert set(colours(greys)) == {"black", "grey", "white"}


def test_a_red_tint_of_light_does_not_colour_a_grey_wall() -> None:
    assert colours(Image.new("RGB", (20, 20), (128, 122, 118))) == ("grey",)
