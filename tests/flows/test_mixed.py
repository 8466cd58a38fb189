"""Documents, text in pictures and descriptions beside plain pictures: what is found, and what the answer says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from imagelore import KnowledgeBase
from imagelore.errors import UsageError
from imagelore.flows.chat import turn
from imagelore.flows.evaluate import Run, evaluate, load
from imagelore.flows.suggest import suggestions
from imagelore.types import Citation, Done, Retrieved, Turn
from tests.cli.running import run
from tests.flows.mixed import built


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return built(tmp_path_factory.mktemp("mixed") / "kb")


def asked(kb: KnowledgeBase, question: str, history: Sequence[Turn] = ()) -> tuple[Retrieved, Done]:
    found, *_, done = kb.chat(question, history=history)
    assert isinstance(found, Retrieved)
    assert isinstance(done, Done)
    return found, done


def cited(done: Done, path: str) -> Citation:
    return next(citation for citation in done.citations if citation.hit.record.path == path)


def test_a_documents_pages_leave_room_for_pictures(kb: KnowledgeBase) -> None:
    five, eight = (kb.search("kettle", top=top).hits for top in (5, 8))
    for hits in (five, eight):
        assert {"IMG_4.jpg", "IMG_5.jpg"} <= {hit.record.path for hit in hits if hit.fits}
    assert sum(bool(hit.record.place) for hit in five) == 3
    assert sum(hit.fits for hit in eight) == 8  # further pages before what does not fit


def test_a_document_that_the_question_names_may_fill_the_list(kb: KnowledgeBase) -> None:
    hits = kb.search("care and use of a kettle", top=8).hits
    assert sum(hit.record.path == "docs/kettle.pdf" for hit in hits) > 3


def test_where_nothing_else_fits_there_are_more_pages(kb: KnowledgeBase) -> None:
    hits = [hit for hit in kb.search("scale, litres, cloth, warranty, dry, welcome", top=8).hits if hit.record.place]
    assert len(hits) > 3


def test_pages_that_look_alike_are_hits_of_their_own(kb: KnowledgeBase) -> None:
    hits = kb.search("care and use of a kettle", top=20).hits
    assert {f"page {n}" for n in range(1, 7)} <= {hit.record.place for hit in hits}
    assert not any(hit.duplicates for hit in hits)


def test_a_figure_stands_next_to_its_page(kb: KnowledgeBase) -> None:
    places = [hit.record.place for hit in kb.search("scale builds up in a kettle", top=8).hits if hit.fits]
    assert abs(places.index("page 3") - places.index("page 3, picture 1")) == 1


@pytest.mark.parametrize(
    ("question", "path", "why"),
    [
        ("drowning", "IMG_1.jpg", "text in it mentions drowning"),
        ("citric acid", "docs/kettle.pdf", "page mentions citric, acid"),
        ("tonnes of apples", "talk.pptx", "slide mentions tonnes, apples"),
        ("walnuts", "sales.xlsx", "sheet mentions walnuts"),
        ("a bus in the rain", "IMG_3.jpg", "described as bus, rain by see-1"),
        ("copper stove", "IMG_4.jpg", "text mentions copper, stove"),
    ],
)
def test_a_card_says_who_said_what_was_found(kb: KnowledgeBase, question: str, path: str, why: str) -> None:
    hit = kb.search(question).hits[0]
    assert (hit.record.path, hit.why) == (path, why)
    assert hit.fits


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does the sign about the danger of drowning say?", "reads: “NO SWIMMING / Danger of drowning” [1]."),
        ("Which picture has the text NO SWIMMING on it?", "(file IMG_1.jpg) [1]. It reads: “NO SWIMMING"),
        ("What is the total of the invoice?", "(file IMG_2.jpg) reads: “Total EUR 110.50” [1]."),
        ("How much do the paper filters cost?", "reads: “Paper filters 12.00” [1]."),
        (
            "How is scale removed?",
            "“Care and use”, page 3, says: “Scale builds up in hard water and must be removed once",
        ),
        (
            "How many tonnes of apples were sold?",
            "“Harvest report”, slide 2, says: “Apples sold in 2023: 41 tonnes” [1].",
        ),
        ("walnuts", "The document sales.xlsx, sheet Nuts, says: “Walnuts 3” [1]."),
        (
            "Show me a bus in the rain",
            "See-1 describes an untitled picture (file IMG_3.jpg) as “A red bus waits at a stop",
        ),
    ],
)
def test_answers_quote_what_stands_there_and_say_where(kb: KnowledgeBase, question: str, answer: str) -> None:
    assert answer in asked(kb, question)[1].answer


def test_what_only_a_model_said_makes_no_yes(kb: KnowledgeBase) -> None:
    answer = asked(kb, "Is there a red bus?")[1].answer
    assert answer.startswith("No record says so in words, but see-1 describes")
    assert "(a model's guess)" in answer


def test_a_citation_knows_the_passage_and_the_lines_where_it_stands(kb: KnowledgeBase) -> None:
    citation = cited(asked(kb, "How is scale removed?")[1], "docs/kettle.pdf")
    assert citation.fact == (
        "read",
        "Scale builds up in hard water and must be removed once a month with citric acid.",
    )
    assert citation.boxes == tuple(line.box for line in citation.hit.record.lines[1:3])
    total = cited(asked(kb, "What is the total of the invoice?")[1], "IMG_2.jpg")
    assert {line.text for line in total.hit.record.lines if line.box in total.boxes} >= {"Total", "EUR 110.50"}
    assert "Paper filters" not in {line.text for line in total.hit.record.lines if line.box in total.boxes}


def test_a_picture_that_is_named_first_and_quoted_then_is_marked_too(kb: KnowledgeBase) -> None:
    citation = cited(asked(kb, "Which picture has the text NO SWIMMING on it?")[1], "IMG_1.jpg")
    assert citation.fact == ("read", "NO SWIMMING / Danger of drowning")
    assert len(citation.boxes) == 2


def test_a_description_is_cited_as_such(kb: KnowledgeBase) -> None:
    citation = cited(asked(kb, "Show me a bus in the rain")[1], "IMG_3.jpg")
    assert citation.fact == ("described", "A red bus waits at a stop in the rain.")
    assert citation.boxes == ()


@pytest.mark.parametrize(
    ("question", "places"),
    [
        ("What is on page 3 of the kettle manual?", ["page 3", "page 3, picture 1"]),
        ("what does the kettle document say on pages 4 to 5?", ["page 4", "page 5"]),
        ("the first page of kettle.pdf", ["page 1"]),
        ("slide 2 of the harvest report", ["slide 2"]),
        ("what is in the Nuts sheet of sales?", ["sheet Nuts"]),
    ],
)
def test_a_place_that_is_named_is_opened(kb: KnowledgeBase, question: str, places: list[str]) -> None:
    found, done = asked(kb, question)
    assert [hit.record.place for hit in found.hits] == places
    assert found.hits[0].fits
    assert found.intent.said.startswith(f"about {places[0]} of")
    assert f"{places[0]}, says: “" in done.answer


def test_a_place_is_one_of_the_document_that_was_talked_about(kb: KnowledgeBase) -> None:
    question = "What is on page 3 of the kettle manual?"
    found, done = asked(kb, question)
    then, _ = asked(kb, "And page 4?", [turn(question, done.answer, found)])
    assert [(hit.record.path, hit.record.place) for hit in then.hits] == [("docs/kettle.pdf", "page 4")]


def test_a_page_that_is_not_there_is_told(kb: KnowledgeBase) -> None:
    found, _ = asked(kb, "What is on page 99 of the kettle manual?")
    assert any("there is no page 99 of “Care and use”" in notice for notice in found.notices)
    assert found.hits


def test_a_place_without_a_document_is_searched_as_any_words(kb: KnowledgeBase) -> None:
    found, _ = asked(kb, "lighthouse at dusk, part two")
    assert found.hits[0].record.path == "IMG_6.jpg"
    assert (found.intent.only, found.notices) == ((), ())


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many pages mention citric acid?", '1 of 6 pages matches (whose text mentions "citric" and "acid").'),
        ("How many pages mention scale?", '1 of 6 pages matches (whose text mentions "scale").'),  # and a figure on it
        ("How many slides are there in talk.pptx?", "3 of 3 slides match"),
        ("How many slides are there?", "There are 3 slides in this knowledge base."),
        ("How many sheets do you have?", "There are 2 sheets in this knowledge base."),
        ("Which page mentions citric acid?", "“Care and use”, page 3 [1]."),
        ("What does slide 2 say?", "“Harvest report”, slide 2, says: “Apples sold in 2023: 41 tonnes” [1]."),
        ("How long is the warranty of the kettle?", "“The kettle is covered for twenty-four months.” [1]"),
    ],
)
def test_questions_about_documents_as_people_ask_them(kb: KnowledgeBase, question: str, answer: str) -> None:
    assert answer in asked(kb, question)[1].answer


@pytest.mark.parametrize("question", ["Summarise kettle.pdf", "kettle.pdf", "What is KETTLE.PDF about?"])
def test_a_file_that_is_named_is_where_the_answer_comes_from(kb: KnowledgeBase, question: str) -> None:
    found, done = asked(kb, question)
    assert {hit.record.path for hit in found.hits} == {"docs/kettle.pdf"}
    assert all(hit.fits for hit in found.hits)
    assert done.answer.startswith("“Care and use”, page ")


def test_a_name_that_no_file_has_is_searched_as_any_words(kb: KnowledgeBase) -> None:
    found, _ = asked(kb, "What does version 2.0 of teapot.pdf say about a lighthouse?")
    assert not any("as asked" in hit.why for hit in found.hits)


def test_suggestions_lead_into_documents_and_pictures_with_text(kb: KnowledgeBase) -> None:
    found = [s.text for s in suggestions(kb.index, kb.search("swimming").hits, limit=40)]
    assert 'Which picture says "NO SWIMMING / Danger of drowning"?' not in found
    told = {s.text for s in suggestions(kb.index, kb.search("kettle").hits, limit=40)}
    assert any(text.startswith('What is said about "') for text in told)


def test_sets_name_documents_or_their_parts(kb: KnowledgeBase, tmp_path: Path) -> None:
    rows = [
        {"id": "whole", "kind": "text", "question": "care and use of a kettle", "relevant": ["docs/kettle.pdf"]},
        {"id": "page", "kind": "text", "question": "citric acid", "relevant": ["docs/kettle.pdf#page 3"]},
        {"id": "address", "kind": "text", "question": "citric acid", "relevant": ["docs/kettle.pdf#page=3"]},
        {"id": "wrong", "kind": "text", "question": "citric acid", "relevant": ["docs/kettle.pdf#page=5"]},
        {"id": "gone", "kind": "text", "question": "citric acid", "relevant": ["docs/kettle.pdf#page=77"]},
    ]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    report = evaluate(kb, load(tmp_path / "set.jsonl"), Run())
    measures = {outcome.question.id: outcome.measures for outcome in report.outcomes}
    for id in ("whole", "page", "address"):
        assert (measures[id]["success@1"], measures[id]["nDCG@10"], measures[id]["recall@1"]) == (1, 1, 1), id
        assert (measures[id]["citation precision"], measures[id]["citation recall"]) == (1, 1), id
    assert measures["wrong"]["success@1"] == 0
    assert measures["wrong"]["citation recall"] == 0
    assert [w for w in report.warnings if "not in the knowledge base" in w] == [
        "relevant paths that are not in the knowledge base: 1 (docs/kettle.pdf#page=77)"
    ]
    assert next(o for o in report.outcomes if o.question.id == "page").hits[0].path == "docs/kettle.pdf#page 3"


def test_the_command_tells_place_passage_and_boxes(kb: KnowledgeBase, tmp_path: Path) -> None:
    ran = run(tmp_path, "ask", "How is scale removed?", "--kb", kb.settings.kb, "--generator", "extractive", "--json")
    told = json.loads(ran.stdout)
    assert told["hits"][0]["place"] == "page 3"
    citation = told["citations"][0]
    assert (citation["title"], citation["place"], citation["field"]) == ("Care and use, page 3", "page 3", "read")
    assert citation["passage"].startswith("Scale builds up")
    assert len(citation["boxes"]) == 2


def test_nothing_to_search_for_is_still_refused(kb: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        kb.search("?!")
