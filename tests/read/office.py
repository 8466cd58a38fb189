"""Office documents, books and archives made for tests, and reading them."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest

from imagelore.errors import UnreadableError
from imagelore.read import Options, Reading, Unread
from imagelore.types import Asset
from tests.read.painted import encoded, quartered


def picture(kind: str = "PNG", size: tuple[int, int] = (120, 90)) -> bytes:
    return encoded(quartered(size), kind)


def parts(reader: ModuleType, data: bytes, **options: Any) -> list[Reading | Unread]:
    return list(reader.readings(Asset("folder/a.bin", "", len(data)), data, Options(**options)))


def readings(reader: ModuleType, data: bytes, **options: Any) -> dict[str, Reading]:
    """By place; none could not be read."""
    found = parts(reader, data, **options)
    assert not [part for part in found if isinstance(part, Unread)]
    return {part.place: part for part in found if isinstance(part, Reading)}


def words(reading: Reading) -> str:
    return "\n".join(line.text for line in reading.lines)


def everything(reader: ModuleType, data: bytes) -> str:
    """All words of a document, white space as one space."""
    return " ".join(" ".join(words(reading) for reading in readings(reader, data).values()).split())


def reason(reader: ModuleType, data: bytes, **options: Any) -> str:
    with pytest.raises(UnreadableError) as told:
        parts(reader, data, **options)
    assert "\n" not in str(told.value)
    return str(told.value)


def peak(reader: ModuleType, data: bytes) -> float:
    """The most megabytes that reading it takes at once, beside what decoders take."""
    tracemalloc.start()
    try:
        parts(reader, data)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return stream.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata"


def relation(id: str, kind: str, target: str, mode: str = "") -> str:
    external = f' TargetMode="{mode}"' if mode else ""
    return f'<Relationship Id="{id}" Type="{_OFFICE}/{kind}" Target="{target}"{external}/>'


def relations(*written: str) -> str:
    return _RELATIONS.format("".join(written))


def core(**said: str) -> str:
    names = {"creator": "dc", "title": "dc", "subject": "dc", "keywords": "cp", "created": "dcterms"}
    body = "".join(f"<{names[name]}:{name}>{text}</{names[name]}:{name}>" for name, text in said.items())
    return (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">{body}</cp:coreProperties>'
    )


def paragraph(text: str, style: str = "", inner: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r>{inner}</w:p>"


def drawing(id: str, alt: str = "", how: str = "embed") -> str:
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="p" descr="{alt}"/><a:graphic><a:graphicData><pic:pic>'
        f'<pic:blipFill><a:blip r:{how}="{id}"/></pic:blipFill></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing>"
        "</w:r>"
    )


def docx(body: str, pictures: dict[str, bytes] | None = None, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document of a body's XML; `pictures`: file name in word/media -> bytes, as rId1, rId2 ... in order."""
    names = ["w", "r", "wp", "a", "pic"]
    addresses = (
        *("http://schemas.openxmlformats.org/wordprocessingml/2006/main", _OFFICE),
        "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/drawingml/2006/picture",
    )
    spaces = " ".join(f'xmlns:{name}="{address}"' for name, address in zip(names, addresses, strict=True))
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{id}"><w:name w:val="{name}"/></w:style>'
        for id, name in (
            ("Heading1", "heading 1"),
            ("Heading2", "heading 2"),
            ("Caption", "caption"),
            ("Title", "Title"),
        )
    )
    held = pictures or {}
    links = [relation(f"rId{n}", "image", f"media/{name}") for n, name in enumerate(held, 1)]
    return archive(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="png" ContentType="image/png"/></Types>',
            "_rels/.rels": relations(
                relation("a", "officeDocument", "word/document.xml"),
                f'<Relationship Id="b" Type="{_PACKAGE}/core-properties" Target="docProps/core.xml"/>',
            ),
            "word/document.xml": f"<w:document {spaces}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {spaces}>{styles}</w:styles>",
            "word/_rels/document.xml.rels": relations(
                *links, relation("out", "image", "http://192.0.2.1/far.png", "External")
            ),
            **{f"word/media/{name}": content for name, content in held.items()},
            **(extra or {}),
        }
    )


def epub(chapters: dict[str, str], pictures: dict[str, bytes] | None = None) -> bytes:
    """A book of chapters by file name, in OEBPS/text; pictures in OEBPS/images; the first picture is the cover."""
    held = pictures or {}
    items = [
        f'<item id="c{n}" href="text/{name}" media-type="application/xhtml+xml"/>' for n, name in enumerate(chapters)
    ]
    items += [f'<item id="p{n}" href="images/{name}" media-type="image/png"/>' for n, name in enumerate(held)]
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    about = (
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Lighthouse</dc:title>'
        "<dc:creator>Ann Lee</dc:creator><dc:subject>sea</dc:subject><dc:date>1927-05-05</dc:date>"
        "<dc:description>&lt;p&gt;A &lt;b&gt;short&lt;/b&gt; book&lt;/p&gt;</dc:description>"
        '<meta name="cover" content="p0"/>'
        "</metadata>"
    )
    return archive(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
            "OEBPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf">{about}<manifest>{"".join(items)}</manifest>'
            f"<spine>{spine}</spine></package>",
            **{f"OEBPS/text/{name}": content for name, content in chapters.items()},
            **{f"OEBPS/images/{name}": content for name, content in held.items()},
        }
    )
