"""A file beside one picture that says something about it: `photo.jpg.json`, `photo.json`, `photo.jpg.txt`, `photo.txt`.

A `.txt` is the picture's text, whole. A `.json` holds one object, read like a row of a metadata table; the ones that
Google Takeout writes are recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagelore.read import Metadata
from imagelore.read._dates import seconds
from imagelore.read._merge import row_metadata
from imagelore.read._tables import WINDOWS, decoded, is_windows, parse_json

_LIMIT = 1_000_000  # bytes


def sidecar_metadata(path: str, data: bytes) -> tuple[Metadata, list[str]]:
    """What a sidecar says, and warnings. A broken sidecar says nothing: the picture keeps its other metadata."""
    if len(data) > _LIMIT:
        return Metadata(), [f"{path}: larger than {_LIMIT // 1_000_000} MB; skipped"]
    is_text = not path.lower().endswith(".json")
    windows = is_text and is_windows(data)
    text = decoded(data, windows)
    try:
        text.encode()
    except UnicodeEncodeError:
        return Metadata(), [f"{path}: not UTF-8 or UTF-16; skipped"]
    if is_text:
        return Metadata(text=text.replace("\0", "").strip()), [f"{path}: {WINDOWS}"] if windows else []
    try:
        value = parse_json(text)
    except ValueError as error:
        return Metadata(), [f"{path}: {error}; skipped"]
    if not isinstance(value, dict):
        return Metadata(), [f"{path}: no JSON object; skipped"]
    return (_takeout(value) if "photoTakenTime" in value else row_metadata(value)), []


def _takeout(value: Mapping[str, Any]) -> Metadata:
    """Google Photos: its `title` is the file's name, and `people` are those who were marked in the picture."""
    taken, people = value["photoTakenTime"], value.get("people")
    names = [person.get("name") for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    text = value.get("description")
    return Metadata(
        text=text.strip() if isinstance(text, str) else "",
        tags=tuple(name for name in names if isinstance(name, str) and name),
        taken_at=seconds(taken.get("timestamp")) if isinstance(taken, dict) else None,
    )
