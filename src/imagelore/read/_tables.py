"""`metadata.jsonl` and `metadata.csv` beside pictures: the Hugging Face ImageFolder convention, column `file_name`.

A table is read line by line. What is wrong with a line is told with its number, and the line is skipped: the others
and the pictures lose nothing. Texts are UTF-8 (a byte order mark may say UTF-8 or UTF-16); a CSV table that is not is
taken for Windows-1252, in which Excel saves, and a warning says so.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import posixpath
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

_LINE_LIMIT = 1_000_000  # characters
_DELIMITERS = ",;\t"
_UNSAID = frozenset(("", "na", "n/a", "nan", "null", "none"))  # texts that hold nothing
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNCLOSED = "a quote opens here and does not close; the line was read alone"
_HALF = re.compile("[\ud800-\udfff\0]")  # half a surrogate pair, or NUL: no database takes either

WINDOWS = "not UTF-8; read as Windows-1252"

Numbered = tuple[int, dict[str, Any] | str]  # a line's number, and its row or what is wrong with it


class Cell(str):
    """A CSV cell: unlike a JSON text it may well mean a number (see `infer`)."""

    __slots__ = ()


def table_rows(path: str, data: bytes) -> Iterator[tuple[str, dict[str, Any]] | str]:
    """A table's rows as (file name relative to the table's folder, row), and between them warnings (texts).

    `path` names the table: `.csv` is CSV with a header, delimited by comma, semicolon or tab; all else is JSON lines.
    Of two rows for one file the first counts.
    """
    csv_table = path.endswith(".csv")
    windows = csv_table and is_windows(data)
    if windows:
        yield f"{path}: {WINDOWS}"
    first: dict[int, int] = {}  # hash of a name -> its line
    for number, row in _csv(_lines(data, windows)) if csv_table else _jsonl(data):
        name = "" if isinstance(row, str) else row.get("file_name")
        if isinstance(row, str):
            problem = row
        elif not isinstance(name, str) or not name.strip():
            problem = "there is no `file_name`"
        elif (inner := _normal(name)) is None:
            problem = f"`file_name` {name!r} leads out of the folder"
        elif (line := first.setdefault(hash(inner), number)) != number:
            problem = f"`file_name` {name!r} was named in line {line} already, which counts"
        else:
            yield inner, row
            continue
        yield f"{path}, line {number}: {problem}{'' if problem == _UNCLOSED else '; skipped'}"


def parse_json(text: str) -> Any:
    """JSON whose numbers are finite (others become None) and whose texts any database takes.

    Raises:
        ValueError: it is no such JSON; the text says what is wrong, in a few words.
    """
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON ({error.msg} at character {error.pos + 1})") from None
    except (ValueError, RecursionError):
        raise ValueError("broken JSON (a number too long, or nested too deep)") from None
    if "\\u" in text and _HALF.search(json.dumps(value, ensure_ascii=False).replace("\\u0000", "\0")):
        raise ValueError("broken text (NUL, or half a surrogate pair)")
    return value


def decoded(data: bytes, windows: bool = False) -> str:
    """Bytes as text, by their byte order mark, as Windows-1252 or UTF-8; half surrogates stand for what is broken."""
    if windows:
        return data.decode("cp1252", "surrogateescape")
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").replace("\N{REPLACEMENT CHARACTER}", "\udcfd")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")


def is_windows(data: bytes) -> bool:
    """Whether this is better read as Windows-1252: of the lines beyond ASCII, most are not UTF-8.

    A few broken lines in a table that is UTF-8 otherwise do not make it Windows-1252: that would garble the others.
    """
    if data.startswith((*_UTF16, codecs.BOM_UTF8)) or data.isascii() or b"\0" in data:
        return False
    broken = [bool(_HALF.search(decoded(line))) for line in io.BytesIO(data) if not line.isascii()]
    return 2 * sum(broken) > len(broken)


def is_unsaid(text: str) -> bool:
    """Whether a text says that there is no value: blank, `n/a`, `none` and the like."""
    return text.strip().lower() in _UNSAID


def _jsonl(data: bytes) -> Iterator[Numbered]:
    for number, line in enumerate(_lines(data), 1):
        if not line.strip():
            continue
        try:
            yield number, _object(line)
        except ValueError as error:
            yield number, str(error)


def _object(line: str) -> dict[str, Any]:
    if len(line) > _LINE_LIMIT:
        raise ValueError(f"longer than {_LINE_LIMIT:,} characters")
    if _HALF.search(line):
        raise ValueError("not UTF-8")
    value = parse_json(line)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")  # noqa: TRY004  (the line is wrong, not the caller)
    return value


def _lines(data: bytes, windows: bool = False) -> Iterator[str]:
    """Lines, decoded one at a time where the encoding allows it; no more than a line is held twice."""
    if data.startswith(_UTF16):
        yield from io.StringIO(decoded(data))
        return
    for line in io.BytesIO(data):
        yield decoded(line, windows)


def _csv(lines: Iterator[str]) -> Iterator[Numbered]:
    numbered = enumerate(lines, 1)
    head = next((line for _, line in numbered if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda mark: (_is_header(_split(head, mark)), head.count(mark)))
    header = _split(head, delimiter)
    if not _is_header(header):
        yield 1, "there is no column `file_name`"
        return
    if "file_name" not in header:
        header[[name.lower() for name in header].index("file_name")] = "file_name"
    for number, cells in _records(numbered, delimiter):
        if isinstance(cells, str):
            yield number, cells
        elif any(cells):
            yield number, _row(header, cells)


def _records(numbered: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The cells of each record with its first line's number, and between them what is wrong with a line.

    A cell in quotes may go over several lines. Where the closing quote is missing, or another cell's opening quote is
    taken for it, that shows as an error further down: then the first line is read alone and the others again.
    """
    again: deque[tuple[int, str]] = deque()
    taken: list[tuple[int, str]] = []  # the lines of one record
    reader = csv.reader(_taken(again, numbered, taken), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
            yield taken[0][0], cells
            continue
        except StopIteration:
            return
        except csv.Error:
            (number, line), *others = taken
            again.extendleft(reversed(others))
            reader = csv.reader(_taken(again, numbered, taken), delimiter=delimiter, strict=True)
        alone = csv.reader([line, ""], delimiter=delimiter)
        try:
            cells = next(alone)
        except csv.Error as error:
            yield number, f"broken CSV ({error})"
            continue
        if alone.line_num > 1:  # it went on to the second line
            yield number, _UNCLOSED
        yield number, cells


def _taken(
    again: deque[tuple[int, str]], numbered: Iterator[tuple[int, str]], taken: list[tuple[int, str]]
) -> Iterator[str]:
    """The next lines, one by one as they are asked for, and noted in `taken`."""
    while one := again.popleft() if again else next(numbered, None):
        taken.append(one)
        yield one[1]


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _is_header(names: list[str]) -> bool:
    return "file_name" in map(str.lower, names) and not any(map(_HALF.search, names))


def cells(texts: Mapping[str, str]) -> dict[str, Any]:
    """A row of texts, of which some may mean numbers or dates; those that say nothing are left out."""
    return {name: Cell(text.strip()) for name, text in texts.items() if name and not is_unsaid(text)}


def _row(header: list[str], values: list[str]) -> dict[str, Any] | str:
    if len(values) > len(header):
        return f"it has {len(values)} values for {len(header)} columns"
    if any(map(_HALF.search, values)):
        return "not UTF-8"
    return cells(dict(zip(header, values, strict=False)))


def _normal(name: str) -> str | None:
    """A file name inside its folder, `/` between its parts; None where it leads out of it."""
    path = posixpath.normpath(name.strip().replace("\\", "/"))
    outside = path.startswith(("/", "../")) or path in (".", "..") or re.match("[A-Za-z]:", path)
    return None if outside else path


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None
