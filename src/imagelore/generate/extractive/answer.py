"""What the extractive generator says to a question: which sentence comes first, and what supports it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from imagelore.generate.extractive import phrases
from imagelore.generate.extractive.direct import BY_KIND, MORE, evidence
from imagelore.generate.extractive.pictures import like_the_picture
from imagelore.generate.extractive.questions import asked, limits, understood
from imagelore.generate.extractive.ranking import Ranker
from imagelore.generate.extractive.reading import Reading, listed
from imagelore.generate.extractive.sentences import clipped, plain
from imagelore.types import Count, Prompt
from imagelore.words import stem, stems, words

_NAMES = 6  # sources that one sentence lists
_DIRECT = 3  # sources that may answer a question directly
_SOURCES = frozenset(stems("page slide sheet part section chapter document file book picture image photo figure one"))
_QUOTES = 2  # sentences quoted to support the direct one


class Answer:
    """The answer to one prompt."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._question = question = understood(asked(prompt))
        naming = {
            stem(w) for s in prompt.sources for name in s.hit.record.fields for w in words(name.replace("_", " "))
        }
        idle = naming | limits(prompt.intent.filter) | {question.noun}
        core = [s for s in question.subject if s not in idle] or question.subject
        self._readings = tuple(Reading(source, question, core) for source in prompt.sources)
        self._fitting = [reading for reading in self._readings if reading.fits]
        self._ranker = Ranker(self._fitting, question.subject)
        self._about = _best_first(reading for reading in self._fitting if reading.is_about)
        self._guesses = [reading for reading in self._fitting if reading.looks_asked_for() and reading.guess()]
        self._subject = frozenset(question.subject)
        self._cited: set[int] = set()

    def sentences(self) -> Iterator[str]:
        """The direct sentence first, then quotes, then what else there is."""
        counts = self._prompt.counts
        if counts and self._question.kind == "how_many":
            yield from self._counted(counts)
        elif not self._fitting:
            yield from self._nothing()
        elif self._prompt.intent.filter and not (self._prompt.intent.text or self._prompt.pictures):
            yield f"{listed(self._fitting[:_NAMES])}."  # nothing but limits was asked for
        elif self._prompt.pictures and (self._prompt.intent.like or self._question.points or not self._about):
            yield from like_the_picture(self._prompt, self._question, self._fitting, self._ranker)
        elif self._question.kind == "written" and (readable := self._readable()):
            yield readable[0].inscription()
            if len(readable) > 1:
                yield phrases.ALSO.format(names=listed(readable[1:_DIRECT]))
        elif not self._about:
            yield from self._beside_the_words()
        elif self._question.kind == "yes_no":
            yield from self._yes_or_no()
        elif self._is_rather_seen():
            yield from self._guessed()
            yield phrases.ALSO.format(names=listed(self._closest[:3]))
        elif self._question.kind == "which" and self._names_suffice:
            yield from self._listed()
        else:
            yield from self._direct()

    @property
    def _best(self) -> list[Reading]:
        return [reading for reading in self._about if reading.coverage == self._about[0].coverage]

    @property
    def _closest(self) -> list[Reading]:
        """The sources to answer one thing from: where none holds the whole question, only the best."""
        first, *rest = self._best
        if first.coverage < 1 and self._question.subject:
            return [first]
        return [first, *(reading for reading in rest if reading.titled == first.titled)]

    @property
    def _names_suffice(self) -> bool:
        """Pictures are shown by their names; of pages one wants to know what they say, unless it is pages one wants."""
        return not self._about[0].record.place or bool(_SOURCES & self._question.asked)

    def _readable(self) -> list[Reading]:
        """The sources that text stands in: those that have most of the question's other words in them or seen there."""
        found = [(-len(self._subject & reading.known), reading.number, reading) for reading in self._fitting]
        most = sorted((share, number, reading) for share, number, reading in found if reading.record.lines)
        return [reading for share, _, reading in most if share == most[0][0]]

    def _is_rather_seen(self) -> bool:
        """A picture looks like what is asked for, while the records only mention it in passing."""
        first = self._about[0]
        listing = self._question.kind in ("which", "other") and not first.titled
        return listing and any(g.number < first.number and g.looks_wholly_asked_for() for g in self._guesses)

    def _guessed(self) -> Iterator[str]:
        whole = bool(self._about) and self._about[0].coverage == 1
        guesses = [g for g in self._guesses if g.looks_wholly_asked_for()] if whole else self._guesses
        yield from (reading.guess() for reading in guesses[:_DIRECT] if reading.number not in self._cited)

    def _direct(self) -> Iterator[str]:
        first = self._closest[0]
        if self._question.kind == "other" and len(self._closest) > _DIRECT and self._names_suffice:
            yield from self._listed()
            return
        if self._question.kind == "other" and first.coverage < 1 and not first.titled:
            yield self._unsaid()  # it is about something else that shares a word: "the capital of Peru"
            return
        direct = BY_KIND.get(self._question.kind, BY_KIND["other"])
        told = [(r, text) for r in self._closest if (text := direct(self._question, r, self._ranker))]
        if not told:
            yield self._unsaid()
            return
        first, text = told[0]
        self._cited.add(first.number)
        partly = self._question.kind == "other" and first.coverage < 1
        yield phrases.PARTLY_CLOSEST.format(quote=text) if partly else text
        yield from self._supported(first, text)
        if first.tells_more():
            first.introduced = True
            yield first.described()
        for reading, more in told[1:_DIRECT]:
            self._cited.add(reading.number)
            yield more
        yield from self._also()

    def _supported(self, reading: Reading, told: str) -> Iterator[str]:
        """Sentences of the same source that tell more of what was asked, and were not told yet."""
        kind, told_of = self._question.kind, {*stems(reading.record.title)}
        most = _QUOTES if kind == "other" else 1
        for sentence in self._ranker.best(reading):
            if sentence.title or clipped(plain(sentence.text)) in told:
                continue
            tells = MORE[kind](sentence) if kind in MORE else bool({*sentence.stems} & self._subject - told_of)
            if not tells or {*sentence.stems} <= {*stems(told)}:  # a heading says no more than the text below it
                continue
            quote = reading.quote(sentence, named=reading.cited in told or reading.name in told)
            told += quote
            yield quote
            most -= 1
            if not most:
                return

    def _also(self) -> Iterator[str]:
        rest = [reading for reading in self._closest if reading.number not in self._cited][:3]
        if rest and self._question.kind != "how_many":
            yield phrases.ALSO.format(names=listed(rest))
        if self._question.kind in ("which", "other"):
            yield from self._guessed()

    def _unsaid(self) -> str:
        reading = self._about[0] if self._about else self._fitting[0]
        self._cited.add(reading.number)
        best = self._ranker.best(reading)
        quote = reading.quote(reading.passage(best[0])) if best else f"{reading.cited}."
        return phrases.UNSAID_CLOSEST.format(what=phrases.UNSAID_WHAT.get(self._question.kind, ""), quote=quote)

    def _yes_or_no(self) -> Iterator[str]:
        full = [reading for reading in self._about if reading.coverage == 1]
        shown = [(reading, *evidence(self._question, reading)) for reading in full]
        for wanted, phrase in (("yes", phrases.YES), ("no", phrases.NO)):
            for reading, verdict, quote in shown:
                if verdict == wanted:
                    self._cited.add(reading.number)
                    yield phrase.format(quote=quote)
                    others = [other for other, same, _ in shown if same == wanted and other is not reading]
                    if others and self._question.exists:
                        yield phrases.ALSO.format(names=listed(others[:_NAMES]))
                    return
        yield from self._undecided([quote for _, _, quote in shown if quote])

    def _undecided(self, quotes: Sequence[str]) -> Iterator[str]:
        zero = next((count for count in self._prompt.counts if not count.number), None)
        guess = next((reading for reading in self._guesses if reading.looks_wholly_asked_for()), None)
        if guess:
            yield phrases.UNSAID_BUT.format(guess=guess.guess())
        elif zero and self._question.exists:
            yield phrases.NO_COUNT.format(count=_counted(zero))
            yield phrases.CLOSEST.format(names=listed(self._about[:3] or self._fitting[:3]))
        elif quotes:
            yield phrases.UNSAID_CLOSEST.format(what="", quote=quotes[0])
        else:
            yield self._unsaid()

    def _listed(self) -> Iterator[str]:
        best = self._best
        if best[0].coverage < 1:
            yield phrases.PARTLY.format(names=listed(best[:_NAMES]))
        else:
            yield listed(best[:_NAMES]) + "."
        self._cited |= {reading.number for reading in best}
        yield from self._supported(best[0], best[0].cited)
        yield from self._also()

    def _counted(self, counts: Sequence[Count]) -> Iterator[str]:
        for count in counts:
            yield _counted(count)
        told = [count for count in counts if count.condition]  # without one, any picture is among them
        among = [r for r in self._readings if any(r.record.id in count.ids for count in told)][:_NAMES]
        if among:
            self._cited |= {reading.number for reading in among}
            all_of_them = len(told) == 1 and told[0].number == len(among)
            yield f"{listed(among)}." if all_of_them else phrases.AMONG.format(names=listed(among))
        for reading in self._best[:1] if self._about and self._question.noun in self._subject else ():
            if direct := BY_KIND["how_many"](self._question, reading, self._ranker):
                yield direct
        yield from self._guessed()

    def _nothing(self) -> Iterator[str]:
        zero = next((count for count in self._prompt.counts if not count.number and self._question.exists), None)
        if zero:
            yield phrases.NO_COUNT.format(count=_counted(zero))
        closest = listed(self._readings[:3])
        if not self._readings:
            if not zero:
                yield phrases.NOTHING if self._prompt.total else phrases.EMPTY
        elif self._prompt.pictures and not self._question.subject:
            yield phrases.NO_PICTURE_CLOSE.format(names=closest)
        else:
            yield (phrases.CLOSEST if zero else phrases.NOTHING_CLOSEST).format(names=closest)

    def _beside_the_words(self) -> Iterator[str]:
        """Something fits by its meaning or its picture, but no record's own words are about the question."""
        kind = self._question.kind
        if not self._question.subject and kind in BY_KIND:
            direct = BY_KIND[kind](self._question, self._fitting[0], self._ranker)
            yield direct or self._unsaid()
        elif kind == "yes_no":
            yield from self._undecided(())
        elif guesses := self._guesses or [r for r in self._fitting if r.may_be_asked_for() and r.guess()]:
            for reading in guesses[:3]:
                yield reading.guess()
        elif kind in ("where", "when", "who", "how_many"):
            yield self._unsaid()
        else:
            partly = any(reading.coverage for reading in self._fitting)
            yield (phrases.PARTLY if partly else phrases.UNWORDED).format(names=listed(self._fitting[:3]))


def _counted(count: Count) -> str:
    if not count.condition:
        phrase = phrases.COUNTED_ONE if count.total == 1 else phrases.COUNTED_ALL
        return phrase.format(total=count.total, things=count.things, thing=count.things.removesuffix("s"))
    match = "matches" if count.number == 1 else "match"
    return phrases.COUNTED.format(
        number=count.number, total=count.total, things=count.things, match=match, condition=plain(count.condition)
    )


def _best_first(readings: Iterable[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda r: (-r.coverage, -r.titled, r.number))
