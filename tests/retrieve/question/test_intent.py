"""What a question means in its conversation, by the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.retrieve.question.intent import is_exact, is_limited, understood
from imagelore.types import AllOf, Attached, Compare, FieldType, Hit, Intent, Mentions, Missing, Not, Record, Seen, Turn
from tests.retrieve.question.memory import Memory

FIELDS: dict[str, FieldType] = {"place": "text", "category": "text", "year": "integer"}


def record(n: int, title: str, tags: str = "", colours: str = "", **fields: str | int) -> Record:
    seen = Seen((), tuple(colours.split()))
    return Record(f"r{n}", "s", f"{n}.jpg", "1", "1", title, tags=tuple(tags.split()), seen=seen, fields=fields)


RECORDS = [
    record(1, "Kingfisher", "bird branch", "blue orange", place="Leeds", year=1990),
    record(2, "Robin in the snow", "bird snow", "red white", place="York", year=1965),
    record(3, "Wren", "bird", "brown", place="Leeds", year=1950),
    record(4, "A red boat", "boat", "red", place="Hull", category="ships", year=1971),
    record(5, "", "", "grey"),
]
KB = Memory(RECORDS, FIELDS)
HITS = tuple(Hit(r, r.path, 1.0, {}) for r in RECORDS)
FIRST, SECOND, THIRD, BOAT, _ = (r.id for r in RECORDS)
MINE = Attached(Path("mine.jpg"), "perhaps a bird")


def past(question: str, *numbers: int, cited: Sequence[int] = (), **more: object) -> Turn:
    hits = tuple(HITS[number - 1] for number in numbers)
    return replace(Turn(question, "…", hits, tuple(cited), (), Intent(question)), **more)  # type: ignore[arg-type]


BIRDS = past("Show me birds", 1, 2, 3, cited=(1, 2, 3))
MILL = past("Where is the mill?", 4, 1, cited=(1,))
PHOTO = past("what is this?", 2, 1, cited=(1,), pictures=(MINE,))


def ask(question: str, *history: Turn, pictures: bool = False) -> Intent:
    return understood(question, pictures, history, KB)


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("where was the second one taken?", [SECOND]),
        ("and the third?", [THIRD]),
        ("the last", [THIRD]),
        ("tell me about number 2", [SECOND]),
        ("what is [3]?", [THIRD]),
        ("[1] and [3]", [FIRST, THIRD]),
        ("compare the first two", [FIRST, SECOND]),
        ("is the 2nd older than the 3rd?", [SECOND, THIRD]),
        ("the second bird", [SECOND]),
        ("the red one", [SECOND]),
        ("where is the blue one?", [FIRST]),
        ("the one from York", [SECOND]),
        ("the ones from Leeds", [FIRST, THIRD]),
        ("the one in the snow", [SECOND]),
        ("the one before 1960", [THIRD]),
        ("which of them are in Leeds?", [FIRST, THIRD]),
        ("which one is the oldest?", [THIRD]),
        ("the newest one", [FIRST]),
        ("the wren", [THIRD]),
        ("only the red ones", [SECOND]),
        ("that one", [FIRST]),
        ("where was it taken?", [FIRST]),
        ("who took this picture?", [FIRST]),
        ("are they rare?", [FIRST, SECOND, THIRD]),
        ("no, the third one", [THIRD]),
        ("no, I meant the red one", [SECOND]),
        ("not the blue one, the brown one", [THIRD]),
        ("back to the robin", [SECOND]),
    ],
)
def test_a_question_about_pictures_that_were_shown(question: str, ids: list[str]) -> None:
    intent = ask(question, BIRDS)
    assert list(intent.only) == ids
    assert intent.how == "rules"
    assert intent.said.startswith("about ")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("where was the second one taken?", "where was “Robin in the snow” taken?"),
        ("what are its colours?", "what are “Kingfisher”'s colours?"),
        ("Where is it?", "Where is “Kingfisher”?"),
        ("where?", "where “Kingfisher”?"),
    ],
)
def test_a_pointing_question_names_what_it_points_at(question: str, text: str) -> None:
    assert ask(question, BIRDS).text == text


def test_the_list_stays_after_a_question_about_one_of_it() -> None:
    about = past("the second one", 2, cited=(1,), intent=Intent("“Robin in the snow”", only=(SECOND,), how="rules"))
    assert ask("and the third?", BIRDS, about).only == (THIRD,)
    assert ask("the next one", BIRDS, about).only == (THIRD,)
    assert ask("the previous one", BIRDS, about).only == (FIRST,)
    assert ask("where is it?", BIRDS, about).only == (SECOND,)
    asked = past(
        "where is the second one?", 2, cited=(1,), intent=Intent("where is “Robin in the snow”?", only=(SECOND,))
    )
    assert ask("and the third?", BIRDS, asked).text == "where is “Wren”?"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("the ninth one", "there is no “the ninth one”: the last answer showed 3 pictures"),
        ("what about number 12?", "there is no “number 12”: the last answer showed 3 pictures"),
        (
            "like my picture",
            "no picture was sent with an earlier question, so there is nothing that “my picture” could be",
        ),
        ("the other one", "I could not tell what “the other one” points at"),
        ("where is the former?", "I could not tell what “the former” points at"),
    ],
)
def test_what_was_never_shown_is_said_and_searched_as_written(question: str, said: str) -> None:
    intent = ask(question, BIRDS)
    assert intent == Intent(question, how="as written", said=f"searched as written: {said}")


def test_the_first_question_points_at_nothing() -> None:
    assert ask("the second one").how == "as written"
    assert "no pictures were shown before" in ask("the second one").said
    assert ask("something like my photo").how == "as written"
    assert ask("where is it?") == Intent("where is it?")


@pytest.mark.parametrize(
    ("question", "like", "text"),
    [
        ("more like the second", (SECOND,), "bird snow"),
        ("more like it", (FIRST,), "bird branch"),
        ("others like these", (FIRST, SECOND, THIRD), "bird branch snow"),
        ("something similar", (FIRST,), "bird branch"),
        ("like the third but in red", (THIRD,), "red"),
    ],
)
def test_more_like_a_picture_that_was_shown(question: str, like: tuple[str, ...], text: str) -> None:
    intent = ask(question, BIRDS)
    assert (intent.like, intent.without, intent.text) == (like, like, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("the same but in red", "red"),
        ("the same in winter", "winter"),
        ("like my picture but at night", "night"),
        ("more like this", ""),
        ("what is in my photo?", "what is in my photo"),
        ("find something like the photo I sent", ""),
    ],
)
def test_the_users_own_picture_is_part_of_the_question_again(question: str, text: str) -> None:
    intent = ask(question, PHOTO)
    assert (intent.recalled, intent.only) == ((MINE,), ())
    assert intent.text == text
    assert "the picture you showed before (perhaps a bird)" in intent.said


def test_the_first_of_several_pictures() -> None:
    other = Attached(Path("other.jpg"))
    later = replace(PHOTO, pictures=(other,))
    assert ask("like my first picture", PHOTO, BIRDS, later).recalled == (MINE,)
    assert ask("like my picture", PHOTO, BIRDS, later).recalled == (other,)
    assert ask("like my third picture", PHOTO, later).how == "as written"


BEFORE_1970 = Compare("year", "<", 1970)
LEEDS = Compare("place", "=", "Leeds")


@pytest.mark.parametrize(
    ("question", "filter"),
    [
        ("and before 1970?", BEFORE_1970),
        ("only the ones in Leeds", LEEDS),
        ("before 1970", BEFORE_1970),
        ("what about 1965?", Compare("year", "=", 1965)),
        ("and with category ships?", Compare("category", "=", "ships")),
        ("and with category trams?", Compare("category", "=", "trams")),
        ("and in Leeds before 1970?", AllOf((BEFORE_1970, LEEDS))),
        ("and without snow?", Not(Mentions("snow"))),
    ],
)
def test_a_limit_narrows_the_search_before(question: str, filter: object) -> None:
    intent = ask(question, BIRDS)
    assert (intent.text, intent.filter, intent.how) == ("Show me birds", filter, "rules")


def test_a_limit_takes_the_place_of_the_one_on_its_field_and_joins_the_others() -> None:
    limited = past("and in Leeds?", 1, 3, intent=Intent("birds", filter=AllOf((LEEDS, BEFORE_1970)), how="rules"))
    york = Compare("place", "=", "York")
    assert ask("and in York?", BIRDS, limited).filter == AllOf((BEFORE_1970, york))
    assert ask("show me others", BIRDS, limited).filter == AllOf((LEEDS, BEFORE_1970))
    dated = past("birds in Leeds before 1970", 1, 3)
    assert ask("and after 1970?", dated).text == "birds in Leeds"
    assert ask("and in York?", dated).text == "birds before 1970"


def test_what_no_field_holds_is_searched_for() -> None:
    assert ask("and in winter?", BIRDS) == Intent(
        "Show me birds in winter", how="rules", said="“Show me birds in winter” again"
    )
    assert ask("or a green one?", past("red doors", 1)).text == "green doors"


@pytest.mark.parametrize(
    ("question", "before", "text"),
    [
        ("and the boat?", MILL, "Where is the boat?"),
        ("no, I meant the lighthouse", MILL, "Where is the lighthouse?"),
        ("what about horses?", BIRDS, "Show me horses"),
        ("and horses?", past("How many birds are there?", 1), "How many horses are there?"),
        ("and before 1970?", past("How many birds are there?", 1), "How many birds are there before 1970?"),
    ],
)
def test_the_same_is_asked_of_another_thing(question: str, before: Turn, text: str) -> None:
    intent = ask(question, before)
    assert (intent.text, intent.only, intent.filter, intent.how) == (text, (), None, "rules")


def test_others_leave_out_what_was_shown() -> None:
    intent = ask("show me others", BIRDS)
    assert (intent.text, intent.without) == ("Show me birds", (FIRST, SECOND, THIRD))
    again = past("show me others", 4, intent=intent)
    assert ask("more", BIRDS, again).without == (FIRST, SECOND, THIRD, BOAT)
    assert ask("not that one", BIRDS).without == (FIRST,)
    assert ask("not the second one", BIRDS).without == (SECOND,)


@pytest.mark.parametrize(
    ("question", "before", "text"),
    [
        ("how many are there?", BIRDS, "how many birds are there"),
        ("and how many in Leeds?", BIRDS, "how many birds in leeds"),
        ("how many of them are red?", BIRDS, "how many birds are red"),
        ("how many of those before 1970", past("How many birds are there?", 1), "how many birds before 1970"),
        ("how many of them are boats?", past("how many pictures do you have?", 1), "how many pictures are boats"),
    ],
)
def test_what_was_searched_for_is_counted(question: str, before: Turn, text: str) -> None:
    assert ask(question, before) == Intent(text, how="rules", said=f"read as “{text}”")


def test_a_count_is_not_of_one_picture_nor_of_others() -> None:
    one = past("the second one", 2, intent=Intent("“Robin in the snow”", only=(SECOND,), how="rules"))
    assert ask("how many are there?", BIRDS, one).text == "how many are there?"
    assert ask("how many of my photos show boats?", BIRDS) == Intent("how many of my photos show boats?")


@pytest.mark.parametrize(
    "question", ["thanks!", "Thank you very much.", "ok cool", "hi there", "danke", "no thats wrong", "nice"]
)
def test_what_asks_for_no_picture_has_its_reply_and_leaves_the_conversation_as_it_was(question: str) -> None:
    intent = ask(question, BIRDS)
    assert (intent.text, intent.filter, intent.only, intent.how) == ("", None, (), "rules")
    assert intent.reply
    reply = Turn(question, intent.reply, intent=intent)
    for later in ("where was it taken?", "the second one", "and before 1970?", "show me others"):
        assert ask(later, BIRDS, reply) == ask(later, BIRDS)


def test_what_the_knowledge_base_holds_is_told() -> None:
    assert ask("what can you do?").reply.startswith("There are 5 pictures here, most often tagged bird, ")
    assert ask("which pictures do you have?", BIRDS).reply == ask("help").reply


@pytest.mark.parametrize(
    "question", ["nice", "cool cats", "thanks giving dinner", "hi-fi", "no", "what is a library", "sort"]
)
def test_what_may_be_a_subject_is_searched_for(question: str) -> None:
    assert ask(question) == Intent(question)


def test_nothing_but_years_is_a_filter() -> None:
    for history in ([], [BIRDS]):
        assert ask("photos taken before 1970", *history).filter == BEFORE_1970
        assert ask("photos taken before 1970", *history).text == ""
    assert ask("boats before 1970") == Intent("boats before 1970")
    assert ask("who was king before 1970?") == Intent("who was king before 1970?")
    years = past("photos before 1970", 2, 3, intent=ask("photos taken before 1970"))
    assert ask("and after 1970?", years).filter == Compare("year", ">", 1970)
    assert ask("only birds", years).filter == AllOf((BEFORE_1970, Compare("tags", "=", "bird")))


def test_the_value_that_the_picture_last_spoken_of_has() -> None:
    people = [replace(hit, record=replace(hit.record, fields={"photographer": "Ann"})) for hit in HITS]
    index, turns = Memory([hit.record for hit in people], {"photographer": "text"}), [replace(BIRDS, hits=(*people,))]
    by_ann = Compare("photographer", "=", "Ann")
    for question in ("more by her", "others by the same photographer", "by the same person"):
        intent = understood(question, False, turns, index)
        assert (intent.filter, intent.without) == (by_ann, (FIRST,))
    assert understood("not by her", False, turns, index).filter == Not(by_ann)


@pytest.mark.parametrize(
    ("question", "filter"),
    [
        ("without snow", Not(Mentions("snow"))),
        ("except boats", Not(Mentions("boat"))),
        ("the ones without snow", Not(Mentions("snow"))),
        ("no snow", Not(Mentions("snow"))),
        ("not in Leeds", Not(LEEDS)),
        ("only the ones with a year", Not(Missing("year"))),
    ],
)
def test_what_is_not_wanted_is_taken_off(question: str, filter: object) -> None:
    assert ask(question, BIRDS).filter == filter


@pytest.mark.parametrize(
    ("question", "only"),
    [
        ("the robin you mentioned, where is it", (SECOND,)),
        ("where is the one you showed me?", (FIRST,)),
        ("who took that one", (FIRST,)),
        ("is it older than 50 years?", (FIRST,)),
        ("second one", (SECOND,)),
        ("the two last ones", (SECOND, THIRD)),
    ],
)
def test_more_ways_to_point(question: str, only: tuple[str, ...]) -> None:
    assert ask(question, BIRDS).only == only


def test_a_comparison_with_what_was_not_shown_is_searched_with_both_names() -> None:
    intent = ask("is it older than the Eiffel Tower?", BIRDS)
    assert (intent.only, intent.text) == ((), "is “Kingfisher” older than the Eiffel Tower?")


def test_the_same_picture_is_the_users_also_after_a_count() -> None:
    count = past("how many birds are there?", 1, 2)
    assert ask("the same picture but in red", PHOTO, count).recalled == (MINE,)
    assert ask("this but in red", PHOTO).recalled == (MINE,)
    assert ask("like that but in red", BIRDS).like == (FIRST,)
    assert ask("back to my picture, what is it?", PHOTO, count).text == "what is it"


def test_without_hits_the_words_of_the_question_before_are_taken() -> None:
    history = [Turn("Tell me about the red door", "A red door."), Turn("Is it old?", "It was painted in 1987.")]
    assert ask("Where is it?", *history).text == "Where is red door?"


def test_pictures_that_come_along_are_what_this_is() -> None:
    assert ask("where was this taken?", BIRDS, pictures=True) == Intent("where was this taken?")
    assert ask("is it like the second one?", BIRDS, pictures=True).like == (SECOND,)


def test_what_the_rules_know_for_certain() -> None:
    assert is_exact("the second one", [BIRDS], KB)
    assert is_exact("like my picture", [BIRDS], KB)
    assert not is_exact("the red one", [BIRDS], KB)
    assert is_limited("birds before 1970", KB)
    assert is_limited("boats in Hull", KB)
    assert not is_limited("birds on a branch", KB)


@pytest.mark.parametrize("question", ["Und die rote?", "¿Y el segundo?", "et la deuxième ?", "那第二个呢？"])
def test_what_points_back_in_another_language_is_searched_as_it_is_and_said(question: str) -> None:
    said = "searched as written: what points back to an earlier answer is understood in English"
    assert ask(question, BIRDS) == Intent(question, how="as written", said=said)
    assert ask(question) == Intent(question)


@pytest.mark.parametrize(
    "question", ["Wo ist der Leuchtturm?", "¿Dónde está el puente?", "montre-moi des chevaux", "猫的照片"]
)
def test_a_question_of_its_own_in_another_language_is_searched_as_it_is(question: str) -> None:
    assert ask(question, BIRDS) == Intent(question)


_WORDS = (
    *(
        "the second one",
        "the last",
        "number 3",
        "[2]",
        "and",
        "no,",
        "what about",
        "the red one",
        "in Leeds",
        "before 1970",
    ),
    *(
        "it",
        "they",
        "my picture",
        "more like",
        "not",
        "the same",
        "but",
        "others",
        "where was",
        "taken",
        "only",
        "1970",
        "?",
    ),
    *("birds", "of them", "the other", "without", "back to", "show me", "which one is", "the oldest"),
)


@given(
    question=st.lists(st.sampled_from(_WORDS) | st.text(max_size=6), max_size=7).map(" ".join) | st.text(),
    history=st.lists(st.sampled_from([BIRDS, MILL, PHOTO, Turn("?", ""), past("birds", intent=Intent())]), max_size=4),
    pictures=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_any_question_is_understood_somehow(question: str, history: list[Turn], pictures: bool) -> None:
    intent = ask(question, *history, pictures=pictures)
    shown = {hit.record.id for turn in history for hit in turn.hits}
    assert {*intent.only, *intent.like, *intent.without} <= shown
    assert {*intent.recalled} <= {picture for turn in history for picture in turn.pictures}
    assert bool(intent.said) == (intent.how != "alone")
    assert intent.how != "alone" or intent.text == question
