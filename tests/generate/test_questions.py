"""The kind of a question, what it is about, and how sentences are told apart."""

from __future__ import annotations

import pytest

from imagelore.generate.extractive.questions import understood
from imagelore.generate.extractive.sentences import plain, sentences


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Where is the bridge?", "where"),
        ("In which town is the bridge?", "where"),
        ("Which museum holds the urn?", "where"),
        ("The bridge - where is it?", "where"),
        ("When was it built?", "when"),
        ("What year is it from?", "when"),
        ("How old is the bridge?", "when"),
        ("How often is the bridge painted?", "when"),
        ("Who built the bridge?", "who"),
        ("By whom was it painted?", "who"),
        ("Which pictures show bridges?", "which"),
        ("Show me bridges", "which"),
        ("photos of bridges", "which"),
        ("What bridges are there?", "which"),
        ("red pictures", "which"),
        ("pictures by Turner", "which"),
        ("How many bridges are there?", "how_many"),
        ("In this town, how many bridges are there?", "how_many"),
        ("Is there a bridge?", "yes_no"),
        ("Does the bridge open?", "yes_no"),
        ("Isn't the bridge open?", "yes_no"),
        ("Can you tell me where the bridge is?", "where"),
        ("Could you please show me bridges", "which"),
        ("Do you know who built it?", "who"),
        ("How tall is the bridge?", "measure"),
        ("Why is the bridge shut?", "why"),
        ("Tell me about the bridge", "other"),
        ("Was kostet die Welt?", "other"),
        ("¿Dónde está el puente?", "other"),
        ("bridge", "other"),
        ("", "other"),
        ("?!", "other"),
    ],
)
def test_kind(question: str, kind: str) -> None:
    assert understood(question).kind == kind


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Where was the old bridge seen?", ("old", "bridg")),
        ("Is there a picture of two bridges?", ("two", "bridg")),
        ("What is this?", ()),
        ("Where was it taken?", ()),
        ("bridge, bridges, Bridge", ("bridg",)),
        ("Is there a picture taken at night?", ("night",)),
        ("Was the town taken by the army?", ("town", "take", "armi")),
    ],
)
def test_subject_is_what_the_question_is_about(question: str, subject: tuple[str, ...]) -> None:
    assert understood(question).subject == subject


def test_counted_noun() -> None:
    assert understood("How many stone arches does the bridge have?").noun == "arch"
    assert understood("How many of the arches are open?").noun == "arch"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Wu met Mrs. Li in St. Louis. They left.", ["Dr. Wu met Mrs. Li in St. Louis.", "They left."]),
        ("It weighs 3.5 kg. It is old.", ["It weighs 3.5 kg.", "It is old."]),
        ("Made in the U.S. by J. S. Bach, e.g. here.", ["Made in the U.S. by J. S. Bach, e.g. here."]),
        ("Built in 1954. It burnt.", ["Built in 1954.", "It burnt."]),
        ("白い。青い！どこ？", ["白い。", "青い！", "どこ？"]),
        ("wrapped\nline. Next\n\nparagraph", ["wrapped line.", "Next", "paragraph"]),
        ("- one\n- two", ["- one", "- two"]),
        ("“Stop.” He did.", ["“Stop.”", "He did."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


def test_long_text_is_read_near_the_wanted_words_only() -> None:
    filler = "Nothing happened on this day. " * 20_000
    found = list(sentences(f"{filler}The anchor was lost. {filler}", {"anchor"}))
    assert "The anchor was lost." in found
    assert len(found) < 1_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [3]", "see (3)"),
        ("[a](b) <i>x</i> `c`", "(a)(b) ‹i›x‹/i› 'c'"),
        ("**bold** and _slant_ and snake_case", r"\*\*bold\*\* and \_slant\_ and snake_case"),
        ("# heading\n> quote", r"\# heading › quote"),
        ("1. item", r"\1. item"),
        ("5 - 3", "5 - 3"),
        ("a\x00b\u202ec", "a b c"),
    ],
)
def test_record_text_is_made_plain(text: str, expected: str) -> None:
    assert plain(text) == expected
