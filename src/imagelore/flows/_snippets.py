"""Questions made of a record's own words by rule, as a user might ask who remembers some of them."""

from __future__ import annotations

import random
import re

from imagelore.passages import paragraphs
from imagelore.types import Record
from imagelore.words import content_words, language

_FRAMES = {
    "": (
        "{}", "{}", "{}", "where was {} taken?", "do you have a photo of {}?", "which pictures show {}?",
        "what is known about {}?", "is there {} somewhere?", "who made {}?", "why {}?", "the one with {}",
    ),
    "de": ("{}", "wo ist {}?", "gibt es Bilder mit {}?", "was ist das für {}?", "zeig mir {}"),
    "fr": ("{}", "où est {} ?", "avez-vous une photo avec {} ?", "montre-moi {}", "qui a fait {} ?"),
    "es": ("{}", "¿dónde está {}?", "¿hay fotos con {}?", "muéstrame {}", "¿quién hizo {}?"),
    "zh": ("{}", "{}在哪里？", "有没有{}的照片？", "给我看看{}"),
}  # fmt: skip
_ADDED = (
    "famous", "old", "typical", "small", "large", "beautiful", "real", "modern", "strange", "nice", "special", "called",
    "name", "colour", "kind", "made",
)  # fmt: skip
_MOST = 3  # words that are kept
_ODDS = 0.35  # of a word cut short, and of one more than the record has
_READ = 4  # sentences of the text in a record
_SHORTEST = 4  # characters: page numbers are no sentences
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")


def question(record: Record, chance: random.Random) -> str:
    """A question that the record answers; "" where nothing is said of it and nothing stands in it.

    Verbatim text would be far easier to find than what people ask. So a few content words of the title, a tag or one
    sentence are kept, in another order; one may be cut short (another form of it, a slip), and a word is added that
    the record need not have.
    """
    sentences = [s for s in _SENTENCE.split(record.text) if content_words(s)]
    title = "" if record.place else record.title  # a document's title says nothing of one of its pages
    said = (title, *record.tags[:4], *sentences[:4], *_read(record, chance))
    parts = [part for part in said if content_words(part)]
    if not parts:
        return ""
    kept = list(dict.fromkeys(content_words(chance.choice(parts))))
    kept = chance.sample(kept, min(len(kept), chance.randint(1, _MOST)))
    if chance.random() < _ODDS:
        longest = max(range(len(kept)), key=lambda n: len(kept[n]))
        kept[longest] = kept[longest][: max(3, len(kept[longest]) * 2 // 3)]
    spoken = language(record.words())
    if chance.random() < _ODDS and not spoken:
        kept.insert(chance.randint(0, len(kept)), chance.choice(_ADDED))
    return chance.choice(_FRAMES[spoken]).format(" ".join(kept))


def _read(record: Record, chance: random.Random) -> list[str]:
    """Some sentences of the text that stands in it, from anywhere on the page."""
    found = [s for text in paragraphs(record.lines) for s in _SENTENCE.split(text) if len(s) >= _SHORTEST]
    return chance.sample(found, min(_READ, len(found))) if found else []
