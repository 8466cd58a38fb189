"""Metadata tables and sidecars: each broken line is named and skipped, the others count."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelore.read import Metadata, sidecar_metadata, table_rows


def parted(path: str, data: bytes) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """(rows by file name without `file_name`, warnings)."""
    rows, warnings = {}, []
    for item in table_rows(path, data):
        if isinstance(item, str):
            warnings.append(item)
        else:
            rows[item[0]] = {name: value for name, value in item[1].items() if name != "file_name"}
    return rows, warnings


def jsonl(*rows: Any) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


A, B = {"file_name": "a.jpg", "title": "A"}, {"file_name": "sub/b.jpg", "year": 1890, "tags": ["x"]}
BOTH = {"a.jpg": {"title": "A"}, "sub/b.jpg": {"year": 1890, "tags": ["x"]}}


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_json_lines(newline: bytes, mark: bytes) -> None:
    assert parted("metadata.jsonl", mark + (jsonl(A) + b"\n" + jsonl(B)).replace(b"\n", newline)) == (BOTH, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_that_say_so(encoding: str) -> None:
    text = "file_name,title\na.jpg,Ä日\n"
    assert parted("m.csv", text.encode(encoding)) == ({"a.jpg": {"title": "Ä日"}}, [])
    line = json.dumps({"file_name": "a.jpg", "title": "Ä日"}, ensure_ascii=False)
    assert parted("m.jsonl", line.encode(encoding)) == ({"a.jpg": {"title": "Ä日"}}, [])


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"{broken\n", "broken JSON"),
        (b"[1, 2]\n", "no JSON object"),
        (b'{"title": "none"}\n', "no `file_name`"),
        (b'{"file_name": 7}\n', "no `file_name`"),
        (b'{"file_name": "caf\xe9.jpg"}\n', "not UTF-8"),
        (b'{"file_name": "../up.jpg"}\n', "leads out"),
        (b'{"file_name": "sub/../../up.jpg"}\n', "leads out"),
        (b'{"file_name": "/etc/passwd"}\n', "leads out"),
        (b'{"file_name": "C:\\\\x.jpg"}\n', "leads out"),
        (b'{"file_name": "./a.jpg"}\n', "line 1"),
        (b'{"file_name": "s.jpg", "t": "\\ud800"}\n', "broken text"),
        (b'{"file_name": "s.jpg", "t": "\\u0000"}\n', "broken text"),
        (b"[" * 100_000 + b"\n", "broken JSON"),
        (b'{"file_name": "n.jpg", "n": ' + b"9" * 5000 + b"}\n", "broken JSON"),
        (b'{"file_name": "' + b"x" * 1_000_001 + b'"}\n', "longer"),
    ],
)
def test_a_broken_json_line_is_named_and_skipped(line: bytes, word: str) -> None:
    rows, warnings = parted("in/metadata.jsonl", jsonl(A, line, B))
    assert rows == BOTH
    assert len(warnings) == 1
    assert warnings[0].startswith("in/metadata.jsonl, line 2: ")
    assert word in warnings[0]


def test_numbers_that_are_none_are_left_empty() -> None:
    rows, _ = parted("m.jsonl", b'{"file_name": "a.jpg", "x": NaN, "y": 1e999, "z": -Infinity}\n')
    assert rows == {"a.jpg": {"x": None, "y": None, "z": None}}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_with_each_delimiter(mark: str) -> None:
    text = 'file_name,title,year\na.jpg,"Two, or ""three""\nlines; yes\tno",1890\nb.jpg,,\n'
    quoted = text.replace("file_name,title,year", f"file_name{mark}title{mark}year")
    quoted = (
        quoted.replace("a.jpg,", f"a.jpg{mark}")
        .replace('",1890', f'"{mark}1890')
        .replace("b.jpg,,", f"b.jpg{mark}{mark}")
    )
    rows, warnings = parted("m.csv", quoted.encode())
    assert rows == {"a.jpg": {"title": 'Two, or "three"\nlines; yes\tno', "year": "1890"}, "b.jpg": {}}
    assert warnings == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"b.jpg,x,y,z\n", "4 values for 2 columns"),
        (b"caf\xe9\0.jpg,x\n", "not UTF-8"),
        (b"b\0.jpg,x\n", "not UTF-8"),
        (b",x\n", "no `file_name`"),
        (b"a.jpg,again\n", "line 2"),
        (b"../b.jpg,x\n", "leads out"),
        (b"b.jpg," + b"x" * 200_000 + b"\n", "broken CSV"),
    ],
)
def test_a_broken_csv_line_is_named_and_skipped(line: bytes, word: str) -> None:
    rows, warnings = parted("m.csv", b"file_name,title\na.jpg,A\n" + line + b"c.jpg,C\n")
    assert rows == {"a.jpg": {"title": "A"}, "c.jpg": {"title": "C"}}
    assert len(warnings) == 1
    assert warnings[0].startswith("m.csv, line 3: ")
    assert word in warnings[0]


@pytest.mark.parametrize("data", [b"", b"title,year\nA,1\n", b"\xff\xfe", b"file_name\xe9,x\n", b"\n\n"])
def test_a_csv_without_the_column_says_so(data: bytes) -> None:
    rows, warnings = parted("m.csv", data)
    assert rows == {}
    assert "`file_name`" in warnings[-1]


def test_a_csv_in_windows_1252_is_read_as_such_and_told() -> None:
    data = "file_name;title;Straße\np1.jpg;Über;„a“\n".encode("cp1252")
    told = "in/m.csv: not UTF-8; read as Windows-1252"
    assert parted("in/m.csv", data) == ({"p1.jpg": {"title": "Über", "Straße": "„a“"}}, [told])
    rows, warnings = parted("in/m.csv", data + b"p2.jpg;\x81;b\np3.jpg;C;c\n")  # 81 is no character there either
    assert list(rows) == ["p1.jpg", "p3.jpg"]
    assert warnings[0] == told
    assert warnings[1].startswith("in/m.csv, line 3: ")
    assert len(warnings) == 2


def test_one_broken_line_does_not_garble_a_csv_in_utf_8() -> None:
    data = "file_name,title\na.jpg,Ä\n".encode() + b"b.jpg,\xe9\n" + "c.jpg,Ö\n".encode()
    rows, warnings = parted("m.csv", data)
    assert rows == {"a.jpg": {"title": "Ä"}, "c.jpg": {"title": "Ö"}}
    assert warnings == ["m.csv, line 3: not UTF-8; skipped"]


def test_the_column_is_found_whatever_its_case() -> None:
    assert parted("m.csv", b"Title;File_Name\nA;a.jpg\n") == ({"a.jpg": {"Title": "A"}}, [])
    assert parted("m.csv", b"FILE_NAME,file_name\nA,a.jpg\n") == ({"a.jpg": {"FILE_NAME": "A"}}, [])


@pytest.mark.parametrize(
    "last", ["p4.jpg,Four,d", 'p4.jpg,Four,"d"', 'p4.jpg,"Four",d', "p4.jpg,Four,d\n\n" + "x" * 140_000]
)
def test_an_unclosed_quote_takes_no_other_line_along(last: str) -> None:
    text = f'file_name,title,more\np1.jpg,"One\nline",a\np2.jpg,Two,"open quote\np3.jpg,Three,c\n{last}\n'
    rows, warnings = parted("m.csv", text.encode())
    assert [rows[f"p{number}.jpg"] for number in (1, 2, 3, 4)] == [
        {"title": "One\nline", "more": "a"},
        {"title": "Two", "more": "open quote"},
        {"title": "Three", "more": "c"},
        {"title": "Four", "more": "d"},
    ]
    assert warnings[0].startswith("m.csv, line 4: a quote opens here")
    assert "skipped" not in warnings[0]
    assert sum("quote" in warning for warning in warnings) == 1


def test_every_unclosed_quote_is_told_also_in_the_last_line() -> None:
    rows, warnings = parted("m.csv", b'file_name,title\na.jpg,"A\nb.jpg,"B\nc.jpg,"C" c\nd.jpg,"D')
    assert rows == {f"{name}.jpg": {"title": title} for name, title in zip("abcd", ["A", "B", "C c", "D"], strict=True)}
    assert [warning.split(":")[0] for warning in warnings] == ["m.csv, line 2", "m.csv, line 3", "m.csv, line 5"]


def test_a_windows_path_is_understood() -> None:
    assert list(parted("m.csv", b"file_name\nsub\\b.jpg\n")[0]) == ["sub/b.jpg"]


@given(st.binary(max_size=200), st.sampled_from(["m.csv", "m.jsonl"]), st.booleans())
def test_any_bytes_are_survived(data: bytes, path: str, headed: bool) -> None:
    for item in table_rows(path, b"file_name,x\n" + data if headed else data):
        json.dumps(item, ensure_ascii=False, allow_nan=False).encode()  # what a database wants


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5))
)
def test_any_json_row_is_kept_or_told(row: dict[str, Any]) -> None:
    items = list(table_rows("m.jsonl", jsonl({**row, "file_name": "a.jpg"})))
    assert len(items) == 1
    json.dumps(items[0], ensure_ascii=False, allow_nan=False).encode()


def test_a_text_sidecar_is_the_text() -> None:
    assert sidecar_metadata("a.txt", "Two swans.\nOn a lake — ö.\n".encode("utf-8-sig")) == (
        Metadata(text="Two swans.\nOn a lake — ö."),
        [],
    )


def test_a_text_sidecar_in_windows_1252_is_read_as_such_and_told() -> None:
    assert sidecar_metadata("a.txt", "Über “uns”".encode("cp1252")) == (
        Metadata(text="Über “uns”"),
        ["a.txt: not UTF-8; read as Windows-1252"],
    )


def test_a_json_sidecar_is_read_like_a_row() -> None:
    metadata, warnings = sidecar_metadata("a.jpg.json", b'{"title": "T", "keywords": "a; b", "size": {"cm": 12}}')
    assert metadata == Metadata(title="T", tags=("a", "b"), fields={"size.cm": 12})
    assert warnings == []


def test_a_takeout_sidecar_is_recognised() -> None:
    value = {
        "title": "IMG_1.jpg",
        "description": "On the beach",
        "photoTakenTime": {"timestamp": "1600000000", "formatted": "13.09.2020"},
        "geoData": {"latitude": 1.5},
        "people": [{"name": "Ann"}, {}, 3],
    }
    assert sidecar_metadata("IMG_1.jpg.json", json.dumps(value).encode()) == (
        Metadata(text="On the beach", tags=("Ann",), taken_at=datetime(2020, 9, 13, 12, 26, 40)),
        [],
    )


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.json", b"\xff"),
        ("a.txt", b"\x81"),
        ("a.txt", b"\xff\xfa\0"),
        ("a.txt", b"\xff\xfe\0ba"),  # UTF-16 of an odd length
        ("a.txt", b"\xff\xfea\0\0\xd8b\0"),  # half a surrogate pair in UTF-16
        ("a.txt", b"x" * 1_000_001),
    ],
)
def test_a_broken_sidecar_says_nothing_and_is_told(path: str, data: bytes) -> None:
    metadata, warnings = sidecar_metadata(path, data)
    assert metadata == Metadata()
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{path}: ")


@given(st.binary(max_size=100), st.sampled_from(["a.json", "a.txt"]))
def test_any_sidecar_is_survived(data: bytes, path: str) -> None:
    metadata, _ = sidecar_metadata(path, data)
    metadata.text.encode()
