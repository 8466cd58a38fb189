"""Reading evaluation sets: what is wrong is told by line and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.errors import UsageError
from imagelore.flows.evaluate.sets import load
from tests.flows.pictures import paint

GOOD = {"id": "a", "kind": "text", "question": "a red door", "relevant": ["red.png"]}


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_line_with_everything(tmp_path: Path) -> None:
    picture = paint(tmp_path / "pictures" / "x.png")
    row = GOOD | {
        "kind": "turns", "images": ["pictures/x.png"],
        "turns": [{"question": "doors?"}, {"images": ["pictures/x.png"]}],
        "where": "year > 1960", "facts": ["Leeds"], "language": "en", "part": "dev", "note": "n", "bad": ["b.png"],
    }  # fmt: skip
    made = load(written(tmp_path, "\ufeff" + json.dumps(row), "", {"id": "n", "kind": "nothing", "question": "taxes"}))
    first, nothing = made.questions
    assert first.asked.images == (str(picture),)
    assert [turn.question for turn in first.turns] == ["doors?", ""]
    assert (first.where, first.facts, first.language, first.part) == ("year > 1960", ("Leeds",), "en", "dev")
    assert (first.answerable, nothing.answerable, nothing.relevant) == (True, False, ())
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "a question is an object"),
        (GOOD | {"id": ""}, "`id` is missing"),
        ({"id": "b", "question": "x"}, "`kind` is missing"),
        (GOOD | {"id": "b", "kind": "audio"}, '`kind` is "audio"; there are text, picture'),
        (GOOD | {"id": "b", "question": " "}, "`question` is missing"),
        (GOOD | {"id": "b", "question": 7}, "`question` is a text, not 7"),
        (GOOD | {"id": "b", "relevant": "red.png"}, "`relevant` is a list of texts"),
        (GOOD | {"id": "b", "relevant": []}, "`relevant` is empty"),
        (GOOD | {"id": "b", "kind": "nothing"}, "`relevant` is empty"),
        (GOOD | {"id": "b", "images": ["no.png"]}, "there is no picture `"),
        (GOOD | {"id": "b", "images": ["x" * 300]}, "there is no picture `"),
        (GOOD | {"id": "b", "turns": ["doors?"]}, "`turns` is a list of objects"),
        (GOOD | {"id": "b", "turns": [{"text": "doors?"}]}, 'not "text"'),
        (GOOD | {"id": "b", "question": "\ud800"}, "half a character"),
        (GOOD, "the id 'a' is there twice"),
    ],
)
def test_a_bad_line(tmp_path: Path, line: Any, reason: str) -> None:
    with pytest.raises(UsageError, match="line 3: ") as error:
        load(written(tmp_path, GOOD, "", line))
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_unknown_keys_are_told_and_not_fatal(tmp_path: Path) -> None:
    made = load(written(tmp_path, GOOD | {"relevnt": []}))
    assert made.warnings == ('line 1: the key "relevnt" means nothing here',)


def test_files_that_are_no_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="holds no question"):
        load(written(tmp_path, "", " "))
    with pytest.raises(UsageError, match="no question of the part 'x'"):
        load(written(tmp_path, GOOD), "x")
    (tmp_path / "latin.jsonl").write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(UsageError, match="not UTF-8"):
        load(tmp_path / "latin.jsonl")


def test_a_digest_is_of_what_is_asked_and_right(tmp_path: Path) -> None:
    def digest(**changes: Any) -> str:
        return load(written(tmp_path, GOOD | changes)).questions[0].digest

    assert digest() == digest(note="x", language="en", part="dev", bad=["b.png"])
    assert digest(relevant=["a", "b"]) == digest(relevant=["b", "a"])
    assert len({digest(), digest(question="a blue door"), digest(relevant=["b"]), digest(where="year > 1")}) == 4


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_any_json_is_read_or_refused_in_a_line(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = written(tmp_path_factory.mktemp("set"), GOOD, {"id": "b", "kind": "text", "question": value, "turns": value})
    try:
        refused, read = "", load(path).questions
    except UsageError as error:
        refused, read = str(error), ()
    assert len(read) == 2 or "line 2" in refused
