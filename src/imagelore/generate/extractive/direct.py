"""The direct sentence for each kind of question, from one source at a time; "" where the source does not hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from imagelore.generate.extractive import fields, phrases
from imagelore.generate.extractive.evidence import Verdict, verdict
from imagelore.generate.extractive.questions import Kind, Question
from imagelore.generate.extractive.ranking import Ranker
from imagelore.generate.extractive.reading import Reading, Sentence
from imagelore.words import NUMBERS, said, stem, stems, words

_SHORTEST_PART = 4  # letters of a compound's last part

Direct = Callable[[Question, Reading, Ranker], str]

_WHO_IS = re.compile(r"who(?:'s| is| was| are| were) (?:the |this |that )?[\w' -]+\??$", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_REASON = re.compile(r"\b(?:because|since|due to|so that|in order to|caused by|after|for fear)\b", re.IGNORECASE)


def where(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A sentence that says it of the whole question, else a field for places, else a sentence with a place."""
    if told := _whole(question, reading, ranker, fields.names_place):
        return told
    if known := fields.named(question, reading) or fields.places(reading.record):
        return _as_field(question, reading, reading.field(known))
    return _first(reading, ranker, fields.names_place) or _first(reading, ranker, fields.holds_place)


def when(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A sentence that says it of the whole question, else a field for times, else a sentence with a date."""
    if known := fields.named(question, reading):
        return reading.field(known[:1])
    if told := _whole(question, reading, ranker, fields.holds_time):
        return told
    if field := fields.time(question, reading):
        return _as_field(question, reading, field)
    return _first(reading, ranker, fields.holds_time)


def who(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A field for people, else a sentence that holds the whole question."""
    if known := fields.named(question, reading) or fields.people(question, reading.record):
        return reading.field(known[:1])
    told = _whole(question, reading, ranker, lambda sentence: bool(sentence.text))
    return told or (other(question, reading, ranker) if _WHO_IS.match(question.text) else "")


def how_many(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A sentence with a number right before the counted noun ("has three legs"), never a title: it states nothing."""
    if reading.coverage < 1 and len(question.subject) > 2:
        return ""
    return _first(reading, ranker, lambda sentence: not sentence.title and _counts(sentence, question.noun))


def measure(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A field that holds the measure, or a sentence with a number that holds the whole question."""
    if known := fields.named(question, reading) or fields.measures(question, reading.record):
        return reading.field(known[:1])
    if told := _whole(question, reading, ranker, lambda sentence: bool(_DIGIT.search(sentence.text))):
        return told
    if told := _row(question, reading, {s for s in question.subject if not fields.is_measure(s)}):
        return told
    wanted = {stem(name) for name in fields.measure_names(question)}
    stated = (s for s in reading.sentences if _DIGIT.search(s.text) and wanted & {*s.stems})
    return next((reading.quote(s) for s in stated if reading.titled), "")


def why(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A sentence that holds the whole question and gives a reason."""
    return _whole(question, reading, ranker, lambda sentence: bool(_REASON.search(sentence.text)))


def other(question: Question, reading: Reading, ranker: Ranker) -> str:
    """A field that the question names, a row that states it, else the sentence that holds most of it."""
    if known := fields.named(question, reading):
        return reading.field(known[:1])
    if stated := _row(question, reading, question.wanted):
        return stated
    best = ranker.best(reading)
    if (reading.opened or (reading.record.place and not best)) and (told := reading.inscription()):
        return told
    if best and best[0].title and len(reading.sentences) > 1:
        return reading.quote(next((s for s in best if not s.title), reading.sentences[1]))
    return reading.quote(best[0]) if best else reading.cited + "."


def written(question: Question, reading: Reading, ranker: Ranker) -> str:  # noqa: ARG001
    """All that it reads."""
    return reading.inscription()


def _row(question: Question, reading: Reading, wanted: Collection[str]) -> str:
    """A row of what it reads that states a number for what is wanted: "Total EUR 110.50".

    Of several ("Article: Tamper; Price: 14") the first of those that hold most of the question.
    """
    rows = [s for s in reading.sentences if s.read and _DIGIT.search(s.text) and {*wanted} <= {*s.stems}]
    if not wanted or not rows:
        return ""
    return reading.quote(max(rows, key=lambda row: len({*row.stems} & {*question.subject})))


MORE: Mapping[Kind, Callable[[Sentence], bool]] = {"where": fields.holds_place, "when": fields.holds_time}
"""What a sentence must hold to support an answer of this kind."""
BY_KIND: Mapping[Kind, Direct] = {
    "where": where,
    "when": when,
    "who": who,
    "how_many": how_many,
    "measure": measure,
    "why": why,
    "written": written,
    "other": other,
}


def evidence(question: Question, reading: Reading) -> tuple[Verdict, str]:
    """What a source shows for a yes/no question, and the quote that shows it."""
    found: dict[Verdict, str] = {}
    for sentence in reading.sentences:
        shown = verdict(question, reading, sentence)
        found.setdefault(shown, reading.quote(sentence))
    if "yes" in found and "no" in found:
        return "", found["no"]
    for shown in ("yes", "no"):
        if shown in found:
            return shown, found[shown]
    return _recorded(question, reading)


def _recorded(question: Question, reading: Reading) -> tuple[Verdict, str]:
    """A tag or a field beside the title: “Violin”, with museum "Brno City Museum"."""
    title = {*stems(reading.record.title)}
    for name, value in reading.record.fields.items():
        text = f"The {name.replace('_', ' ')} {said(value)}."
        stated = Sentence(text, tuple(stems(text)))
        if not isinstance(value, bool) and verdict(question, reading, stated) == "yes":
            return "yes", reading.field([name])
    tags = {s for tag in reading.record.tags for s in stems(tag)}
    if question.exists and question.subject and {*question.subject} <= title | tags and len(question.subject) == 1:
        return "yes", f"{reading.cited}."
    return "", ""


def _whole(question: Question, reading: Reading, ranker: Ranker, fits: Callable[[Sentence], bool]) -> str:
    """A sentence that holds two or more of the question's words, and all of them with the title's."""
    subject, title = {*question.subject}, {*stems(reading.record.title)}
    for sentence in ranker.best(reading):
        held = {*sentence.stems} & subject
        if not sentence.title and fits(sentence) and subject <= held | title and (len(held) > 1 or held - title):
            return reading.quote(sentence)
    return ""


def _first(reading: Reading, ranker: Ranker, fits: Callable[[Sentence], bool]) -> str:
    sentence = next((s for s in ranker.best(reading) if fits(s)), None)
    return reading.quote(sentence) if sentence else ""


def _as_field(question: Question, reading: Reading, field: str) -> str:
    """A field as it is where the question only names the thing; what else it says of it, the field may not mean."""
    record = reading.record
    names = {*stems(record.title), *(s for tag in record.tags for s in stems(tag))}
    values = {s for value in record.fields.values() for s in stems(said(value))}
    if all(s in names | values or any(_is_kind_of(name, s) for name in names) for s in question.subject):
        return field
    return phrases.UNSAID_FIELD.format(field=field)


def _is_kind_of(name: str, thing: str) -> bool:
    """A compound names what its last part names: a windmill is a mill."""
    return len(thing) >= _SHORTEST_PART and name.endswith(re.sub(r"(.)\1$", r"\1", thing))  # stems: "windmil", "mill"


def _counts(sentence: Sentence, noun: str) -> bool:
    tokens = words(sentence.text)
    for n, token in enumerate(tokens):
        if re.fullmatch(r"\d+", token) or stem(token) in NUMBERS:
            after = [stem(t) for t in tokens[n + 1 : n + 4]]
            if noun in after:
                return True
    return False
