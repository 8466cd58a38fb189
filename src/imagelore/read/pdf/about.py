"""A PDF's document information (ISO 32000-1, 14.3.3) -> metadata."""

from __future__ import annotations

import re

import pypdfium2

from imagelore.read import Metadata
from imagelore.read._dates import moment

_LONGEST = 2_000  # letters of one value
_TAGS = 100
_PROGRAM = re.compile(r"^(microsoft )?(word|powerpoint|excel|visio|publisher)( document)? *- *", re.IGNORECASE)
_NAMELESS = re.compile(
    r"\W*|[\W\d_]*(untitled( document)?|no title|title|unbenannt|ohne titel|sans titre|sin título|anonymous|unspecified"
    r"|unknown|(microsoft )?(word|powerpoint|excel)( document| presentation)?|document|dokument|presentation|slide|scan"
    r"|layout)[\W\d_]*"
    r"|\S*\.\w{2,5}|.*\.(docx?|pptx?|xlsx?|odt|odp|indd|tex|dvi|ps|qxd|p65|rtf|txt|html?|pdf|fm|pub|cdr|ai|eps)",
    re.IGNORECASE,
)


def about(pdf: pypdfium2.PdfDocument) -> Metadata:
    """Title (where it is one), subject as the text, keywords as tags, author, and when it was made."""
    title, author, subject, keywords, made = (
        _value(pdf, name) for name in ("Title", "Author", "Subject", "Keywords", "CreationDate")
    )
    tags = (tag.strip() for tag in re.split(r"[,;]", keywords))
    return Metadata(
        title=_given(_PROGRAM.sub("", title)),
        text=_given(subject),
        tags=tuple(dict.fromkeys(filter(None, tags)))[:_TAGS],
        taken_at=moment(re.sub(r"^(?:D:)?(\d{8})(\d{4}(?:\d\d)?)?.*$", r"\1 \2", made)),
        fields={"creator": author} if _given(author) else {},
    )


def _given(text: str) -> str:
    """What somebody wrote; "" for what a program put there: "untitled", "Microsoft Word - report_v2.doc"."""
    return "" if _NAMELESS.fullmatch(text) else text


def _value(pdf: pypdfium2.PdfDocument, name: str) -> str:
    try:
        text = pdf.get_metadata_value(name)
    except UnicodeDecodeError:
        return ""
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())[:_LONGEST]
