"""An opened knowledge base: searching, chatting and opening pictures through its public surface."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from imagelore import KnowledgeBase, Settings, ingest
from imagelore.embed.palette import INFO, Palette
from imagelore.errors import KnowledgeBaseError, UsageError
from imagelore.flows import demo
from imagelore.flows.demo import prepare
from imagelore.flows.status import status
from imagelore.types import Delta, Done, GeneratorEvent, Notice, Prompt, Retrieved, Scope, Stop, Turn, Usage
from tests.flows.pictures import folder, paint

ROWS = {
    "red.png": {"title": "A red door", "text": "It was painted in 1987.", "place": "Leeds", "tags": ["door"]},
    "green.png": {"title": "A green gate", "place": "York", "tags": ["gate", "door"]},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = {"red.png": "red", "green.png": "green", "blue.png": "blue", "yellow.png": "yellow"}
    return folder(tmp_path_factory.mktemp("knowledge") / "photos", names, ROWS)


@pytest.fixture(scope="module")
def kb(photos: Path) -> KnowledgeBase:
    settings = Settings(kb=str(photos.parent / "kb"), embedder="palette", generator="extractive")
    ingest(settings, str(photos))
    return KnowledgeBase(settings)


class Scripted:
    """A generator that streams what it is told, and remembers the prompt."""

    label, pictures = "scripted", 2

    def __init__(self, *events: GeneratorEvent) -> None:
        self.events = events
        self.prompt = Prompt("")
        self.closed = False

    def stream(self, prompt: Prompt) -> Iterator[GeneratorEvent]:
        self.prompt = prompt
        try:
            yield from self.events
        finally:
            self.closed = True


def scripted(kb: KnowledgeBase, *events: GeneratorEvent) -> tuple[KnowledgeBase, Scripted]:
    other = KnowledgeBase(kb.settings)
    other.generator = Scripted(*events)
    return other, other.generator


def test_words_and_pictures_are_searched_together(kb: KnowledgeBase, tmp_path: Path) -> None:
    picture = paint(tmp_path / "query.png", "yellow", 5).read_bytes()
    found = kb.search("green gate", [picture])
    ranks = {hit.record.path: set(hit.found) for hit in found.hits}
    assert "look" in ranks["yellow.png"]
    assert {"text", "look"} <= ranks["green.png"]
    assert found.searched == '"green gate" + your picture'
    assert set(found.timings) == {"embed", "search"}


@pytest.mark.parametrize("text", ["", "  \n", "?!…", "🦜"])
def test_nothing_to_search_for(kb: KnowledgeBase, text: str) -> None:
    with pytest.raises(UsageError, match="nothing to search for"):
        kb.search(text)


def test_a_question_has_a_limit(kb: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match="4,000 are the limit"):
        kb.search("word " * 20_000)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_a_query_picture_must_be_one(kb: KnowledgeBase, data: bytes) -> None:
    with pytest.raises(UsageError, match="your picture cannot be read"):
        kb.search("", [data])


def test_a_question_has_a_limit_of_pictures(kb: KnowledgeBase, photos: Path) -> None:
    picture = (photos / "yellow.png").read_bytes()
    assert kb.search("", [picture] * 8, top=1).hits[0].record.path == "yellow.png"
    with pytest.raises(UsageError, match="the question has 20 pictures; 8 are the limit: send fewer"):
        kb.search("what are these?", [picture] * 20)


def test_of_several_pictures_each_finds_its_own(kb: KnowledgeBase, photos: Path) -> None:
    found = kb.search("", [(photos / name).read_bytes() for name in ("yellow.png", "blue.png")], top=2)
    assert {hit.record.path for hit in found.hits} == {"yellow.png", "blue.png"}
    assert found.searched == "your 2 pictures"


def test_of_an_animation_the_first_frame_is_searched_with(kb: KnowledgeBase, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("yellow", "blue", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=40)
    assert kb.search("", [(tmp_path / "a.gif").read_bytes()], top=1).hits[0].record.path == "yellow.png"


def test_rankings_can_be_chosen_for_one_question(kb: KnowledgeBase, photos: Path) -> None:
    picture = (photos / "yellow.png").read_bytes()
    by_text = kb.search("green gate", [picture], rankings="text")
    assert [hit.record.path for hit in by_text.hits] == ["green.png"]
    by_look = kb.search("green gate", [picture], rankings="look", top=1)
    assert by_look.hits[0].record.path == "yellow.png"
    assert {name for hit in kb.search("green gate", [picture]).hits for name in hit.found} >= {"text", "look"}
    with pytest.raises(
        UsageError, match="there is no ranking 'texts'; the known ones are colour, image, look, meaning"
    ):
        kb.search("green gate", rankings="texts")


def test_rankings_and_weights_can_be_set(kb: KnowledgeBase, photos: Path) -> None:
    picture = (photos / "yellow.png").read_bytes()
    other = KnowledgeBase(replace(kb.settings, weights="look=0, text=3", rankings="text,look"))
    assert {name for hit in other.search("green gate", [picture]).hits for name in hit.found} == {"text"}
    with pytest.raises(UsageError, match="the weight of 'text' must be a number"):
        KnowledgeBase(replace(kb.settings, weights="text=lots")).search("gate")


def test_where_the_chosen_rankings_find_nothing_it_is_told(kb: KnowledgeBase, photos: Path) -> None:
    found = kb.search("green gate", rankings="look")  # there is no picture to look like
    assert not found.hits
    assert found.notices == (
        "nothing was found by look alone: leave out `rankings` and `weights` to search by all rankings",
    )
    assert not kb.search("green gate", [(photos / "red.png").read_bytes()], rankings="look").notices


class English(Palette):
    """Reads English only."""

    info = replace(INFO, spaces=tuple(replace(space, languages=("en",)) for space in INFO.spaces))


@pytest.mark.parametrize(
    ("question", "first", "searched"),
    [
        ("aster", "red.png", '"aster"'),  # no German branches
        ("Windmühlen", "green.png", '"Windmühlen" (in English: windmill)'),
        ("Wo steht der Leuchtturm?", "blue.png", '"Wo steht der Leuchtturm?"'),  # what the records call it
        ("Wo ist eine Windmühle?", "green.png", '"Wo ist eine Windmühle?" (in English: windmill)'),
    ],
)
def test_a_question_becomes_english_where_the_records_do_not_speak_its_language(
    tmp_path: Path, question: str, first: str, searched: str
) -> None:
    rows = {
        "red.png": {"title": "An aster"},
        "green.png": {"title": "A windmill"},
        "blue.png": {"title": "Pellworm", "text": "Der Leuchtturm steht auf einer Sandbank."},
    }
    photos = folder(tmp_path / "photos", {"red.png": "red", "green.png": "green", "blue.png": "blue"}, rows)
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive")
    ingest(settings, str(photos))
    speaking = KnowledgeBase(settings)
    speaking.embedder = English()
    found = speaking.search(question, rankings="text")
    assert [hit.record.path for hit in found.hits] == [first]
    assert found.hits[0].matched
    assert found.searched == searched


def test_the_same_in_another_colour(kb: KnowledgeBase, photos: Path) -> None:
    first = kb.search("the same but in green", [(photos / "red.png").read_bytes()]).hits[0]
    assert first.record.path == "green.png"
    assert "colour" in first.found


def test_chat_retrieves_before_it_answers(kb: KnowledgeBase) -> None:
    first, *middle, last = kb.chat("Where is the red door?")
    assert isinstance(first, Retrieved)
    assert first.hits[0].record.title == "A red door"
    assert isinstance(last, Done)
    assert last.answer == "".join(event.text for event in middle if isinstance(event, Delta))
    assert "Leeds" in last.answer
    assert next((c.number, c.hit.record.path) for c in last.citations) == (1, "red.png")
    assert {"understand", "embed", "search", "augment", "first_word", "generate"} == set(last.timings)


def test_a_follow_up_finds_what_the_turn_before_was_about(kb: KnowledgeBase) -> None:
    history = [Turn("Tell me about the red door", "A red door."), Turn("Is it old?", "It was painted in 1987.")]
    first, *_, last = kb.chat("Where is it?", history=history)
    assert isinstance(first, Retrieved)
    assert isinstance(last, Done)
    assert first.hits[0].record.title == "A red door"
    assert "Leeds" in last.answer
    assert first.searched == '"Where is red door?"'
    other, *_ = kb.chat("Where is the green gate?", history=history)
    assert isinstance(other, Retrieved)
    assert other.searched == '"Where is the green gate?"'


def test_counts_run_over_all_pictures_and_not_the_hits(kb: KnowledgeBase) -> None:
    *_, done = kb.chat("How many pictures are tagged door?", top=1)
    assert isinstance(done, Done)
    assert "2 of 4" in done.answer


def test_a_counted_question_shows_what_was_counted(tmp_path: Path) -> None:
    names = {f"p{n}.png": colour for n, colour in enumerate(["red", "green", "blue", "yellow", "purple", "brown"])}
    rows = {name: {"title": f"Gate number {n}", "year": 2010 + n % 5} for n, name in enumerate(names)}
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette", generator="extractive")
    ingest(settings, str(folder(tmp_path / "photos", names, rows)))
    kb = KnowledgeBase(settings)
    first, *_, done = kb.chat("How many pictures in 2010?", top=4)
    assert isinstance(first, Retrieved)
    assert isinstance(done, Done)
    assert {hit.record.path for hit in first.hits} == {"p0.png", "p5.png"}
    assert all(hit.fits and hit.why for hit in first.hits)
    assert done.answer.startswith("2 of 6 pictures match (with year 2010).")
    assert {citation.hit.record.path for citation in done.citations} == {"p0.png", "p5.png"}
    *_, whole = kb.chat("How many pictures are there?")
    assert isinstance(whole, Done)
    assert (whole.answer, whole.citations) == ("There are 6 pictures in this knowledge base.", ())
    none, *_, zero = kb.chat("How many pictures in 1950?")
    assert isinstance(none, Retrieved)
    assert isinstance(zero, Done)
    assert none.hits
    assert zero.answer.startswith("0 of 6 pictures match")


@pytest.mark.parametrize("question", ["how many", "how many?", "count", "is there", "how many are there"])
def test_a_question_that_names_nothing_is_answered(kb: KnowledgeBase, question: str) -> None:
    *_, done = kb.chat(question)
    assert isinstance(done, Done)
    assert done.answer


def test_what_a_generator_invents_does_not_pass(kb: KnowledgeBase) -> None:
    answer = "See [1], [99] and ![x](http://evil.example/x.png) <b>bold</b> [2](http://evil.example)."
    pieces = [Delta(answer[at : at + 3]) for at in range(0, len(answer), 3)]
    other, _ = scripted(kb, *pieces, Usage(10, 5, 2), Stop("length"))
    *_, done = other.chat("door")
    assert isinstance(done, Done)
    assert "evil" not in done.answer
    assert "99" not in done.answer
    assert [c.number for c in done.citations] == [1, 2]
    assert done.usage == Usage(10, 5, 2)
    assert done.stop == Stop("length")


def test_notices_come_through_in_their_place(kb: KnowledgeBase) -> None:
    other, _ = scripted(kb, Notice("before"), Delta("A door."), Notice("after"), Stop("broken"))
    kinds = [type(event).__name__ for event in other.chat("door")]
    assert kinds == ["Retrieved", "Notice", "Delta", "Notice", "Done"]


def test_the_prompt_has_pictures_history_and_the_question(kb: KnowledgeBase, tmp_path: Path) -> None:
    other, generator = scripted(kb, Delta("x"), Stop())
    picture = paint(tmp_path / "query.png", "red", 5).read_bytes()
    history = [Turn("Which doors are there?", "A red one.")]
    list(other.chat("And where is it?", [picture], history))
    prompt = generator.prompt
    assert prompt.question == "And where is it?"
    assert prompt.history == tuple(history)
    assert prompt.total == 4
    assert len(prompt.pictures) == 1
    assert sum(source.picture is not None for source in prompt.sources) == 2  # what this generator takes


def test_leaving_a_chat_ends_the_generator(kb: KnowledgeBase) -> None:
    other, generator = scripted(kb, *(Delta(f"word {n} ") for n in range(100)), Stop())
    events = other.chat("door")
    for event in events:
        if isinstance(event, Delta):
            break
    events.close()
    assert generator.closed


def test_a_record_opens_its_picture(kb: KnowledgeBase, photos: Path) -> None:
    record = kb.search("red door").hits[0].record
    picture = kb.picture(record.id)
    assert picture.data == (photos / "red.png").read_bytes()
    assert (picture.media_type, picture.notice) == ("image/png", "")
    with pytest.raises(UsageError, match="no picture"):
        kb.picture("nonsense")


def test_a_source_that_is_gone_leaves_the_thumbnail(tmp_path: Path) -> None:
    photos = folder(tmp_path / "gone", {"red.png": "red"})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(photos))
    shutil.rmtree(photos)
    kb = KnowledgeBase(settings)
    (hit,) = kb.search("red").hits
    assert hit.uri.endswith("red.png")
    picture = kb.picture(hit.record.id)
    assert picture.data == hit.record.thumbnail
    assert picture.media_type == "image/jpeg"
    assert "thumbnail" in picture.notice
    *_, done = kb.chat("Is there something red?")
    assert isinstance(done, Done)


def test_a_record_cannot_lead_out_of_its_source(kb: KnowledgeBase, photos: Path) -> None:
    from dataclasses import replace

    record = kb.search("red door").hits[0].record
    (photos.parent / "secret.png").write_bytes((photos / "red.png").read_bytes())
    opened = kb.pictures.open(replace(record, path="../secret.png"))
    assert opened.data == record.thumbnail
    assert opened.notice


def test_what_is_indexed_meanwhile_is_found(tmp_path: Path) -> None:
    photos = folder(tmp_path / "photos", {"red.png": "red"})
    settings = Settings(kb=str(tmp_path / "kb"), embedder="palette")
    ingest(settings, str(photos))
    kb = KnowledgeBase(settings)
    assert len(kb.search("blue").hits) == 1
    paint(photos / "blue.png", "blue", 3)
    ingest(settings, str(photos))
    assert kb.search("blue").hits[0].record.path == "blue.png"


@pytest.mark.parametrize(
    ("given", "answers"),
    [
        ({}, "extractive"),
        ({"openai_api_key": "sk-secret"}, "gpt"),
        ({"openai_base_url": "http://127.0.0.1:9/v1"}, "127.0.0.1"),
        ({"openai_api_key": "sk-secret", "generator": "extractive"}, "extractive"),
    ],
)
def test_who_answers_without_settings(kb: KnowledgeBase, given: dict[str, str], answers: str) -> None:
    other = KnowledgeBase(Settings(kb=kb.settings.kb, **given))  # type: ignore[arg-type]
    assert answers in other.generator.label
    assert "secret" not in other.generator.label
    assert "secret" not in repr(other.settings)


def test_status_tells_what_made_it(kb: KnowledgeBase, photos: Path) -> None:
    now = status(kb.settings)
    assert (now.records, now.embedder["name"], now.fields) == (4, "palette", {"place": "text"})
    assert now.sources == {"photos": str(photos)}
    with pytest.raises(KnowledgeBaseError):
        status(Settings(kb=str(photos.parent / "nowhere")))


def test_the_demo_answers_from_the_samples() -> None:
    settings = prepare(Settings(generator="extractive"), lambda _: None)
    assert ".imagelore" not in settings.kb
    kb = KnowledgeBase(settings)
    assert kb.index.count() >= 60
    *_, done = kb.chat("When was Neptune photographed?")
    assert isinstance(done, Done)
    assert "1989" in done.answer
    assert done.citations[0].hit.record.title == "Neptune"
    unlabelled = kb.search("a mosque").hits[0]
    assert unlabelled.record.path.startswith("unlabelled/")
    assert unlabelled.fits
    *_, nothing = kb.chat("What was our revenue in the third quarter?")
    assert isinstance(nothing, Done)
    assert nothing.answer.startswith("Nothing in this knowledge base fits")


def test_the_demo_needs_none_of_the_services_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_VISION_ENDPOINT", "https://vision.example")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://openai.example")  # and no deployment
    paint(tmp_path / "one" / "a.png")
    monkeypatch.setattr(demo, "files", lambda _: tmp_path)
    (tmp_path / "one").rename(tmp_path / "samples")
    monkeypatch.setenv("IMAGELORE_KB", "azure-search://pix/pictures")
    prepared = prepare(Settings.load(), lambda _: None)
    assert (prepared.embedder, prepared.generator) == ("starter", "extractive")
    assert "azure" not in prepared.kb
    assert KnowledgeBase(prepared).index.count() == 1


def test_limits_alone_show_what_is_left(kb: KnowledgeBase) -> None:
    found = kb.search(scope=Scope(kb.where("tag = 'door'")))
    assert {hit.record.path for hit in found.hits} == {"red.png", "green.png"}
    assert {hit.why for hit in found.hits} == {"within your limits"}
