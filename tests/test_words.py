"""Words, content words and stems: what joins two forms of a word, and what must not."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.words import COLOURS, colours_in, content_words, said, singular, stem, stems, words


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


_COLOURED = [
    "red",
    "Reds",
    "ORANGES",
    "beige",
    "grey",
    "gray's",
    "greened",
    "yellowing",
    "purple",
    "turquoise",
    "golden",
]


@given(
    st.lists(st.sampled_from([*_COLOURED, "goldfish", "reduced", "evergreen"]), max_size=6),
    st.sampled_from([", ", "_"]),
)
def test_colours_in_a_text_are_those_among_its_stems(named: list[str], between: str) -> None:
    text = between.join(named)
    assert colours_in(text) == COLOURS & {*stems(text)}
