"""What docs/filters.md says of its examples holds."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from imagelore import providers
from imagelore.errors import ExpressionError
from imagelore.settings import Settings
from imagelore.types import FieldType, Record, Scope
from imagelore.where import parsed
from tests.contract.index_records import EMBEDDER, record

PAGE = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")
FIELDS: dict[str, FieldType] = {
    "year": "integer",
    "place": "text",
    "category": "text",
    "price": "number",
    "sold": "boolean",
    "acquired": "date",
}
READ: dict[FieldType, Any] = {
    "integer": int,
    "text": str,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
}


def table(head: str) -> list[dict[str, str]]:
    """The rows of the table whose first column is called so."""
    found = re.search(rf"^\| {head} \|.*\n\|-.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found
    names, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines())
    return [dict(zip(names, row, strict=True)) for row in rows]


def pictured(row: dict[str, str]) -> Record:
    fields = {name: READ[kind](row[name]) for name, kind in FIELDS.items() if row[name]}
    tags = tuple(row["tags"].split(", ")) if row["tags"] else ()
    return record(row["title"], title=row["title"], path=f"{row['year']}.jpg", tags=tags, fields=fields)


def test_the_examples_select_what_the_page_says(tmp_path: Path) -> None:
    index = providers.load("index", "lancedb").create(str(tmp_path / "kb"), EMBEDDER, Settings())
    index.declare(FIELDS)
    index.upsert([pictured(row) for row in table("title")])
    said = {row["filter"].strip("`"): {*row["pictures"].split(", ")} for row in table("filter")}
    found = {text: {r.id for r in index.browse(Scope(parsed(text, index.fields())))} for text in said}
    assert len(said) > 10
    assert found == said


def test_the_error_is_the_one_on_the_page() -> None:
    (shown,) = re.findall(r"```text\nimagelore: (.*?)\n```", PAGE, re.DOTALL)
    with pytest.raises(ExpressionError) as error:
        parsed(shown.splitlines()[1].strip(), FIELDS)
    assert str(error.value) == shown


@pytest.mark.parametrize("text", re.findall(r'--where "(.*?)"', PAGE))
def test_the_commands_have_filters_that_can_be_read(text: str) -> None:
    assert parsed(text, FIELDS)
