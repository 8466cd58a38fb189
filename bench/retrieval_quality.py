"""How well whole questions find pictures, by words, pictures and both: `python -m bench.retrieval_quality [STAMPS]`.

The photographs are those of `bench.starter_quality`. Every third one loses its caption, the others keep theirs as a
title; each caption is asked for in three wordings. A picture counts as found when it, or another one of the same
caption, is among the first hits. `bench._picture_questions` makes the questions with pictures. Weights were chosen
on the part `development`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from bench import _picture_questions as pictures
from bench._machine import machine
from bench.starter_quality import FORMS, PARTS, STAMPS, stamps
from imagelore import KnowledgeBase, Settings, ingest

TOP = 10


def build(folder: Path, photographs: list[tuple[Path, str]]) -> None:
    """Copies the photographs under neutral names, two thirds of them with their captions in `metadata.jsonl`."""
    folder.mkdir()
    rows = []
    for number, (path, caption) in enumerate(photographs):
        shutil.copy(path, folder / f"p{number:03}.png")
        if number % 3:
            rows.append(json.dumps({"file_name": f"p{number:03}.png", "title": caption}))
    (folder / "metadata.jsonl").write_text("\n".join(rows), encoding="utf-8")


def success(kb: KnowledgeBase, photographs: list[tuple[Path, str]], form: str, described: bool) -> tuple[float, float]:
    """success@1 and success@10 over the captions of the described pictures, or of the others."""
    right = defaultdict(set)
    for number, (_, caption) in enumerate(photographs):
        if bool(number % 3) == described:
            right[caption].add(f"p{number:03}.png")
    first = ten = 0
    for caption, names in right.items():
        hits = kb.search(form.format(caption.rstrip(".").lower()), top=TOP).hits
        places = [place for place, hit in enumerate(hits, 1) if hit.record.path in names]
        first += places[:1] == [1]
        ten += bool(places)
    return first / len(right), ten / len(right)


def by_pictures(kb: KnowledgeBase, photos: list[pictures.Photograph]) -> dict[str, list[tuple[bool, bool]]]:
    """Kind of question -> whether each was answered by the first hit (`two`: the first two), by the first ten."""
    found = defaultdict(list)
    for question in pictures.questions(photos):
        names = [hit.record.path for hit in kb.search(question.text, question.pictures, top=TOP).hits]
        first = names[: len(question.right)]
        found[question.kind].append(
            (all(r & {*first} for r in question.right), all(r & {*names} for r in question.right))
        )
    return {kind: [(bool(one), bool(ten)) for one, ten in found[kind]] for kind in pictures.KINDS}


def indexed(place: Path, name: str) -> KnowledgeBase:
    settings = Settings(kb=str(place / f"{name}.kb"), embedder="starter", generator="extractive")
    ingest(settings, str(place / name))
    return KnowledgeBase(settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stamps", nargs="?", type=Path, default=STAMPS)
    parser.add_argument("--part", choices=PARTS, default="all")
    options = parser.parse_args()
    photographs = stamps(options.stamps)[PARTS[options.part]]
    if not photographs:
        print(f"no photographs in {options.stamps}: install Debian's tuxpaint-stamps-default, or name the folder")
        return
    print(machine())
    with tempfile.TemporaryDirectory(prefix="imagelore-bench-") as folder:
        place = Path(folder)
        build(place / "photos", photographs)
        kb = indexed(place, "photos")
        print(f"{len(photographs)} photographs ({options.part}), a third without text; success@1 / success@{TOP}")
        for form in FORMS:
            with_text, without = (success(kb, photographs, form, described) for described in (True, False))
            print(f"{form:<30} with text {with_text[0]:.3f} / {with_text[1]:.3f}", end="   ")
            print(f"without {without[0]:.3f} / {without[1]:.3f}")
        photos = pictures.photographs(photographs)
        pictures.build(place / "changed", photos)
        for kind, answered in by_pictures(indexed(place, "changed"), photos).items():
            one, ten = (sum(each) / len(answered) for each in zip(*answered, strict=True))
            print(f"{pictures.KINDS[kind]:<55} {one:.3f} / {ten:.3f}   ({len(answered)} questions)")


if __name__ == "__main__":
    main()
