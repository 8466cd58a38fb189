"""Retrieval over an index that answers with fixed rankings: what is cut, what fits, why, and what collapses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from imagelore.retrieve import retrieve
from imagelore.types import EmbedderInfo, Hit, Query, Ranking, Record, Scope, Seen, Space

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

    def rank(self, query: Query, scope: Scope = Scope()) -> list[Ranking]:
        return self.rankings

    def get(self, ids: Sequence[str], scope: Scope = Scope()) -> list[Record]:
        return [RECORDS[id] for id in ids if id in RECORDS]


def hits(text: str, *rankings: Ranking, top: int = 8, picture: bool = False) -> list[Hit]:
    images = {"look": np.ones((1, 2), np.float32)} if picture else {}
    return list(retrieve(Query(text, images=images), Fixed(*rankings), EMBEDDER, lambda r: r.path, top))


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


@pytest.mark.parametrize("top", [1, 2])
def test_top_is_a_limit(top: int) -> None:
    assert len(hits("red", Ranking("text", (("boat", 5.0), ("barn", 4.0), ("copy", 3.0))), top=top)) == top


def test_records_that_the_scope_hides_are_left_out() -> None:
    assert [hit.record.id for hit in hits("red", Ranking("text", (("hidden", 9.0), ("boat", 5.0))))] == ["boat"]


def test_nothing_found_is_no_hits() -> None:
    assert hits("red") == []
