"""IPTC-IIM records (IPTC "Information Interchange Model" 4.2, application record 2) -> metadata."""

from __future__ import annotations

from collections import defaultdict

from imagelore.read import Metadata
from imagelore.read._dates import moment

_UTF8 = b"\x1b%G"  # dataset 1:90: the texts are UTF-8
_DATASETS = 4_096  # read at most
_TITLE, _KEYWORD, _DATE, _TIME, _CREATOR, _CITY, _COUNTRY, _HEADLINE, _CAPTION = 5, 25, 55, 60, 80, 90, 101, 105, 120


def iptc_metadata(records: bytes) -> Metadata:
    """Title, caption, keywords, date, place and creator; what is damaged is left out."""
    values: dict[int, list[bytes]] = defaultdict(list)
    utf8, at = False, 0
    for _ in range(_DATASETS):
        if at + 5 > len(records) or records[at] != 0x1C:
            break
        record, dataset, size = records[at + 1], records[at + 2], int.from_bytes(records[at + 3 : at + 5], "big")
        start = at + 5
        if size & 0x8000:  # an extended dataset: the size's own length, then the size
            start, size = start + (size & 0x7FFF), int.from_bytes(records[start : start + min(size & 0x7FFF, 8)], "big")
        value = records[start : start + size]
        if (record, dataset) == (1, 90):
            utf8 = value == _UTF8
        elif record == 2:
            values[dataset].append(value)
        at = start + size
    texts = {dataset: [_text(raw, utf8) for raw in raws] for dataset, raws in values.items()}

    def first(dataset: int) -> str:
        return next((text for text in texts.get(dataset, ()) if text), "")

    fields = {"city": first(_CITY), "country": first(_COUNTRY), "creator": first(_CREATOR)}
    return Metadata(
        title=first(_TITLE) or first(_HEADLINE),
        text=first(_CAPTION),
        tags=tuple(text for text in texts.get(_KEYWORD, ()) if text),
        taken_at=moment(f"{first(_DATE)} {first(_TIME)}") or moment(first(_DATE)),
        fields={name: text for name, text in fields.items() if text},
    )


def _text(raw: bytes, utf8: bool) -> str:
    """Without the marker it may still be UTF-8, as many programs leave it out; else it is Latin-1."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("utf-8" if utf8 else "cp1252", "replace")
    return text.strip("\0 \t\r\n")
