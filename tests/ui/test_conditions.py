"""Filters in words, and taken apart into what a reader can take off."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from imagelore.types import AllOf, AnyOf, Compare, Filter, Mentions, Missing, Not
from imagelore.ui.conditions import conditions, fields_of, spoken, without

OLD, BOAT = Compare("year", "<", 1970), Compare("tags", "=", "boat")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (OLD, "year before 1970"),
        (Compare("year", ">=", 1960), "year from 1960"),
        (Compare("weight", ">=", 2.5), "weight ≥ 2.5"),
        (Compare("seen", "between", (date(1969, 7, 20), date(1970, 1, 1))), "seen 20 July 1969 to 1 January 1970"),
        (Compare("taken_at", "<=", datetime(2004, 5, 17, 8, 30)), "taken until 17 May 2004 08:30"),
        (BOAT, "tag: boat"),
        (Compare("place", "!=", "Leeds"), "place not Leeds"),
        (Compare("place", "prefix", "N"), "place: N…"),
        (Compare("indoors", "=", True), "indoors: yes"),
        (Mentions("boat"), "text mentions boat"),
        (Missing("place"), "no place"),
        (Not(Mentions("boat")), "not (text mentions boat)"),
        (AnyOf((Compare("place", "=", "Leeds"), Compare("place", "=", "York"))), "place: Leeds or York"),
        (AnyOf((BOAT, OLD)), "tag: boat or year before 1970"),
        (AllOf((BOAT, OLD)), "tag: boat and year before 1970"),
        (AnyOf(()), "nothing"),
    ],
)  # fmt: skip
def test_a_filter_is_told_in_words(wanted: Filter, says: str) -> None:
    assert spoken(wanted) == says


def test_what_must_all_hold_can_be_taken_off_one_by_one() -> None:
    third = Mentions("red")
    nested = AllOf((AllOf((OLD, BOAT)), third))
    assert conditions(nested) == (OLD, BOAT, third)
    assert without(nested, 1) == AllOf((OLD, third))
    assert without(AllOf((OLD, BOAT)), 0) == BOAT
    assert without(OLD, 0) is None
    assert without(OLD, 7) == OLD
    assert conditions(None) == ()
    assert conditions(AnyOf((OLD, BOAT))) == (AnyOf((OLD, BOAT)),)


def test_the_fields_that_a_filter_looks_at() -> None:
    assert fields_of(AllOf((OLD, Not(AnyOf((BOAT, Missing("place")))), Mentions("red")))) == {"year", "tags", "place"}
