"""Retrieval over an index that answers with fixed rankings: what is cut, what fits, why, and what collapses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from imagelore.errors import UsageError
from imagelore.retrieve import Choice, Wanted, retrieve
from imagelore.types import Calibration, EmbedderInfo, Hit, Line, Query, Ranking, Record, Scope, Seen, Space

EMBEDDER = EmbedderInfo(
    "test",
    "1",
    (
        Space("joint", 2, images=True, documents=True, queries=True, text_floor=0.5, image_floor=0.3),
        Space("look", 2, images=True, look_floor=0.6),
    ),
    64,
)
RECORDS = {
    "boat": Record("boat", "s", "boat.png", "", "", title="A red boat", sha256="1", phash=""),
    "barn": Record("barn", "s", "barn.png", "", "", title="A red barn", sha256="2"),
    "owl": Record("owl", "s", "p1.png", "", "", seen=Seen((("owl", 0.8),), ("brown",)), sha256="3"),
    "copy": Record("copy", "s", "copy.png", "", "", title="A red boat", sha256="1"),
    "bare": Record("bare", "s", "bare.png", "", "", sha256="1"),
    "sale": Record("sale", "s", "sale.png", "", "", title="A red boat, for sale", sha256="1"),
}


class Fixed:
    """An index that ranks as it is told."""

    def __init__(self, *rankings: Ranking) -> None:
        self.rankings = list(rankings)
        self.asked = Query()

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        self.asked = query
        return self.rankings

    def get(self, ids: Sequence[str], scope: Scope = Scope()) -> list[Record]:
        return [RECORDS[id] for id in ids if id in RECORDS]

    def calibration(self) -> Calibration | None:
        return None


def hits(text: str, *rankings: Ranking, top: int = 8, picture: bool = False, choice: Choice = Choice()) -> list[Hit]:
    wanted = Wanted(top, choice=choice)
    return list(retrieve(query(text, picture), Fixed(*rankings), EMBEDDER, lambda r: r.path, wanted))


def query(text: str, picture: bool) -> Query:
    return Query(text, images={"look": np.ones((1, 2), np.float32)} if picture else {})


def test_hits_know_which_rankings_found_them() -> None:
    first, second = hits(
        "red boat", Ranking("text", (("boat", 5.0), ("barn", 2.0))), Ranking("meaning", (("boat", 0.9), ("barn", 0.6)))
    )
    assert first.record.id == "boat"
    assert {name: (f.rank, f.score) for name, f in first.found.items()} == {"text": (1, 5.0), "meaning": (1, 0.9)}
    assert first.score > second.score
    assert first.why == "text mentions red, boat"


def test_scores_that_anything_reaches_do_not_fit() -> None:
    found = hits("parliament", Ranking("meaning", (("boat", 0.4), ("barn", 0.3))), Ranking("image", (("owl", 0.2),)))
    assert [hit.fits for hit in found] == [False, False, False]


def test_what_fits_comes_before_what_is_only_close() -> None:
    noise = Ranking("meaning", (("boat", 0.45), ("barn", 0.44)))
    found = hits("owl", noise, Ranking("seen", (("owl", 2.0),)))
    assert [(hit.record.id, hit.fits) for hit in found] == [("owl", True), ("boat", False), ("barn", False)]
    assert found[0].why == "seems to show owl"


def test_one_shared_word_of_many_is_not_enough() -> None:
    found = hits("when was the red parliament of wombats founded", Ranking("text", (("boat", 3.0), ("barn", 3.0))))
    assert [hit.fits for hit in found] == [False, False]


def test_a_picture_alone_finds_by_looks() -> None:
    found = hits("", Ranking("look", (("boat", 0.9), ("owl", 0.5))), picture=True)
    assert [(hit.record.id, hit.fits, hit.why) for hit in found] == [
        ("boat", True, "looks like your picture"),
        ("owl", False, "among the closest there are"),
    ]


def test_the_same_picture_twice_is_one_hit() -> None:
    found = hits("red boat", Ranking("text", (("boat", 5.0), ("copy", 4.0), ("barn", 2.0))))
    assert [hit.record.id for hit in found] == ["boat", "barn"]
    assert found[0].duplicates == ("copy",)


def test_of_near_duplicates_the_one_most_like_the_sent_picture_is_shown() -> None:
    rankings = Ranking("text", (("boat", 5.0),)), Ranking("look", (("bare", 0.99), ("boat", 0.97), ("barn", 0.2)))
    found = hits("red boat", *rankings, picture=True)
    assert [hit.record.id for hit in found] == ["bare", "barn"]
    assert found[0].duplicates == ("boat",)
    assert found[0].score > found[1].score
    look = Ranking("look", (("barn", 0.95), ("bare", 0.9), ("boat", 0.9)))
    assert ("boat", ("bare",)) in [(h.record.id, h.duplicates) for h in hits("red boat", rankings[0], look)]


def test_one_picture_described_as_two_things_is_two_hits() -> None:
    found = hits("red boat", Ranking("text", (("boat", 5.0), ("bare", 4.5), ("sale", 4.0), ("copy", 3.0))))
    assert {hit.record.id: hit.duplicates for hit in found} == {"boat": ("bare", "copy"), "sale": ()}


def read(id: str, text: str, **known: object) -> Record:
    """A record with text in it, that looks like all others of them."""
    values: dict[str, object] = {"path": f"{id}.png", "sha256": "scan", **known}
    rows = text.split("\n")
    lines = tuple(Line(row, (0.1, n / len(rows), 0.9, (n + 0.5) / len(rows))) for n, row in enumerate(rows))
    return Record(id, "s", version="", digest="", lines=lines, **values)  # type: ignore[arg-type]


def test_pages_that_look_alike_are_told_apart_by_what_they_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [
        read("one", "Invoice 1\nTotal 12.00"), read("two", "Invoice 2\nTotal 12.00"),
        read("again", "Invoice 1\n  Total   12.00"), read("unread", ""),
        read("p1", "Total", path="m.pdf", place="page 1"), read("p2", "Total", path="m.pdf", place="page 2"),
    ]  # fmt: skip
    monkeypatch.setattr("tests.retrieve.test_retrieve.RECORDS", {page.id: page for page in pages})
    ids = ("one", "two", "again", "p1", "p2")
    found = hits("total", Ranking("text", tuple((id, 5.0 - n) for n, id in enumerate(ids))))
    assert {hit.record.id: hit.duplicates for hit in found} == {"one": ("again",), "two": (), "p1": (), "p2": ()}


def test_of_a_page_only_words_that_stand_together_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    filler = "\n".join(f"word{n} thing{n} other{n} matter{n}" for n in range(100))
    near = read("near", f"{filler}\nacid removes\nscale", sha256="1")
    far = read("far", f"acid\n{filler}\nremoves\n{filler}\nscale", sha256="2")
    monkeypatch.setattr("tests.retrieve.test_retrieve.RECORDS", {"near": near, "far": far})
    found = hits("acid removes scale", Ranking("text", (("far", 5.0), ("near", 4.0))))
    assert [(hit.record.id, hit.fits) for hit in found] == [("near", True), ("far", False)]


@pytest.mark.parametrize("top", [1, 2])
def test_top_is_a_limit(top: int) -> None:
    assert len(hits("red", Ranking("text", (("boat", 5.0), ("barn", 4.0), ("copy", 3.0))), top=top)) == top


def test_records_that_the_scope_hides_are_left_out() -> None:
    assert [hit.record.id for hit in hits("red", Ranking("text", (("hidden", 9.0), ("boat", 5.0))))] == ["boat"]


def test_nothing_found_is_no_hits() -> None:
    assert hits("red") == []


# ---------------------------------------------------------------- a picture and words

LOOK = Ranking("look", (("boat", 0.95), ("barn", 0.5), ("owl", 0.4)))
TEXT = Ranking("text", (("barn", 5.0), ("owl", 4.0)))


@pytest.mark.parametrize(
    "text",
    ["what is this called?", "where was it taken?", "show me pictures like this one", "what is this part used for?"],
)
def test_words_that_only_point_leave_the_question_to_the_picture(text: str) -> None:
    index = Fixed(LOOK, TEXT)
    found = retrieve(query(text, picture=True), index, EMBEDDER, lambda r: r.path)
    assert index.asked.text == ""
    assert [(hit.record.id, set(hit.found)) for hit in found] == [(id, {"look"}) for id in ("boat", "barn", "owl")]


def test_the_same_words_without_a_picture_are_searched_for() -> None:
    assert [hit.record.id for hit in hits("what is this called?", TEXT)] == ["barn", "owl"]


def test_words_of_their_own_find_beside_the_picture() -> None:
    found = hits("a barn instead", LOOK, TEXT, picture=True)
    assert found[0].record.id == "barn"
    assert set(found[0].found) == {"look", "text"}


def test_words_that_name_what_is_shown_do_not_outweigh_it() -> None:
    assert hits("what is this barn called?", LOOK, TEXT, picture=True)[0].record.id == "boat"


def test_words_that_refine_a_picture_choose_among_what_looks_like_it() -> None:
    look = Ranking("look", (("boat", 0.9), ("barn", 0.7), ("owl", 0.1)))
    text = Ranking("text", (("owl", 5.0), ("barn", 4.9)))
    assert hits("the same but at night", look, text, picture=True)[0].record.id == "barn"


def test_a_colour_beside_a_picture_is_asked_of_what_looks_like_it() -> None:
    look = Ranking("look", (("owl", 0.95), ("bare", 0.9), ("barn", 0.8)))
    found = hits("the same but in red", look, TEXT, picture=True)
    assert found[0].record.id == "barn"  # its text says so; of the owl, brown is seen
    assert found[0].found["colour"].rank == 1
    assert "has the colour you ask for" in found[0].why
    assert hits("the same in brown", look, picture=True)[0].record.id == "owl"


@pytest.mark.parametrize("text", ["who owns this red thing?", "the same but not in red"])
def test_a_colour_that_describes_or_is_not_wanted_is_not_asked_for(text: str) -> None:
    assert not any("colour" in hit.found for hit in hits(text, LOOK, TEXT, picture=True))


# ---------------------------------------------------------------- chosen rankings and weights


def test_only_chosen_rankings_count() -> None:
    found = hits("a red barn", LOOK, TEXT, picture=True, choice=Choice.read("text", ""))
    assert [(hit.record.id, set(hit.found)) for hit in found] == [("barn", {"text"}), ("owl", {"text"})]


def test_whoever_chooses_text_gets_it_whatever_the_words_are() -> None:
    found = hits("what is this?", LOOK, TEXT, picture=True, choice=Choice.read("text", ""))
    assert [hit.record.id for hit in found] == ["barn", "owl"]


def test_weights_can_be_set() -> None:
    image = Ranking("image", (("boat", 0.9),))
    assert hits("barn", TEXT, image, choice=Choice.read("", "text=2"))[0].record.id == "barn"
    assert hits("barn", TEXT, image, choice=Choice.read("", "text=0.1, image=5"))[0].record.id == "boat"
    assert all("text" not in hit.found for hit in hits("barn", TEXT, image, choice=Choice.read("", "text=0")))


@pytest.mark.parametrize(
    ("rankings", "weights", "says"),
    [
        ("text,pictures", "", "no ranking 'pictures'; the known ones are colour, image, look"),
        ("", "txt=2", "no ranking 'txt'"),
        ("", "text", "the weight of 'text' must be a number from 0 to 1000, not ''"),
        ("", "text=much", "not 'much'"),
        ("", "text=-1", "not '-1'"),
        ("", "text=nan", "not 'nan'"),
        ("", "text=inf", "not 'inf'"),
        ("", "text=1e308", "not '1e308'"),
        (
            "look",
            "look=0",
            "'look' and `weights` 'look=0' leave no ranking that finds pictures: let one of image, look",
        ),
        ("colour", "", "leave no ranking"),
    ],
)
def test_what_is_no_ranking_or_no_weight_is_named(rankings: str, weights: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Choice.read(rankings, weights)


# ---------------------------------------------------------------- why this picture


def test_a_hit_tells_what_each_ranking_gave_it_and_which_words_matched() -> None:
    found = hits("where is the brown owl at home?", LOOK, TEXT, picture=True)
    owl = next(hit for hit in found if hit.record.id == "owl")
    assert owl.matched == ("brown", "owl")  # of what is seen in it
    assert sum(place.share for place in owl.found.values()) == pytest.approx(1.0)
    assert {name: place.rank for name, place in owl.found.items()} == {"look": 3, "text": 2, "colour": 1}
    assert hits("owl", TEXT)[0].found["text"].share == 1.0


MILLS = {
    "de": Record("mill", "s", "1.png", "", "", title="Zwei Windmühlen", text="Sie stehen am Fluss und mahlen Korn."),
    "fr": Record("mill", "s", "1.png", "", "", title="Les vieux moulins", text="Ils sont dans la vallée."),
    "es": Record("mill", "s", "1.png", "", "", title="Los molinos viejos", text="Están en el campo."),
    "zh": Record("mill", "s", "1.png", "", "", title="荷兰的风车", text="这里有两个风车。"),
}
ASKED = {
    "de": "Wo steht die Windmühle?",
    "fr": "Où est le moulin ?",
    "es": "¿Dónde está el molino?",
    "zh": "风车在哪里？",
}
ENGLISH = Record("mill", "s", "1.png", "", "", title="Two windmills", text="They grind corn.")


@pytest.mark.parametrize("spoken", MILLS)
@pytest.mark.parametrize("english", [False, True], ids=["as asked", "in English"])
def test_the_wording_that_a_record_has_counts(spoken: str, english: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECORDS, "mill", ENGLISH if english else MILLS[spoken])
    asked = Query("windmill", original=ASKED[spoken])
    index = Fixed(Ranking("text", (("boat", 3.0), ("mill", 2.0))))
    mill, boat = retrieve(asked, index, EMBEDDER, lambda record: record.path)
    assert (mill.record.id, mill.fits, boat.fits) == ("mill", True, False)
    assert mill.why.startswith("text mentions ")
    assert mill.matched
    assert ("windmill" in mill.matched) == english
    assert not boat.matched


def test_half_of_either_wording_is_not_the_whole_of_one() -> None:
    index = Fixed(Ranking("text", (("boat", 3.0),)))
    (hit,) = retrieve(
        Query("boat harbour lighthouse", original="Ein Boot im Hafen am Leuchtturm"), index, EMBEDDER, lambda r: r.path
    )
    assert not hit.fits
    assert hit.matched == ("boat",)
