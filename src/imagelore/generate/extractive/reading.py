"""A source as it is read for one question: its own words, its sentences, and how much of the question they hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from imagelore.generate.extractive import phrases
from imagelore.generate.extractive.questions import Question
from imagelore.generate.extractive.sentences import clipped, described, plain, read, sentences
from imagelore.passages import BETWEEN, paragraphs
from imagelore.types import PromptSource
from imagelore.words import COLOURS, said, singular, stem, stems, words

_ENOUGH = 0.5  # of the subject's words: a record that holds fewer is not about the question
_CLOSE = 3  # ranks of the picture ranking that are worth a guess
_A_SENTENCE = 8  # words: shorter lines of a page are headings and page numbers
_ENDING = ".!?…。！？"
_PAGE_NUMBER = re.compile(r"\W*\d{1,4}\W*")
_FROM_PROBABILITY = 0.25  # a class that is less probable is not worth telling unasked


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a source, or its title; `read`: it stands in the picture or on the page itself."""

    text: str
    stems: tuple[str, ...]
    title: bool = False
    read: bool = False


class Reading:
    """One source, read for one question."""

    def __init__(self, source: PromptSource, question: Question, core: Sequence[str]) -> None:
        """`core`: the subject without words that only name a field ("material" in "what material is the vase?")."""
        self.number = source.number
        self.record = source.hit.record
        self.fits = source.hit.fits
        self.found = source.hit.found
        self._question = question
        self._core = frozenset(core)
        self.introduced = False  # the sentence before is about it: "it" will do

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """The title, the text's sentences, and those that it reads, in order."""
        wanted = self._question.subject
        told = [Sentence(text, tuple(stems(text))) for text in sentences(self.record.text, wanted)]
        title = [Sentence(self.record.title, tuple(stems(self.record.title)), True)] if self.record.title else []
        lines = [text for text in read(self.record, wanted) if not _PAGE_NUMBER.fullmatch(text)]
        inside = [Sentence(text, tuple(stems(text)), read=True) for text in lines]
        return (*title, *told, *inside)

    @cached_property
    def own(self) -> frozenset[str]:
        """The stems of the record's own words: title, text, what it reads, tags, fields, file name, place."""
        record = self.record
        loose = [
            *record.tags,
            record.place,
            record.path.rsplit("/", 1)[-1],
            *record.fields,
            *map(said, record.fields.values()),
        ]
        found = {s for sentence in self.sentences for s in sentence.stems}
        return frozenset(found | {stem(word) for text in loose for word in words(text.replace("_", " "))})

    @cached_property
    def known(self) -> frozenset[str]:
        """The stems of all that is known of it: its own words, what was seen, what a model said."""
        return self.own | {*stems(self.record.seen.words())} | self._said_of_it

    @cached_property
    def coverage(self) -> float:
        """The share of the question's subject that the record's own words hold, 0 to 1."""
        return len(self.own & self._core) / len(self._core) if self._core else 0.0

    @cached_property
    def titled(self) -> int:
        """How many of the subject's words the title or the tags hold."""
        return len({s for text in (self.record.title, *self.record.tags) for s in stems(text)} & self._core)

    @property
    def is_about(self) -> bool:
        """Whether a direct answer may be taken from it."""
        return self.fits and self.coverage >= _ENOUGH

    @property
    def bare(self) -> bool:
        """Without a word of its own: only its picture tells."""
        return not self.record.title and not self.record.text.strip() and not self.record.lines

    @property
    def name(self) -> str:
        """Its title in quotation marks, or what to call it without one; of a part of a document also its place."""
        record = self.record
        whole = phrases.TITLED.format(title=clipped(plain(record.title))) if record.title.strip() else ""
        if record.place:
            whole = whole or phrases.DOCUMENT.format(file=plain(record.path.rsplit("/", 1)[-1]))
            return phrases.PLACED.format(whole=whole, place=plain(record.place))
        return whole or phrases.UNTITLED.format(file=plain(record.name))

    @property
    def cited(self) -> str:
        """Its name with its number."""
        return f"{self.name} [{self.number}]"

    def quote(self, sentence: Sentence, named: bool = False) -> str:
        """A sentence, quoted and cited, with the title before it where the sentence alone does not say of what.

        `named`: the answer has named this source already.
        """
        if sentence.title:
            return f"{self.cited}."
        text = clipped(plain(sentence.text))
        phrase, known = phrases.QUOTED, named or self.introduced
        if sentence.read and self.is_picture:
            phrase = phrases.READ_IT if known else phrases.READ_IN
        elif sentence.read and not known:
            phrase = phrases.READ_ON
        elif self.record.title.strip() and not known and not {*sentence.stems} & {*stems(self.record.title)}:
            phrase = phrases.QUOTED_FROM
        return phrase.format(name=self.name, sentence=text, n=self.number, end="" if text[-1:] in _ENDING else ".")

    def passage(self, sentence: Sentence) -> Sentence:
        """What to quote of a page where a sentence only comes close: what stands below a heading, or the next one too.

        What a page says of a thing often stands in the sentence behind the one that names it.
        """
        at = self.sentences.index(sentence) + 1
        if not sentence.read or self.is_picture or at == len(self.sentences):
            return sentence
        following = self.sentences[at]
        if sentence.text[-1] not in _ENDING:
            is_heading = len(words(sentence.text)) < _A_SENTENCE and not re.search(r"\d", sentence.text)
            return following if is_heading else sentence
        text = f"{sentence.text} {following.text}"
        is_said = following.text[-1] in _ENDING and text == clipped(text)
        return Sentence(text, sentence.stems + following.stems, read=True) if is_said else sentence

    @property
    def is_picture(self) -> bool:
        """A picture, also one in a document; not a page."""
        return not self.record.place or ", picture " in self.record.place

    def inscription(self) -> str:
        """All that it reads, quoted from its beginning, of a page from its first sentence; "" where nothing does."""
        parts = paragraphs(self.record.lines)
        start = next((n for n, text in enumerate(parts) if len(words(text)) >= _A_SENTENCE), 0)
        text = BETWEEN.join(parts if self.is_picture else parts[start:])
        return self.quote(Sentence(text, (), read=True)) if text else ""

    @property
    def opened(self) -> bool:
        """Whether the question only names where it is: "what is on page 3 of the manual?"."""
        record = self.record
        file = re.sub(r"[\W_]+", " ", record.path.rsplit("/", 1)[-1])
        return bool(record.place) and {*self._question.subject} <= {*stems(f"{record.title} {file} {record.place}")}

    def described(self) -> str:
        """What a model said of it, as the model's: the sentence with most of the question's words; "" where none is."""
        said, subject = self.record.described, {*self._question.subject}
        told = [(len(subject & {*stems(text)}), text) for text in sentences(described(said), self._question.subject)]
        if not told:
            return ""
        text = clipped(plain(max(told, key=lambda entry: entry[0])[1]))
        model = plain(said.model) or phrases.A_MODEL
        name = "it" if self.introduced else self.name
        return phrases.DESCRIBED.format(model=model, name=name, sentence=text, n=self.number)

    def field(self, names: Sequence[str]) -> str:
        """Fields as a sentence: "Place: Leeds (“Title”) [1]."."""
        values = ", ".join(clipped(plain(said(self.record.fields[name]))) for name in names)
        return self.stated(plain(names[0].replace("_", " ")).capitalize(), values)

    def stated(self, label: str, value: str) -> str:
        """A value under a label, cited."""
        if self.introduced:
            return phrases.FIELD_OF_IT.format(label=label, value=value, n=self.number)
        return phrases.FIELD.format(label=label, value=value, name=self.name, n=self.number)

    def guess(self) -> str:
        """What a model takes the picture for: its description, or the classes and colours asked for.

        Of a picture that has no word of the question otherwise, the most probable class.
        """
        seen, subject = self.record.seen, {*self._question.subject}
        classes = [name for name, _ in seen.classes if {*stems(name)} & subject]
        colours = [name for name in seen.colours if {*stems(name)} & subject]
        unknown = not classes and not colours and not subject & self.own
        if told := self.described() if unknown or subject & self._said_of_it else "":
            return told
        if unknown:
            classes = [name for name, probability in seen.classes[:1] if probability >= _FROM_PROBABILITY]
        name = "it" if self.introduced else self.name
        if classes:
            told = " or ".join(_with_article(plain(name)) for name in classes[:2])
            return phrases.LOOKS_LIKE.format(name=name, classes=told, n=self.number)
        if colours:
            return phrases.LOOKS_COLOURED.format(name=name, colours=" and ".join(colours), n=self.number)
        return ""

    @cached_property
    def _said_of_it(self) -> frozenset[str]:
        """The stems of what a model said."""
        return frozenset(stems(described(self.record.described)))

    def looks_asked_for(self) -> bool:
        """Whether what was seen or described, and none of the record's own words, is what the question is about."""
        subject = {*self._question.subject}
        seen = self.record.seen
        if not self.fits or subject & self.own:
            return False
        if things := subject - COLOURS:
            return bool(things & {*self._said_of_it, *(s for name, _ in seen.classes for s in stems(name))})
        return bool(subject & {*self._said_of_it, *(s for name in seen.colours for s in stems(name))})

    def looks_wholly_asked_for(self) -> bool:
        """Whether all that the question is about was seen in the picture, or described."""
        return self.looks_asked_for() and {*self._question.subject} <= {
            *stems(self.record.seen.words()),
            *self._said_of_it,
        }

    def tells_more(self) -> bool:
        """Whether a model said what the question asks and the record's own words do not."""
        return bool(({*self._question.subject} - self.own) & self._said_of_it)

    def may_be_asked_for(self) -> bool:
        """Whether it has no words of its own, and its picture is among the closest to the question's words."""
        return self.fits and self.bare and "image" in self.found and self.found["image"].rank <= _CLOSE


def listed(readings: Sequence[Reading]) -> str:
    """Names with their numbers: “A” [1], “B” [2] and “C” [3]."""
    if not readings:
        return ""
    *most, last = [reading.cited for reading in readings]
    return f"{', '.join(most)} and {last}" if most else last


def _with_article(name: str) -> str:
    noun = name.partition(" of ")[0].rpartition(" ")[2]
    if singular(noun) != noun:
        return name  # "scales", but "a pair of scales"
    return f"{'an' if name[:1].casefold() in 'aeiou' else 'a'} {name}"
