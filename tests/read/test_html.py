"""Web pages: what a reader came for, in its order, and nothing that is fetched."""

from __future__ import annotations

import base64
import socket
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagelore.errors import UnreadableError
from imagelore.read import Options, Unread, _html
from imagelore.read import html as reader
from tests.read.office import everything, parts, picture, readings, reason, words


def written(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def lines(body: str) -> list[str]:
    return words(readings(reader, body.encode())["part 1"]).split("\n")


def test_blocks_come_in_their_order() -> None:
    assert lines(
        "<h1>Boats</h1><p>A <b>red</b>dish\n one,<br>new.<ul><li>hull<ul><li>keel</ul><li><p>mast</p></ul>"
        "<dl><dt>Bow<dd>its front</dl><blockquote>Ahoy</blockquote><pre>x = 1\n  y = 2</pre>tail"
    ) == [
        "Boats",
        "A reddish one,",
        "new.",
        "hull",
        "keel",
        "mast",
        "Bow",
        "its front",
        "Ahoy",
        "x = 1",
        "  y = 2",
        "tail",
    ]


def test_what_nobody_came_for_is_left_out() -> None:
    page = (
        "<head><style>no {}</style></head><body><header><h1>Boats</h1><nav><a>no</a></nav></header>"
        "<script>no()</script>"
        "<div class='navfooter'>no</div><p hidden>no</p><p style='color: red; DISPLAY : none'>no</p>"
        "<div role='navigation'>no</div><h2>Oars<a class='headerlink'>no</a></h2><template>no</template>"
        "<form><button>no</button><select><option>no</select><p>in a form</p></form>"
        "<article><footer>yes</footer></article>"
        "<svg><text>no</text></svg><!-- no --><noscript>no</noscript><footer>no</footer><p>end"
    )
    assert lines(page) == ["Boats > Oars", "in a form", "yes", "end"]


def test_the_main_element_is_the_page() -> None:
    assert lines("<p>aside<main><p>the page</p></main><p>more") == ["the page"]
    assert lines("<p>before<main> </main><p>the page") == ["before", "the page"]


def test_headings_are_the_path_of_their_parts() -> None:
    text = "Words of a long section. " * 50
    page = "".join(
        f"<h{level}>{name}</h{level}><p>{text}</p>" for level, name in ((1, "A"), (2, "B"), (3, "C"), (2, "D"))
    )
    found = readings(reader, page.encode())
    assert [reading.lines[0].text for reading in found.values()] == ["A", "A > B", "A > B > C", "A > D"]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th>Name<th>Age<tr><td>Ann<td>7<tr><td>Bo<td>", ["Name | Age", "Name: Ann; Age: 7", "Name: Bo"]),
        ("<tr><td>1<td>2<tr><td><p>3</p><p>4</p><td>5", ["1", "2", "3", "4", "5"]),
        ("<tr><td>Ann<td>7", ["Ann | 7"]),
        ("<tr><th colspan=2>Size<th>Price<tr><td>1<td>2<td>3", ["Size | Price", "Size: 1; Size: 2; Price: 3"]),
        ("<tr><th>A<th>B<tr><td rowspan=2>1<td>2<tr><td>3", ["A | B", "1 | 2", "3"]),
        ("<tr><th>A<th>B<tr><th>C<th>D<tr><td>1<td>2", ["A | B", "C | D", "1 | 2"]),
        ("<tr><td><h2>Title</h2>text<td><table><tr><td>1<td>2</table>", ["Title", "text", "1 | 2"]),
    ],
)
def test_tables_by_rows(table: str, rows: list[str]) -> None:
    assert lines(f"<table>{table}</table>") == rows


def test_a_picture_in_the_page_is_a_part_with_its_caption() -> None:
    figure = f"<figure><img src='{written(picture())}' alt='A boat'><figcaption>The Petrel</figcaption></figure>"
    second = f"<p>An engine <img src='{written(picture(size=(90, 60)))}' title='Two cylinders'> of steel.</p>"
    page = f"<h1>Ships</h1><p>Before.</p>{figure}{second}<p>After.</p>".encode()
    found = readings(reader, page)
    assert [(place, reading.metadata.title, reading.metadata.text) for place, reading in list(found.items())[1:]] == [
        ("part 1, picture 1", "A boat", "Ships\n\nThe Petrel"),
        ("part 1, picture 2", "Two cylinders", "Ships\n\nAn engine of steel."),
    ]
    assert words(found["part 1"]).split("\n") == [
        "Ships",
        "Before.",
        "The Petrel",
        "An engine of steel.",
        "After.",
    ]
    assert reader.part(page, "part 1, picture 1", Options()) == picture()


@pytest.mark.parametrize(
    "data", ["@@@", base64.b64encode(b"no picture").decode(), base64.b64encode(picture()[:70]).decode()]
)
def test_a_damaged_picture_is_told(data: str) -> None:
    found = parts(reader, f"<p>text<img src='data:image/png;base64,{data}'>".encode())
    assert len(found) == 1 or isinstance(found[1], Unread)


def test_pictures_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_html, "_PICTURES", 2)
    drawn = [base64.b64encode(picture(size=(100 + n, 90))).decode() for n in range(4)]
    found = parts(reader, "".join(f"<p>text<img src='data:image/png;base64,{data}'>" for data in drawn).encode())
    assert sorted(part.place for part in found) == ["part 1", "part 1, picture 1", "part 1, picture 2", "picture 3"]
    assert [part.place for part in found if isinstance(part, Unread)] == ["picture 3"]


def test_a_heading_that_is_a_text_keeps_all_of_its_words() -> None:
    said = " ".join(f"word{n}" for n in range(900))
    found = readings(reader, f"<h1>Ships</h1><p>Short.</p><h2>{said}</h2><p>After.</p>".encode())
    read = " ".join(words(reading) for reading in found.values())
    assert [word for word in read.split() if word.startswith("word")] == said.split()
    assert max(reading.height for reading in found.values()) < 4_000


def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise AssertionError("reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    page = (
        "<!DOCTYPE html SYSTEM 'http://127.0.0.1:9/far.dtd'><link rel=stylesheet href='http://127.0.0.1:9/a.css'>"
        "<base href='http://127.0.0.1:9/'><p>Here<img src='http://127.0.0.1:9/a.png'><img src='b.png'>"
        "<img src='//c/d.png'>"
        "<img src='file:///etc/hostname'><img src='lifted-picture:0'><img src='lifted-picture:²'>"
        "<iframe src='e.html'></iframe>"
    )
    assert list(readings(reader, page.encode())) == ["part 1"]


def test_what_the_page_says_of_itself() -> None:
    page = (
        "<title>Boats &amp; oars</title><meta name=description content='All of them'><meta name=author content='Ann'>"
        "<meta name=Keywords content='sea, oar'><meta name=date content='2020-05-01'><p>x"
    )
    about = reader.embedded(page.encode(), Options())
    assert (about.title, about.text, about.tags) == ("Boats & oars", "All of them", ("sea", "oar"))
    assert (about.fields, about.taken_at) == ({"creator": "Ann"}, datetime(2020, 5, 1))
    assert reader.embedded(b"<title>Untitled Document</title>x", Options()).title == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "shift_jis", "koi8-r"])
def test_encodings(encoding: str) -> None:
    text = {"cp1252": "Zwölf – „Köpfe“", "shift_jis": "日本語の船", "koi8-r": "Лодка"}.get(encoding, "Zwölf 船 Лодка")
    declared = f"<meta charset={encoding}>" if encoding in ("shift_jis", "koi8-r") else ""
    assert lines_of(f"{declared}<p>{text}".encode(encoding)) == [text]


def lines_of(data: bytes) -> list[str]:
    return words(readings(reader, data)["part 1"]).split("\n")


def test_a_declaration_that_lies_is_not_believed() -> None:
    assert lines_of("<meta charset=ascii><p>zwölf".encode()) == ["zwölf"]
    assert lines_of("<meta charset=utf-16><p>zwölf".encode()) == ["zwölf"]
    assert lines_of("<meta charset=no-such><p>zwölf".encode()) == ["zwölf"]
    assert lines_of("<meta charset=rot13><p>zwölf".encode()) == ["zwölf"]


def test_what_is_no_page() -> None:
    assert "empty" in reason(reader, b"  \n")
    assert "binary" in reason(reader, b"<p>\0\0\0")
    assert "binary" in reason(reader, bytes(range(128, 255)) * 9)
    assert "neither" in reason(reader, b"<html><script>only()</script>")
    assert "limit" in reason(reader, b"<p>x", max_bytes=2)


def test_nesting_without_end_is_refused() -> None:
    assert "deep" in everything(reader, b"<div><b><ul><li>" * 300 + b"deep")
    assert "nested too deeply" in reason(reader, b"<div><b><ul><li>" * 20_000 + b"too deep")
    assert "nested too deeply" in reason(reader, b"<table><tr><td>" * 5_000 + b"too deep")


WORD = st.text("abcdefgäöß", min_size=1, max_size=12)
TAG = st.sampled_from(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "li",
        "ul",
        "div",
        "td",
        "tr",
        "table",
        "th",
        "b",
        "pre",
        "figure",
        "figcaption",
        "section",
        "dd",
        "blockquote",
        "span",
        "br",
        "a",
    ]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(TAG, WORD, st.booleans()), min_size=1, max_size=25))
def test_the_words_of_any_page_are_in_its_lines(tags: list[tuple[str, str, bool]]) -> None:
    page = "".join(f"<{tag}> {word} " + (f"</{tag}>" if closed else "") for tag, word, closed in tags)
    found = everything(reader, page.encode()).replace(":", " ").replace(";", " ").split()
    assert {word for _, word, _ in tags} <= set(found)


@settings(max_examples=150)
@given(st.text() | st.text("<>/abp h1=\"'&;!-[]?", max_size=200) | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_page_or_is_refused(text: str) -> None:
    with suppress(UnreadableError):
        parts(reader, text.encode("utf-8", "surrogatepass"))
    with suppress(UnreadableError):
        parts(reader, text.encode("latin-1", "replace"))
