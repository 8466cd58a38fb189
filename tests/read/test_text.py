"""Plain texts: parts of about a screenful, in any usual encoding."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options
from imagelore.read import text as reader
from tests.read.office import everything, readings, reason, words


def test_lines_stay_as_they_were_written() -> None:
    found = readings(reader, b"The sea\n  is grey\r\n\r\n\r\nand wide\n")
    assert words(found["part 1"]).split("\n") == ["The sea", "  is grey", "and wide"]
    assert reader.embedded(b"x", Options()) == Metadata()


def test_a_long_text_is_cut_at_paragraph_and_sentence_ends() -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "It goes on. " * 60 for n in range(4)) + "One more sentence here. " * 150
    found = readings(reader, text.encode())
    assert list(found) == [f"part {n}" for n in range(1, len(found) + 1)]
    assert all(words(reading).rstrip().endswith(".") for reading in found.values())
    assert max(len(words(reading)) for reading in found.values()) <= 2_000
    assert everything(reader, text.encode()).split() == text.split()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert everything(reader, "Zwölf „Köpfe“".encode(encoding)) == "Zwölf „Köpfe“"


def test_what_is_no_text() -> None:
    assert "empty" in reason(reader, b"\n")
    assert "binary" in reason(reader, b"words\0words")
    assert "binary" in reason(reader, b"\x89PNG\r\n\x1a\n\x81\x8d\x8f\x90\x9d")
    assert "limit" in reason(reader, b"words " * 4_000_000)
    with pytest.raises(UnreadableError, match="no part 2"):
        reader.part(b"words", "part 2", Options())


@settings(max_examples=100)
@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)
    | st.lists(st.text("ab ä中\n", min_size=1)).map("".join)
)
def test_any_text_is_in_its_lines(text: str) -> None:
    if not text.strip():
        return
    assert "".join(everything(reader, text.encode()).split()) == "".join(text.split())
