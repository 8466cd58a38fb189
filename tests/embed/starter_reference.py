"""What the starter embedder made of these inputs when its files were built: `python -m tests.embed.starter_reference`
writes it anew, which is right only after a change of `starter.VERSION`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from imagelore.embed.starter import VERSION, Starter
from imagelore.types import Vectors

FILE = Path(__file__).with_name("starter_reference.json")
TEXTS = ("a red ball on a green meadow", "Which pictures show a sailing boat?", "")


def picture() -> Image.Image:
    """A red ball with a highlight on a green meadow under a blue sky, wider than high."""
    image = Image.new("RGB", (400, 300), (120, 180, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 180, 400, 300), fill=(60, 140, 50))
    draw.ellipse((130, 90, 270, 230), fill=(200, 30, 30))
    draw.ellipse((165, 115, 195, 145), fill=(250, 190, 190))
    return image


def made() -> dict[str, Vectors]:
    """The vectors of the picture in each space, and of the texts."""
    starter = Starter()
    vectors = {f"picture/{space}": rows[0] for space, rows in starter.embed_images([picture()]).vectors.items()}
    vectors |= {text: starter.embed_texts([text], "query")["concept"][0] for text in TEXTS}
    return vectors


def kept() -> tuple[str, dict[str, Vectors]]:
    """The version that made the reference, and its vectors."""
    reference = json.loads(FILE.read_text(encoding="utf-8"))
    return reference["version"], {name: np.array(v, np.float32) for name, v in reference["vectors"].items()}


if __name__ == "__main__":
    rounded = {name: [round(float(x), 4) for x in vector] for name, vector in made().items()}
    FILE.write_text(json.dumps({"version": VERSION, "vectors": rounded}) + "\n", encoding="utf-8")
