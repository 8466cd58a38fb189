"""The few EXIF tags that imagelore uses, read from a TIFF structure with bounded work.

Sources: TIFF 6.0, section 2 (directories); CIPA DC-008-2023 (Exif 3.0), tables 4 to 17. A TIFF file is read the
same way as a camera's EXIF block. Damage gives fewer tags, never an error.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q"}
_VALUE_LIMIT = 16_000_000  # bytes
_ENTRIES, _MOST_ENTRIES = 4_096, 65_535  # of one directory: those that are read, and those that can be sound
_DIRECTORIES = 16
_EXIF, _GPS = 0x8769, 0x8825
_SUBDIRECTORIES = (_EXIF, _GPS, 0xA005)

Value = bytes | tuple[int | Fraction, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """Values by tag: of the main directory, of EXIF's own, and of GPS."""

    main: dict[int, Value]
    exif: dict[int, Value]
    gps: dict[int, Value]

    @property
    def orientation(self) -> int:
        """How to turn the picture upright: 1 to 8 (Exif 3.0, 4.6.5.1.6)."""
        value = self.main.get(0x0112, ())
        return value[0] if isinstance(value, tuple) and value and isinstance(value[0], int) and 0 < value[0] < 9 else 1


_MAIN_TAGS = {0x010E, 0x010F, 0x0110, 0x0112, 0x013B, 0x02BC, 0x83BB, 0x8649}
_MAIN_TAGS |= {0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F}  # Windows Explorer: title, comment, keywords, subject
_EXIF_TAGS = {0x9003, 0x9004, 0x9286}
_GPS_TAGS = {1, 2, 3, 4}


def exif_tags(block: bytes) -> Tags:
    """The wanted tags of a TIFF structure; none where it is damaged."""
    reader = _Reader.of(block)
    if reader is None:
        return Tags({}, {}, {})
    main = reader.values(reader.first, _MAIN_TAGS | {_EXIF, _GPS})
    inner = [reader.values(_offset(main.get(tag)), wanted) for tag, wanted in ((_EXIF, _EXIF_TAGS), (_GPS, _GPS_TAGS))]
    return Tags(main, *inner)


def declared_bytes(block: bytes) -> int:
    """How many bytes the values of all its directories take by their own account.

    In a sound file they do not overlap, so the sum stays below the file's size; a decoder that trusts a hostile file
    would copy the same bytes thousands of times.
    """
    reader = _Reader.of(block)
    if reader is None:
        return 0
    total = 0
    pending, seen = [reader.first], set[int]()
    while pending:
        at = pending.pop()
        if at in seen:
            continue
        seen.add(at)
        if len(seen) > _DIRECTORIES or reader.count(at) > _MOST_ENTRIES:
            return sys.maxsize
        for tag, kind, count, place in reader.entries(at, _MOST_ENTRIES):
            size = _SIZES.get(kind, 0) * count
            total += size if place + size <= len(block) else 0
            if tag in _SUBDIRECTORIES:
                pending.append(_offset(reader.value(kind, count, place)))
    return total


def _offset(value: Value | None) -> int:
    return value[0] if isinstance(value, tuple) and value and isinstance(value[0], int) else 0


@dataclass(frozen=True, slots=True)
class _Reader:
    block: bytes
    order: str  # "<" or ">"
    big: bool  # BigTIFF: 64-bit offsets
    first: int

    @classmethod
    def of(cls, block: bytes) -> _Reader | None:
        block = block.removeprefix(b"Exif\0\0")
        order = {b"II": "<", b"MM": ">"}.get(block[:2])
        if order is None or len(block) < 16:
            return None
        big = 43 in block[2:4]
        first = struct.unpack_from(f"{order}Q" if big else f"{order}I", block, 8 if big else 4)[0]
        return cls(block, order, big, first)

    def count(self, at: int) -> int:
        """How many entries the directory at an offset says it has."""
        form = f"{self.order}{'Q' if self.big else 'H'}"
        if at <= 0 or at + struct.calcsize(form) > len(self.block):
            return 0
        return int(struct.unpack_from(form, self.block, at)[0])

    def entries(self, at: int, limit: int = _ENTRIES) -> Iterator[tuple[int, int, int, int]]:
        """(tag, type, count, place of the value) of each entry of the directory at an offset."""
        head, size, form = (8, 20, "HHQ") if self.big else (2, 12, "HHI")
        for entry in range(at + head, at + head + size * min(self.count(at), limit), size):
            if entry + size > len(self.block):
                return
            tag, kind, values = struct.unpack_from(f"{self.order}{form}", self.block, entry)
            place, room = entry + size - (8 if self.big else 4), 8 if self.big else 4
            if _SIZES.get(kind, 0) * values > room:
                place = struct.unpack_from(f"{self.order}{'Q' if self.big else 'I'}", self.block, place)[0]
            yield tag, kind, values, place

    def values(self, at: int, wanted: set[int]) -> dict[int, Value]:
        return {
            tag: value
            for tag, kind, count, place in self.entries(at)
            if tag in wanted and (value := self.value(kind, count, place)) is not None
        }

    def value(self, kind: int, count: int, place: int) -> Value | None:
        size = _SIZES.get(kind, 0) * count
        raw = self.block[place : place + size]
        if not 0 < size <= _VALUE_LIMIT or len(raw) < size:
            return None
        if kind in (1, 2, 7) and not (kind == 1 and count == 1):
            return raw
        if kind in (5, 10):
            parts = struct.unpack(
                f"{self.order}{2 * min(count, 8)}{'I' if kind == 5 else 'i'}", raw[: 8 * min(count, 8)]
            )
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return tuple(Fraction(top, bottom) if bottom else Fraction(0) for top, bottom in pairs)
        if kind in _INTEGERS:
            # Only numbers that come alone are used; IPTC is stored as 32-bit integers by some programs.
            return raw if count > 4 else struct.unpack(f"{self.order}{count}{_INTEGERS[kind]}", raw)
        return None
