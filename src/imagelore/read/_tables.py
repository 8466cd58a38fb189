"""`metadata.jsonl` and `metadata.csv` beside pictures: the Hugging Face ImageFolder convention, column `file_name`.

A table is read line by line. What is wrong with a line is told with its number, and the line is skipped: the others
and the pictures lose nothing. Texts are UTF-8 (a byte order mark may say UTF-8 or UTF-16).
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import posixpath
import re
from collections.abc import Iterator
from typing import Any

_LINE_LIMIT = 1_000_000  # characters
_DELIMITERS = ",;\t"
_UNSAID = frozenset(("", "na", "n/a", "nan", "null", "none"))  # CSV cells that hold nothing
_HALF = re.compile("[\ud800-\udfff\0]")  # half a surrogate pair, or NUL: no database takes either

Numbered = tuple[int, dict[str, Any] | str]  # a line's number, and its row or what is wrong with it


class Cell(str):
    """A CSV cell: unlike a JSON text it may well mean a number (see `infer`)."""

    __slots__ = ()


def table_rows(path: str, data: bytes) -> Iterator[tuple[str, dict[str, Any]] | str]:
    """A table's rows as (file name relative to the table's folder, row), and between them warnings (texts).

    `path` names the table: `.csv` is CSV with a header, delimited by comma, semicolon or tab; all else is JSON lines.
    Of two rows for one file the first counts.
    """
    first: dict[int, int] = {}  # hash of a name -> its line
    for number, row in _csv(data) if path.endswith(".csv") else _jsonl(data):
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
        yield f"{path}, line {number}: {problem}; skipped"


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


def decoded(data: bytes) -> str:
    """Bytes as text, bytes that are not UTF-8 as half surrogates, which `_HALF` finds."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")


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


def _lines(data: bytes) -> Iterator[str]:
    """Lines, decoded one at a time where the encoding allows it; no more than a line is held twice."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from io.StringIO(decoded(data))
        return
    for line in io.BytesIO(data):
        yield decoded(line)


def _csv(data: bytes) -> Iterator[Numbered]:
    lines = _lines(data)
    head = next((line for line in lines if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda mark: (_is_header(_split(head, mark)), head.count(mark)))
    header = _split(head, delimiter)
    if not _is_header(header):
        yield 1, "there is no column `file_name`"
        return
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num + 1, f"broken CSV ({error})"
            continue
        if any(cells):
            yield reader.line_num + 1, _row(header, cells)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _is_header(names: list[str]) -> bool:
    return "file_name" in names and not any(map(_HALF.search, names))


def _row(header: list[str], cells: list[str]) -> dict[str, Any] | str:
    if len(cells) > len(header):
        return f"it has {len(cells)} values for {len(header)} columns"
    if any(map(_HALF.search, cells)):
        return "not UTF-8"
    return {
        name: Cell(cell.strip())
        for name, cell in zip(header, cells, strict=False)
        if name and cell.strip().lower() not in _UNSAID
    }


def _normal(name: str) -> str | None:
    """A file name inside its folder, `/` between its parts; None where it leads out of it."""
    path = posixpath.normpath(name.strip().replace("\\", "/"))
    outside = path.startswith(("/", "../")) or path in (".", "..") or re.match("[A-Za-z]:", path)
    return None if outside else path


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None
