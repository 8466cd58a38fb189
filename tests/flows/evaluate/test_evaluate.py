"""A whole run: questions asked through the chat flow of a small knowledge base, and what is told about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagelore import KnowledgeBase, Settings, ingest, providers
from imagelore.errors import GeneratorError, UsageError
from imagelore.flows.chat import turn
from imagelore.flows.evaluate import Report, Run, evaluate, load
from imagelore.flows.evaluate.page import page
from imagelore.flows.evaluate.thumbs import rows
from imagelore.flows.feedback import Judged, keep
from imagelore.types import Delta, Done, GeneratorEvent, Prompt, Retrieved, Stop
from tests.flows.pictures import folder, paint

PICTURES = {"red.png": "red", "green.png": "green", "blue.png": "blue", "yellow.png": "yellow"}
ROWS = {
    "red.png": {"title": "A red door", "text": "It was painted in 1987.", "place": "Leeds"},
    "green.png": {"title": "A green gate", "place": "York"},
    "blue.png": {"title": "A blue boat <script>alert(1)</script>", "place": "Hull"},
}
DOOR = {"id": "door", "kind": "text", "question": "Where is the red door?", "relevant": ["red.png"], "facts": ["Leeds"]}
GATE = {"id": "gate", "kind": "text", "question": "green gate", "relevant": ["green.png"], "language": "en"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("evaluate")
    made = Settings(kb=str(root / "kb"), embedder="palette", generator="extractive")
    ingest(made, str(folder(root / "photos", PICTURES, ROWS)))
    return made


@pytest.fixture
def kb(settings: Settings) -> KnowledgeBase:
    return KnowledgeBase(settings)


def counted(step: str, maker: Callable[..., Any], made: list[str]) -> Callable[..., Any]:
    """A provider's maker that tells when it is called."""

    def make(*arguments: Any) -> Any:
        made.append(step)
        return maker(*arguments)

    return make


def asked(kb: KnowledgeBase, place: Path, *questions: Any, **run: Any) -> Report:
    path = place / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    return evaluate(kb, load(path), Run(**run))


def test_answers_citations_and_facts(kb: KnowledgeBase, tmp_path: Path) -> None:
    report = asked(kb, tmp_path, DOOR, GATE)
    door, _ = report.outcomes
    assert door.answer
    assert "Leeds" in door.answer
    assert report.overall.means["success@1"] == report.overall.means["facts"] == 1
    assert report.overall.means["citation recall"] == 1
    assert {"embed", "search", "augment", "generate", "all"} <= set(report.overall.seconds)
    assert {name: figures.questions for name, figures in report.groups["language"].items()} == {"": 1, "en": 1}
    assert report.complete


def test_retrieval_alone_asks_no_generator(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.generator = Failing()
    report = asked(kb, tmp_path, DOOR, GATE, answers=False)
    assert report.overall.means["success@1"] == 1
    assert not {"facts", "citation recall"} & set(report.overall.means)
    assert set(report.overall.seconds) == {"retrieve"}


def test_however_many_questions_start_the_models_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for step, name in (("embed", "palette"), ("generate", "extractive"), ("index", "lancedb")):
        module = providers.load(step, name)
        maker = "open" if step == "index" else "create"
        monkeypatch.setattr(module, maker, counted(step, getattr(module, maker), made))
    report = asked(KnowledgeBase(settings), tmp_path, *(GATE | {"id": f"{n}"} for n in range(200)))
    assert len(report.outcomes) == 200
    assert sorted(made) == ["embed", "generate", "index"]


def test_a_picture_is_a_question(kb: KnowledgeBase, tmp_path: Path) -> None:
    paint(tmp_path / "query.png", "blue", 9)
    question = {"id": "p", "kind": "picture", "question": "", "images": ["query.png"], "relevant": ["blue.png"]}
    assert asked(kb, tmp_path, question).overall.means["success@1"] == 1


def test_earlier_turns_are_asked_first(kb: KnowledgeBase, tmp_path: Path) -> None:
    alone = {"id": "t", "kind": "turns", "question": "Where is it?", "relevant": ["green.png"], "facts": ["York"]}
    after = alone | {"turns": [{"question": "Tell me about the green gate"}]}
    assert asked(kb, tmp_path, after).overall.means["facts"] == 1
    assert asked(kb, tmp_path, alone).overall.means["facts"] == 0
    assert asked(kb, tmp_path, after, answers=False).overall.means["success@1"] == 1


def test_a_filter_narrows_a_question(kb: KnowledgeBase, tmp_path: Path) -> None:
    question = GATE | {"kind": "filter", "where": "place = 'Hull'", "relevant": ["blue.png"]}
    (outcome,) = asked(kb, tmp_path, question).outcomes
    assert [hit.path for hit in outcome.hits] == ["blue.png"]
    with pytest.raises(UsageError, match=r"question 'gate': .*plaice"):
        asked(kb, tmp_path, question | {"where": "plaice = 'Hull'"})


def test_relevant_paths_that_are_nowhere_are_named(kb: KnowledgeBase, tmp_path: Path) -> None:
    report = asked(kb, tmp_path, DOOR | {"relevant": ["red.png", "gone/a.png"]}, GATE | {"relevant": None})
    assert report.warnings == (
        "relevant paths that are not in the knowledge base: 1 (gone/a.png)",
        "questions whose retrieval is not judged because they do not say what is `relevant`: 1 (gate)",
    )
    assert report.overall.means["recall@10"] == 0.5
    assert report.outcomes[0].missed == ("gone/a.png",)


class Failing:
    """A generator that fails on some of its calls."""

    label, pictures = "failing", 0

    def __init__(self, *well: int) -> None:
        self.well, self.calls = well, 0

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        self.calls += 1
        if self.calls not in self.well:
            raise GeneratorError("the service is down")
        yield Delta("It is in Leeds [1].")
        yield Stop()


def test_a_question_that_gets_no_answer_is_told(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.generator = Failing(1, 4)
    report = asked(kb, tmp_path, *(DOOR | {"id": f"{n}"} for n in range(4)))
    assert [outcome.error for outcome in report.outcomes] == ["", "the service is down", "the service is down", ""]
    assert (report.overall.means["facts"], report.overall.means["answered"]) == (0.5, 0.5)
    assert report.overall.means["success@1"] == 1  # what was found does not depend on what answers
    assert "question '1' got no answer: the service is down" in report.warnings


def test_a_failure_is_no_abstention(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.generator = Failing(1)
    report = asked(kb, tmp_path, DOOR, {"id": "tax", "kind": "nothing", "question": "quarterly tax return"})
    assert report.overall.means["abstained"] == 0
    assert "AUROC" not in report.overall.means


def test_three_failures_in_a_row_end_the_run(kb: KnowledgeBase, tmp_path: Path) -> None:
    kb.generator = Failing(1)
    with pytest.raises(GeneratorError, match="down"):
        asked(kb, tmp_path, *(DOOR | {"id": f"{n}"} for n in range(9)))
    assert kb.generator.calls == 4


def test_a_picture_that_is_none_is_told_and_the_run_goes_on(kb: KnowledgeBase, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    report = asked(kb, tmp_path, DOOR | {"id": "bad", "images": ["bad.png"]}, GATE)
    assert "cannot be read" in report.outcomes[0].error
    assert report.outcomes[1].measures["success@1"] == 1


def test_a_picture_that_is_gone_since_is_told_and_the_run_goes_on(kb: KnowledgeBase, tmp_path: Path) -> None:
    file = paint(tmp_path / "asked.png", "blue", 9)

    def remove(_: Any) -> None:
        file.unlink(missing_ok=True)

    report = asked(kb, tmp_path, DOOR | {"id": "gone", "images": ["asked.png"]}, GATE, progress=remove)
    assert "asked.png` cannot be read" in report.outcomes[0].error
    assert report.outcomes[1].measures["success@1"] == 1
    assert "no picture" in page(kb, report)


def test_an_interrupted_run_reports_what_was_asked(kb: KnowledgeBase, tmp_path: Path) -> None:
    report = asked(kb, tmp_path, DOOR, GATE, stopped=lambda: True)
    assert ([outcome.question.id for outcome in report.outcomes], report.complete) == (["door"], False)


def test_the_page_loads_nothing_and_escapes_everything(kb: KnowledgeBase, tmp_path: Path) -> None:
    paint(tmp_path / 'a"><script>x.png', "blue", 9)
    evil = '"><script>alert(2)</script>'
    question = DOOR | {"id": evil, "question": evil, "kind": "both", "images": ['a"><script>x.png'], "facts": [evil]}
    html = page(kb, asked(kb, tmp_path, question | {"language": evil}, GATE | {"where": "place != '<b>'"}))
    assert "<script" not in html
    assert "alert(2)" in html
    assert "A blue boat &lt;script&gt;" in html
    assert "http:" not in html.replace("http-equiv", "")
    assert "https:" not in html
    assert (
        html.count("data:image/jpeg;base64,") == 5
    )  # each picture once: four of the knowledge base and the question's


def test_failures_come_first_on_the_page(kb: KnowledgeBase, tmp_path: Path) -> None:
    nobody_said = GATE | {"id": "new", "relevant": None}
    html = page(kb, asked(kb, tmp_path, GATE, nobody_said, DOOR | {"relevant": ["yellow.png"]}))
    assert html.index('id="q-door"') < html.index('id="q-gate"')
    assert [html.count(f"{says}</b>") for says in ("look at", "right", "not judged")] == [1, 1, 1]
    assert "✗ not asked for" in html


def thumb(kb: KnowledgeBase, key: str, verdict: Any, question: str, files: tuple[Path, ...] = (), **more: Any) -> None:
    found, *_, done = kb.chat(question, [file.read_bytes() for file in files])
    assert isinstance(found, Retrieved)
    assert isinstance(done, Done)
    keep(kb.settings, Judged(key, verdict, turn(question, done.answer, found, files), **more))


def test_thumbs_become_a_set(settings: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    kb = KnowledgeBase(replace(settings, data=str(tmp_path / "data")))
    thumb(kb, "a", "up", "Where is the red door?")
    thumb(kb, "b", "down", "Where is the green gate?", where="place = 'York'", comment="I meant the other one")
    thumb(kb, "c", "up", "", (paint(tmp_path / "query.png", "blue", 9),))
    thumb(kb, "d", "none", "Where is the blue boat?")
    found = list(rows(kb.settings))
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, found)), encoding="utf-8")
    up, down, picture = load(path).questions
    assert (up.kind, up.relevant) == ("text", ("red.png",))
    assert (down.kind, down.relevant, down.where) == ("filter", None, "place = 'York'")
    assert ("green.png" in down.bad, down.note) == (True, "I meant the other one")
    assert (picture.kind, Path(picture.asked.images[0]).is_file()) == ("picture", True)
    report = evaluate(kb, load(path))
    assert report.overall.means["success@1"] == 1
    assert "MRR" not in report.outcomes[1].measures
