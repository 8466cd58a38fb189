"""What every reader promises. A provider joins by one more file in `FILES`."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import random
import subprocess
import sys
import threading
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from openpyxl import Workbook
from openpyxl.drawing.image import Image as OnSheet
from PIL import Image
from pptx import Presentation

from imagelore import providers
from imagelore.errors import UnreadableError
from imagelore.read import Metadata, Options, Reading, Unread
from imagelore.types import Asset
from tests.read.documents import pdf
from tests.read.office import archive, core, docx, drawing, epub, paragraph, unpacked
from tests.read.office import picture as png
from tests.read.painted import encoded, quartered

pytestmark = pytest.mark.filterwarnings("ignore:::PIL", "ignore:::openpyxl")

TITLE = "All about boats"
TEXT = [f"Paragraph {n} of a text about boats\tand the sea. " + "It goes on and on. " * 15 for n in range(20)]


def word() -> bytes:
    body = "".join(map(paragraph, TEXT)) + paragraph("A boat", inner=drawing("rId1", "A red boat"))
    return docx(body, {"a.png": png()}, {"docProps/core.xml": core(title=TITLE)})


def slides(texts: Sequence[str] = TEXT[:3]) -> bytes:
    made = Presentation()
    made.core_properties.title = TITLE
    for text in ("", *texts):  # the first slide is only a picture
        slide = made.slides.add_slide(made.slide_layouts[6])
        slide.shapes.add_picture(io.BytesIO(png(size=(120 + len(made.slides), 90))), 0, 0)
        if text:
            slide.shapes.add_textbox(0, 0, 9_000, 9_000).text_frame.text = text
    return saved(made)


def sheets(rows: Sequence[str] = TEXT) -> bytes:
    book = Workbook()
    book.properties.title = TITLE
    for row in rows:
        book.active.append(row.split(maxsplit=4))
    book.active.add_image(OnSheet(io.BytesIO(png())), "C3")
    if rows:
        book.create_sheet("Sheet, part 2").append(["a name like", "that of a part"])
    return saved(book)


def saved(document: object) -> bytes:
    stream = io.BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()


def page() -> bytes:
    figure = f"<figure><img src='data:image/png;base64,{b64(png())}'><figcaption>A boat</figcaption></figure>"
    return f"<title>{TITLE}</title>{''.join(f'<h2>Part</h2><p>{text}' for text in TEXT)}{figure}".encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


FILES: dict[str, Callable[[], bytes]] = {
    "docx": word,
    "epub": lambda: epub({f"{n}.html": f"<h1>{n}</h1><p>{text}" for n, text in enumerate(TEXT)}, {"a.png": png()}),
    "html": page,
    "markdown": lambda: (
        f"# {TITLE}\n\n{(chr(10) * 2).join(TEXT)}\n\n![boat](data:image/png;base64,{b64(png())})".encode()
    ),
    "pdf": lambda: pdf([TEXT[:9], TEXT[9:], ["the end"]], {2: [quartered((240, 160))]}, {"Title": TITLE}),
    "picture": lambda: encoded(quartered((900, 600)), "JPEG"),
    "pptx": slides,
    "text": lambda: "\n\n".join(TEXT).encode(),
    "xlsx": sheets,
}
DOCUMENTS = sorted(FILES.keys() - {"picture"})
OPTIONS = Options(image_side=200, thumbnail_side=100)


@cache
def data_of(name: str) -> bytes:
    return FILES[name]()


@pytest.fixture(params=FILES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def provider(name: str) -> ModuleType:
    return providers.load("read", name)


def reading(name: str, data: bytes, options: Options = OPTIONS) -> Iterator[Reading | Unread]:
    return provider(name).readings(Asset(f"a/file{provider(name).SUFFIXES[0]}", "", len(data)), data, options)  # type: ignore[no-any-return]


@cache
def read(name: str) -> tuple[Reading, ...]:
    found = list(reading(name, data_of(name)))
    assert not [part for part in found if isinstance(part, Unread)]
    return tuple(part for part in found if isinstance(part, Reading))


def test_every_provider_is_held_to_the_contract() -> None:
    assert sorted(FILES) == providers.names("read")


def test_endings_are_lower_case_and_belong_to_one_provider() -> None:
    endings = [ending for name in FILES for ending in provider(name).SUFFIXES]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and ending[0] == "." and ending.count(".") == 1 for ending in endings)


HEAVY = ("pypdfium2", "mammoth", "pptx", "openpyxl", "lxml", "markdown_it", "pillow_heif", "rapidocr", "onnxruntime")
IMPORTING = f"""
import sys
from imagelore import providers
modules = [providers.load("read", name) for name in providers.names("read")]
assert all(module.SUFFIXES for module in modules)
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_importing_providers_imports_no_library_that_reads() -> None:
    run = subprocess.run([sys.executable, "-c", IMPORTING], capture_output=True, text=True, timeout=60, check=False)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")


def test_places_are_unique_and_only_pictures_have_none(name: str) -> None:
    places = [part.place for part in read(name)]
    assert len(places) == len(set(places))
    if name == "picture":
        assert places == [""]
    else:
        assert len(places) > 1
        assert all(place and place == " ".join(place.split()) for place in places)


def test_the_first_reading_stands_for_the_file(name: str) -> None:
    data = data_of(name)
    head, *others = read(name)
    assert head.sha256 == hashlib.sha256(data).hexdigest()
    assert head.sha256 not in {part.sha256 for part in others}
    about = provider(name).embedded(data, OPTIONS)
    assert head.metadata.title == about.title
    if name not in ("picture", "text"):
        assert about.title == (TITLE if name != "epub" else "The Lighthouse")
    assert about.text in head.metadata.text
    assert not [part for part in others if about.text and about.text in part.metadata.text]


def test_a_picture_comes_with_the_document_that_it_stands_in(name: str) -> None:
    figures = [part for part in read(name) if ", picture " in part.place]
    assert bool(figures) == (name in DOCUMENTS and name != "text")
    assert not any(part.drawn for part in figures)
    assert all(part.colours and part.phash for part in figures)


def test_lines_are_clean_and_stand_on_the_picture(name: str) -> None:
    lines = [line for part in read(name) for line in part.lines]
    assert bool(lines) == (name in DOCUMENTS)
    for line in lines:
        left, top, right, bottom = line.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert line.text.strip()
        assert not [letter for letter in line.text if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")]


def test_a_document_says_all_of_its_text() -> None:
    for name in DOCUMENTS:
        said = {word for part in read(name) for line in part.lines for word in line.text.split()}
        assert {str(n) for n in range(3)} <= said, name
        assert {"boats", "sea."} <= said, name


def test_pictures_and_thumbnails_are_as_large_as_wanted(name: str) -> None:
    for part in read(name):
        assert part.picture.mode == "RGB"
        assert max(part.picture.size) <= OPTIONS.image_side
        small = Image.open(io.BytesIO(part.thumbnail))
        assert small.format == "JPEG"
        assert max(small.size) == min(OPTIONS.thumbnail_side, max(part.picture.size))
        assert min(part.width, part.height) > 0


def test_each_place_can_be_shown_as_a_picture(name: str) -> None:
    for part in read(name)[:4] + read(name)[-1:]:
        shown = Image.open(io.BytesIO(provider(name).part(data_of(name), part.place, OPTIONS)))
        shown.load()
        assert shown.width / shown.height == pytest.approx(part.width / part.height, rel=0.02)
        assert max(shown.size) >= min(200, part.width, part.height)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_place_that_is_not_there_is_told(name: str) -> None:
    for place in ("", "part 900", "page 900", read(name)[0].place + ", picture 900", "sheet None", "\x00"):
        with pytest.raises(UnreadableError) as told:
            provider(name).part(data_of(name), place, OPTIONS)
        assert "\n" not in str(told.value)


def refused(name: str, data: bytes, options: Options = OPTIONS) -> str:
    """Why a file cannot be read at all; nothing is told before it is asked for."""
    parts = reading(name, data, options)
    with pytest.raises(UnreadableError) as told:
        list(parts)
    assert "\n" not in str(told.value)
    assert 10 < len(str(told.value)) < 250
    return str(told.value)


def test_what_is_empty_or_something_else_is_refused(name: str) -> None:
    assert "empty" in refused(name, b"")
    refused(name, b"\x00\x01\x02\x03" * 999)
    for other in ({"picture", "pdf", "docx"} if name in ("html", "markdown", "text") else FILES.keys()) - {name}:
        refused(name, data_of(other))


def test_what_is_too_large_is_refused_before_it_is_read(name: str) -> None:
    small = Options(max_bytes=1_000_000)
    data = data_of(name) + bytes(1_000_000)
    assert refused(name, data, small) == "it is 1 MB large; the limit is 1 MB"


def test_damage_is_told_and_nothing_else(name: str) -> None:
    """Whatever is done to a file, each question has an answer or an `UnreadableError` of one line."""
    data, chance = data_of(name), random.Random(7)
    cases = [data[: len(data) * n // 6] for n in range(1, 6)]
    for _ in range(12):
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 5, 40])):
            damaged[chance.randrange(len(data))] = chance.randrange(256)
        cases.append(bytes(damaged))
    place = read(name)[-1].place
    for case in cases:
        asks: tuple[Callable[[], object], ...] = (
            lambda case=case: [part.reason for part in reading(name, case) if isinstance(part, Unread)],  # type: ignore[misc]
            lambda case=case: provider(name).embedded(case, OPTIONS),  # type: ignore[misc]
            lambda case=case: provider(name).part(case, place, OPTIONS),  # type: ignore[misc]
        )
        for ask, kind in zip(asks, (list, Metadata, bytes), strict=True):
            answer = answered(ask)
            assert isinstance(answer, kind) or "\n" not in str(answer)


def answered(ask: Callable[[], object]) -> object:
    try:
        return ask()
    except UnreadableError as error:
        return error


def with_broken_pictures(data: bytes) -> bytes:
    """An archive whose pictures are no pictures."""
    return archive(
        {
            entry: f"no picture: {entry}" if entry.endswith(".png") else content
            for entry, content in unpacked(data).items()
        }
    )


def with_unpackable_pictures(data: bytes) -> bytes:
    """An archive whose pictures are packed wrongly."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        starts = [
            entry.header_offset + 30 + len(entry.filename) for entry in file.infolist() if ".png" in entry.filename
        ]
    for start in starts:
        data = data[: start + 20] + bytes(8) + data[start + 28 :]
    return data


BROKEN = [(name, with_broken_pictures) for name in ("docx", "pptx", "xlsx", "epub")]
BROKEN += [(name, with_unpackable_pictures) for name in ("docx", "xlsx", "epub")]  # python-pptx unpacks all at once


@pytest.mark.parametrize(("name", "broken"), BROKEN)
def test_a_damaged_picture_costs_only_itself(name: str, broken: Callable[[bytes], bytes]) -> None:
    data = broken(archive(unpacked(data_of(name))))
    found = list(reading(name, data))
    lines = {line.text for part in found if isinstance(part, Reading) for line in part.lines}
    assert lines == {line.text for part in read(name) for line in part.lines}
    unread = {part.place for part in found if isinstance(part, Unread)}
    assert unread
    assert unread <= {part.place for part in read(name) if ", picture " in part.place}
    head = next(part for part in found if isinstance(part, Reading))
    assert head.sha256 == hashlib.sha256(data).hexdigest()
    assert head.metadata.title == provider(name).embedded(data, OPTIONS).title


@pytest.mark.parametrize("name", ["docx", "pptx", "xlsx", "epub"])
def test_where_no_part_can_be_read_the_file_is_refused(name: str) -> None:
    entries = {
        "docx": lambda: docx(paragraph("", inner=drawing("rId1")), {"a.png": b"no picture"}),
        "epub": lambda: epub({"a.html": "<img src='../images/a.png'>"}, {"a.png": b"no picture"}),
        "pptx": lambda: with_broken_pictures(slides(())),
        "xlsx": lambda: with_broken_pictures(sheets(())),
    }
    assert refused(name, entries[name]()).startswith("nothing in it can be read: ")


def children() -> int:
    """Processes that this one has started and that run, or have ended and were not awaited."""
    fields = [path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat") if _there(path)]
    return sum(field[1] == str(os.getpid()) for field in fields)


def _there(path: Path) -> bool:
    with suppress(OSError):
        return bool(path.read_text())
    return False


def test_what_is_left_early_is_given_back(name: str) -> None:
    threads = threading.active_count()
    for _ in range(2 * (os.cpu_count() or 1) + 1):
        parts = reading(name, data_of(name))
        with closing(parts):  # type: ignore[type-var]
            assert isinstance(next(parts), Reading)
    assert threading.active_count() == threads
    if sys.platform == "linux":
        assert children() <= (os.cpu_count() or 1)
    assert [part.place for part in reading(name, data_of(name))] == [part.place for part in read(name)]
