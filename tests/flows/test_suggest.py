"""Questions made from what a knowledge base holds: of different kinds, and about things that are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagelore.flows.chat import turn
from imagelore.flows.ingest import ingest
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.flows.similar import similar
from imagelore.flows.suggest import suggestions
from imagelore.settings import Settings
from imagelore.types import Retrieved
from tests.flows.pictures import folder

ROWS: dict[str, dict[str, Any]] = {
    "a.png": {"title": "Old harbour", "text": "Boats at Leith.", "tags": ["boat"], "place": "Leith", "year": 1987},
    "b.png": {"title": "Fishing boat", "text": "A boat.", "tags": ["boat"], "place": "Leith", "year": 1990},
    "c.png": {"title": "Barn", "tags": ["farm"], "place": "Leeds"},
}


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    root = tmp_path_factory.mktemp("suggest")
    settings = Settings(kb=str(root / "kb"), embedder="palette")
    ingest(settings, str(folder(root / "photos", {"a.png": "red", "b.png": "#d01818", "c.png": "blue"}, ROWS)))
    return KnowledgeBase(settings)


def test_the_first_visit_gets_four_kinds_one_with_a_picture(kb: KnowledgeBase) -> None:
    found = suggestions(kb.index)
    assert len(found) == 4
    assert {one.text.split()[0] for one in found} >= {"Where", "How", "Which", "From"}
    pictures = [one.picture for one in found if one.picture]
    assert len(pictures) == 1
    assert kb.index.get(pictures)


def test_counts_are_asked_of_tags_that_several_pictures_share(kb: KnowledgeBase) -> None:
    counted = [one.text for one in suggestions(kb.index, limit=20) if one.text.startswith("How many")]
    assert counted == ['How many pictures are tagged "boat"?']


def test_tags_that_do_not_read_well_in_a_question_are_left_out(tmp_path: Path) -> None:
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    rows = {name: {"title": name, "tags": ["x" * 300, "bird", "owl"]} for name in ("a.png", "b.png")}
    ingest(settings, str(folder(tmp_path / "photos", {"a.png": "red", "b.png": "blue"}, rows)))
    texts = [one.text for one in suggestions(KnowledgeBase(settings).index)]
    assert not any("xxx" in text for text in texts)
    assert {'How many pictures are tagged "bird"?', 'Which pictures are tagged "owl"?'} <= set(texts)


def test_after_an_answer_the_questions_lead_on_from_its_hits(kb: KnowledgeBase) -> None:
    hits = kb.search("barn", top=1).hits
    found = suggestions(kb.index, hits)
    assert any('"Barn"' in one.text for one in found)
    assert not any("harbour" in one.text for one in found)
    assert [one.picture for one in found if one.picture] == [hits[0].record.id]


def test_what_tells_the_hits_apart_narrows_them_down_and_can_be_asked(kb: KnowledgeBase) -> None:
    found = list(kb.chat("pictures of boats or farms"))
    shown = found[0]
    assert isinstance(shown, Retrieved)
    hits = tuple(replace(hit, fits=True) for hit in shown.hits)
    narrower = [one.text for one in suggestions(kb.index, hits, limit=20) if one.text.startswith(("Only", "And"))]
    assert narrower == ["Only those from Leith", 'Only those tagged "boat"']
    for text in narrower:
        asked = next(iter(kb.chat(text, (), [turn("pictures of boats or farms", "Some.", shown)])))
        assert isinstance(asked, Retrieved)
        assert {hit.record.path for hit in asked.hits} == {"a.png", "b.png"}


def test_the_year_of_a_hit_leads_to_others_of_it_only_where_there_are_some(kb: KnowledgeBase) -> None:
    texts = [one.text for one in suggestions(kb.index, kb.search("boats", top=3).hits, limit=20)]
    assert "Which pictures are from Leith?" in texts
    assert "Which pictures are from 1987?" not in texts


def test_after_an_answer_without_anything_that_fits_it_begins_anew(kb: KnowledgeBase) -> None:
    far = tuple(replace(hit, fits=False) for hit in kb.search("barn").hits)
    assert suggestions(kb.index, far) == suggestions(kb.index)


def test_pictures_without_metadata_still_suggest_looking_alike(tmp_path: Path) -> None:
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(folder(tmp_path / "photos", {"x.png": "red"})))
    assert suggestions(KnowledgeBase(settings).index)[0].picture


def test_similar_pictures_come_nearest_first_without_the_picture_itself(kb: KnowledgeBase) -> None:
    ids = {record.path: record.id for record in kb.index.browse()}
    assert [record.path for record in similar(kb.index, ids["a.png"])] == ["b.png", "c.png"]
    assert len(similar(kb.index, ids["a.png"], limit=1)) == 1
    assert similar(kb.index, "nothing") == []
