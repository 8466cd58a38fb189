"""Users' own fields get one type, and values bend to it without loss or stay aside."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.read import fit, infer, row_metadata, table_rows
from imagelore.types import FieldType


def cells(*values: str) -> list[Any]:
    """Values as a CSV table hands them over."""
    lines = ["file_name;x", *(f'{number}.jpg;"{value}"' for number, value in enumerate(values))]
    rows = table_rows("m.csv", "\n".join(lines).encode())
    return [row[1]["x"] for row in rows if not isinstance(row, str)]


@pytest.mark.parametrize(
    ("values", "type"),
    [
        ([1, -2, 2**62], "integer"),
        ([1, 2.5], "number"),
        ([2.0], "number"),
        ([True, False], "boolean"),
        ([True, 1], "text"),
        (["2024-05-01", date(2020, 1, 1)], "date"),
        (["2024-05-01T10:00:00"], "text"),
        (["2024-02-30"], "text"),
        ([["a"], ["b", "c"]], "texts"),
        ([["a"], "b"], "texts"),
        ([["a"], 1], "text"),
        ([[{"x": 1}]], "text"),
        (["12"], "text"),
        (["a", 1], "text"),
        ([2**70], "text"),
        ([], "text"),
        ([None, 3], "integer"),
        (cells("12", "-7"), "integer"),
        (cells("12", "1.5"), "number"),
        (cells("12", "unknown"), "text"),
        (cells("00123"), "text"),
        (cells("true", "False"), "boolean"),
        (cells("2024-05-01"), "date"),
        (cells("1.2.3"), "text"),
    ],
)
def test_a_field_has_the_type_that_holds_all_its_values(values: list[Any], type: FieldType) -> None:
    assert infer(values) == type


@pytest.mark.parametrize(
    ("value", "type", "wanted"),
    [
        (3.0, "integer", 3),
        ("12", "integer", 12),
        ("+5", "integer", 5),
        (3, "number", 3.0),
        ("1e3", "number", 1000.0),
        (".5", "number", 0.5),
        ("yes", "boolean", True),
        ("False", "boolean", False),
        ("2024-05-01", "date", date(2024, 5, 1)),
        ("a", "texts", ("a",)),
        (["a", None, 2, True], "texts", ("a", "2", "true")),
        (1.5, "text", "1.5"),
        (True, "text", "true"),
        (["a", "b"], "text", "a, b"),
        (date(2024, 5, 1), "text", "2024-05-01"),
    ],
)
def test_values_bend_to_their_type(value: Any, type: FieldType, wanted: Any) -> None:
    fitted = fit(value, type)
    assert (fitted, fitted.__class__) == (wanted, wanted.__class__)


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (3.5, "integer"),
        (2**63, "integer"),
        ("12 cm", "integer"),
        ("007", "integer"),
        (True, "integer"),
        (float("inf"), "number"),
        (10**400, "number"),
        ("many", "number"),
        (True, "number"),
        (1, "boolean"),
        ("maybe", "boolean"),
        ("05/01/2024", "date"),
        (datetime(2024, 5, 1, 10), "date"),
        (20240501, "date"),
        ([["nested"]], "texts"),
        ({"a": 1}, "texts"),
        ({"a": 1}, "text"),
        ([{"a": 1}], "text"),
    ],
)
def test_what_does_not_fit_is_none(value: Any, type: FieldType) -> None:
    assert fit(value, type) is None


values = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates()
    | st.lists(st.text(), min_size=1)
)


@given(st.lists(values, min_size=1))
def test_every_value_fits_the_type_that_was_inferred_from_all(some: list[Any]) -> None:
    type = infer(some)
    assert all(fit(value, type) is not None for value in some)


@given(st.lists(values))
def test_the_type_follows_from_one_value_of_each_kind(some: list[Any]) -> None:
    kinds = {infer([value]): value for value in some}
    assert infer(kinds.values()) == infer(some)


@given(values | st.none() | st.dictionaries(st.text(), st.text()), st.sampled_from(get_args(FieldType)))
def test_fitting_twice_changes_nothing(value: Any, type: FieldType) -> None:
    if (fitted := fit(value, type)) is not None:
        assert fit(fitted, type) == fitted


def test_a_row_that_says_nothing_does_not_make_a_json_column_text() -> None:
    years = [row_metadata({"year": year}).fields.get("year") for year in (1890, "n/a", 1912)]
    assert infer(years) == "integer"
