"""Calibration at the end of a run: when it is made, of what, and that a run never fails for it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore import KnowledgeBase, Settings, ingest
from imagelore.embed import palette
from imagelore.errors import EmbedderError
from imagelore.flows._calibrate import calibrate, unrelated
from imagelore.flows._snippets import question
from imagelore.flows.status import status
from imagelore.index import Index, lancedb
from imagelore.retrieve import retrieve
from imagelore.types import Calibration, Line, Query, Record
from imagelore.words import content_words, language, stems
from tests.flows.pictures import folder

THINGS = ("door", "gate", "barn", "boat", "mill", "tower", "bridge", "wagon", "chapel", "stable")
EMBEDDER = palette.create(Settings())


def doors(count: int, start: int = 0) -> list[Record]:
    """Described records with vectors."""
    made = []
    for number in range(start, start + count):
        title = f"A {THINGS[number % 10]} in {THINGS[number // 10 % 10]}ville"
        texts = {space: rows[0] for space, rows in EMBEDDER.embed_texts([title], "document").items()}
        made.append(Record(f"{number:04}", "s", f"{number}.png", "1", "d", title=title, texts=texts))
    return made


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = lancedb.create(str(tmp_path / "kb"), EMBEDDER.info, Settings())
    made.upsert(doors(50))
    return made


def measured(index: Index) -> Calibration:
    found = index.info().calibration
    assert found
    return found


def test_it_is_made_once_and_again_after_much_has_changed(index: Index) -> None:
    assert calibrate(index, EMBEDDER, 50)
    assert measured(index).records == 50
    assert measured(index).answerable > 40
    assert not calibrate(index, EMBEDDER, 0)
    assert not calibrate(index, EMBEDDER, 10)
    assert calibrate(index, EMBEDDER, 11)
    index.upsert(doors(11, start=50))
    assert calibrate(index, EMBEDDER, 0)
    assert measured(index).records == 61


def test_the_same_records_give_the_same_calibration(index: Index) -> None:
    calibrate(index, EMBEDDER, 50)
    once = measured(index)
    calibrate(index, EMBEDDER, 50)
    assert measured(index) == once


def test_nothing_in_it_is_nothing_to_measure(tmp_path: Path) -> None:
    empty = lancedb.create(str(tmp_path / "kb"), EMBEDDER.info, Settings())
    assert not calibrate(empty, EMBEDDER, 0)
    assert empty.info().calibration is None


def test_a_run_calibrates_what_it_made_and_status_tells(tmp_path: Path) -> None:
    source = folder(tmp_path / "photos", {"a.png": "red", "b.png": "blue"}, {"a.png": {"title": "A barn"}})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(source))
    now = status(settings)
    assert now.calibration is not None
    assert now.calibration.records == 2
    assert "over 2 records" in dict(now.lines())["calibration"]
    kb = KnowledgeBase(settings)
    assert kb.search("the barn").hits[0].fits
    assert kb.search("red").hits[0].fits
    assert not any(hit.fits for hit in kb.search("parliament of wombats").hits)
    assert [hit.confidence >= 0.5 for hit in kb.search("barn").hits] == [hit.fits for hit in kb.search("barn").hits]


def test_a_run_that_changes_nothing_measures_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = folder(tmp_path / "photos", {"a.png": "red", "b.png": "blue"}, {"a.png": {"title": "A barn"}})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(source))
    asked: list[object] = []
    monkeypatch.setattr(palette.Palette, "embed_texts", lambda *_: asked.append(_))
    assert ingest(settings, str(source)).unchanged == 2
    assert asked == []


def test_where_the_questions_cannot_be_embedded_the_run_ends_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = palette.Palette.embed_texts

    def few(self: palette.Palette, texts: list[str], role: str) -> object:
        if len(texts) > 3:
            raise EmbedderError("the quota is used up: wait")
        return whole(self, texts, role)  # type: ignore[arg-type]

    source = folder(tmp_path / "photos", {"a.png": "red"}, {"a.png": {"title": "A barn"}})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    with monkeypatch.context() as patched:
        patched.setattr(palette.Palette, "embed_texts", few)
        report = ingest(settings, str(source))
    assert report.added == 1
    assert any("the next run tries again" in line and "quota" in line for line in report.warnings)
    assert KnowledgeBase(settings).search("barn").hits[0].fits
    assert dict(status(settings).lines())["calibration"].startswith("none")
    ingest(settings, str(source))
    assert status(settings).calibration is not None


def test_time_that_is_over_ends_it_and_the_embedder_s_floors_decide(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagelore.flows._calibrate._SECONDS", -1.0)
    assert calibrate(index, EMBEDDER, 50)
    assert (measured(index).answerable, measured(index).unanswerable) == (0, 0)
    hits = retrieve(Query("barn"), index, EMBEDDER.info, lambda record: record.path)
    assert hits[0].fits
    assert "barn" in hits[0].matched


@pytest.mark.parametrize("pictures", [["red"], ["red", "blue", "green"], ["red"] * 20], ids=["1", "3", "20 the same"])
def test_a_picture_that_is_there_fits_however_few_or_alike_all_are(tmp_path: Path, pictures: list[str]) -> None:
    source = folder(tmp_path / "photos", {f"{n}.png": colour for n, colour in enumerate(pictures)})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    report = ingest(settings, str(source))
    assert not report.warnings
    kb = KnowledgeBase(settings)
    assert kb.search("", [(source / "0.png").read_bytes()]).hits[0].fits
    strange = folder(tmp_path / "others", {"strange.png": "yellow"})
    assert not any(hit.fits for hit in kb.search("", [(strange / "strange.png").read_bytes()]).hits)


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (["Die alte Windmühle steht am Fluss", "Ein Boot liegt auf dem See"], "Wo sind die Windmühlen?"),
        (["Le vieux moulin est dans la vallée", "Une barque sur le lac"], "Où sont les moulins ?"),
        (["El molino está en el campo", "Una barca en el lago"], "¿Dónde están los molinos?"),
        (["荷兰的风车在河边", "湖上有一只小船"], "风车在哪里？"),
    ],
    ids=["de", "fr", "es", "zh"],
)
def test_records_in_another_language_are_found_and_fit(tmp_path: Path, told: list[str], asked: str) -> None:
    texts = {f"{n}.png": {"text": text} for n, text in enumerate(told)}
    source = folder(tmp_path / "photos", {"0.png": "red", "1.png": "blue"}, texts)
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(source))
    first, *others = KnowledgeBase(settings).search(asked).hits
    assert first.record.path == "0.png"
    assert first.fits
    assert first.matched
    assert "text mentions" in first.why
    assert not any(hit.fits for hit in others)


def test_a_question_is_asked_in_the_record_s_language() -> None:
    asked = Record(
        "1", "s", "1.png", "", "", title="Windmühlen", text="Die Windmühlen stehen am Fluss und mahlen Korn."
    )
    made = {question(asked, random.Random(seed)) for seed in range(40)}
    assert any(language(text) == "de" for text in made)
    assert not any(word in text.split() for text in made for word in ("the", "of", "which", "famous"))


def test_a_question_is_made_of_some_of_the_record_s_words() -> None:
    asked = Record(
        "1", "s", "1.png", "", "", title="Kingfisher on a branch", text="It has a long bill. Blue.", tags=("bird",)
    )
    for seed in range(50):
        made = question(asked, random.Random(seed))
        own = {*stems(asked.words()), *(word[:3] for word in content_words(asked.words()))}
        assert any(word in own or word[:3] in own for word in content_words(made)), made
        assert made == question(asked, random.Random(seed))
        assert asked.text not in made
    assert len({question(asked, random.Random(seed)) for seed in range(50)}) > 20
    assert question(Record("2", "s", "2.png", "", ""), random.Random(0)) == ""


def test_a_page_is_asked_for_by_what_stands_on_it_and_not_by_its_documents_title() -> None:
    rows = ("Scale builds up in hard water.", "Citric acid removes it.", "12")
    lines = tuple(Line(row, (0.1, n / 9, 0.5, n / 9 + 0.05)) for n, row in enumerate(rows))
    page = Record("1", "s", "m.pdf", "1", "d", title="Kettle manual", place="page 3", lines=lines)
    made = " ".join(question(page, random.Random(seed)) for seed in range(40))
    assert {"scale", "citric", "acid"} <= set(made.split())
    assert "kettle" not in made
    assert "manual" not in made


@given(title=st.text(), text=st.text(), tags=st.lists(st.text(), max_size=3), seed=st.integers(0, 9))
def test_any_text_makes_a_question_or_none(title: str, text: str, tags: list[str], seed: int) -> None:
    made = question(Record("1", "s", "1.png", "", "", title=title, text=text, tags=tuple(tags)), random.Random(seed))
    assert bool(made) == any(content_words(part) for part in (title, *tags, text))


def test_the_unrelated_questions_are_many_short_and_of_several_languages() -> None:
    asked = unrelated()
    assert len(asked) == len(set(asked)) >= 300
    assert max(map(len, asked)) < 60
    told = " ".join(asked)
    assert all(word in told for word in ("Rezept", "recette", "receta", "天气", "password"))
