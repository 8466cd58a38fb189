"""Pictures on a sheet: openpyxl's streaming mode leaves them out, so they are found through the archive's own links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagelore.read._blocks import Figure, clean
from imagelore.read._zip import Package

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def anchored(package: Package, sheet: str) -> list[tuple[int, Figure]]:
    """(row from 0, picture) of a sheet's pictures, from top to bottom (ECMA-376, part 1, clause 20.5.2).

    One that stands there several times comes once.
    """
    found: dict[str, tuple[int, Figure]] = {}
    for kind, drawing in package.related(sheet).values():
        if kind == "drawing" and drawing in package:
            related = package.related(drawing)
            for anchor in package.xml(drawing):
                row = next((node.text or "" for node in anchor.iter() if node.tag.endswith("}row")), "")
                at = int(row) if row.isdecimal() and row.isascii() else 0
                for entry, alt in _pictures(related, anchor):
                    if entry in package and entry not in found:
                        found[entry] = at, Figure(package.picture(entry), alt)
    return sorted(found.values(), key=lambda pair: pair[0])


def _pictures(related: dict[str, tuple[str, str]], anchor: Element) -> Iterator[tuple[str, str]]:
    """(entry, what stands in for it) of each."""
    for picture in (node for node in anchor.iter() if node.tag.endswith("}pic")):
        nodes = list(picture.iter())
        alt = next((node.get("descr", "") for node in nodes if node.tag.endswith("}cNvPr")), "")
        blip = next((node for node in nodes if node.tag.endswith("}blip")), None)
        id = (
            next((value for name, value in blip.attrib.items() if name.endswith("}embed")), "")
            if blip is not None
            else ""
        )
        yield related.get(id, ("", ""))[1], clean(alt)
