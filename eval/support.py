"""How well unsupported sentences are marked: precision and recall on the labelled sentences of `support.jsonl`.

    python eval/support.py [--part "held out"] [--list]

Each is judged twice: with the pictures sent that the label speaks of, and with all pictures sent, where only what the
texts contradict can be doubted. The labels of "development" and "held out" were written before the code, and "held out"
was looked at once, when that was done: four mistakes that it showed were then mended (before: precision 0.95 and recall
0.80, with all pictures 1.00 and 0.76). "afterwards" was written after that, and nothing was changed for it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from imagelore.generate import doubts
from imagelore.types import Hit, PromptSource, Record, Seen

FILE = Path(__file__).with_suffix(".jsonl")
PARTS = ("development", "held out", "afterwards")


class Figures(NamedTuple):
    """Of the sentences that are marked and of those that should be."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Of the marked sentences, how many are unsupported."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of the unsupported sentences, how many are marked."""
        return self.right / (self.right + self.missed)


def judged(part: str, all_pictures: bool = False) -> Iterator[tuple[dict[str, Any], str]]:
    """Each labelled sentence of a part with the reason of its mark, "" where it has none."""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label["part"] == part:
            found = doubts(label["sentence"], list(_sources(label, all_pictures)))
            yield label, found[0].reason if found else ""


def figures(part: str, all_pictures: bool = False) -> Figures:
    """What a part comes to."""
    marks = [(label["supported"], bool(reason)) for label, reason in judged(part, all_pictures)]
    return Figures(marks.count((False, True)), marks.count((True, True)), marks.count((False, False)))


def _sources(label: dict[str, Any], all_pictures: bool) -> Iterator[PromptSource]:
    for number, known in enumerate(label["sources"], start=1):
        seen = known.pop("seen", {})
        fields = {name: _value(value) for name, value in known.pop("fields").items()}
        record = Record(
            id=known["path"],
            source="s",
            version="",
            digest="",
            **{**known, "tags": tuple(known["tags"])},
            fields=fields,
            seen=Seen(tuple((name, p) for name, p in seen.get("classes", ())), tuple(seen.get("colours", ()))),
        )
        sent = b"jpeg" if all_pictures or number in label["pictures"] else None
        yield PromptSource(number, Hit(record, record.path, 1.0, {}), sent)


def _value(value: Any) -> Any:
    """As a knowledge base types it: a date, a list of texts."""
    if isinstance(value, list):
        return tuple(value)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def main() -> None:
    """Prints a table; with `--list` also what is marked wrongly or missed."""
    parser = argparse.ArgumentParser(description="Precision and recall of marking unsupported sentences.")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--list", action="store_true", help="also list what is marked wrongly or missed")
    asked = parser.parse_args()
    print("| sentences | pictures | precision | recall | marked | marked wrongly | missed |")
    print("|---|---|---|---|---|---|---|")
    for part in asked.part or PARTS:
        for all_pictures in (False, True):
            f = figures(part, all_pictures)
            print(
                f"| {part} | {'all' if all_pictures else 'as labelled'} | {f.precision:.2f} | {f.recall:.2f} "
                f"| {f.right + f.wrong} | {f.wrong} | {f.missed} |"
            )
            for label, reason in judged(part, all_pictures) if asked.list else ():
                if label["supported"] == bool(reason):
                    print(f"  {label['id']} {label['kind']}: {label['sentence']}  -> {reason or 'not marked'}")


if __name__ == "__main__":
    main()
