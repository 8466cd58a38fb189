"""What Office documents say about themselves, and what of it means something."""

from __future__ import annotations

import re

from imagelore.read import Metadata
from imagelore.read._blocks import clean
from imagelore.read._dates import moment
from imagelore.read._zip import Package

_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
_CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"

# What programs write where a person should.
_NO_TITLE = re.compile(
    r"untitled.*|no title|title|index|home|\W*|[\w-]+\.(docx?|pptx?|xlsx?|html?|md|txt|rtf|odt)|"
    r"((word|powerpoint) )?(document|presentation|workbook|slide|book|page|dokument|präsentation)[ _-]?\d*|"
    r"powerpoint[- ](presentation|präsentation)|microsoft (word|powerpoint|excel)( - .*)?",
    re.IGNORECASE,
)
_NO_CREATOR = re.compile(
    r"python-docx|openpyxl|apache poi|microsoft( office)? user|(windows|office) user|user|unknown( creator)?|"
    r"admin(istrator)?|author|steve canny|\W*",  # the last is in the template that python-pptx ships
    re.IGNORECASE,
)
_TEMPLATES = {"2013-12-23T23:15:00Z", "2013-01-27T09:14:16Z"}  # dates of python-docx's and python-pptx's templates


def real_title(text: str) -> str:
    """A title that a person gave, else ""."""
    return "" if _NO_TITLE.fullmatch(text) else text


def real_creator(text: str) -> str:
    """An author that is a person, else ""."""
    return "" if _NO_CREATOR.fullmatch(text) else text


def core_metadata(package: Package) -> Metadata:
    """Title, author, subject, keywords and date of an Office document (ECMA-376, part 2, clause 11).

    Raises:
        UnreadableError: the archive is damaged.
    """
    name = next((target for kind, target in package.related("").values() if kind == "core-properties"), "")
    if name not in package:
        return Metadata()
    said = {node.tag: clean(node.text or "") for node in package.xml(name)}
    creator, created = real_creator(said.get(f"{_DC}creator", "")), said.get(f"{_TERMS}created", "")
    texts = (said.get(f"{_DC}subject", ""), said.get(f"{_DC}description", ""))
    return Metadata(
        title=real_title(said.get(f"{_DC}title", "")),
        text=". ".join(text for text in texts if text and not text.startswith("generated ")),
        tags=tuple(tag for word in re.split("[,;]", said.get(f"{_CORE}keywords", "")) if (tag := word.strip())),
        taken_at=moment(created) if created not in _TEMPLATES else None,
        fields={"creator": creator} if creator else {},
    )
