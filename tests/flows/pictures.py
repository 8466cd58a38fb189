"""Small pictures for tests of the flows: each of one colour, told apart by a stripe."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from imagelore.embed import palette
from imagelore.types import ImageEmbeddings


def paint(path: Path, colour: str = "red", mark: int = 0, size: tuple[int, int] = (64, 48)) -> Path:
    """A picture of one colour with a few diagonals that depend on `mark`, so that no two look alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(picture)
    for line in range(3):
        at = (mark * 13 + line * 17) % size[0]
        draw.line([(at, 0), ((at * 5 + mark * 7) % size[0], size[1])], fill="white", width=2)
    picture.save(path)
    return path


def folder(root: Path, pictures: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
    """A folder of painted pictures (file name -> colour) with a `metadata.jsonl` (file name -> row)."""
    root.mkdir(parents=True, exist_ok=True)
    for mark, (name, colour) in enumerate(pictures.items()):
        paint(root / name, colour, mark)
    if rows is not None:
        describe(root, rows)
    return root


def describe(root: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes `metadata.jsonl`."""
    lines = [json.dumps({"file_name": name, **row}) for name, row in rows.items()]
    (root / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def embedded_batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches of pictures that are embedded from now on."""
    sizes: list[int] = []
    embed = palette.Palette.embed_images

    def spy(self: palette.Palette, pictures: Sequence[Image.Image]) -> ImageEmbeddings:
        sizes.append(len(pictures))
        return embed(self, pictures)

    monkeypatch.setattr(palette.Palette, "embed_images", spy)
    return sizes
