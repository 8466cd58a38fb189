"""A knowledge base remembers which sentence encoder read its texts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from imagelore.cli.commands import cli
from imagelore.errors import MismatchError, UsageError
from imagelore.flows.doctor import examine
from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.settings import Settings
from tests.embed import clip_reference, sentence_reference
from tests.flows.pictures import folder

CLIP = f"clip:{clip_reference.FOLDER / 'clip'}"
SENTENCES = sentence_reference.FOLDER / "xlmr"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    rows = {"red.png": {"title": "A windmill"}, "blue.png": {"title": "A lighthouse"}}
    return folder(tmp_path / "photos", {"red.png": "red", "blue.png": "blue"}, rows)


@pytest.fixture
def indexed(tmp_path: Path, photos: Path) -> Path:
    ingest(settings(tmp_path / "kb", embedder=CLIP, sentences=str(SENTENCES)), str(photos))
    return tmp_path / "kb"


def settings(kb: Path, **values: Any) -> Settings:
    return Settings(kb=str(kb), generator="extractive", **values)


def test_it_is_opened_again_by_its_stamp_alone(indexed: Path, photos: Path) -> None:
    kb = KnowledgeBase(settings(indexed))
    assert kb.embedder.info.sentences == str(SENTENCES)
    assert kb.embedder.info == kb.index.info().embedder
    hits = kb.search("a windmill", rankings="meaning").hits
    assert {hit.record.path for hit in hits} == {"red.png", "blue.png"}
    assert ingest(settings(indexed), str(photos)).unchanged == 2


def test_another_one_is_refused_with_what_to_run(indexed: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        KnowledgeBase(settings(indexed, sentences="starter"))
    for hint in (repr(str(SENTENCES)), "'starter'", f"--kb OTHER --embedder {CLIP} --sentences starter"):
        assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_from_before_there_was_a_choice_has_the_starters(tmp_path: Path, photos: Path) -> None:
    ingest(settings(tmp_path / "kb", embedder=CLIP), str(photos))
    for sentences in ("", "starter"):
        assert KnowledgeBase(settings(tmp_path / "kb", sentences=sentences)).embedder.info.sentences == "starter"
    with pytest.raises(MismatchError, match=r"sentence encoder 'starter', not '.*xlmr'"):
        KnowledgeBase(settings(tmp_path / "kb", sentences=str(SENTENCES)))


def test_the_same_encoder_elsewhere_is_the_same(indexed: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(SENTENCES, tmp_path / "moved")
    assert KnowledgeBase(settings(indexed, sentences=str(moved))).search("a windmill").hits


@pytest.mark.parametrize("embedder", ["palette", "starter"])
def test_an_embedder_that_reads_texts_by_itself_takes_none(tmp_path: Path, photos: Path, embedder: str) -> None:
    with pytest.raises(UsageError, match=rf"'{embedder}' reads texts by itself: leave out `--sentences starter`"):
        ingest(settings(tmp_path / "kb", embedder=embedder, sentences="starter"), str(photos))
    assert not (tmp_path / "kb").exists()


def test_doctor_takes_it_from_the_stamp(indexed: Path) -> None:
    checks = {check.name: check for check in examine(settings(indexed))}
    assert checks["embedder fits the knowledge base"].ok


def test_the_command_line_names_it(tmp_path: Path, photos: Path) -> None:
    command = ["index", str(photos), "--kb", str(tmp_path / "kb"), "--embedder", CLIP, "--sentences", "e6"]
    told = CliRunner().invoke(cli, command)
    assert isinstance(told.exception, UsageError)
    assert "no sentence encoder 'e6'" in str(told.exception)
