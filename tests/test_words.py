"""Words, content words and stems: what joins two forms of a word, and what must not."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.words import content_words, follows, said, singular, stem, stems, words


@pytest.mark.parametrize(
    "forms",
    [
        "windmill windmills", "church churches", "pony ponies", "fly flies flew", "sky skies", "build built building",
        "stop stopped stopping", "make made making", "leaf leaves", "woman women", "restore restored restores",
        "photographs photographed", "bridge bridges", "house houses", "box boxes", "café cafe", "Café CAFÉS",
    ],
)  # fmt: skip
def test_forms_of_a_word_share_their_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("pair", ["plane plan", "pine pin", "organ organise", "news new", "gas ga", "red reed"])
def test_different_words_keep_different_stems(pair: str) -> None:
    first, second = pair.split()
    assert stem(first) != stem(second)


def test_words_of_different_scripts() -> None:
    assert words("Dr. O'Neil's lamp-post weighs 3.5 kg") == ["dr", "o'neil", "lamp", "post", "weighs", "3.5", "kg"]
    assert words("灯台は") == ["灯台", "台は"]
    assert words("маяк p_01.jpg") == ["маяк", "p", "01", "jpg"]


def test_content_words_leave_out_grammar_and_requests() -> None:
    assert content_words("Can you show me a picture of the red boats?") == ["red", "boats"]
    assert stems("Is there a mine?") == ["mine"]


@pytest.mark.parametrize(
    ("plural", "one"),
    [("birds", "bird"), ("cities", "city"), ("boxes", "box"), ("men", "man"), ("bus", "bus"), ("glass", "glass")],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


@given(st.text(max_size=80))
def test_any_text_has_words(text: str) -> None:
    assert all(words(text))
    assert all(isinstance(stem(word), str) for word in words(text))


@pytest.mark.parametrize(
    "question",
    [
        "Where is it?",
        "When was it taken?",
        "When was it built?",
        "Who built it?",
        "and in 1970?",
        "What about the tram?",
        "And the tram?",
        "the second one",
        "Show me the second one",
        "What colour is it?",
        "How tall is it?",
        "Where?",
        "And when?",
        "What is this?",
        "Who is in this picture?",
        "When was the picture taken?",
        "anything else?",
        "Show me more",
        "Any others?",
        "Is it still working?",
        "Who is the man in it?",
        "What is its name?",
        "Are they red?",
        "Which of them are red?",
        "What is the name of it?",
        "How about Leeds?",
        "Tell me more about it.",
        "and who painted it?",
        "Does it still grind corn?",
        "What does he wear?",
        "Is that red?",
        "Where was the photo taken?",
        "When was this picture taken?",
        "Another one",
        "And where was that?",
        "or a red one?",
        "How old is she?",
    ],
)
def test_question_that_leans_on_the_one_before(question: str) -> None:
    assert follows(question)


@pytest.mark.parametrize(
    "question",
    [
        "Where is Chesterton Windmill?",
        "Tell me about Chesterton Windmill",
        "Is there a picture of a man with his dog?",
        "The bridge - where is it?",
        "How many pictures are there?",
        "What pictures do you have?",
        "pictures of streets when it rains",
        "photos of dogs with their owners",
        "Show me birds that fly",
        "Which pictures show a dog that barks?",
        "How many pictures are in this knowledge base?",
        "",
        "windmill",
        "And where is the tram?",
        "When was the mill built?",
        "Hello",
        "What can you do?",
        "What is in this collection?",
        "Find a photo that has a tram",
        "Where is Paris and what is it?",
        "How many birds are there?",
        "Was kostet die Welt?",
        "¿Dónde está el puente?",
        "Do you have dogs with their owners?",
        "?!",
        "who was Napoleon",
        "Show me pictures",
        "Where is the lighthouse?",
        "And how many birds are there?",
    ],
)
def test_question_that_stands_alone(question: str) -> None:
    assert not follows(question)


@given(st.text(max_size=80))
def test_any_text_follows_or_not(text: str) -> None:
    assert follows(text) in (True, False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        (False, "no"),
        (7, "7"),
        (3.0, "3"),
        (0.1, "0.1"),
        (1234567.5, "1234567.5"),
        (date(2004, 5, 17), "17 May 2004"),
        (datetime(2004, 5, 17, 9, 30), "17 May 2004"),
        (("oil", "canvas"), "oil, canvas"),
        ([date(1802, 1, 2), False], "2 January 1802, no"),
        ("a", "a"),
        ("", ""),
    ],
)
def test_value_as_text(value: object, text: str) -> None:
    assert said(value) == text
