"""What a picture file is, by its content, and its parts: found in the header bytes, before any decoder runs.

Decoders are handed a JPEG or PNG without its metadata, which is parsed here instead: so damaged or hostile metadata can
neither make a good picture unreadable nor cost memory.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec

from imagelore.errors import UnreadableError

METADATA_LIMIT = 16_000_000  # bytes of one block of metadata; larger ones are left out
_TEXTS, _TEXT_LIMIT = 50, 1_000_000  # text chunks of a PNG that are read, and their bytes
_SCANS = 200  # a progressive JPEG of more would keep a decoder busy for minutes; real ones have about ten
_BARE = {0x01, *range(0xD0, 0xDB)}  # JPEG markers at or behind which there is no segment to skip
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # neither stuffed nor a restart
_XMP, _XMP_PNG = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp"


@dataclass(slots=True)
class Parts:
    """A picture file taken apart: `data` is what the decoder gets; the rest are blocks of metadata."""

    format: str
    data: bytes
    exif: bytes = b""  # a TIFF structure
    xmp: bytes = b""  # an XML packet
    iptc: bytes = b""  # IPTC-IIM records
    icc: bytes = b""  # a PNG's colour profile; other decoders find theirs
    texts: dict[str, str] = field(default_factory=dict)  # a PNG's keywords and texts


def take_apart(data: bytes) -> Parts:
    """The parts of a picture file.

    Raises:
        UnreadableError: it is empty, no picture, or of a kind that is not read.
    """
    kind = format_of(data)
    if kind == "JPEG":
        return _jpeg(data)
    if kind == "PNG":
        return _png(data)
    if kind == "WEBP":
        return _webp(data)
    return Parts(kind, data, exif=data if kind == "TIFF" else b"")


def format_of(data: bytes) -> str:
    """The kind of picture that a file's first bytes announce; nothing is decoded.

    Raises:
        UnreadableError: it is empty, no picture, or of a kind that is not read.
    """
    if not data:
        raise UnreadableError("the file is empty")
    for signature, name in _PICTURES.items():
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        brands = {data[at : at + 4] for at in (8, *range(16, min(int.from_bytes(data[:4], "big"), 256), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIC:
            if not heic_is_read():
                raise UnreadableError('it is HEIC; reading it takes a library: pip install "imagelore[heic]"')
            return "HEIC"
        raise UnreadableError("it is a video")
    if other := _other(data):
        raise UnreadableError(f"it is no picture that can be read: its content is {other}")
    if not data.strip(b"\0"):
        raise UnreadableError("it is no picture: it holds zero bytes only")
    raise UnreadableError(f"it is no picture: its content is {'text' if _is_text(data[:512]) else 'unknown'}")


_PICTURES = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
}
_METAFILE = "a Windows metafile (a drawing)"
_OTHERS = {
    b"\xd7\xcd\xc6\x9a": _METAFILE,
    b"\x01\0\x09\0\0\x03": _METAFILE,
    b"II\xbc\x01": "JPEG XR",
    b"%PDF": "a PDF document",
    b"%!PS": "PostScript",
    b"8BPS": "a Photoshop document",
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"<svg": "an SVG drawing",
    b"<?xml": "XML",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"version https://git-lfs": "a Git LFS pointer; run `git lfs pull`",
}
_HEIC = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}


@cache
def heic_is_read() -> bool:
    """Whether the library that reads HEIC is installed; it is not imported."""
    return find_spec("pillow_heif") is not None


def _other(data: bytes) -> str:
    """What known files that are no such pictures are, or ""."""
    if data[40:44] == b" EMF":
        return _METAFILE
    return next((name for signature, name in _OTHERS.items() if data.startswith(signature)), "")


def _is_text(data: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r\f" for byte in data)


def _jpeg(data: bytes) -> Parts:
    """A JPEG without its EXIF, XMP and Photoshop segments; sizes and markers are ITU-T T.81, annex B."""
    if data.count(b"\xff\xda") > _SCANS and _scans(data) > _SCANS:
        raise UnreadableError(f"it is a JPEG of more than {_SCANS} scans, made to keep decoders busy")
    parts, kept, photoshop, at = Parts("JPEG", data), [data[:2]], [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _BARE:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        block = data[at + 4 : end]
        if marker == 0xE1 and block.startswith(b"Exif\0"):
            parts.exif = parts.exif or block[6:]
        elif marker == 0xE1 and block.startswith(_XMP):
            parts.xmp = parts.xmp or block[len(_XMP) :]
        elif marker == 0xED and block.startswith(b"Photoshop 3.0\0"):
            photoshop.append(block[14:])
        elif not 0xE1 <= marker <= 0xEF or marker == 0xEE or block.startswith(b"ICC_PROFILE\0"):
            kept.append(data[at:end])
        at = max(end, at + 2)
    if data[at : at + 1] == b"\xff":  # else a segment lied about its size: let the decoder find its way
        parts.data = b"".join([*kept, data[at:]])
    parts.iptc = iptc_resource(b"".join(photoshop)[:METADATA_LIMIT])
    return parts


def _scans(data: bytes) -> int:
    """How many scans a JPEG has up to its end; behind it phones keep a film of the moment, which is none of them."""
    count, at = 0, 2
    while count <= _SCANS and (found := _MARKER.search(data, at)) and (marker := found[1][0]) != 0xD9:
        count, at = count + (marker == 0xDA), found.end()
        at += 0 if marker in _BARE else int.from_bytes(data[at : at + 2], "big")
    return count


def iptc_resource(blocks: bytes) -> bytes:
    """The IPTC-IIM records among Photoshop's image resources (resource 0x0404)."""
    at = 0
    while blocks[at : at + 4] == b"8BIM" and at + 12 <= len(blocks):
        name = (blocks[at + 6] + 2) // 2 * 2  # a Pascal string, padded to an even length
        start = at + 10 + name
        size = int.from_bytes(blocks[start - 4 : start], "big")
        if blocks[at + 4 : at + 6] == b"\x04\x04":
            return blocks[start : start + size]
        at = start + size + size % 2
    return b""


def _png(data: bytes) -> Parts:
    """A PNG without its text, EXIF, time, profile and animation chunks (PNG specification, third edition, clause 5)."""
    parts, kept, at = Parts("PNG", data), [data[:8]], 8
    while at + 12 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        end, block = at + 12 + size, memoryview(data)[at + 8 : at + 8 + size]
        if name in _PNG_METADATA:
            if size <= METADATA_LIMIT:
                _note_chunk(parts, name, bytes(block))
        elif name not in _ANIMATION:
            kept.append(data[at:end])
        at = end
    parts.data = b"".join([*kept, data[at:]])
    return parts


_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}  # the still picture is whole without them
_PNG_METADATA = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"iCCP"}


def _note_chunk(parts: Parts, name: bytes, block: bytes) -> None:
    if name == b"eXIf":
        parts.exif = block
        return
    keyword, _, rest = block.partition(b"\0")
    try:
        if name == b"iCCP":
            parts.icc = _inflated(rest[1:], METADATA_LIMIT)
            return
        if name == b"tEXt":
            text = rest.decode("latin-1")
        elif name == b"zTXt":
            text = _inflated(rest[1:], _TEXT_LIMIT).decode("latin-1")
        elif name == b"iTXt" and len(rest) >= 2:
            packed, (_, _, body) = rest[0], rest[2:].split(b"\0", 2)
            body = _inflated(body, METADATA_LIMIT) if packed else body
            if keyword == _XMP_PNG:
                parts.xmp = body
                return
            text = body[:_TEXT_LIMIT].decode("utf-8", "replace")
        else:
            return
    except (zlib.error, ValueError):
        return  # a damaged text: the picture itself is none the worse
    if len(parts.texts) < _TEXTS:
        parts.texts.setdefault(keyword.decode("latin-1"), text)


def _webp(data: bytes) -> Parts:
    """A WebP as it is, and its metadata chunks (RFC 9649, section 2.7)."""
    parts, at = Parts("WEBP", data), 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"EXIF" and size <= METADATA_LIMIT:
            parts.exif = data[at + 8 : at + 8 + size]
        elif name == b"XMP " and size <= METADATA_LIMIT:
            parts.xmp = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return parts


def _inflated(data: bytes, limit: int) -> bytes:
    return zlib.decompressobj().decompress(data, limit)
