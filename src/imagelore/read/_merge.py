"""Metadata of several origins -> one, and a table's row -> metadata.

| column (any case; spaces, `-` and `_` alike) | becomes |
|---|---|
| `title`, `name`, `headline` | title |
| `text`, `description`, `caption` | text |
| `tags`, `tag`, `keywords`, `labels`, `categories` | tags: a list, or a text parted by `;`, or else by `,` |
| `groups` | groups, likewise |
| `taken_at`, `date_taken`, `datetime_original`, `date` | taken_at, where it is a full date; else a field |
| anything else | a field of that name, unless its text says that there is no value (`n/a`, `none`) |

Of two columns for the same thing the first in this table wins, and the other becomes a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from imagelore.read import Metadata
from imagelore.read._dates import moment
from imagelore.read._tables import is_unsaid

_TITLE = ("title", "name", "headline")
_TEXT = ("text", "description", "caption")
_TAGS = ("tags", "tag", "keywords", "labels", "categories")
_GROUPS = ("groups",)
_TAKEN_AT = ("taken_at", "date_taken", "datetime_original", "date")


def merged(strongest_first: Sequence[Metadata]) -> Metadata:
    """One metadata: of each part the first that is not empty; all tags, in order, each once whatever its case.

    The users' own fields are joined by name. Groups are not united: they say who may see a picture, and a weaker
    origin must not widen that.
    """
    fields: dict[str, Any] = {}
    for metadata in strongest_first:
        for name, value in metadata.fields.items():
            if not _is_empty(value):
                fields.setdefault(name, value)
    return Metadata(
        title=next((m.title for m in strongest_first if m.title), ""),
        text=next((m.text for m in strongest_first if m.text), ""),
        tags=_once(tag for m in strongest_first for tag in m.tags),
        groups=next((m.groups for m in strongest_first if m.groups), ()),
        taken_at=next((m.taken_at for m in strongest_first if m.taken_at), None),
        fields=fields,
    )


def row_metadata(row: Mapping[str, Any]) -> Metadata:
    """A table's row or a sidecar's object as metadata, by the table in this module's docstring; empty values are none.

    `file_name` is not a field. A nested object becomes fields named `outer.inner`.
    """
    values = {name: value for name, value in _flat(row) if not _is_empty(value) and name != "file_name"}
    known = {re.sub(r"[\s_-]+", "_", name.strip().lower()): name for name in reversed(values)}

    def take(names: Iterable[str], kind: type | tuple[type, ...]) -> Any:
        for name in names:
            if name in known and isinstance(values.get(known[name]), kind):
                return values.pop(known[name])
        return None

    taken_at = None
    for name in _TAKEN_AT:
        if name in known and (taken_at := _moment(values[known[name]])):
            del values[known[name]]
            break
    return Metadata(
        title=_line(take(_TITLE, (str, int, float))),
        text=str(take(_TEXT, (str, int, float)) or "").strip(),
        tags=_words(take(_TAGS, (str, list, tuple))),
        groups=_words(take(_GROUPS, (str, list, tuple))),
        taken_at=taken_at,
        fields={name: value for name, value in values.items() if not (isinstance(value, str) and is_unsaid(value))},
    )


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterable[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping) and depth < 8:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        else:
            yield f"{prefix}{name}", value


def _is_empty(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, str) and not value.strip())
        or (isinstance(value, list | tuple | dict) and not value)
    )


def _line(value: Any) -> str:
    return " ".join(str(value).split()) if value is not None else ""


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = re.split(";" if ";" in value else ",", value)
    return _once(_line(item) for item in value or () if isinstance(item, str | int | float))


def _once(tags: Iterable[str]) -> tuple[str, ...]:
    first: dict[str, str] = {}
    for tag in tags:
        if tag.strip():
            first.setdefault(tag.strip().casefold(), tag.strip())
    return tuple(first.values())


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime.combine(value, time())
    return moment(value) if isinstance(value, str) else None
