"""Books: chapters in reading order, their pictures, what the book says of itself, and protected books."""

from __future__ import annotations

from datetime import datetime

from PIL import Image

from imagelore.read import Options, Unread
from imagelore.read import epub as reader
from tests.read.office import archive, epub, parts, peak, picture, readings, reason, unpacked, words
from tests.read.painted import encoded

CHAPTERS = {
    "one.xhtml": "<?xml version='1.0'?><!DOCTYPE html><html><body><h1>The light</h1><p>"
    + "It burns. " * 90
    + "</p></body></html>",
    "two.xhtml": "<html><body><h1>The sea</h1><p>Grey.</p><img src='../images/sea%20view.png' alt='Waves'/>"
    "<img src='http://192.0.2.1/far.png'/><img src='../../../etc/passwd'/><p>" + "Wide. " * 90 + "</p></body></html>",
}
BOOK = epub(CHAPTERS, {"cover.png": picture(size=(80, 120)), "sea view.png": picture()})


def test_chapters_come_in_reading_order_with_their_pictures() -> None:
    found = readings(reader, BOOK)
    assert list(found) == ["part 1", "part 1, picture 1", "part 2", "part 2, picture 1"]
    assert [found[f"part {n}"].lines[0].text for n in (1, 2)] == ["The light", "The sea"]
    assert found["part 2, picture 1"].metadata.title == "Waves"
    assert found["part 2, picture 1"].metadata.text == "The sea\n\nGrey."
    assert reader.part(BOOK, "part 2, picture 1", Options()) == picture()


def test_the_cover_comes_first() -> None:
    assert readings(reader, BOOK)["part 1, picture 1"].metadata.title == "Cover"


def test_what_the_book_says_of_itself() -> None:
    about = reader.embedded(BOOK, Options())
    assert (about.title, about.text, about.tags) == ("The Lighthouse", "A short book", ("sea",))
    assert (about.fields, about.taken_at) == ({"creator": "Ann Lee"}, datetime(1927, 5, 5))


def test_a_missing_chapter_is_told_and_the_others_are_read() -> None:
    entries = unpacked(BOOK)
    del entries["OEBPS/text/one.xhtml"]
    found = parts(reader, archive(entries))
    assert [part.place for part in found if isinstance(part, Unread)] == ["chapter OEBPS/text/one.xhtml"]
    assert any("Wide." in words(part) for part in found if not isinstance(part, Unread))


def test_entities_of_a_chapter_do_not_grow() -> None:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 9}">' for n in range(10))
    chapter = f"<!DOCTYPE html [{entities}]><html><body><p>Here: &l9; and on.</p></body></html>"
    found = readings(reader, epub({"a.xhtml": chapter}))
    assert sum(len(words(reading)) for reading in found.values()) < 3_000


def test_entities_of_the_list_of_contents_are_refused() -> None:
    entries = {name: content.decode("latin-1") for name, content in unpacked(epub(CHAPTERS)).items()}
    entries["OEBPS/book.opf"] = '<!DOCTYPE p [<!ENTITY a "b">]>' + entries["OEBPS/book.opf"]
    assert "damaged" in reason(reader, archive(entries))


def _scrambled(entry: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:CipherData><e:CipherReference URI="{entry}"/></e:CipherData></e:EncryptedData>'
        "</encryption>"
    )


def test_a_protected_book_is_refused_and_scrambled_fonts_are_not() -> None:
    protected: dict[str, str | bytes] = {
        **unpacked(BOOK),
        "META-INF/encryption.xml": _scrambled("OEBPS/text/two.xhtml"),
    }
    assert "DRM" in reason(reader, archive(protected))
    fonts: dict[str, str | bytes] = {**unpacked(BOOK), "META-INF/encryption.xml": _scrambled("OEBPS/fonts/a.otf")}
    assert len(readings(reader, archive(fonts))) == 4


def test_a_picture_that_stands_in_a_chapter_many_times_is_kept_once() -> None:
    noise = encoded(Image.effect_noise((1_000, 1_000), 90), "BMP")  # 1 MB
    book = epub({"one.xhtml": "<img src='../images/a.png'/>" * 100}, {"a.png": noise})
    assert list(readings(reader, book)) == ["part 1, picture 1"]
    assert peak(reader, book) < 20


def test_what_is_no_book() -> None:
    assert "container.xml" in reason(reader, archive({"a.txt": "b"}))
    assert "no EPUB book" in reason(reader, b"words")
    assert "truncated" in reason(reader, BOOK[:500])
    assert "list of contents" in reason(reader, archive({"META-INF/container.xml": "<container/>"}))
