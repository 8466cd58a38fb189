"""The passages of a record, and the one that a sentence rests on most."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from imagelore.generate.extractive.sentences import described, read, sentences
from imagelore.types import Record
from imagelore.words import said, stems, words

_SIGN = 2.0  # what a number or a name counts, against 1 of another word
_CLIP = 400  # characters


def passages(record: Record, wanted: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """What a record says, as (field, passage): its title, each sentence of its text and of what it reads, tags, fields.

    Of a very long text the sentences near the stems in `wanted`. What a model said is none of these: it is a guess.
    """
    if record.title:
        yield "title", record.title
    for sentence in sentences(record.text, wanted):
        yield "text", sentence
    for passage in read(record, wanted):
        yield "read", passage
    for tag in record.tags:
        yield "tags", tag
    if record.taken_at:
        yield "taken_at", record.taken_at.isoformat(" ", "minutes")
    for name, value in record.fields.items():
        for each in value if isinstance(value, tuple) else (value,):
            yield name, said(each)


def fact(sentence: str, record: Record) -> tuple[str, str] | None:
    """The field and its passage that share most words with a sentence, numbers and names twice; None: none does.

    Words that only name the source count where no others are shared. Of several that share as much it is the shortest:
    that which says little else.
    """
    return _fact(_signs(_beside_the_name(sentence, record)), record) or _fact(_signs(sentence), record)


def _fact(wanted: Mapping[str, float], record: Record) -> tuple[str, str] | None:
    best: tuple[float, int, tuple[str, str]] | None = None
    guessed = (("described", sentence) for sentence in sentences(described(record.described), wanted))
    for name, passage in (*passages(record, wanted), *guessed, ("path", record.path)):
        held = _signs(passage)
        field = {*stems(re.sub(r"[\W_]+", " ", name))} if name in record.fields else set()
        score = sum(weight for sign, weight in wanted.items() if sign in held)
        score += sum(0.5 for sign in wanted if sign in field) if score else 0.0
        if score and (best is None or (score, -len(passage)) > best[:2]):
            best = (score, -len(passage), (name, passage[:_CLIP]))
    return best[2] if best else None


def _beside_the_name(sentence: str, record: Record) -> str:
    """A sentence without the title, the file and the place of what it is about."""
    for name in filter(None, (record.title, record.path.rsplit("/", 1)[-1], record.place)):
        sentence = re.sub(re.escape(name), " ", sentence, count=1, flags=re.IGNORECASE)
    return sentence


def _signs(text: str) -> dict[str, float]:
    """The stems of a text with their weights."""
    names = {word for name in re.findall(r"(?<=[\w,;:(] )[A-ZÀ-Þ][\w'’-]+", text) for word in words(name)}
    strong = {*stems(" ".join(names))}
    return {sign: _SIGN if sign in strong or any(map(str.isdigit, sign)) else 1.0 for sign in stems(text)}
