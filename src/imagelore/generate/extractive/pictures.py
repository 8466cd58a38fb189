"""What the extractive generator says to a question about its picture: what looks like it, and what that says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imagelore.generate.extractive import fields, phrases
from imagelore.generate.extractive.direct import BY_KIND, evidence
from imagelore.generate.extractive.questions import Question
from imagelore.generate.extractive.ranking import Ranker
from imagelore.generate.extractive.reading import Reading, listed
from imagelore.types import Prompt

_MORE = 3  # sources that are named beside those most like the question's pictures


def like_the_picture(prompt: Prompt, question: Question, fitting: Sequence[Reading], ranker: Ranker) -> Iterator[str]:
    """The sources that look like the pictures, and what they say to the question, or that they do not."""
    like = sorted((r for r in fitting if "look" in r.found), key=lambda r: r.found["look"].rank)
    if not like:
        yield phrases.NO_PICTURE_CLOSE.format(names=listed(fitting[:_MORE]))
        return
    most = max(1, len(prompt.pictures))
    first, rest = like[:most], like[most : most + _MORE]
    what = "it" if prompt.intent.like else "yours"
    most_like = phrases.MOST_LIKE if len(first) == 1 else phrases.MOST_LIKE_SEVERAL
    yield most_like.format(what=what, names=listed(first))
    first[0].introduced = len(first) == 1
    told = [text for reading in first if (text := _told(question, reading, ranker))]
    yield from told or _shown(question, first)
    if rest and (prompt.intent.like or not question.points):
        yield phrases.ALSO.format(names=listed(rest))


def _told(question: Question, reading: Reading, ranker: Ranker) -> str:
    """What a source says to a question about the picture that it looks like: "Is this a heron?"."""
    if question.kind == "yes_no":
        shown, quote = evidence(question, reading)
        return {"yes": phrases.YES, "no": phrases.NO}[shown].format(quote=quote) if shown else ""
    if question.kind == "other":
        known = fields.named(question, reading)
        return reading.field(known[:1]) if known else ""
    return BY_KIND[question.kind](question, reading, ranker) if question.kind in BY_KIND else ""


def _shown(question: Question, first: Sequence[Reading]) -> Iterator[str]:
    """What else there is to tell of the sources; to a question for something definite only as the closest."""
    what = phrases.UNSAID_WHAT.get(question.kind, "")
    definite = question.kind not in ("other", "which") and not question.exists
    for reading in first:
        text = next((s for s in reading.sentences if not s.title), None)
        if text:
            quote = reading.quote(text)
            yield phrases.UNSAID_CLOSEST.format(what=what, quote=quote) if definite else quote
        else:
            yield from [phrases.UNSAID.format(what=what)] if definite else []
            yield from filter(None, [reading.guess()])
        definite = False  # it is said once
