"""Documents that are written here byte by byte, so that what stands in them and where is known."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from PIL import Image

Box = tuple[float, float, float, float]  # left, bottom, right, top in points, from the page's lower left corner
A4 = (595.0, 842.0)
SIZE, LEADING, MARGIN = 12.0, 18.0, 72.0  # points: of the letters, from line to line, left and above the text


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a PDF: texts at (left, baseline) in points, pictures in boxes, and raw operators behind them."""

    texts: Sequence[tuple[float, float, str]] = ()
    figures: Sequence[tuple[Image.Image, Box]] = ()
    size: tuple[float, float] = A4
    crop: Box | None = None
    rotate: int = 0
    drawn: str = ""
    form: bool = False  # all of it stands in a form XObject


def written(lines: Sequence[str], left: float = MARGIN, top: float = A4[1] - MARGIN) -> list[tuple[float, float, str]]:
    """Lines one below the other, as `Page.texts` takes them."""
    return [(left, top - LEADING * number, line) for number, line in enumerate(lines)]


def pdf(
    pages: Sequence[Sequence[str] | Page],
    figures: Mapping[int, Sequence[Image.Image]] | None = None,
    info: Mapping[str, str] | None = None,
    password: str | None = None,
) -> bytes:
    """A PDF of these pages: of their lines from the top, with the pictures of page `n` (from 1) below them.

    `info`: "Title", "Author", ... `password`: what opens it ("": only the owner has one; None: it is not encrypted).
    """
    file = _File(password)
    parents = file.add("")  # the tree of pages, filled in below
    fonts = [file.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")]
    wide = sorted({letter for page in pages for line in _lines(page) for letter in line if not _plain(letter)})
    fonts += [_wide_font(file, wide)] if wide else []
    resources = " ".join(f"/F{number} {font} 0 R" for number, font in enumerate(fonts))
    pictures: dict[int, int] = {}
    kids = []
    for number, content in enumerate(pages, start=1):
        page = content if isinstance(content, Page) else _laid_out(content, (figures or {}).get(number, ()))
        kids.append(_page(file, page, parents, resources, pictures))
    file.objects[parents - 1] = (
        f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>".encode()
    )
    root = file.add(f"<< /Type /Catalog /Pages {parents} 0 R >>")
    about = file.info(info) if info else 0
    return file.bytes(root, about)


def encrypted_pdf(pages: Sequence[Sequence[str] | Page], password: str = "secret") -> bytes:
    """One that does not open without its password."""
    return pdf(pages, password=password)


def laughing_pdf(depth: int, width: int) -> bytes:
    """A page whose form shows another one `width` times, and that again, `depth` deep: endless to read."""
    file = _File(None)
    form = file.stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 m 9 9 l S")
    for _ in range(depth):
        entries = f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {form} 0 R >> >>"
        form = file.stream(entries, b"/X Do " * width)
    page = len(file.objects) + 1
    file.add(
        f"<< /Type /Page /Parent {page + 1} 0 R /MediaBox [0 0 9 9] /Contents {page - 1} 0 R "
        f"/Resources << /XObject << /X {page - 2} 0 R >> >> >>"
    )
    file.add(f"<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>")
    return file.bytes(file.add(f"<< /Type /Catalog /Pages {page + 1} 0 R >>"), 0)


class _File:
    """Objects in their order, and the table that says where each begins (ISO 32000-1, 7.5)."""

    def __init__(self, password: str | None) -> None:
        self.objects: list[bytes] = []
        self.key, self.encryption = _encryption(password) if password is not None else (b"", "")

    def add(self, text: str) -> int:
        self.objects.append(text.encode("latin-1"))
        return len(self.objects)

    def stream(self, text: str, data: bytes) -> int:
        number = len(self.objects) + 1
        data = self._hidden(data, number)
        head = f"<< {text} /Length {len(data)} >>\nstream\n".encode("latin-1")
        self.objects.append(head + data + b"\nendstream")
        return number

    def info(self, values: Mapping[str, str]) -> int:
        number = len(self.objects) + 1
        texts = {
            name: self._hidden(b"\xfe\xff" + value.encode("utf-16-be"), number).hex() for name, value in values.items()
        }
        return self.add("<< " + " ".join(f"/{name} <{text}>" for name, text in texts.items()) + " >>")

    def _hidden(self, data: bytes, number: int) -> bytes:
        if not self.key:
            return data
        return _rc4(hashlib.md5(self.key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], data)

    def bytes(self, root: int, info: int) -> bytes:
        parts, places, at = [b"%PDF-1.7\n"], [], 9
        for number, content in enumerate(self.objects, start=1):
            places.append(at)
            parts.append(b"%d 0 obj\n" % number + content + b"\nendobj\n")
            at += len(parts[-1])
        table = "".join(f"{place:010} 00000 n \n" for place in places)
        trailer = f"/Size {len(places) + 1} /Root {root} 0 R" + (f" /Info {info} 0 R" if info else "") + self.encryption
        end = (
            f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}trailer\n<< {trailer} >>\nstartxref\n{at}\n%%EOF\n"
        )
        return b"".join(parts) + end.encode("latin-1")


def _lines(page: Sequence[str] | Page) -> Iterator[str]:
    yield from (text for _, _, text in page.texts) if isinstance(page, Page) else page


def _laid_out(lines: Sequence[str], pictures: Sequence[Image.Image]) -> Page:
    texts, top = written(lines), A4[1] - MARGIN - LEADING * len(lines)
    figures = []
    for picture in pictures:
        wide = min(200.0, 150.0 * picture.width / picture.height)
        high = wide * picture.height / picture.width
        figures.append((picture, (MARGIN, top - high, MARGIN + wide, top)))
        top -= high + LEADING
    return Page(texts, figures)


def _page(file: _File, page: Page, parents: int, fonts: str, pictures: dict[int, int]) -> int:
    content, images = [], []
    for left, base, text in page.texts:
        font = 0 if all(map(_plain, text)) else 1
        shown = text.encode("cp1252" if font == 0 else "utf-16-be").hex()
        content.append(f"BT /F{font} {SIZE:g} Tf {left:g} {base:g} Td <{shown}> Tj ET")
    for picture, (left, bottom, right, top) in page.figures:
        number = pictures.get(id(picture)) or _image(file, picture)
        pictures[id(picture)] = number
        images.append(f"/I{number} {number} 0 R")
        content.append(f"q {right - left:g} 0 0 {top - bottom:g} {left:g} {bottom:g} cm /I{number} Do Q")
    named = f"/XObject << {' '.join(images)} >>" if images else ""
    box = f"[0 0 {page.size[0]:g} {page.size[1]:g}]"
    drawn = "\n".join([*content, page.drawn]).encode("latin-1")
    if page.form:
        form = file.stream(
            f"/Type /XObject /Subtype /Form /BBox {box} /Resources << /Font << {fonts} >> {named} >>", drawn
        )
        named, drawn = f"/XObject << /X {form} 0 R >>", b"/X Do"
    stream = file.stream("", drawn)
    crop = f" /CropBox [{' '.join(f'{value:g}' for value in page.crop)}]" if page.crop else ""
    return file.add(
        f"<< /Type /Page /Parent {parents} 0 R /MediaBox {box}{crop} /Rotate {page.rotate} /Contents {stream} 0 R "
        f"/Resources << /Font << {fonts} >> {named} >> >>"
    )


def _image(file: _File, picture: Image.Image) -> int:
    """RGB, RGBA (with its alpha as a soft mask) or CMYK."""
    mask = ""
    if picture.mode == "RGBA":
        alpha = zlib.compress(picture.getchannel("A").tobytes())
        head = f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} /BitsPerComponent 8"
        mask = f" /SMask {file.stream(f'{head} /ColorSpace /DeviceGray /Filter /FlateDecode', alpha)} 0 R"
        picture = picture.convert("RGB")
    colours = {"L": "DeviceGray", "RGB": "DeviceRGB", "CMYK": "DeviceCMYK"}[picture.mode]
    head = f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height} /BitsPerComponent 8"
    return file.stream(f"{head} /ColorSpace /{colours} /Filter /FlateDecode{mask}", zlib.compress(picture.tobytes()))


def _plain(letter: str) -> bool:
    """Whether Helvetica has the letter, in Windows' Latin encoding."""
    try:
        return letter.encode("cp1252") >= b" "
    except UnicodeEncodeError:
        return False


def _wide_font(file: _File, letters: Sequence[str]) -> int:
    """A font whose codes are UTF-16 and say so; what its letters look like is left to the reader."""
    codes = [f"<{letter.encode('utf-16-be').hex()}>" for letter in letters if len(letter.encode("utf-16-be")) == 2]
    table = "\n".join(f"{code} {code}" for code in {*codes, *(f"<{n:04x}>" for n in range(32, 256))})
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def /CMapType 2 def\n"
        f"1 begincodespacerange <0000> <ffff> endcodespacerange\n{table.count(chr(10)) + 1} beginbfchar\n{table}\n"
        "endbfchar endcmap end end"
    )
    unicode = file.stream("", cmap.encode("ascii"))
    about = file.add(
        "<< /Type /FontDescriptor /FontName /Own /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 900 "
        "/Descent -200 /CapHeight 700 /StemV 80 >>"
    )
    inner = file.add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Own /DW 600 /CIDToGIDMap /Identity "
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor {about} 0 R >>"
    )
    return file.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H /DescendantFonts [{inner} 0 R] "
        f"/ToUnicode {unicode} 0 R >>"
    )


_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_FILE_ID = bytes(16)


def _encryption(password: str) -> tuple[bytes, str]:
    """The key and the trailer's entry of the standard security handler, revision 2: RC4, 40 bits.

    ISO 32000-1, 7.6.3.
    """
    user, owner = ((word.encode("latin-1") + _PADDING)[:32] for word in (password, "owner"))
    hidden = _rc4(hashlib.md5(owner).digest()[:5], user)
    rights = 0xFFFFFFFC.to_bytes(4, "little")
    key = hashlib.md5(user + hidden + rights + _FILE_ID).digest()[:5]
    entry = f"/Filter /Standard /V 1 /R 2 /O <{hidden.hex()}> /U <{_rc4(key, _PADDING).hex()}> /P -4"
    return key, f" /ID [<{_FILE_ID.hex()}> <{_FILE_ID.hex()}>] /Encrypt << {entry} >>"


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j = list(range(256)), 0
    for i, letter in zip(range(256), cycle(key), strict=False):
        j = (j + state[i] + letter) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for value in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(value ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
