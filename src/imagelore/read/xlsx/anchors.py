"""Pictures on a sheet: openpyxl's streaming mode leaves them out, so they are found through the archive's own links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from imagelore.read._blocks import Figure, clean
from imagelore.read._zip import Package

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def anchored(package: Package, sheet: str) -> list[tuple[int, Figure]]:
    """(row from 0, picture) of a sheet's pictures, from top to bottom (ECMA-376, part 1, clause 20.5.2)."""
    found: list[tuple[int, Figure]] = []
    for kind, drawing in package.related(sheet).values():
        if kind == "drawing" and drawing in package:
            related = package.related(drawing)
            for anchor in package.xml(drawing):
                row = next((node.text or "" for node in anchor.iter() if node.tag.endswith("}row")), "")
                at = int(row) if row.isdecimal() and row.isascii() else 0
                found += ((at, figure) for figure in _figures(package, related, anchor))
    return sorted(found, key=lambda pair: pair[0])


def _figures(package: Package, related: dict[str, tuple[str, str]], anchor: Element) -> Iterator[Figure]:
    for picture in (node for node in anchor.iter() if node.tag.endswith("}pic")):
        nodes = list(picture.iter())
        alt = next((node.get("descr", "") for node in nodes if node.tag.endswith("}cNvPr")), "")
        blip = next((node for node in nodes if node.tag.endswith("}blip")), None)
        id = (
            next((value for name, value in blip.attrib.items() if name.endswith("}embed")), "")
            if blip is not None
            else ""
        )
        if (entry := related.get(id, ("", ""))[1]) in package:
            yield Figure(package.picture(entry), clean(alt))
