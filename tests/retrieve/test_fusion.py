"""Reciprocal rank fusion as a pure function of rankings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imagelore.retrieve import fused, places
from imagelore.types import Ranking

ids = st.sampled_from([f"r{n}" for n in range(12)])


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranking]:
    made = []
    for name in draw(st.lists(st.sampled_from(["text", "meaning", "image", "look"]), unique=True)):
        members = draw(st.lists(ids, unique=True))
        scores = sorted(draw(st.lists(st.floats(0, 1), min_size=len(members), max_size=len(members))), reverse=True)
        made.append(Ranking(name, tuple(zip(members, scores, strict=True))))
    return made


def test_the_published_formula() -> None:
    first = Ranking("text", (("a", 3.0), ("b", 2.0)))
    second = Ranking("image", (("b", 0.9), ("c", 0.8)))
    assert fused(places([first, second])) == [("b", 1 / 62 + 1 / 61), ("a", 1 / 61), ("c", 1 / 62)]


def test_equal_scores_share_a_rank() -> None:
    assert dict(fused(places([Ranking("text", (("b", 1.0), ("a", 1.0), ("c", 0.5)))]))) == {
        "a": 1 / 61,
        "b": 1 / 61,
        "c": 1 / 63,
    }


def test_weights_favour_their_ranking() -> None:
    found = places([Ranking("text", (("a", 1.0),)), Ranking("look", (("b", 1.0),))])
    assert [id for id, _ in fused(found, {"look": 2.0})] == ["b", "a"]
    assert [id for id, _ in fused(found, {"text": 2.0})] == ["a", "b"]


def test_what_could_not_have_been_found_is_not_held_against_a_record() -> None:
    found = places([Ranking("text", (("said", 1.0),)), Ranking("image", (("mute", 0.9), ("said", 0.8)))])
    assert next(id for id, _ in fused(found)) == "said"
    fair = dict(fused(found, possible={"mute": {"image"}, "said": {"image", "text"}}))
    assert fair["mute"] == 1 / 61
    assert fair["said"] == (1 / 61 + 1 / 62) / 2


@given(rankings())
def test_everything_ranked_comes_out_once_and_in_order(made: list[Ranking]) -> None:
    out = fused(places(made))
    assert sorted(id for id, _ in out) == sorted({id for ranking in made for id, _ in ranking.entries})
    assert [score for _, score in out] == sorted((score for _, score in out), reverse=True)


@given(rankings())
def test_the_order_of_the_rankings_does_not_matter(made: list[Ranking]) -> None:
    forward, backward = dict(fused(places(made))), dict(fused(places(made[::-1])))
    assert forward.keys() == backward.keys()
    assert all(abs(forward[id] - backward[id]) < 1e-12 for id in forward)


@given(rankings(), ids)
def test_first_in_every_ranking_is_first(made: list[Ranking], best: str) -> None:
    topped = [
        Ranking(r.name, ((best, 2.0), *(entry for entry in r.entries if entry[0] != best))) for r in made if r.entries
    ]
    if topped:
        scores = dict(fused(places(topped)))
        assert scores[best] == max(scores.values())
