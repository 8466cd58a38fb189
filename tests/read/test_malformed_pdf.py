"""pypdf's own test documents, 72 of them and many odd, and damaged and hostile ones: each is read or refused.

PDFium is no Python: a crash of it would be one of its process, which is not ours. What is read here must not bring one
about, but for what is made to.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tools.fetch_test_documents import FILES, FOLDER

from imagelore.errors import UnreadableError
from imagelore.read import Options, Reading, Unread
from imagelore.read import pdf as provider
from imagelore.read.pdf import isolated
from imagelore.types import Asset
from tests.read.documents import Page, encrypted_pdf, laughing_pdf, pdf, written

Parts = tuple[list[Reading], list[Unread]]


def parts(data: bytes, options: Options = Options()) -> Parts:
    """Everything that is read of a document, checked."""
    read: list[Reading] = []
    unread: list[Unread] = []
    for part in provider.readings(Asset("a.pdf", "", len(data)), data, options):
        if isinstance(part, Unread):
            unread.append(part)
            assert "\n" not in part.reason
            continue
        read.append(part)
        assert part.picture.mode == "RGB"
        assert max(part.picture.size) <= 512
        assert part.thumbnail
        assert all(0 <= side <= 1 for line in part.lines for side in line.box)
        assert all(line.text and line.text == " ".join(line.text.split()) for line in part.lines)
    assert read
    assert provider.part(data, read[-1].place, options)[:2] == b"\xff\xd8"
    return read, unread


def reason(data: bytes, options: Options = Options()) -> str:
    with pytest.raises(UnreadableError) as told:
        parts(data, options)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_every_document_of_pypdf_is_read_or_encrypted() -> None:
    if not FOLDER.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the test documents are not there; run python -m tools.fetch_test_documents")
        pytest.skip("the test documents are not there; run python -m tools.fetch_test_documents")
    refused, texts = {}, {}
    for path in sorted(FOLDER.rglob("*.pdf")):
        name, data = path.relative_to(FOLDER).as_posix(), path.read_bytes()
        try:
            read, unread = parts(data)
        except UnreadableError as error:
            refused[name] = str(error)
            continue
        texts[name] = "\n".join(line.text for part in read for line in part.lines)
        assert not unread, name
        assert not any(part.warnings for part in read), name
    assert len(refused) + len(texts) == FILES
    assert set(refused.values()) == {ENCRYPTED}
    assert len(refused) == 11
    for opened in ("r2-owner", "r4-owner", "r5-empty", "r6-owner"):  # the password is for changing them only
        assert texts[f"encryption/{opened}-password.pdf"].startswith("pdf encryption test\n")
    assert "Bar" in texts["form_acrobatReader.pdf"]  # it was filled into a form's field
    assert "مرحبا بالعالم" in texts["multilang.pdf"]


ENCRYPTED = "it is encrypted: save a copy that opens without a password, and index that"


def test_what_cannot_be_opened_says_why() -> None:
    assert reason(b"") == "it is empty"
    assert reason(b"<html>no PDF</html>") == "it is not a PDF"
    assert reason(b"%PDF-1.7\nnothing here\n") == "it is a PDF that is cut short (truncated)"
    assert reason(b"%PDF-1.7\nnothing here\n%%EOF\n") == "it is a damaged PDF, or one without pages"
    assert reason(pdf([])) == "it is a damaged PDF, or one without pages"
    assert reason(encrypted_pdf([["secret"]])) == ENCRYPTED
    assert reason(pdf([["x"]]), Options(max_bytes=300)) == "it is 0 MB large; the limit is 0 MB"
    data = pdf([["x"]])
    for place in ("page 0", "page 2", "slide 1", "page 1, picture 1"):
        with pytest.raises(UnreadableError, match="has no"):
            provider.part(data, place, Options())


def test_documents_that_only_their_owner_may_change_are_read() -> None:
    (read, _) = parts(pdf([["for all to see"]], info={"Title": "Locked for changes"}, password=""))
    assert (read[0].lines[0].text, read[0].metadata.title) == ("for all to see", "Locked for changes")


def test_damaged_documents_are_read_or_refused() -> None:
    picture = Image.linear_gradient("L").convert("RGB")
    whole = pdf([["one line", "two lines"], ["a second page"]], {1: [picture]}, {"Title": "Whole"})
    damaged = [whole[:cut] for cut in range(100, len(whole), len(whole) // 20)]
    chance = random.Random(5)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(chance.choice([1, 5, 40])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged.append(bytes(data))
    refused = set()
    for file in damaged:
        try:
            parts(file)
        except UnreadableError as error:
            refused.add(str(error))
    assert "it is a PDF that is cut short (truncated)" in refused
    assert not [told for told in refused if "PDFium" in told]


def test_odd_sizes_are_drawn_small() -> None:
    line = written(["hello"])
    for size in ((14_400, 14_400), (1e9, 3), (0.01, 0.01), (14_400, 1)):
        read, unread = parts(pdf([Page(line, size=size)]))
        assert len(read) == 1
        assert not unread


def test_a_document_that_claims_pages_is_given_up() -> None:
    read, unread = parts(pdf([["the only one"]]).replace(b"/Count 1", b"/Count 900000"))
    assert len(read) == 1
    assert unread[-1] == Unread("page 22", "from here on, 899,979 pages are left out")
    looping = pdf([["x"], ["y"]]).replace(b"/Kids [", b"/Kids [1 0 R ")
    assert [part.place for part in parts(looping)[0]] == ["page 1", "page 2"]


def test_a_picture_of_too_many_pixels_is_left_out_and_its_page_is_read() -> None:
    small = Image.new("RGB", (64, 64))
    data = pdf([Page(written(["beside it"]), [(small, (100, 100, 400, 400))])])
    read, unread = parts(data.replace(b"/Width 64 /Height 64", b"/Width 40000 /Height 40000"))
    assert [line.text for line in read[0].lines] == ["beside it"]
    assert unread == [Unread("page 1, picture 1", "40,000 x 40,000 pixels are too many")]


def test_more_text_than_is_read_is_cut_and_said() -> None:
    lines = written([f"line {n} of many that are written on one page" for n in range(600)], top=11_900)
    (page,), _ = parts(pdf([Page(lines, size=(595, 12_000))]))
    assert page.warnings == ("it holds more text than is read: its end is left out",)
    assert 15_000 < sum(len(line.text) for line in page.lines) <= 20_000


def test_where_pdfium_dies_the_document_is_refused_and_others_are_read() -> None:
    """2 kB whose forms show one another would be a thousand million objects."""
    told = reason(laughing_pdf(depth=14, width=5))
    assert told.startswith("nothing in it can be read: PDFium gives up on it: it takes more memory than it is given")
    assert parts(pdf([["alive"]]))[0][0].lines[0].text == "alive"


def test_a_page_that_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parts(pdf([["warm"]]))
    monkeypatch.setattr(isolated, "_SECONDS", 1.0)
    slow = Page(written(["slow"]), drawn="0 0 m 500 700 l S " * 400_000)
    assert reason(pdf([slow])) == "nothing in it can be read: reading it takes more than 1 seconds"
    monkeypatch.undo()
    assert parts(pdf([["alive"]]))


LONG = """
import os
import sys
from pathlib import Path
from imagelore.read import Options, pdf
from imagelore.types import Asset

def field(pid, name):
    try:
        lines = Path("/proc", pid, "status").read_text().splitlines()
    except FileNotFoundError:  # it ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)

def resident():  # of this process and of those that it started
    mine = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if field(pid, "PPid:") == os.getpid()]
    return sum(field(pid, "VmRSS:") for pid in ["self", *mine]) / 1000

data = Path(sys.argv[1]).read_bytes()
most = start = 0
for count, part in enumerate(pdf.readings(Asset("a.pdf", "", 1), data, Options(image_side=64, thumbnail_side=64))):
    start = start or resident()
    most = max(most, resident()) if count % 500 == 0 else most
    assert part.lines[0].text == f"page number {count + 1}"
print(count + 1, most - start)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_a_document_of_5_000_pages_takes_bounded_memory(tmp_path: Path) -> None:
    long = tmp_path / "long.pdf"
    long.write_bytes(pdf([[f"page number {n}", *["a line of text like any other"] * 10] for n in range(1, 5_001)]))
    run = subprocess.run(
        [sys.executable, "-c", LONG, str(long)], capture_output=True, text=True, timeout=200, check=False
    )
    assert run.returncode == 0, run.stderr
    count, megabytes = run.stdout.split()
    assert int(count) == 5_000
    assert float(megabytes) < 150
