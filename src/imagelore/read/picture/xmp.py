"""An XMP packet -> metadata (ISO 16684-1: RDF/XML; Adobe's "XMP Specification Part 2" for the properties)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from imagelore.read import Metadata
from imagelore.read._dates import moment

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_LIMIT = 4_000_000  # bytes
_ITEMS = 1_000  # keywords read at most
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
_XAP = "{http://ns.adobe.com/xap/1.0/}"
_EXIF = "{http://ns.adobe.com/exif/1.0/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def xmp_metadata(packet: bytes) -> Metadata:
    """Title, description, keywords, date, place and creator; nothing where the packet is damaged or over 4 MB."""
    packet = packet.strip(b"\0 \t\r\n")
    if not packet or len(packet) > _LIMIT:
        return Metadata()
    try:
        root = fromstring(packet, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return Metadata()
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f".//{_RDF}RDF")
    found = _properties(rdf.findall(f"{_RDF}Description") if rdf is not None else ())

    def first(*names: str) -> str:
        return next((texts[0] for name in names if (texts := found.get(name))), "")

    fields = {
        "city": first(f"{_PHOTOSHOP}City"),
        "country": first(f"{_PHOTOSHOP}Country"),
        "creator": ", ".join(found.get(f"{_DC}creator", ())),
    }
    return Metadata(
        title=first(f"{_DC}title", f"{_PHOTOSHOP}Headline"),
        text=first(f"{_DC}description"),
        tags=tuple(found.get(f"{_DC}subject", ()))[:_ITEMS],
        taken_at=moment(first(f"{_EXIF}DateTimeOriginal", f"{_PHOTOSHOP}DateCreated", f"{_XAP}CreateDate")),
        fields={name: text for name, text in fields.items() if text},
    )


def _properties(descriptions: Iterable[Element]) -> dict[str, list[str]]:
    """Property name -> its texts, whether it is written as an attribute, an element or a list."""
    found: dict[str, list[str]] = {}
    for description in descriptions:
        for name, value in description.attrib.items():
            if value.strip():
                found.setdefault(name, [value.strip()])
        for element in description:
            if texts := _texts(element):
                found.setdefault(element.tag, texts)
    return found


def _texts(element: Element) -> list[str]:
    if len(element) == 0:
        return [text] if (text := (element.text or "").strip()) else []
    items = [item for item in element.iter(f"{_RDF}li") if (item.text or "").strip()]
    if element.find(f"{_RDF}Alt") is not None:  # one text in several languages
        items.sort(key=lambda item: _preference(item.get(_LANGUAGE, "")))
    return [(item.text or "").strip() for item in items]


def _preference(language: str) -> int:
    return 0 if language == "x-default" else 1 if language.lower().startswith("en") else 2
