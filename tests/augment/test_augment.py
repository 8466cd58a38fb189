"""The prompt: numbered sources, pictures and history within their budgets, bad pictures left out or refused."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from imagelore.augment import Budget, augment
from imagelore.errors import UnreadableError, UsageError
from imagelore.types import Count, Hit, Record, Turn

ORIENTATION = 0x0112


def picture(size: tuple[int, int] = (900, 300), colour: object = "red", mode: str = "RGB", kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind)  # type: ignore[arg-type]
    return out.getvalue()


def hit(n: int) -> Hit:
    record = Record(id=f"r{n}", source="s", path=f"{n}.jpg", version="1", digest="1")
    return Hit(record, f"/{n}.jpg", 1.0, {})


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    return image


def never(record: Record) -> bytes:
    raise AssertionError(f"{record.id} was opened")


def test_sources_are_numbered_from_one_in_the_order_of_the_hits() -> None:
    hits = [hit(7), hit(3)]
    counts = [Count(1, 2, 'tagged "owl"')]
    prompt = augment("Where?", hits, open_picture=never, budget=Budget(pictures=0), counts=counts, total=2)
    assert [(source.number, source.hit.record.id) for source in prompt.sources] == [(1, "r7"), (2, "r3")]
    assert prompt.question == "Where?"
    assert prompt.counts == tuple(counts)
    assert prompt.total == 2


def test_pictures_are_downscaled_within_the_count() -> None:
    prompt = augment("?", [hit(n) for n in range(5)], open_picture=lambda _: picture(), budget=Budget(2, side=90))
    sizes = [opened(source.picture).size for source in prompt.sources if source.picture]
    assert sizes == [(90, 30), (90, 30)]
    assert [bool(source.picture) for source in prompt.sources] == [True, True, False, False, False]


def test_picture_that_fails_leaves_its_place_to_the_next() -> None:
    def broken(record: Record) -> bytes:
        if record.id == "r0":
            raise UnreadableError("gone")
        return picture()[:200] if record.id == "r1" else picture()

    prompt = augment("?", [hit(n) for n in range(5)], open_picture=broken, budget=Budget(2, side=64))
    assert [bool(source.picture) for source in prompt.sources] == [False, False, True, True, False]


def test_small_picture_is_not_enlarged() -> None:
    prompt = augment("?", [hit(1)], open_picture=lambda _: picture((20, 10)), budget=Budget(1, side=64))
    assert prompt.sources[0].picture is not None
    assert opened(prompt.sources[0].picture).size == (20, 10)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture(colour=(0, 0, 0, 0), mode="RGBA", kind="PNG"), (255, 255, 255)),
        (picture(colour=(0, 255, 255, 0), mode="CMYK"), (255, 0, 0)),
        (picture(colour=65535, mode="I;16", kind="PNG"), (255, 255, 255)),
        (picture(colour=128, mode="L", kind="WEBP"), (128, 128, 128)),
        (picture(colour=1, mode="1", kind="TIFF"), (255, 255, 255)),
        (picture(colour=0, mode="F", kind="TIFF"), (0, 0, 0)),
        (picture(kind="GIF"), (255, 0, 0)),
    ],
    ids=["alpha", "cmyk", "16 bits", "grey", "1 bit", "float", "palette"],
)
def test_every_kind_of_picture_becomes_rgb(data: bytes, expected: tuple[int, int, int]) -> None:
    prompt = augment("?", [], open_picture=never, pictures=[data], budget=Budget(side=64))
    pixel = opened(prompt.pictures[0]).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) < 12 for a, b in zip(pixel, expected, strict=True))


def test_picture_stands_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Camera"
    out = io.BytesIO()
    Image.new("RGB", (400, 200), "blue").save(out, "JPEG", exif=exif)
    prompt = augment("?", [], open_picture=never, pictures=[out.getvalue()], budget=Budget(side=100))
    image = opened(prompt.pictures[0])
    assert image.size == (50, 100)
    assert not image.getexif()


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%PDF-1.7", b"<svg/>", picture()[:120], b"GIF89a" + b"\xff" * 40, b"%!PS-Adobe-3.0 EPSF-3.0"],
)
def test_question_picture_that_is_none_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        augment("?", [], open_picture=never, pictures=[data])
    assert "picture" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_second_of_two_question_pictures_is_named() -> None:
    with pytest.raises(UsageError, match="picture 2"):
        augment("?", [], open_picture=never, pictures=[picture(), b"no"])


def test_bomb_is_refused_before_it_is_decoded() -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(out, "PNG")
    with pytest.raises(UsageError, match="pixels"):
        augment("?", [], open_picture=never, pictures=[out.getvalue()])


def test_history_keeps_the_latest_turns_that_fit() -> None:
    history = [Turn("q" * 10, "a" * 10), Turn("r" * 10, "b" * 10), Turn("s" * 10, "c" * 10)]
    prompt = augment("?", [], open_picture=never, history=history, budget=Budget(history=45))
    assert prompt.history == tuple(history[1:])


def test_single_turn_that_is_too_long_is_cut() -> None:
    prompt = augment("?", [], open_picture=never, history=[Turn("why", "b" * 500)], budget=Budget(history=50))
    assert prompt.history[0].question == "why"
    assert len(prompt.history[0].answer) < 50
    assert prompt.history[0].answer.endswith("…")
