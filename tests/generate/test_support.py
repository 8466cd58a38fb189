"""Marking sentences that their citations do not support, and the fact behind a citation."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from typing import Any

import pytest
from eval.support import FILE, PARTS, figures
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.generate import checked, citations, doubts
from imagelore.generate.extractive import Extractive
from imagelore.types import Delta, Described, Hit, Line, PromptSource, Record
from tests.generate import library

BOAT: dict[str, Any] = {
    "title": "Ferry Alma",
    "text": "The ferry Alma has a blue hull and two decks. It was built in Turku in 1962 and carries no cars.",
    "tags": ("ship", "ferry"),
    "fields": {"length_m": 41.5, "home": "Naantali", "country": "Finland", "launched": date(1962, 5, 3), "crew": 6},
}
TUG: dict[str, Any] = {"title": "Tug Bruno", "text": "The tug Bruno has a red hull.", "fields": {"built": 1978}}


def sources(*known: dict[str, Any], pictures: bool = False) -> list[PromptSource]:
    return [
        PromptSource(
            n,
            Hit(Record(id=f"r{n}", source="s", path=f"r{n}.jpg", version="", digest="", **record), "", 1.0, {}),
            b"jpeg" if pictures else None,
        )
        for n, record in enumerate(known, start=1)
    ]


def reasons(answer: str, pictures: bool = True) -> list[str]:
    return [doubt.reason for doubt in doubts(answer, sources(BOAT, TUG, pictures=pictures))]


@pytest.mark.parametrize("all_pictures", [False, True])
@pytest.mark.parametrize(
    ("part", "precision", "recall"), [("development", 0.95, 0.8), ("held out", 0.95, 0.8), ("afterwards", 0.85, 0.6)]
)
def test_most_unsupported_sentences_are_marked_and_hardly_others(
    part: str, precision: float, recall: float, all_pictures: bool
) -> None:
    found = figures(part, all_pictures)
    assert found.precision >= precision
    assert found.recall >= recall


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("It runs at 1450 rpm [1].", ""),
        ("It runs at 1450 rpm and was installed in 2014 [1].", ""),
        ("I could not find the colour red [1].", ""),
        ("It was installed in 2012 [1].", "the sources say 2014, not 2012"),
        ("It runs at 2900 rpm [1].", "the sources say 1,450, not 2900"),
    ],
)
def test_a_number_of_four_digits_need_not_be_a_year(sentence: str, reason: str) -> None:
    pump = {"title": "Pump P-101", "text": "The pump was installed in 2014 and runs at 1,450 rpm."}
    assert [doubt.reason for doubt in doubts(sentence, sources(pump))] == [reason] * bool(reason)


def test_half_of_the_labelled_sentences_are_unsupported() -> None:
    labels = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    assert Counter((label["part"], label["supported"]) for label in labels) == {
        (part, supported): number
        for part, number in zip(PARTS, (25, 25, 20), strict=True)
        for supported in (True, False)
    }
    assert len({label["sentence"] for label in labels}) == len(labels)
    assert len({label["kind"] for label in labels if not label["supported"]}) > 10


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The ferry was built in 1926 [1].", "the sources say 1962 and 3 May 1962, not 1926"),
        ("It was launched on 5 March 1962 [1].", "the sources say 1962 and 3 May 1962, not 5 March 1962"),
        ("It has three decks [1].", "the sources say two, not three"),
        ("The Alma is 415 m long [1].", "the sources say 41.5 m, not 415 m"),
        ("The ferry has a red hull [1].", "the sources say blue, not red"),
        ("It was built in Stockholm [1].", "the sources say Finland, not Stockholm"),
        (
            "The ferry Alma carries cars [1].",
            'the sources say "It was built in Turku in 1962 and carries no cars."',
        ),
        ("The ferry is called Bruno [1].", "Bruno is in source [2], not in the one that is cited"),
    ],
)
def test_a_doubt_says_what_the_sources_say(sentence: str, reason: str) -> None:
    assert reasons(sentence) == [reason]


@pytest.mark.parametrize(
    "answer",
    [
        "The ferry was built in 1962 [1].",
        "It was launched in May 1962, in the 1960s, in the 20th century [1].",
        "It is 41.5 m, that is 4150 cm, long [1].",
        "It is about 40 metres long [1].",
        "The ferry has a crew of six and a dark blue hull [1].",
        "A white gull sits on the red railing [1].",
        "Seven people stand on deck [1].",
        "It does not carry any cars [1].",
        "The two ships were built 16 years apart [1][2].",
        "It may have been built in 1950 [1].",
        "The records do not say that it was built in 1950 [1].",
        "Was it built in 1950 [1]?",
        "It was built in 1950.",
        "Alma was built in Finland, not in Stockholm [1].",
        "Source 1 shows a ferry, and picture 2 a tug [1][2].",
        "Die Fähre wurde 1962 in Turku gebaut [1].",
        "",
        "[1]",
    ],
)
def test_what_is_supported_or_cannot_be_judged_is_not_marked(answer: str) -> None:
    assert reasons(answer) == []


def test_what_only_a_picture_could_tell_needs_a_picture() -> None:
    claim = "A yellow crane stands behind the ferry [1]."
    assert reasons(claim, pictures=True) == []
    assert reasons(claim, pictures=False) == ["the sources do not say yellow"]


def test_a_picture_that_looks_like_one_that_was_sent_counts_as_sent() -> None:
    (source,) = sources(BOAT)
    twin = PromptSource(1, source.hit, None, "the user's")
    assert doubts("A yellow crane stands behind the ferry [1].", [twin]) == ()


@pytest.mark.parametrize("question", ["What is this?", "Where is the lamp?", "Is the tram red?", "How many legs?"])
def test_what_quotes_the_records_is_never_doubted(question: str) -> None:
    for keys in (("lamp", "tram", "stool"), ("windmill", "violin", "tortoise"), ("fish", "notice", "sketch")):
        prompt = library.prompt(question, *keys)
        answer = "".join(event.text for event in Extractive().stream(prompt) if isinstance(event, Delta))
        assert doubts("".join(checked([answer], 3)), prompt.sources) == ()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            ["1962", "1,7", "3.5", " kg", " m", "two", "no ", "blue ", "hull", "in ", "Turku", "[1]", "[2]", "[9]",
             ". ", ", ", "May ", "3rd ", "century", "\n", "%", "€", "½", "١٢", "the ", "is ", "-", "12:30", "()", "不"]
        ),
        max_size=25,
    ).map("".join)
    | st.text(max_size=80)
)  # fmt: skip
def test_whatever_is_answered_can_be_judged(answer: str) -> None:
    text = "".join(checked([answer], 2))
    for doubt in doubts(text, sources(BOAT, TUG)):
        assert doubt.sentence
        assert doubt.reason
        assert "\n" not in doubt.reason


@pytest.mark.parametrize(
    ("sentence", "fact"),
    [
        ("It was built in Turku.", ("text", "It was built in Turku in 1962 and carries no cars.")),
        ("The ship is 41.5 m in length.", ("length_m", "41.5")),
        ("Its home is Naantali.", ("home", "Naantali")),
        ("It is a ferry.", ("tags", "ferry")),
        ("The hull is blue.", ("text", "The ferry Alma has a blue hull and two decks.")),
        ("This was launched on 3 May.", ("launched", "3 May 1962")),
        ("Nothing of the kind.", None),
    ],
)
def test_a_citation_leads_to_the_passage_that_supports_it(sentence: str, fact: tuple[str, str] | None) -> None:
    (source, _) = sources(BOAT, TUG)
    (cited,) = citations(f"{sentence[:-1]} [1].", [source.hit])
    assert cited.fact == fact


def test_the_cameras_clock_is_a_fact_too() -> None:
    record = Record(id="r", source="s", path="r.jpg", version="", digest="", taken_at=datetime(2004, 5, 17, 9, 30))
    (cited,) = citations("Taken at 09:30 [1].", [Hit(record, "", 1.0, {})])
    assert cited.fact == ("taken_at", "2004-05-17 09:30")


PAGE: dict[str, Any] = {
    "title": "Kettle manual",
    "place": "page 3",
    "lines": (
        Line("The kettle holds 2 litres and must be re-", (0.1, 0.1, 0.8, 0.12)),
        Line("placed after 10 years.", (0.1, 0.14, 0.5, 0.16)),
        Line("Made in Turku", (0.1, 0.3, 0.4, 0.32)),
    ),
}
SEEN: dict[str, Any] = {"described": Described("A red kettle on a stove.", (), "see-1")}


def test_what_stands_on_a_page_supports_and_contradicts_as_text_does() -> None:
    source = sources(PAGE)
    assert not doubts("The kettle holds 2 litres [1]. It must be replaced after 10 years [1].", source)
    assert [doubt.reason for doubt in doubts("The kettle holds 3 litres [1].", source)] == [
        "the sources say 2 litres, not 3 litres"
    ]


def test_what_a_model_described_supports_and_contradicts_nothing() -> None:
    assert not doubts("The kettle is red [1].", sources(SEEN))
    assert not doubts("The kettle is green [1].", sources(SEEN, pictures=True))


def test_a_citation_of_a_page_knows_its_lines() -> None:
    hits = [source.hit for source in sources(PAGE, SEEN)]
    first, second = citations("It must be replaced after 10 years [1]. A red kettle is on the stove [2].", hits)
    assert first.fact == ("read", "The kettle holds 2 litres and must be replaced after 10 years.")
    assert first.boxes == tuple(line.box for line in PAGE["lines"][:2])
    assert second.fact == ("described", "A red kettle on a stove.")
    assert second.boxes == ()


def test_a_quotation_of_two_sentences_is_cited_whole_and_marked_from_top_to_bottom() -> None:
    text = "It says: “Made in Turku. The kettle holds 2 litres and must be replaced after 10 years.” [1]"
    (cited,) = citations(text, [source.hit for source in sources(PAGE)])
    assert cited.sentence == text.removesuffix(" [1]")
    assert [top for _, top, _, _ in cited.boxes] == [0.1, 0.14]
    (cited,) = citations("“Made in Turku” [1]. It must be replaced after 10 years [1].", [sources(PAGE)[0].hit])
    assert [top for _, top, _, _ in cited.boxes] == [0.1, 0.14, 0.3]


def test_a_word_that_leads_on_is_no_name() -> None:
    other = {"title": "Note", "text": "Also is a word of this note."}
    found = doubts("Also: the ferry Alma is seen [1].", sources(BOAT, other, pictures=True))
    assert not found


def test_a_citation_that_repeats_the_title_leads_to_what_it_says() -> None:
    (cited,) = citations("“Kettle manual”, page 3, says: “Made in Turku” [1].", [sources(PAGE)[0].hit])
    assert cited.fact == ("read", "Made in Turku")


def test_all_lines_that_are_quoted_are_marked() -> None:
    answer = "It says: “holds 2 litres and must be replaced after 10 years. Made in Turku …” [1]. Nice, “perhaps” [1]."
    (cited,) = citations(answer, [sources(PAGE)[0].hit])
    assert {*cited.boxes} == {line.box for line in PAGE["lines"]}
