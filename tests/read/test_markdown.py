"""Markdown: sections, tables and lists, pictures written in it, and what its front matter says."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.errors import UnreadableError
from imagelore.read import Options
from imagelore.read import markdown as reader
from tests.read.office import everything, parts, picture, readings, reason, words

NOTE = """---
title: "Boats of Bergen"
tags: [sea, 'old boats']
author: Ann Lee
date: 2020-05-01
---

# Boats

They float — *all* of them; `keel` too.

- hull
  - keel
1. mast

| Name | Length |
|------|--------|
| Petrel | 12 m |

```
x = 1
```

<p hidden>no</p>
"""


def test_blocks_come_in_their_order() -> None:
    assert words(readings(reader, NOTE.encode())["part 1"]).split("\n") == [
        *("Boats", "They float — all of them; keel too.", "hull", "keel", "mast"),
        *("Name | Length", "Name: Petrel; Length: 12 m", "x = 1"),
    ]


def test_front_matter_says_what_it_is() -> None:
    about = reader.embedded(NOTE.encode(), Options())
    assert (about.title, about.tags, about.fields) == ("Boats of Bergen", ("sea", "old boats"), {"creator": "Ann Lee"})
    assert about.taken_at == datetime(2020, 5, 1)
    assert reader.embedded(b"---\ntags:\n  - one\n  - two\n---\ntext", Options()).tags == ("one", "two")


@pytest.mark.parametrize(
    ("text", "title"),
    [("# Boats #\n\ntext", "Boats"), ("\nBoats\n=====\n", "Boats"), ("text\n\n# Later", ""), ("## B", "")],
)
def test_without_front_matter_the_first_heading_is_the_title(text: str, title: str) -> None:
    assert reader.embedded(text.encode(), Options()).title == title


def test_pictures_written_in_it_are_parts_and_others_are_not_fetched() -> None:
    here = base64.b64encode(picture()).decode()
    text = f"# Boats\n\nThe Petrel:\n\n![A red boat](data:image/png;base64,{here})\n\n"
    text += "![no](http://127.0.0.1:9/a.png) ![no](b.png)"
    found = readings(reader, text.encode())
    assert list(found) == ["part 1", "part 1, picture 1"]
    assert found["part 1, picture 1"].metadata.title == "A red boat"
    assert found["part 1, picture 1"].metadata.text == "Boats\n\nThe Petrel:"
    assert reader.part(text.encode(), "part 1, picture 1", Options()) == picture()


def test_what_is_no_text() -> None:
    assert "empty" in reason(reader, b"")
    assert "binary" in reason(reader, b"# a\0b")
    assert "neither" in reason(reader, b"---\ntitle: only\n---\n")


MARK = st.sampled_from(
    ["# {}", "## {}", "- {}", "  - {}", "1. {}", "> {}", "*{}*", "`{}`", "{}", "| {} | b |", "\n{}\n", "{}\n==="]
)


@settings(max_examples=100)
@given(st.lists(st.tuples(MARK, st.text("abcdefgä", min_size=1, max_size=9)), min_size=1, max_size=20))
def test_the_words_of_any_text_are_in_its_lines(marks: list[tuple[str, str]]) -> None:
    text = "\n".join(mark.format(word) for mark, word in marks)
    found = everything(reader, text.encode())
    assert all(word in found for _, word in marks)


@settings(max_examples=100)
@given(st.text() | st.text("#*_`[]()<>|-=!&\n a1", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(UnreadableError):
        parts(reader, text.encode("utf-8", "surrogatepass"))
