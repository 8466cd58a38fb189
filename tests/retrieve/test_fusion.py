"""Reciprocal rank fusion as a pure function of rankings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.retrieve import fused, places, shared
from imagelore.types import Found, Ranking

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


# ---------------------------------------------------------------- what more evidence may do

NAMES = ("text", "meaning", "image", "look")
found = st.dictionaries(
    ids,
    st.dictionaries(st.sampled_from(NAMES), st.builds(Found, st.integers(1, 100), st.just(0.0)), min_size=1),
    min_size=1,
)
weights = st.fixed_dictionaries({name: st.floats(0.1, 10) for name in NAMES})
possible = st.booleans()


def order(at: dict[str, dict[str, Found]], by: dict[str, float], fair: bool) -> list[str]:
    """The ids as fusion orders them; `fair`: what every ranking could have found."""
    return [id for id, _ in fused(at, by, dict.fromkeys(at, NAMES) if fair else {})]


@given(found, weights, possible, st.data())
def test_a_better_rank_never_lowers_a_record(
    at: dict[str, dict[str, Found]], by: dict[str, float], fair: bool, data: st.DataObject
) -> None:
    id = data.draw(st.sampled_from(sorted(at)))
    name = data.draw(st.sampled_from(sorted(at[id])))
    better = {**at, id: {**at[id], name: Found(data.draw(st.integers(1, at[id][name].rank)), 0.0)}}
    everything = dict.fromkeys(at, NAMES) if fair else {}
    assert dict(fused(better, by, everything))[id] >= dict(fused(at, by, everything))[id]
    assert order(better, by, fair).index(id) <= order(at, by, fair).index(id)


@given(found, weights, possible, st.data())
def test_another_ranking_that_finds_a_record_never_lowers_it(
    at: dict[str, dict[str, Found]], by: dict[str, float], fair: bool, data: st.DataObject
) -> None:
    id = data.draw(st.sampled_from(sorted(at)))
    more = {**at, id: {name: at[id].get(name, Found(100, 0.0)) for name in NAMES}}
    assert order(more, by, fair).index(id) <= order(at, by, fair).index(id)


@given(found, weights, possible, st.sampled_from(NAMES), st.floats(1, 5))
def test_weight_for_a_ranking_never_lowers_its_best_record(
    at: dict[str, dict[str, Found]], by: dict[str, float], fair: bool, name: str, times: float
) -> None:
    leaders = [id for id in at if name in at[id]]
    if not leaders:
        return
    best = min(leaders, key=lambda id: at[id][name].rank)
    others = [id for id in at if name not in at[id]]
    before, after = order(at, by, fair), order(at, {**by, name: by[name] * times}, fair)
    for other in others:
        if before.index(best) < before.index(other):
            assert after.index(best) < after.index(other)


@given(found, weights, possible, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter_and_none_is_made_up(
    at: dict[str, dict[str, Found]], by: dict[str, float], fair: bool, chance: object
) -> None:
    shuffled = dict(sorted(at.items(), key=lambda entry: chance.random()))  # type: ignore[attr-defined]
    assert order(shuffled, by, fair) == order(at, by, fair)
    assert sorted(order(at, by, fair)) == sorted(at)


@given(found, weights)
def test_shares_add_up_and_follow_the_weights(at: dict[str, dict[str, Found]], by: dict[str, float]) -> None:
    for ranks in at.values():
        told = shared(ranks, by)
        assert sum(place.share for place in told.values()) == pytest.approx(1.0)
        assert {name: (p.rank, p.score) for name, p in told.items()} == {n: (p.rank, p.score) for n, p in ranks.items()}
        if len(ranks) > 1:
            name = min(ranks, key=lambda name: ranks[name].rank)
            assert shared(ranks, {**by, name: 2 * by[name]})[name].share > told[name].share
