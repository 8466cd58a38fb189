"""What a picture's own bytes say about it: XMP, then IPTC, then EXIF, then a PNG's texts."""

from __future__ import annotations

import re
from datetime import datetime
from fractions import Fraction
from typing import Any

from imagelore.read import Metadata
from imagelore.read._dates import moment
from imagelore.read._merge import merged
from imagelore.read.picture.containers import Parts, iptc_resource
from imagelore.read.picture.exif import Tags, Value, exif_tags
from imagelore.read.picture.iptc import iptc_metadata
from imagelore.read.picture.xmp import xmp_metadata

_TITLE, _DESCRIPTION, _SUBJECT, _KEYWORDS = 0x9C9B, 0x010E, 0x9C9F, 0x9C9E
_COMMENT, _USER_COMMENT, _MAKE, _MODEL, _ARTIST = 0x9C9C, 0x9286, 0x010F, 0x0110, 0x013B
_TAKEN, _DIGITISED, _XMP, _IPTC, _PHOTOSHOP = 0x9003, 0x9004, 0x02BC, 0x83BB, 0x8649

# What cameras and programs write where a person should: it describes no picture.
_MAKER = "(olympus|sony|minolta|konica|kodak|samsung|casio|pentax|ricoh|fuji(film)?|nikon|canon|panasonic|vivitar|hp)"
_JUNK = re.compile(
    rf"({_MAKER}\s*)+|{_MAKER}[\w ./-]*(camera|dsc|picture|image|dcf|exif)[\w ./-]*|samsung[\w -]*|"
    r"(sdc|dsc|img|dcim?)[\s_-]*\d*|(digital|jpeg|camera|dig) ?(camera|image|picture)?|default|untitled|exif_jpeg.*|"
    r"(file|image) (source|written).*|screenshot|created with (the )?gimp|charset=.*|ascii|"
    r"cof|dav|edf|ptr|btf|mde|hdr|sdr|bst|rbt|oznor|"  # codes of phones' camera modes
    r"\{.*\}|<\?xml.*|<ome.*|imagej=.*|\W*",  # what microscopes' and scientific programs keep for themselves
    re.IGNORECASE | re.DOTALL,
)


def embedded_metadata(parts: Parts, gps: bool) -> Metadata:
    """Metadata from inside a picture file; damaged blocks are passed over. `gps`: take over where it was taken."""
    tags = exif_tags(parts.exif)
    return merged(
        [
            xmp_metadata(parts.xmp or _bytes(tags.main.get(_XMP))),
            iptc_metadata(
                parts.iptc or _bytes(tags.main.get(_IPTC)) or iptc_resource(_bytes(tags.main.get(_PHOTOSHOP)))
            ),
            _exif(tags, gps),
            _png(parts.texts),
        ]
    )


def _exif(tags: Tags, gps: bool) -> Metadata:
    texts = (
        _said(_plain(tags.main.get(_DESCRIPTION))),
        _said(_wide(tags.main.get(_COMMENT))),
        _said(_wide(tags.main.get(_SUBJECT))),
        _said(_commented(_bytes(tags.exif.get(_USER_COMMENT)))),
    )
    keywords = re.split(r"[;,]", _wide(tags.main.get(_KEYWORDS)))
    fields: dict[str, Any] = {}
    if camera := _camera(_plain(tags.main.get(_MAKE)), _plain(tags.main.get(_MODEL))):
        fields["camera"] = camera
    if creator := _said(_plain(tags.main.get(_ARTIST))):
        fields["creator"] = creator
    if gps:
        fields |= _place(tags)
    return Metadata(
        title=_said(_wide(tags.main.get(_TITLE))),
        text=next(filter(None, texts), ""),
        tags=tuple(word for keyword in keywords if (word := keyword.strip())),
        taken_at=_taken_at(tags),
        fields=fields,
    )


def _taken_at(tags: Tags) -> datetime | None:
    # The tag "DateTime" of the main directory is left out: editors set it to when the file was changed.
    return moment(_plain(tags.exif.get(_TAKEN))) or moment(_plain(tags.exif.get(_DIGITISED)))


def _png(texts: dict[str, str]) -> Metadata:
    """The keywords that the PNG specification registers (clause 11.3.3.2)."""
    known = {keyword.lower(): " ".join(text.split()) for keyword, text in texts.items()}
    author = known.get("author", "")
    return Metadata(
        title=_said(known.get("title", "")),
        text=_said(known.get("description", "")) or _said(known.get("comment", "")),
        taken_at=moment(known.get("creation time", "")),
        fields={"creator": author} if author else {},
    )


def _bytes(value: Value | None) -> bytes:
    return value if isinstance(value, bytes) else b""


def _plain(value: Value | None) -> str:
    raw = _bytes(value).split(b"\0", 1)[0]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return " ".join(text.split())


def _wide(value: Value | None) -> str:
    return _bytes(value).decode("utf-16-le", "replace").split("\0", 1)[0].strip()


def _commented(raw: bytes) -> str:
    """Exif 3.0, 4.6.6.4.1: eight bytes name the character code."""
    if raw.startswith(b"UNICODE\0"):
        little = raw[9:10] == b"\0"  # the byte order is not told: Latin letters have their zero byte second
        return raw[8:].decode("utf-16-le" if little else "utf-16-be", "replace").strip("\0 ")
    return _plain(raw[8:]) if raw.startswith(b"ASCII\0\0\0") else ""


def _said(text: str) -> str:
    return "" if _JUNK.fullmatch(text.strip()) else text.strip()


def _camera(make: str, model: str) -> str:
    """Maker and model, the maker's name once: "Canon EOS 5D", "NIKON CORPORATION" + "NIKON D70" -> "NIKON D70"."""
    first = make.split(" ", maxsplit=1)[0]
    return model if model.lower().startswith(first.lower()) else f"{make} {model}".strip()


def _place(tags: Tags) -> dict[str, float]:
    """Degrees, south and west negative."""
    place = {}
    for name, reference, angle, most in (("latitude", 1, 2, 90), ("longitude", 3, 4, 180)):
        parts = tags.gps.get(angle, ())
        if not isinstance(parts, tuple) or len(parts) < 3:
            return {}
        degrees = float(sum(Fraction(part) / 60**power for power, part in enumerate(parts[:3])))
        sign = -1 if _plain(tags.gps.get(reference))[:1] in ("S", "W") else 1
        if not 0 <= degrees <= most:
            return {}
        place[name] = round(sign * degrees, 6)
    return place if any(place.values()) else {}
