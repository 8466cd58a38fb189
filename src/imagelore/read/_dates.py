"""Dates as they are written in pictures and tables -> naive `datetime`: the camera's own clock, whatever its zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# 2024-05-01, 2024:05:01, 20240501; with 12:30, 12:30:59, 12:30:59.25, 123059, and any zone behind it
_MOMENT = re.compile(
    r"(\d{4})(?P<s>[-:/]?)(\d{2})(?P=s)(\d{2})(?:[T ]+(\d{2})(?::?(\d{2}))?(?::?(\d{2}))?(?:[.,]\d+)?)?"
    r" *(?:Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def moment(text: str) -> datetime | None:
    """A date with or without a time of day; None where it is neither, or is no real day ("0000:00:00")."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[group] or 0) for group in (1, 3, 4, 5, 6, 7))
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None


def seconds(value: object) -> datetime | None:
    """Seconds since 1970 (UTC), as a number or its digits."""
    try:
        return datetime.fromtimestamp(float(str(value)), UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def iso_date(text: str) -> date | None:
    """An ISO 8601 date, `2024-05-01`, and nothing else."""
    try:
        return date.fromisoformat(text) if _ISO_DATE.fullmatch(text) else None
    except ValueError:
        return None
