"""What a run's report keeps of a run that is long, and goes badly."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from imagelore.cli import render
from imagelore.cli.progress import progress
from imagelore.flows._tally import Progress, Report, Run, Tally


def report(skipped: int) -> Report:
    tally = Tally(Run())
    tally.skip((f"photos/{n}.jpg", "no picture") for n in range(skipped))
    return tally.report(skipped, 1.0)


def test_a_million_bad_pictures_are_counted_and_the_first_ones_named() -> None:
    made = report(1_000_000)
    assert made.skipped_count == 1_000_000
    assert len(made.skipped) == 1_000
    assert made.skipped[-1] == ("photos/999.jpg", "no picture")


@pytest.mark.parametrize(("skipped", "told"), [(3, None), (1_000, None), (1_500, 1_500)])
def test_the_document_says_how_many_only_where_not_all_are_named(
    capsys: pytest.CaptureFixture[str], skipped: int, told: int | None
) -> None:
    render.report(report(skipped), "here", as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert len(document["skipped"]) == min(skipped, 1_000)
    assert document.get("skipped_count") == told


def test_the_summary_says_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    render.report(report(1_500), "here", as_json=False)
    out, err = capsys.readouterr()
    assert "1,500 skipped in" in out
    assert err.splitlines()[-1] == "skipped 500 more"


def test_parts_and_text_are_told_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    made = replace(report(0), added=2, parts=4_999, read=12)
    render.report(made, "here", as_json=True)
    assert {"parts": 4_999, "read": 12}.items() <= json.loads(capsys.readouterr().out).items()
    render.report(made, "here", as_json=False)
    assert "4,999 more parts of documents, 12 searched for text, 0 skipped in" in capsys.readouterr().out
    render.report(report(0), "here", as_json=True)
    assert not {"parts", "read"} & set(json.loads(capsys.readouterr().out))


def test_progress_through_a_long_document_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as tell:
        tell(Progress("indexing", 1, 1, parts=1_234, read=7))
    line = capsys.readouterr().err
    assert line.startswith("1 of 1 files, 1,234 more parts of documents, ")
    assert ", text read in 7, " in line
