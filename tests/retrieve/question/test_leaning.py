"""Which questions cannot be understood without the one before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.retrieve.question._leaning import leans


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
    assert leans(question)


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
    assert not leans(question)


@given(st.text(max_size=80))
def test_any_text_leans_or_not(text: str) -> None:
    assert leans(text) in (True, False)
