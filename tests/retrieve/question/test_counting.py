"""Counts are over the whole knowledge base, say what was counted, and are not given where they would be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.index import lancedb
from imagelore.retrieve.question.counting import Readable, counted
from imagelore.settings import Settings
from imagelore.types import AllOf, Compare, Facet, FieldType, Record, Scope
from tests.contract.index_records import EMBEDDER
from tests.retrieve.question.memory import Memory

FIELDS: dict[str, FieldType] = {
    "place": "text",
    "category": "text",
    "year": "integer",
    "rating": "integer",
    "restored": "boolean",
    "acquired": "date",
}


def _record(n: int, **known: Any) -> Record:
    return Record(id=f"r{n:02}", source="s", path=f"{n}.jpg", version="1", digest="1", **known)


MAY = date(1999, 5, 1)
RECORDS = [
    _record(1, title="Wren", tags=("bird",), fields={"place": "Leeds", "year": 1969, "rating": 5, "category": "birds"}),
    _record(2, title="Two wrens", tags=("bird",), fields={"place": "Leeds", "year": 1971, "rating": 3}),
    _record(3, title="Owl", tags=("bird", "night"), fields={"place": "Paris", "year": 1960, "category": "birds"}),
    _record(4, title="A red boat", tags=("boat",), fields={"place": "Hull", "year": 1965, "acquired": MAY}),
    _record(5, title="A boat, red and old", fields={"place": "Hull", "year": 1990, "restored": True}),
    _record(6, title="A blue ship", tags=("ship",), fields={"place": "New York", "restored": False}),
    _record(7, title="Dog", tags=("dog",), taken_at=datetime(1969, 7, 20), groups=("staff",)),
    _record(8),
]
KB = Memory(RECORDS, FIELDS)

BIRDS = 'either tagged "bird" or with category "birds"'
COUNTED = [
    ("How many birds are there?", 3, BIRDS),
    ("how many pictures are there", 8, ""),
    ("How many photos do you have?", 8, ""),
    ("How many pictures are in this knowledge base?", 8, ""),
    ("What is the number of pictures in the collection?", 8, ""),
    ("How many birds in Leeds?", 2, f'{BIRDS}, with place "Leeds"'),
    ("How many pictures are in Paris?", 1, 'with place "Paris"'),
    ("how many pictures were taken in New York", 1, 'with place "New York"'),
    ("How many pictures from 1969?", 1, "with year 1969"),
    ("How many pictures from before 1970?", 3, "with year before 1970"),
    ("How many pictures are older than 1965?", 1, "with year before 1965"),
    ("Number of pictures after 1969", 2, "with year after 1969"),
    ("How many pictures between 1960 and 1970?", 3, "with year between 1960 and 1970"),
    ("How many photos from the 1960s do we have?", 3, "with year between 1960 and 1969"),
    ("How many pictures since 1971?", 2, "with year 1971 or later"),
    ("How many pictures were acquired in 1999?", 1, "with acquired in 1999"),
    ("How many pictures were taken in 1969?", 1, "taken in 1969"),
    ("Count the birds in Leeds before 1970.", 1, f'{BIRDS}, with place "Leeds", with year before 1970'),
    ("How many pictures show a red boat?", 1, 'tagged "boat" whose text mentions "red"'),
    ("How many pictures of zebras do you have?", 0, 'whose text mentions "zebra"'),
    ("How many zebras are there?", 0, 'whose text mentions "zebra"'),
    ("How many pictures have a rating above 3?", 1, "with rating above 3"),
    ("How many pictures with rating 3?", 1, "with rating 3"),
    ("How many restored pictures are there?", 1, 'marked "restored"'),
    ("How many boats or ships are there?", 2, 'either tagged "boat" or tagged "ship"'),
    ("How many pictures mention Greenland?", 0, 'whose text mentions "Greenland"'),
    ("How many dogs or cats are there?", 1, 'either tagged "dog" or mentioning "cat"'),
    ("How many ships in New York?", 1, 'tagged "ship" with place "New York"'),
    ("How many pictures are tagged night?", 1, 'tagged "night"'),
    ("How many pictures have the category birds?", 2, 'with category "birds"'),
    ("Is there a picture of a zebra?", 0, 'whose text mentions "zebra"'),
    ("Do you have any owls?", 1, 'whose text mentions "owl"'),
    ("How many dogs are in the archive, and where are they?", 1, 'tagged "dog"'),
]


@pytest.mark.parametrize(("question", "number", "condition"), COUNTED, ids=[case[0] for case in COUNTED])
def test_question_becomes_a_count_with_its_condition(question: str, number: int, condition: str) -> None:
    count = counted(question, KB)
    assert count is not None
    assert (count.number, count.condition) == (number, condition)
    assert count.total == len(RECORDS)
    assert len(count.ids) == number


NOT_COUNTED = [
    "How many people are in this picture?",
    "How many birds are in the picture of the harbour?",
    "How many legs does the stool have?",
    "How many legs do spiders have?",
    "How many days of leave do employees have?",
    "How many boats in the harbour does the museum own?",
    "How many masts has the ship?",
    "How many birds are not in Leeds?",
    "How many pictures without tags are there?",
    "How many different birds are there?",
    "How many places are there?",
    "How many people live in Leeds?",
    "How many rings are on the tortoise's shell?",
    "How many of them are red?",
    "How many birds did the man see?",
    "How many pictures show 3 dogs?",
    "How many pictures show boats bigger than the ship?",
    "What is the number of the tram?",
    "Where is the owl?",
    "Is there a dog in this picture?",
    "How much does the boat weigh?",
    "",
    "?!",
]


@pytest.mark.parametrize("question", NOT_COUNTED)
def test_question_that_no_condition_can_say_is_not_counted(question: str) -> None:
    assert counted(question, KB) is None


def test_count_stays_within_what_the_asker_may_see() -> None:
    count = counted("How many dogs are there?", KB, Scope(groups=frozenset({"guests"})))
    assert count is not None
    assert (count.number, count.total) == (0, 7)
    assert count.ids == ()


def test_count_adds_to_the_filter_in_force() -> None:
    scope = Scope(AllOf((Compare("place", "=", "Leeds"),)))
    count = counted("How many birds before 1970?", KB, scope)
    assert count is not None
    assert (count.number, count.total) == (1, 2)


def test_value_beyond_the_listed_facets_is_counted_as_that_value() -> None:
    count = counted("How many pictures are in Hull?", Memory(RECORDS, FIELDS, most=1))
    assert count is not None
    assert (count.number, count.condition) == (2, 'with place "Hull"')


MANY = [
    *(_record(n, tags=(f"tag{n}", "common"), fields={"place": f"Town {n}"}) for n in range(1, 200)),
    _record(200, tags=("zebra", "Red Panda"), fields={"place": "Ulm"}),
    _record(201, title="A zebra crossing", fields={"place": "Bad Ems"}),
    _record(202, title="Zebras by a hippo", text="Beside Ulm.", tags=("common",)),
    *(_record(n, title=f"Lion {n}", tags=(f"l{n}a", f"l{n}b")) for n in range(300, 360)),
    *(_record(n, title=f"Lion {n}", tags=(f"l{n - 30}a", f"l{n - 30}b")) for n in range(360, 390)),
    _record(400, tags=("lion",)),
    _record(401, tags=("LIONS", "old")),
]


@pytest.fixture(scope="module", params=["memory", "lancedb"])
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Readable:
    """More tags and places than any facet lists."""
    if request.param == "memory":
        return Memory(MANY, {"place": "text"})
    index = lancedb.create(str(tmp_path_factory.mktemp("many") / "kb"), EMBEDDER, Settings())
    index.declare({"place": "text"})
    index.upsert(MANY)
    return index


@pytest.mark.parametrize(
    ("question", "number", "condition"),
    [
        ('How many pictures are tagged "zebra"?', 1, 'tagged "zebra"'),
        ("How many pictures are tagged with zebras?", 1, 'tagged "zebra"'),
        ("How many pictures have the tag zebra?", 1, 'tagged "zebra"'),
        ("How many pictures are tagged red panda?", 1, 'tagged "Red Panda"'),
        ("How many pictures are tagged zebra and red panda?", 1, 'tagged "zebra" and "Red Panda"'),
        ("How many pictures are tagged tag7 or zebra?", 2, 'either tagged "tag7" or tagged "zebra"'),
        ("How many pictures are tagged common?", 200, 'tagged "common"'),
        ("How many pictures are tagged hippo?", 0, 'tagged "hippo"'),
        ("How many pictures are tagged Ulm?", 0, 'tagged "Ulm"'),
        ("How many pictures are tagged common and hippo?", 0, 'tagged "common" and "hippo"'),
        ("How many pictures are in Ulm?", 1, 'with place "Ulm"'),
        ("How many pictures have the place Bad Ems?", 1, 'with place "Bad Ems"'),
        ("How many pictures are tagged lion?", 2, 'either tagged "LIONS" or tagged "lion"'),
        ("How many hippos are there?", 1, 'whose text mentions "hippo"'),
    ],
)
def test_rare_value_is_counted_as_exactly_as_a_frequent_one(
    many: Readable, question: str, number: int, condition: str
) -> None:
    count = counted(question, many)
    assert count is not None
    assert (count.number, count.condition) == (number, condition)


@pytest.mark.parametrize(
    "question",
    [
        "How many pictures have the place Atlantis?",
        "How many pictures have the place Ulm or the place Atlantis?",
        "How many pictures are tagged?",
        "How many tagged pictures are there?",
    ],
)
def test_value_that_no_record_has_is_no_mention(many: Readable, question: str) -> None:
    assert counted(question, many) is None


def test_count_of_a_rare_tag_asks_a_bounded_number_of_times() -> None:
    class Counting(Memory):
        asked = 0

        def count(self, scope: Scope = Scope()) -> int:
            self.asked += 1
            return super().count(scope)

        def facets(self, scope: Scope = Scope(), fields: Sequence[str] = (), most: int = 50) -> list[Facet]:
            self.asked += 1
            return super().facets(scope, fields, most)

    index = Counting(MANY, {"place": "text"})
    counted(f"How many pictures show {' '.join(f'lion{n}' for n in range(100))} lion?", index)
    counted(f"How many pictures are tagged {' '.join(['lion'] * 300)}?", index)
    assert index.asked < 400


def test_year_without_a_year_field_is_the_cameras_clock() -> None:
    count = counted("How many pictures from the sixties?", Memory(RECORDS, {"place": "text"}))
    assert count is not None
    assert (count.number, count.condition) == (1, "taken between 1960 and 1969")


def test_year_without_any_date_is_not_counted() -> None:
    assert counted("How many pictures from 1969?", Memory(RECORDS[:6], {"place": "text"})) is None


@pytest.mark.parametrize(
    ("question", "number", "condition"),
    [
        ("How many pictures in 1969?", 2, "with year 1969"),
        ("How many pictures before 1970?", 3, "with year before 1970"),
        ("How many pictures from the 1990s?", 1, "with year between 1990 and 1999"),
        ("How many pictures in 2001?", 0, "with year 2001"),
    ],
)
@pytest.mark.parametrize("most", [50, 2])
def test_years_in_a_column_of_texts_are_years(question: str, number: int, condition: str, most: int) -> None:
    years = ["1969", "1969", "1960", "1999", "unknown"]
    index = Memory([_record(n, fields={"year": year}) for n, year in enumerate(years)], {"year": "text"}, most=most)
    count = counted(question, index)
    if most == 2 and "before" in question:
        assert count is None  # not all years are told
    else:
        assert count is not None
        assert (count.number, count.condition) == (number, condition)


def test_number_beyond_what_a_field_holds_is_not_counted() -> None:
    assert counted(f"How many pictures with a rating above {'9' * 400}?", KB) is None


def test_count_carries_its_condition_as_a_filter() -> None:
    count = counted("How many pictures from before 1970?", KB)
    assert count is not None
    assert count.filter is not None
    assert KB.count(Scope(count.filter)) == count.number
    whole = counted("How many pictures are there?", KB)
    assert whole is not None
    assert whole.filter is None


_WORDS = (
    *("how many", "how many?", "number of", "count", "count the", "is there", "do you have", "are there", "pictures"),
    *("picture", "the", "that", "this", "a", "of", "or", "and", "tagged", "tag", "bird", "year", "rating", "above"),
    *("more than", "3", "1969", "1969s", "before", "between", "from", "to", "in", "the sixties", "20th century"),
    *("knowledge", "base", "restored", "place", "?", "!", ",", ".", "'s"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_WORDS) | st.text(max_size=8), max_size=9).map(" ".join) | st.text())
def test_no_question_breaks_the_count(question: str) -> None:
    counted(question, KB)
    counted("how many " + question, KB)


@pytest.mark.parametrize("question", ["how many", "how many?", "count", "number of", "is there", "Do you have?"])
def test_question_that_names_nothing_is_not_counted(question: str) -> None:
    assert counted(question, KB) is None


def test_number_of_examples_is_bounded() -> None:
    many = [_record(n, tags=("leaf",)) for n in range(90)]
    count = counted("How many leaves are there?", Memory(many, {}))
    assert count is not None
    assert count.number == 90
    assert 0 < len(count.ids) < 30
