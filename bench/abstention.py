"""How well questions that nothing answers are told from others: `python -m bench.abstention [SET SOURCE ...]`.

Each collection is indexed anew, which calibrates it, and each question of its set is searched for; the confidence of
its surest hit is compared between questions that a picture answers, with text or without any, and those that none does:

- AUROC: how often the former is surer than the latter;
- FA@95: the share of unanswerable questions that would be answered where 95 % of the answerable ones are;
- answered: the share of either that is answered as shipped.

"before" is without a calibration: what fits is told by the embedder's own floors, and nothing is surer than that.

The sample set's part `dev` and the stamps were there to choose by, the rest was not. The stamps: photographs of
`bench.starter_quality` at odd positions, but those of some kinds of things; asked in words that their captions do not
have (`_stamp_questions`), by their captions, or with a mirrored piece of the picture; for the kinds left out nothing
answers.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import ImageOps

import imagelore
from bench._machine import machine
from bench._stamp_questions import ANSWERED, UNANSWERED
from bench.retrieval_quality import build
from bench.starter_quality import FORMS, PARTS, STAMPS, picture, stamps
from imagelore import KnowledgeBase, Settings, ingest
from imagelore.flows.evaluate import load
from imagelore.flows.evaluate.measures import auroc, false_answers
from imagelore.types import Calibration
from imagelore.words import stems

SAMPLES = Path(imagelore.__file__).parent / "samples"
SAMPLE_SET = Path(__file__).parents[1] / "eval" / "sample.jsonl"
LEFT_OUT = {"vehicles", "seasonal", "clothes", "hobbies", "sports", "medical"}
ASKED = {"text": "words", "both": "words and pictures", "picture": "pictures", "nothing": "words"}


class Question(NamedTuple):
    """What is asked and how, and of what kind a picture that answers it is; "" where none does."""

    asked: str
    answer: str
    text: str
    pictures: tuple[bytes, ...] = ()


@dataclass
class Uncalibrated:
    """A knowledge base's index as it was before there were calibrations."""

    index: object

    def __getattr__(self, name: str) -> object:
        return getattr(self.index, name)

    def calibration(self) -> Calibration | None:
        """None, whatever is stored."""
        return None


def of_set(path: Path, described: set[str]) -> dict[str, list[Question]]:
    """Part -> the questions of an evaluation set, but those with filters or earlier turns."""
    parts: dict[str, list[Question]] = defaultdict(list)
    for question in load(path).questions:
        if question.kind in ASKED:
            pictures = tuple(Path(image).read_bytes() for image in question.asked.images)
            asked = ASKED[question.kind] if question.answerable or not pictures else ASKED["both"]
            asked += "" if question.language in ("", "en") else ", other languages"
            text = "with text" if described.intersection(question.relevant or ()) else "without text"
            parts[question.part].append(
                Question(asked, text if question.answerable else "", question.asked.question, pictures)
            )
    return parts


def of_stamps(photographs: list[tuple[Path, str]], left_out: list[str]) -> list[Question]:
    """Captions of pictures that are there, with and without text, and of those left out, unless they share a word."""
    known = {stem for _, caption in photographs for stem in stems(caption)}
    absent = [caption for caption in left_out if stems(caption) and known.isdisjoint(stems(caption))]
    captions = [("with text" if n % 3 else "without text", caption) for n, (_, caption) in enumerate(photographs)]
    captions += [("", caption) for caption in absent]
    asked = [(answer, FORMS[n % 3].format(text.rstrip(".").lower())) for n, (answer, text) in enumerate(captions)]
    questions = [Question("captions", answer, text) for answer, text in asked]
    questions += [Question("other words", "with text", text) for text in ANSWERED]
    return questions + [Question("other words", "", text) for text in UNANSWERED]


def pieces(photographs: list[tuple[Path, str]], answer: str) -> list[Question]:
    """The middle of each picture (a half of its area), mirrored, as a question."""
    questions = []
    for path, _ in photographs:
        whole = picture(path)
        width, height = whole.size
        box = (round(0.15 * width), round(0.15 * height), round(0.85 * width), round(0.85 * height))
        data = BytesIO()
        ImageOps.mirror(whole.crop(box)).save(data, "PNG")
        questions.append(Question("pictures", answer, "", (data.getvalue(),)))
    return questions


def surest(kb: KnowledgeBase, questions: Iterable[Question]) -> NDArray[np.float64]:
    """The confidence of each question's surest hit."""
    found = [kb.search(question.text, question.pictures).hits for question in questions]
    return np.array([max((hit.confidence for hit in hits), default=0.0) for hits in found])


def report(name: str, kb: KnowledgeBase, questions: list[Question]) -> None:
    """The figures of one collection, a line for each way of asking and kind of answer."""
    after, index = surest(kb, questions), kb.index
    kb.index = Uncalibrated(index)  # type: ignore[assignment]
    before = surest(kb, questions)
    kb.index = index
    groups = np.array([(question.asked, question.answer) for question in questions])
    for asked in dict.fromkeys(groups[:, 0]):
        none = (groups == (asked, "")).all(axis=1)
        for answer in ("with text", "without text"):
            some = (groups == (asked, answer)).all(axis=1)
            if some.any() and none.any():
                print(f"{name}: {asked}, {answer} ({some.sum()} answerable, {none.sum()} not)")
                print("   before ", figures(before[some], before[none]))
                print("   after  ", figures(after[some], after[none]))


def figures(answerable: NDArray[np.float64], unanswerable: NDArray[np.float64]) -> str:
    """AUROC, FA@95 and what is answered as shipped, as text."""
    answered = f"answered {(answerable >= 0.5).mean():.2f} / {(unanswerable >= 0.5).mean():.2f}"
    area, errors = auroc(answerable, unanswerable), false_answers(answerable, unanswerable)
    return f"AUROC {area:.3f}  FA@95 {errors:.2f}  {answered}"


def opened(source: Path, place: Path) -> tuple[KnowledgeBase, set[str]]:
    """A folder, indexed, and the paths of its pictures that have text."""
    settings = Settings(kb=str(place))
    ingest(settings, str(source))
    kb = KnowledgeBase(settings)
    return kb, {record.path for record in kb.index.browse(limit=100_000) if record.title or record.text or record.tags}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "sets", nargs="*", type=Path, help="pairs of an evaluation set and the folder that it asks about"
    )
    parser.add_argument("--stamps", type=Path, default=STAMPS, help="the folder of Debian's tuxpaint-stamps-default")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="imagelore-bench-") as place:
        pairs = list(zip(options.sets[::2], options.sets[1::2], strict=True)) or [(SAMPLE_SET, SAMPLES)]
        for number, (path, source) in enumerate(pairs):
            kb, described = opened(source, Path(place) / str(number))
            for part, questions in of_set(path, described).items():
                report(f"{path.stem} {part}".strip(), kb, questions)
        if not options.sets and (photographs := stamps(options.stamps)[PARTS["development"]]):
            kept = [each for each in photographs if LEFT_OUT.isdisjoint(each[0].parts)]
            build(Path(place) / "photos", kept)
            kb, _ = opened(Path(place) / "photos", Path(place) / "stamps")
            left = [each for each in photographs if each not in kept]
            asked = of_stamps(kept, [caption for _, caption in left])
            report("stamps", kb, [*asked, *pieces(kept, "with text"), *pieces(left, "")])


if __name__ == "__main__":
    main()
