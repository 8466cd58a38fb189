"""Questions with pictures, made by rule from captioned photographs, and a folder of pictures that answers them.

Beside the photographs the folder holds some of them recoloured and restyled; two thirds of the photographs have their
captions, the recoloured ones of these alike (nothing says their colour), the restyled ones say their style alone. What
a question is asked with is a changed copy: cropped, mirrored, turned, darkened, without colour, small, on another
ground.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from bench.starter_quality import picture

HUES = {"red": 0, "yellow": 42, "green": 90, "blue": 160, "purple": 200}  # of 256
EVERY_COLOURED, EVERY_STYLED, EVERY_ASKED = 7, 4, 2
POINTING = (
    "what is this?", "what is this called?", "where was this taken?", "show me pictures like this one",
    "what can you tell me about the thing in my photo?", "what is this part called and where do we use it?",
)  # fmt: skip
KINDS = {
    "picture": "a picture alone",
    "pointing": "and words that only point: what is this called?",
    "named": "and words that name it: what kind of NOUN is this?",
    "about": "and a question about it: where is the CAPTION?",
    "replaced": "and another thing: a CAPTION instead",
    "colour": "and a colour: the same but in red",
    "style": "and a change: the same but at night",
    "two": "two pictures, both to be found",
}


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph of the folder."""

    number: int
    image: Image.Image
    caption: str

    @property
    def described(self) -> bool:
        """Whether the folder's metadata has its caption."""
        return self.number % 3 > 0

    def name(self, change: str = "") -> str:
        """Its file in the folder, or that of a changed one."""
        return f"p{self.number:03}{change.rpartition(' ')[2]}.png"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the files of which one answers it; of `two` one of each set."""

    kind: str
    text: str
    pictures: tuple[bytes, ...]
    right: tuple[frozenset[str], ...]


def photographs(found: Sequence[tuple[Path, str]]) -> list[Photograph]:
    """Opened, numbered in their order."""
    return [Photograph(n, picture(path), caption.rstrip(".")) for n, (path, caption) in enumerate(found)]


def build(folder: Path, photos: Sequence[Photograph]) -> None:
    """Writes the folder."""
    folder.mkdir()
    rows = []
    for photo in photos:
        files = {photo.name(): (photo.image, photo.caption if photo.described else "")}
        if photo.number % EVERY_COLOURED == 0:
            for colour, hue in HUES.items():
                files[photo.name(colour)] = (_tinted(photo.image, hue), photo.caption if photo.described else "")
        if photo.number % EVERY_STYLED == 0:
            files |= {photo.name(how): (change(photo.image), f"Taken {how}") for how, change in STYLES.items()}
        for name, (image, title) in files.items():
            image.save(folder / name)
            rows.append(json.dumps({"file_name": name, "title": title}))
    (folder / "metadata.jsonl").write_text("\n".join(rows), encoding="utf-8")


def questions(photos: Sequence[Photograph], seed: int = 5) -> Iterator[Question]:
    """The questions, the same for one seed."""
    chance = random.Random(seed)
    for photo in photos[1::EVERY_ASKED]:
        copies, right = (_png(chance.choice(CHANGES)(photo.image)),), (_same(photo, photos),)
        caption, noun = photo.caption.lower(), photo.caption.split()[-1].lower()
        other = chance.choice([p for p in photos if p.caption != photo.caption])
        yield Question("picture", "", copies, right)
        yield Question("pointing", chance.choice(POINTING), copies, right)
        yield Question("named", f"what kind of {noun} is this?", copies, right)
        yield Question("about", f"where is the {caption}?", copies, right)
        yield Question("replaced", f"{other.caption.lower()} instead", copies, (_same(other, photos),))
        both = (*copies, _png(chance.choice(CHANGES)(other.image)))
        yield Question("two", "", both, (*right, _same(other, photos)))
    for photo in photos[::EVERY_COLOURED]:
        for colour in HUES:
            shown = chance.choice([hue for name, hue in HUES.items() if name != colour])
            copy = _png(chance.choice(FRAMINGS)(_tinted(photo.image, shown)))
            yield Question("colour", f"the same but in {colour}", (copy,), (frozenset({photo.name(colour)}),))
    for photo in photos[::EVERY_STYLED]:
        for how in STYLES:
            copy = _png(chance.choice(FRAMINGS)(photo.image))
            yield Question("style", f"the same but {how}", (copy,), (frozenset({photo.name(how)}),))


def _same(photo: Photograph, photos: Sequence[Photograph]) -> frozenset[str]:
    """The files of all photographs of one caption, whatever was changed about them."""
    alike = [other for other in photos if other.caption == photo.caption]
    return frozenset(other.name(change) for other in alike for change in ("", *HUES, *STYLES))


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _tinted(image: Image.Image, hue: int) -> Image.Image:
    """All of it in one hue, but for what is nearly white."""
    _, saturation, value = image.convert("HSV").split()
    white = ImageChops.darker(ImageChops.darker(*image.split()[:2]), image.split()[2]).point(
        lambda least: 255 * (least > 235)
    )
    strong = saturation.point(lambda level: min(255, level + 120))
    lit = value.point(lambda level: min(225, max(60, level)))
    tinted = Image.merge("HSV", (Image.new("L", image.size, hue), strong, lit)).convert("RGB")
    return Image.composite(Image.new("RGB", image.size, "white"), tinted, white)


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 5, height // 7, width * 6 // 7, height * 4 // 5))


def _turned(image: Image.Image) -> Image.Image:
    return image.rotate(15, expand=True, fillcolor="white")


def _elsewhere(image: Image.Image) -> Image.Image:
    ground = Image.new("RGB", (image.width * 2, image.height * 2), (150, 160, 140))
    ground.paste(image, (image.width // 4, image.height // 3))
    return ground


def _small(image: Image.Image) -> Image.Image:
    return ImageOps.contain(image, (80, 80))


def _night(image: Image.Image) -> Image.Image:
    return ImageChops.multiply(image, Image.new("RGB", image.size, (60, 70, 130)))


def _drawing(image: Image.Image) -> Image.Image:
    return ImageOps.invert(image.convert("L").filter(ImageFilter.FIND_EDGES)).convert("RGB")


def _postcard(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(image.convert("L"), (50, 30, 10), (240, 220, 180))


Change = Callable[[Image.Image], Image.Image]
FRAMINGS: tuple[Change, ...] = (_cropped, ImageOps.mirror, _turned)
CHANGES: tuple[Change, ...] = (
    *FRAMINGS, _elsewhere, _small, ImageOps.grayscale, lambda image: ImageEnhance.Brightness(image).enhance(0.55)
)  # fmt: skip
STYLES: Mapping[str, Change] = {"at night": _night, "as a drawing": _drawing, "on an old postcard": _postcard}
