"""Filter expressions: what they mean, how they are written, and what is said of those that are none."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from imagelore.errors import ExpressionError
from imagelore.types import AllOf, AnyOf, Compare, FieldType, Filter, Mentions, Missing, Not
from imagelore.where import parsed, written
from tests.contract.index_records import record
from tests.index.filters import DECLARED, FACTS, FILTERS, holds
from tests.where.expressions import EXPRESSIONS, Expression

FIELDS: dict[str, FieldType] = {
    "year": "integer",
    "price": "number",
    "place": "text",
    "sold": "boolean",
    "acquired": "date",
    "materials": "texts",
    "Straße": "text",
    "dia meter": "number",
    "Title": "text",
    "and": "integer",
    'in "quotes"': "integer",
}
BIRD, CAT = Compare("tags", "=", "bird"), Compare("tags", "=", "cat")
OLD = Compare("year", "<", 1960)
ROWS = st.lists(st.fixed_dictionaries({}, optional=FACTS), min_size=1, max_size=3)


@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, EXPRESSIONS)
def test_an_expression_means_what_it_says(facts: list[dict[str, Any]], expression: Expression) -> None:
    filter = parsed(expression.text, DECLARED)
    for n, own in enumerate(facts):
        row = record(f"r{n}", **own)
        assert holds(filter, row) is expression.test(row)


@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, FILTERS)
def test_a_written_filter_selects_the_same(facts: list[dict[str, Any]], filter: Filter) -> None:
    again = parsed(written(filter), DECLARED)
    for n, own in enumerate(facts):
        row = record(f"r{n}", **own)
        assert holds(again, row) is holds(filter, row)
    assert written(parsed(written(again), DECLARED)) == written(again)


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("year < 1960", OLD),
        ("YEAR<1960", OLD),
        ("((year < 1960))", OLD),
        ("tag = 'bird'", BIRD),
        ("tags in ('bird', 'cat')", AnyOf((BIRD, CAT))),
        ("tag = 'bird' or tag = 'cat' and year < 1960", AnyOf((BIRD, AllOf((CAT, OLD))))),
        ("(tag = 'bird' or tag = 'cat') and year < 1960", AllOf((AnyOf((BIRD, CAT)), OLD))),
        ("tag = 'bird' AND (tag = 'cat' And year < 1960)", AllOf((BIRD, CAT, OLD))),
        ("not year < 1960 and tag = 'bird'", AllOf((Not(OLD), BIRD))),
        ("not not year < 1960", OLD),
        ("place like 'N%'", Compare("place", "prefix", "N")),
        (r"place like '100\%\\_%'", Compare("place", "prefix", "100%\\_")),
        ("place = 'O''Neil'", Compare("place", "=", "O'Neil")),
        ("place between 'A' and 'B'", Compare("place", "between", ("A", "B"))),
        ("acquired >= '1969-07-20'", Compare("acquired", ">=", date(1969, 7, 20))),
        ("taken_at > '1969-07-20'", Compare("taken_at", ">", date(1969, 7, 20))),
        ("taken_at > '1969-07-20T20:17'", Compare("taken_at", ">", datetime(1969, 7, 20, 20, 17))),
        ("price = -1.5e2", Compare("price", "=", -150.0)),
        ("sold != TRUE", Compare("sold", "!=", True)),
        ("materials is null", Missing("materials")),
        ("materials is not null", Not(Missing("materials"))),
        ("year not in (1, 2)", AllOf((Not(Missing("year")), Not(parsed("year in (1, 2)", FIELDS))))),
        ("mentions('boats')", Mentions("boats")),
        ("\".place\" like 'page %'", Compare(".place", "prefix", "page ")),
        ("Straße = 'x'", Compare("Straße", "=", "x")),
        ('"dia meter" > 3', Compare("dia meter", ">", 3)),
        ('"and" = 3', Compare("and", "=", 3)),
        ('"in ""quotes""" = 3', Compare('in "quotes"', "=", 3)),
        ("Title = 'x'", Compare("Title", "=", "x")),
        ("true", AllOf(())),
        ("false", AnyOf(())),
    ],
)
def test_expressions(text: str, filter: Filter) -> None:
    assert parsed(text, FIELDS) == filter
    assert parsed(written(filter), FIELDS) == filter


def test_a_field_of_the_users_own_comes_first() -> None:
    assert parsed("tag = 3", {"tag": "integer"}) == Compare("tag", "=", 3)
    assert parsed("width = 'wide'", {"width": "text"}) == Compare("width", "=", "wide")


def test_filters_are_written_as_people_write_them() -> None:
    filter = AllOf(
        (Compare("year", ">=", 1960), AnyOf((BIRD, CAT)), AnyOf((BIRD, OLD)), Not(Missing("place")), Not(OLD))
    )
    assert written(filter) == (
        "year >= 1960 and tags in ('bird', 'cat') and (tags = 'bird' or year < 1960) and place is not null "
        "and not (year < 1960)"
    )


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "", "expected a condition such as `year >= 1960`, but the filter ends"),
        ("year", "    ", "expected one of = != < <= > >= in, like, between, is null, but the filter ends"),
        ("year >=  ", "year >=", "expected a value"),
        ("year >= and sold = true", "year >= ", "expected a value (a number, a text in single quotes, true or false)"),
        ("year = 5 place = 'x'", "year = 5 ", "expected `and`, `or` or the end, not `place`"),
        ("(year = 5", "(year = 5", "expected `and`, `or` or `)`, but the filter ends"),
        ("year = 5)", "year = 5", "expected `and`, `or` or the end, not `)`"),
        ("year in 5", "year in ", "expected values in parentheses"),
        ("year in (1 2)", "year in (1 ", "expected `,` or `)`"),
        ("year is 5", "year is ", "expected `null` or `not null`"),
        ("year not 5", "year not ", "expected `in`, `like` or `between`"),
        ("year between 1 or 2", "year between 1 ", "expected `and` and a second value"),
        ("1960 <= year", "", "expected a condition such as"),
        ("and = 3", "", 'a field of this name is written "and"'),
        ("year = null", "year = ", "write `is null`"),
        ("tag = bird", "tag = ", "a text stands in single quotes: 'bird'"),
        ('tag = "bird"', "tag = ", "a text stands in single quotes: 'bird'"),
        ("tag = ‘bird’", "tag = ", "a text stands in straight single quotes"),
        ("place = 'abc", "place = ", "a closing ' is missing"),
        ('"" = 1', "", "there is no field ''"),
        ("year = 1960s", "year = ", "`1960s` is no word of a filter"),
        ("year = 1; drop table records", "year = 1", "`;` is no word of a filter"),
        ("yeer = 3", "", "there is no field 'yeer'; did you mean `year`"),
        ("year = 3 and id = 'x'", "year = 3 and ", "there is no field 'id'"),
        ("TITLE = 'x'", "", "'TITLE' may be `Title` or `title`"),
        ("year = 'old'", "year = ", "field `year` is a whole number: write a number without quotes, as 1960"),
        ("year = true", "year = ", "field `year` is a whole number"),
        ("price = 1e999", "price = ", "field `price` is a number: write it without quotes, as 1.5"),
        ("place = 5", "place = ", "field `place` is a text: write it in single quotes, as 'bird'"),
        ("sold = 'yes'", "sold = ", "field `sold` is true or false: write true or false without quotes"),
        ("acquired = '1960'", "acquired = ", "field `acquired` is a date: write it as '1969-07-20'"),
        ("acquired = '2021-02-29'", "acquired = ", "field `acquired` is a date"),
        ("taken_at = '1969-07-20 20:17+02:00'", "taken_at = ", "as '1969-07-20' or '1969-07-20 20:17'"),
        ("sold < true", "sold ", "field `sold` is true or false: it takes =, !=, in, is null"),
        ("tag > 'a'", "tag ", "field `tags` is a list of texts: it takes =, !=, in, is null"),
        ("tag between 'a' and 'b'", "tag ", "field `tags` is a list of texts: it takes =, !=, in, is null"),
        ("year like '19%'", "year ", "field `year` is a whole number: it takes"),
        ("place like '%N'", "place like ", "`like` takes the start of a text and one % at its end, as 'N%'"),
        ("place like 'N'", "place like ", "`like` takes the start of a text and one % at its end, as 'N%'"),
        (r"place like 'N\%'", "place like ", "`like` takes the start of a text and one % at its end, as 'N%'"),
        ("(" * 9 + "year = 1", "((((((((", "parentheses may stand in 7 others at most"),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parsed(text, FIELDS)
    first, shown, caret = str(error.value).split("\n")
    assert said in first
    assert shown == f"  {text}"
    assert caret == f"  {' ' * len(place)}^"


def test_the_caret_stands_under_wide_characters_and_in_long_expressions() -> None:
    for text, width in (("鳥 = 1", 0), ("place = '鳥' ~", 13), ("place = 'e\u0301' ~", 12), ("place\n=\n~", 8)):
        with pytest.raises(ExpressionError) as error:
            parsed(text, {"place": "text"})
        assert str(error.value).split("\n")[1:] == [f"  {text.replace(chr(10), ' ')}", f"  {' ' * width}^"]
    with pytest.raises(ExpressionError) as error:
        parsed("year = 1 and " * 200 + "oops = 3" + " and year = 2" * 30, FIELDS)
    _, shown, caret = str(error.value).split("\n")
    assert len(shown) < 120
    assert shown[caret.index("^") :].startswith("oops")
    for text in ("x" * 3_000, f"place = {'x' * 3_000}", f"place 'x{'x' * 3_000}'", "~" * 3_000):
        with pytest.raises(ExpressionError) as error:
            parsed(text, FIELDS)
        assert max(map(len, str(error.value).split("\n"))) < 600


def test_expressions_without_bounds_are_refused() -> None:
    with pytest.raises(ExpressionError, match=r"has 4,001 characters; 4,000 are the limit"):
        parsed("a" * 4_001, FIELDS)
    for text in ("(" * 4_000, "not " * 1_000, "not(" * 1_000, "year=1or(year=2and(" * 200):
        with pytest.raises(ExpressionError):
            parsed(text, FIELDS)
    assert parsed("not " * 900 + "year = 1", FIELDS) == Compare("year", "=", 1)


_WORDS = st.sampled_from(
    [
        *(
            "year",
            "place",
            "tag",
            "sold",
            "taken_at",
            "and",
            "or",
            "not",
            "in",
            "is",
            "null",
            "like",
            "between",
            "true",
        ),
        *("mentions", "(", ")", ",", "=", "!=", "<", "'a'", "'N%'", "'1969-07-20'", "1960", "-1.5", '"', "'", "%"),
        *(";", "\\", "\x00", "é", "鳥", "\ud800", "\u2028"),
    ]
)


@hypothesis_settings(max_examples=500)
@given(st.one_of(st.text(), st.lists(_WORDS, max_size=12).map(" ".join), st.lists(_WORDS, max_size=12).map("".join)))
@example("not" * 1_300)
def test_no_text_raises_anything_but_an_error_that_explains(text: str) -> None:
    try:
        filter = parsed(text, FIELDS)
    except ExpressionError as error:
        first, *shown = str(error).split("\n")
        assert first
        assert not shown or len(shown) == 2
    else:
        assert parsed(written(filter), FIELDS)


def test_the_parser_is_loaded_for_an_expression_only() -> None:
    script = "import sys; import imagelore.where, imagelore.index._filters; sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
