"""The prompt: numbered sources, pictures and history within their budgets, bad pictures left out or refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import imagelore
from imagelore.augment import Budget, augment, prompt_tokens, size
from imagelore.augment._tokens import picture_tokens, text_tokens
from imagelore.errors import UnreadableError
from imagelore.types import Count, Found, Hit, Intent, Line, Prompt, Record, Seen, Turn

SHADES = [(230, 20, 20), (20, 200, 40), (30, 40, 220), (240, 220, 30), (10, 10, 10), (250, 250, 250)]


def jpeg(shade: int, width: int = 64, height: int = 64) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), SHADES[shade]).save(out, "JPEG")
    return out.getvalue()


def hit(n: int, **known: Any) -> Hit:
    record = Record(id=f"r{n}", source="s", path=f"{n}.jpg", version="1", digest="1", **{"title": f"No. {n}", **known})
    return Hit(record, f"/{n}.jpg", 1.0, {})


def opening(record: Record) -> bytes:
    return jpeg(int(record.id[1:]) % len(SHADES))


def never(record: Record) -> bytes:
    raise AssertionError(f"{record.id} was opened")


def sent(prompt: Prompt) -> list[int]:
    return [source.number for source in prompt.sources if source.picture is not None]


def test_sources_are_numbered_from_one_in_the_order_of_the_hits() -> None:
    hits = [hit(7), hit(3)]
    counts = [Count(1, 2, 'tagged "owl"')]
    prompt = augment(Prompt("Where?", counts=tuple(counts), total=2), hits, never, Budget(pictures=0))
    assert [(source.number, source.hit.record.id) for source in prompt.sources] == [(1, "r7"), (2, "r3")]
    assert prompt.question == "Where?"
    assert prompt.counts == tuple(counts)
    assert prompt.total == 2


def test_the_best_pictures_come_along_within_the_count() -> None:
    prompt = augment(Prompt("?"), [hit(n) for n in range(5)], opening, Budget(2))
    assert [source.picture for source in prompt.sources] == [jpeg(0), jpeg(1), None, None, None]


def test_the_questions_own_pictures_are_always_there() -> None:
    prompt = augment(Prompt("?", pictures=(jpeg(0, 768, 768),) * 30), [hit(1)], opening, Budget(0, tokens=1_000))
    assert len(prompt.pictures) == 30


def test_picture_that_fails_leaves_its_place_to_the_next() -> None:
    def broken(record: Record) -> bytes:
        if record.id in ("r0", "r1"):
            raise UnreadableError("gone")
        return opening(record)

    prompt = augment(Prompt("?"), [hit(n) for n in range(5)], broken, Budget(2))
    assert sent(prompt) == [3, 4]


@pytest.mark.parametrize(
    ("hits", "asked", "first"),
    [
        ([replace(hit(0), fits=False), hit(1)], Intent(), 2),
        ([hit(0), hit(1), replace(hit(2), found={"look": Found(1, 0.9)})], Intent(), 1),
        ([hit(0), replace(hit(1), found={"look": Found(1, 0.9)})], Intent(), 2),
        ([hit(0), hit(1), hit(2, title="")], Intent(), 3),
        ([hit(0), hit(1), hit(2)], Intent(only=("r2",)), 3),
        ([hit(0), hit(1), replace(hit(2), fits=False)], Intent(like=("r2",)), 3),
    ],
    ids=["fits", "far below", "found by its picture", "without words", "asked about", "more like it"],
)
def test_the_pictures_that_matter_come_first(hits: list[Hit], asked: Intent, first: int) -> None:
    assert sent(augment(Prompt("?", intent=asked), hits, opening, Budget(1))) == [first]


def test_of_near_duplicates_one_is_sent_and_the_model_knows_which() -> None:
    def same(record: Record) -> bytes:
        return jpeg(0, 60, 60) if record.id == "r1" else jpeg(0) if record.id == "r0" else jpeg(2)

    prompt = augment(Prompt("?"), [hit(n) for n in range(3)], same, Budget(3))
    assert sent(prompt) == [1, 3]
    assert prompt.sources[1].twin == "[1]"
    own = augment(Prompt("?", pictures=(jpeg(2, 90, 90),)), [hit(n) for n in range(3)], same, Budget(3))
    assert sent(own) == [1]
    assert own.sources[2].twin == "the user's"


def test_two_pages_of_text_are_no_duplicates() -> None:
    def page(record: Record) -> bytes:
        picture = Image.new("RGB", (300, 400), "white")
        for line in range(8):
            ImageDraw.Draw(picture).text(
                (20, 20 + 40 * line), f"{record.id} and its {line * int(record.id[1:])}", "black"
            )
        out = io.BytesIO()
        picture.save(out, "JPEG")
        return out.getvalue()

    assert sent(augment(Prompt("?"), [hit(1), hit(57)], page, Budget(3))) == [1, 2]


def test_a_sample_encoded_again_is_the_same_picture() -> None:
    files = sorted((Path(imagelore.__file__).parent / "samples" / "animals").glob("*.jpg"))[:4]

    def encoded(record: Record) -> bytes:
        n = int(record.id[1:])
        with Image.open(files[n // 2]) as picture:
            picture.thumbnail((768 - 100 * (n % 2),) * 2)
            out = io.BytesIO()
            picture.convert("RGB").save(out, "JPEG", quality=90 - 30 * (n % 2))
        return out.getvalue()

    assert sent(augment(Prompt("?"), [hit(n) for n in range(8)], encoded, Budget(8))) == [1, 3, 5, 7]


def test_pictures_shrink_and_then_stay_out_where_tokens_are_short() -> None:
    def large(record: Record) -> bytes:
        return jpeg(int(record.id[1:]), 768, 768)

    hits = [hit(n) for n in range(5)]
    full = augment(Prompt("?"), hits, large, Budget(5, tokens=10_000))
    assert [size(s.picture) for s in full.sources if s.picture] == [(768, 768)] * 5
    short = augment(Prompt("?"), hits, large, Budget(5, tokens=2_200))
    sizes = [size(s.picture)[0] for s in short.sources if s.picture]
    assert sizes[0] == 768
    assert len(sizes) < 5
    assert min(sizes) < 768
    assert prompt_tokens(short) <= 2_200


def test_pictures_of_earlier_turns_come_after_the_questions_own_and_before_the_sources() -> None:
    asked = Prompt("?", pictures=(jpeg(0, 768, 768), jpeg(1, 768, 768), jpeg(2, 768, 768)), recalled=2)
    prompt = augment(asked, [hit(3)], lambda record: jpeg(3, 768, 768), Budget(tokens=2_500))
    assert prompt.pictures[:2] == asked.pictures[:2]
    assert len(prompt.pictures) == 3 - (2 - prompt.recalled)
    assert sent(prompt) == []


def test_long_texts_are_shortened_until_there_is_room() -> None:
    hits = [hit(n, text="word " * 2_000) for n in range(50)]
    prompt = augment(Prompt("?"), hits, never, Budget(0, tokens=8_000))
    assert prompt.text_limit < 1_500
    assert prompt_tokens(prompt) <= 8_000


def set_in(text: str, rows: int) -> tuple[Line, ...]:
    return tuple(Line(f"{text} {n}", (0.1, n / rows, 0.5, (n + 0.5) / rows)) for n in range(rows))


def test_what_stands_in_a_picture_is_part_of_the_budget() -> None:
    hits = [hit(n, lines=set_in("a line of a page with words", 80)) for n in range(50)]
    prompt = augment(Prompt("?"), hits, never, Budget(0, tokens=8_000))
    assert prompt.text_limit < 1_500
    assert prompt_tokens(prompt) <= 8_000
    assert prompt_tokens(prompt) > prompt_tokens(augment(Prompt("?"), [hit(n) for n in range(50)], never, Budget(0)))


def test_a_page_that_is_only_its_text_needs_no_picture_and_a_scan_does() -> None:
    seen, lines = Seen((), ("white",)), set_in("a line", 5)
    typeset, scan = hit(1, place="part 2", lines=lines), hit(2, place="page 2", lines=lines, seen=seen)
    prompt = augment(Prompt("?"), [typeset, scan, hit(3, lines=lines)], opening, Budget(3))
    assert sent(prompt) == [2, 3]


def test_history_keeps_the_latest_turns_that_fit() -> None:
    history = [Turn("q" * 10, "a" * 10), Turn("r" * 10, "b" * 10), Turn("s" * 10, "c" * 10)]
    prompt = augment(Prompt("?", history=tuple(history)), [], never, Budget(history=45))
    assert prompt.history == tuple(history[1:])


def test_two_hundred_turns_stay_within_the_budget() -> None:
    history = tuple(Turn(f"question {n} " + "q" * 200, f"answer {n} " + "a" * 900) for n in range(200))
    prompt = augment(Prompt("?", history=history), [hit(1)], opening, Budget(history=1_000_000, tokens=4_000))
    assert prompt.history[-1] == history[-1]
    assert 1 <= len(prompt.history) < 20
    assert prompt_tokens(prompt) <= 4_000


def test_single_turn_that_is_too_long_is_cut() -> None:
    prompt = augment(Prompt("?", history=(Turn("why", "b" * 500),)), [], never, Budget(history=50))
    assert prompt.history[0].question == "why"
    assert len(prompt.history[0].answer) < 50
    assert prompt.history[0].answer.endswith("…")


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (1024, 1024, 1659),  # 32 x 32 patches times 1.62; 765 by tiles
        (768, 512, 623),  # 24 x 16 patches; two tiles are 425
        (2048, 4096, 2489),  # 1,536 patches at most; 1,105 by tiles
        (64, 64, 255),  # one tile
    ],
)
def test_pictures_take_what_openai_publishes(width: int, height: int, tokens: int) -> None:
    assert picture_tokens(width, height) == tokens


def test_scripts_without_spaces_take_a_token_for_each_sign() -> None:
    assert text_tokens("eight by eight") == 4
    assert text_tokens("灯台は白い") == 5


@settings(deadline=None, max_examples=30)
@given(
    tokens=st.integers(1_000, 20_000),
    pictures=st.integers(0, 8),
    texts=st.lists(st.integers(0, 3_000), max_size=12),
    turns=st.lists(st.integers(0, 4_000), max_size=6),
    recalled=st.integers(0, 3),
)
def test_whatever_comes_fits_unless_titles_alone_do_not(
    tokens: int, pictures: int, texts: list[int], turns: list[int], recalled: int
) -> None:
    hits = [hit(n, text="w" * length) for n, length in enumerate(texts)]
    asked = Prompt(
        "?",
        history=tuple(Turn("q", "a" * length) for length in turns),
        pictures=tuple(jpeg(n, 512, 512) for n in range(recalled)),
        recalled=recalled,
    )
    large: Callable[[Record], bytes] = lambda record: jpeg(int(record.id[1:]) % 6, 512, 512)  # noqa: E731
    prompt = augment(asked, hits, large, Budget(pictures, tokens=tokens))
    bare = prompt_tokens(augment(Prompt("?"), hits, never, Budget(0, tokens=1_000)))
    assert prompt_tokens(prompt) <= max(tokens, bare) + 10  # each turn's two texts round up
    assert len(sent(prompt)) <= pictures
