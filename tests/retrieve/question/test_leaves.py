"""Places in documents that a question names."""

from __future__ import annotations

import pytest

from imagelore.retrieve.question.leaves import leaves


@pytest.mark.parametrize(
    ("question", "places", "rest"),
    [
        ("What is on page 3 of the manual?", ("page 3",), "What is the manual?"),
        ("what does the manual say on Page 12?", ("page 12",), "what does the manual say ?"),
        ("slide four of the talk", ("slide 4",), "the talk"),
        ("the second page of the handbook", ("page 2",), "the handbook"),
        ("pages 3-5 of the manual", ("page 3", "page 4", "page 5"), "the manual"),
        ("slides 2 and 7", ("slide 2", "slide 7"), ""),
        ("page no. 9", ("page 9",), ""),
        ("pages 1 to 900", tuple(f"page {n}" for n in range(1, 9)), ""),
    ],
)
def test_a_place_is_read_out_of_a_question(question: str, places: tuple[str, ...], rest: str) -> None:
    found = leaves(question)
    assert found
    assert (found.places, found.rest) == (places, rest)


def test_a_sheet_is_called_by_its_name_however_it_is_spelled() -> None:
    found = leaves("what is in the sheet nuts of the workbook?")
    assert found
    assert {"sheet nuts", "sheet Nuts", "sheet NUTS", "sheet Nuts, part 1"} <= {*found.places}
    assert leaves("the Fruit sheet") is not None


@pytest.mark.parametrize(
    "question",
    [
        "Where is the owl?",
        "a home page with a red logo",
        "a sheet of paper",
        "part of the bridge",
        "",
    ],
)
def test_other_questions_name_no_place(question: str) -> None:
    assert leaves(question) is None
