"""Word documents: text and pictures with their places, and files that are damaged, protected or made to do harm."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import datetime

import pytest

from imagelore.errors import UnreadableError
from imagelore.read import Options, Unread
from imagelore.read import docx as reader
from tests.read.office import (
    archive,
    core,
    docx,
    drawing,
    everything,
    paragraph,
    parts,
    picture,
    readings,
    reason,
    relations,
    unpacked,
    words,
)

LONG = "The motor has two cylinders. " * 40
BOAT = docx(
    paragraph("The boat", "Title")
    + paragraph("Built in Bergen. " * 40)
    + paragraph("Engines", "Heading1")
    + paragraph(LONG)
    + paragraph("Seen from above:", inner=drawing("rId1", "A red boat"))
    + paragraph("Figure 1: the boat at sea", "Caption")
    + paragraph("Sails", "Heading2")
    + paragraph("Cotton. " * 100),
    {"boat.png": picture()},
    {"docProps/core.xml": core(title="Boats", creator="Ann", keywords="sea, boat", created="2020-01-02T10:00:00Z")},
)


def test_sections_are_parts_under_their_headings() -> None:
    found = readings(reader, BOAT)
    assert list(found) == ["part 1", "part 2", "part 2, picture 1", "part 3"]
    pages = [found[f"part {number}"] for number in (1, 2, 3)]
    assert [page.lines[0].text for page in pages] == ["The boat", "Engines", "Engines > Sails"]
    assert all(page.drawn and page.metadata.title == "Boats" for page in pages)
    assert "Built in Bergen." in words(found["part 1"])


def test_a_picture_is_a_part_of_its_own_with_what_is_said_of_it() -> None:
    found = readings(reader, BOAT)["part 2, picture 1"]
    assert (found.width, found.height, found.drawn) == (120, 90, False)
    assert found.metadata.title == "A red boat"
    assert found.metadata.text == "Engines\n\nFigure 1: the boat at sea"
    assert found.thumbnail.startswith(b"\xff\xd8")
    assert reader.part(BOAT, "part 2, picture 1", Options()) == picture()


def test_what_the_document_says_about_itself() -> None:
    about = reader.embedded(BOAT, Options())
    assert (about.title, about.tags, about.fields) == ("Boats", ("sea", "boat"), {"creator": "Ann"})
    assert about.taken_at == datetime(2020, 1, 2, 10, 0)
    template = core(title="Word Document", creator="python-docx", created="2013-12-23T23:15:00Z")
    nobody = reader.embedded(docx(paragraph("x"), extra={"docProps/core.xml": template}), Options())
    assert (nobody.title, nobody.fields, nobody.taken_at) == ("", {}, None)


def test_a_table_is_read_by_rows() -> None:
    def cells(*texts: str) -> str:
        return "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in texts)

    header = f"<w:tr><w:trPr><w:tblHeader/></w:trPr>{cells('Name', 'Length')}</w:tr>"
    table = f"<w:tbl>{header}<w:tr>{cells('Petrel', '12 m')}</w:tr></w:tbl>"
    assert "Name: Petrel; Length: 12 m" in everything(reader, docx(table))


def test_a_picture_that_comes_again_and_an_icon_are_left_out() -> None:
    body = paragraph("one", inner=drawing("rId1")) + paragraph("two", inner=drawing("rId1"))
    body += paragraph("three", inner=drawing("rId2")) + paragraph("four", inner=drawing("rId3"))
    held = {"a.png": picture(), "icon.png": picture(size=(30, 200)), "b.png": picture(size=(90, 60))}
    assert list(readings(reader, docx(body, held))) == ["part 1", "part 1, picture 1", "part 1, picture 2"]


def test_a_picture_that_cannot_be_decoded_is_told_by_its_place() -> None:
    metafile = b"\x01\0\0\0" + b"\0" * 36 + b" EMF" + b"\0" * 100
    body = paragraph("a chart", inner=drawing("rId1")) + paragraph("x", inner=drawing("rId2"))
    found = parts(reader, docx(body, {"a.emf": metafile, "b.png": picture()[:80]}))
    assert [type(part) for part in found[1:]] == [Unread, Unread]
    assert [part.place for part in found[1:]] == ["part 1, picture 1", "part 1, picture 2"]
    assert [
        word in part.reason
        for word, part in zip(("metafile", "PNG"), found[1:], strict=True)
        if isinstance(part, Unread)
    ] == [
        True,
        True,
    ]


def test_a_picture_that_is_linked_to_is_not_fetched() -> None:
    assert list(readings(reader, docx(paragraph("far away", inner=drawing("out", how="link"))))) == ["part 1"]


def test_a_missing_picture_does_not_cost_the_text() -> None:
    data = unpacked(docx(paragraph("still here", inner=drawing("rId1")), {"a.png": picture()}))
    del data["word/media/a.png"]
    found = parts(reader, archive(data))
    assert isinstance(found[1], Unread)


def test_parts_of_a_document_without_text_are_its_pictures() -> None:
    assert list(readings(reader, docx(paragraph("", inner=drawing("rId1")), {"a.png": picture()}))) == [
        "part 1, picture 1"
    ]
    assert "neither text nor a picture" in reason(reader, docx(paragraph("")))


def test_a_place_that_there_is_not() -> None:
    with pytest.raises(UnreadableError, match="no part 9"):
        reader.part(BOAT, "part 9", Options())


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 9}">' for n in range(10))


@pytest.mark.parametrize("entry", ["word/document.xml", "docProps/core.xml", "word/styles.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_that_grow_are_refused(entry: str, encoding: str) -> None:
    entries = unpacked(BOAT)
    text = entries[entry].decode()
    entries[entry] = f"<!DOCTYPE x [{LAUGHS}]>{text.replace('</', '&l9;</', 1)}".encode(encoding)
    assert "document type" in reason(reader, archive(entries))


def test_zip_bombs_are_refused_before_they_are_unpacked() -> None:
    assert "exhaust memory" in reason(reader, archive({**unpacked(BOAT), "word/media/zeros.png": bytes(60_000_000)}))
    entries = unpacked(BOAT)
    entries["word/document.xml"] = entries["word/document.xml"].replace(b"<w:body>", b"<w:body>" + b" " * 70_000_000)
    assert "exhaust memory" in reason(reader, archive(entries))
    many = {f"{n}": b"" for n in range(20_100)}
    assert "entries" in reason(reader, archive({**unpacked(BOAT), **many}))


def test_too_much_markup_is_refused() -> None:
    body = b"".join(b"<w:p/>%d" % n for n in range(2_500_000))
    entries = unpacked(BOAT)
    entries["word/document.xml"] = entries["word/document.xml"].replace(b"<w:body>", b"<w:body>" + body)
    assert "MB of markup" in reason(reader, archive(entries))


def test_nesting_without_end_is_refused() -> None:
    assert "damaged" in reason(reader, docx("<w:p><w:r>" * 5_000 + "</w:r></w:p>" * 5_000))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"only some words", "no Word document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as .docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "password"),
        (BOAT[:900], "truncated"),
        (archive({"readme.txt": "no document"}), "damaged"),
        (archive({"_rels/.rels": relations(), "word/document.xml": "<broken"}), "damaged"),
    ],
    ids=["empty", "text", "old", "encrypted", "cut", "other zip", "broken"],
)
def test_what_is_no_sound_document_is_refused_in_plain_words(data: bytes, word: str) -> None:
    assert word in reason(reader, data)


def test_other_ways_to_pack_are_refused() -> None:
    """Some of them can ask for gigabytes to unpack a few bytes, and no program packs an office document so."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as file:
        for name, content in unpacked(BOAT).items():
            file.writestr(name, content)
    assert "packed in a way" in reason(reader, stream.getvalue())


def test_an_encrypted_entry_is_told() -> None:
    data = bytearray(BOAT)
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # bit 0 of the general purpose flag (APPNOTE 4.4.4)
    assert "password" in reason(reader, bytes(data))


def test_any_damage_is_survived() -> None:
    for at in range(0, len(BOAT), 37):
        data = bytearray(BOAT)
        data[at] ^= 0x55
        with suppress(UnreadableError):  # the only other outcome that there may be
            parts(reader, bytes(data))
