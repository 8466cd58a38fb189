"""Scripted dialogues on the samples; those of eval/dialogues.jsonl were written before the rules."""

from __future__ import annotations

import pytest

from imagelore import KnowledgeBase, Settings
from imagelore.flows.chat import turn
from imagelore.types import Done, Retrieved, Turn
from tests.flows.dialogues import Dialogue, dialogues, play, wrong

SCRIPTED = [*dialogues("dialogues.jsonl"), *dialogues("dialogues_more.jsonl")]
BEFORE = ["birds", "Where is Chesterton Windmill?", "photographs of monuments"]
ALONE = """
    Where is the lighthouse?
    Who was the first woman to pilot a space shuttle?
    the first man on the moon
    The second world war
    number 10 Downing Street
    tram number 7
    the last train to Leeds
    something red
    a red one-horse carriage
    one red apple
    two birds on a branch
    at night
    by the sea
    photos of my dog
    my cat in the garden
    How many of my photos show horses?
    Which of the planets has rings?
    birds that look like parrots
    animals like bears
    a spider in its web
    people who look at their phones
    What does a pika eat?
    Who painted the café at night?
    more than one bird in a picture
    another planet earth
    a woman and her child
    What is the tallest tower?
    the oldest photograph of a river
    pictures taken in France
    the same church in winter and summer
    same day delivery van
    Where was the photo of the hens taken?
    the picture of Dorian Gray
    ok. now show me the hedgehog
    Now show me the bicycle
    Thanks! Do you have a kangaroo with its young?
    No smoking sign
    other planets
    What else do you know about the Inca?
    When was the previous emperor crowned?
    when is the next meeting of the works council
    the next generation
    The other side of the moon
    the former president
    a bear and its cubs in their den
    Then and now photographs of Berlin
    Then there is the crab
    So many birds
    actually a picture of a cat
    the third planet from the sun
    images from 12 cities
    image of a church
    Who enlarged plants like that in the twenties?
    Does the tram have number 7?
    And where is the tram?
    Was ist das?
    ¿Qué es esto?
    C'est quoi?
    No hay pájaros
    そのほかの写真
    """


@pytest.fixture(scope="module")
def kb(samples: Settings) -> KnowledgeBase:
    """The samples, opened."""
    return KnowledgeBase(samples)


def test_there_are_forty_and_more() -> None:
    assert len(SCRIPTED) == len({dialogue.id for dialogue in SCRIPTED}) >= 40


@pytest.mark.parametrize("dialogue", SCRIPTED, ids=lambda dialogue: dialogue.id)
def test_a_dialogue_goes_as_it_should(kb: KnowledgeBase, dialogue: Dialogue) -> None:
    for asked, found, _ in play(kb, dialogue):
        assert not wrong(kb, asked, found), asked["question"]


def remembered(kb: KnowledgeBase, question: str) -> Turn:
    found, *_, done = kb.chat(question)
    assert isinstance(found, Retrieved)
    assert isinstance(done, Done)
    return turn(question, done.answer, found)


@pytest.mark.parametrize("before", BEFORE)
def test_a_question_that_stands_alone_is_searched_as_it_is(kb: KnowledgeBase, before: str) -> None:
    history = [remembered(kb, before)]
    questions = [line.strip() for line in ALONE.splitlines() if line.strip()]
    assert len(questions) >= 60
    for question in questions:
        found, *_ = kb.chat(question, history=history)
        assert isinstance(found, Retrieved)
        assert (found.intent.text, found.intent.how) == (question, "alone")
        assert (found.intent.only, found.intent.like, found.intent.filter) == ((), (), None)


def test_with_earlier_turns_the_same_is_found_as_without(kb: KnowledgeBase) -> None:
    history = [remembered(kb, before) for before in BEFORE]
    for question in ("three narwhals in the sea", "How many birds are there?", "Who painted the café at night?"):
        (first, *_), (again, *_) = kb.chat(question), kb.chat(question, history=history)
        assert isinstance(first, Retrieved)
        assert first == again
