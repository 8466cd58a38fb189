"""Draw the collection for questions about text in pictures: signs, labels, receipts, screens, slides, posters, letters.

    python eval/text/assemble.py FOLDER
    imagelore index FOLDER --kb text.kb
    imagelore eval eval/text/set.jsonl --kb text.kb

`pictures.tsv` says for each picture its form, the sample picture that it is drawn on, and its lines. The files have
numbers for names and no metadata, so that only what stands in a picture can tell it from the others. The letters are
those of the face that Pillow ships.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

TABLE = Path(__file__).with_name("pictures.tsv")
SAMPLES = Path(__file__).parents[2] / "src" / "imagelore" / "samples"
Colour = str


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of picture looks: sizes in pixels."""

    size: tuple[int, int]
    head: int  # height of the first line's letters
    rest: int  # height of the others'
    ink: tuple[Colour, ...]  # one is drawn by lot
    paper: tuple[Colour, ...]


FORMS = {
    "receipt": Form((900, 1200), 58, 40, ("#222222", "#333344"), ("#f7f4ea", "#ffffff")),
    "screen": Form((1600, 900), 34, 24, ("#1f1f1f", "#10305a"), ("#f0f0f0", "#e4ecf4")),
    "sign": Form((1400, 1000), 72, 46, ("#ffffff", "#ffe95c"), ("#7a1410", "#123d7a", "#1d5c2e")),
    "label": Form((1000, 800), 64, 40, ("#101010", "#5a1010"), ("#f2e6b8", "#dfe8df")),
    "slide": Form((1600, 900), 70, 44, ("#ffffff", "#fff3c4"), ("#20364f", "#3b2350")),
    "poster": Form((1000, 1400), 84, 48, ("#ffffff", "#ffd84a"), ("#151515", "#301020")),
    "letter": Form((1240, 1000), 54, 42, ("#20242c", "#1c2c5c"), ("#fdfcf8", "#eef1f5")),
}


def main() -> int:
    """Draw all pictures into the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the collection goes")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with TABLE.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    for row in rows:
        picture = drawn(FORMS[row["form"]], row["ground"], row["lines"].split("|"), random.Random(row["file"]))
        picture.save(folder / row["file"], quality=88)
    print(f"{len(rows)} pictures in {folder}: now `imagelore index {folder} --kb text.kb`")
    return 0


def drawn(form: Form, ground: str, lines: list[str], chance: random.Random) -> Image.Image:
    """One picture: its lines on paper, or on a plate that hangs in a photograph."""
    ink, paper = chance.choice(form.ink), chance.choice(form.paper)
    picture = Image.new("RGB", form.size, paper)
    if ground:
        with Image.open(SAMPLES / ground) as photo:
            picture = photo.convert("RGB").resize(form.size)
    draw = ImageDraw.Draw(picture)
    sizes = [form.head, *[form.rest] * (len(lines) - 1)]
    faces = [ImageFont.load_default(size) for size in sizes]
    boxes = [draw.textbbox((0, 0), line, font=face) for line, face in zip(lines, faces, strict=True)]
    wide, high = int(max(box[2] for box in boxes)), int(1.6 * sum(sizes))
    left = chance.randint(60, max(61, form.size[0] - wide - 60))
    top = chance.randint(60, max(61, form.size[1] - high - 60))
    if ground:
        draw.rectangle((left - 40, top - 30, left + wide + 40, top + high + 10), paper)
    for line, face, size in zip(lines, faces, sizes, strict=True):
        draw.text((left, top), line, ink, face)
        top += int(1.6 * size)
    return picture


if __name__ == "__main__":
    sys.exit(main())
