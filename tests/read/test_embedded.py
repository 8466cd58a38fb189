"""Metadata from inside a picture: XMP before IPTC before EXIF, in the encodings that are met."""

from __future__ import annotations

import io
import struct
from datetime import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagelore.read import Metadata, Options, picture

XMP = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
  xmp:CreateDate="2021-06-05T14:03:02+02:00" photoshop:City="Bergen">
 <dc:title><rdf:Alt>
 <rdf:li xml:lang="de">Schwäne</rdf:li><rdf:li xml:lang="x-default">Swans</rdf:li></rdf:Alt></dc:title>
 <dc:description><rdf:Alt><rdf:li xml:lang="en-GB">Two swans on a lake.</rdf:li></rdf:Alt></dc:description>
 <dc:subject><rdf:Bag><rdf:li>swan</rdf:li><rdf:li>lake</rdf:li></rdf:Bag></dc:subject>
 <dc:creator><rdf:Seq><rdf:li>Ann Example</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def jpeg(*segments: tuple[int, bytes], exif: bytes = b"") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(stream, "JPEG", exif=exif)
    data = stream.getvalue()
    extra = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + extra + data[2:]


def inside(data: bytes, gps: bool = False) -> Metadata:
    return picture.embedded(data, Options(gps=gps))


def xmp(text: str) -> tuple[int, bytes]:
    return 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode()


def iptc(*datasets: tuple[int, int, bytes]) -> tuple[int, bytes]:
    records = b"".join(struct.pack(">BBBH", 0x1C, record, number, len(v)) + v for record, number, v in datasets)
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0" * (len(records) % 2)
    return 0xED, b"Photoshop 3.0\0" + b"8BIM\x03\xed\x03abc" + struct.pack(">I", 3) + b"xyz\0" + resource


def test_xmp_is_read_with_its_languages_and_lists() -> None:
    assert inside(jpeg(xmp(XMP))) == Metadata(
        title="Swans",
        text="Two swans on a lake.",
        tags=("swan", "lake"),
        taken_at=datetime(2021, 6, 5, 14, 3, 2),
        fields={"city": "Bergen", "creator": "Ann Example"},
    )


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_is_found_in_every_container(kind: str) -> None:
    stream, image = io.BytesIO(), Image.new("RGB", (20, 10))
    if kind == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP, zip=True)
        image.save(stream, "PNG", pnginfo=info)
    elif kind == "TIFF":
        image.save(stream, "TIFF", tiffinfo={700: XMP.encode()})
    else:
        image.save(stream, kind, xmp=XMP.encode())
    assert inside(stream.getvalue()).title == "Swans"


def test_a_hostile_xmp_packet_says_nothing() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + XMP.replace("Swans", "&b;")
    assert inside(jpeg(xmp(bomb[: bomb.index("<?xpacket")] + bomb[bomb.index("<x:xmp") :]))) == Metadata()
    assert inside(jpeg(xmp(XMP[:700]))) == Metadata()


def test_iptc_is_read_as_utf8_when_marked_and_as_latin1_when_it_must_be() -> None:
    texts = ((2, 5, "Fjörd"), (2, 120, "Ein schöner Fjord."), (2, 25, "Fjord"), (2, 25, "Norwegen"), (2, 90, "Ålesund"))
    date = ((2, 55, b"20190203"), (2, 60, b"101112+0100"))
    for head, encoding in ((((1, 90, b"\x1b%G"),), "utf-8"), ((), "cp1252"), ((), "utf-8")):
        body = (*head, *((record, number, text.encode(encoding)) for record, number, text in texts), *date)
        assert inside(jpeg(iptc(*body))) == Metadata(
            title="Fjörd",
            text="Ein schöner Fjord.",
            tags=("Fjord", "Norwegen"),
            taken_at=datetime(2019, 2, 3, 10, 11, 12),
            fields={"city": "Ålesund"},
        )


def exif(**values: object) -> bytes:
    block = Image.Exif()
    tags = {"description": 0x010E, "make": 0x010F, "model": 0x0110, "artist": 0x013B}
    for name, tag in tags.items():
        if name in values:
            block[tag] = values[name]
    for name, tag in {"xp_title": 0x9C9B, "xp_comment": 0x9C9C, "xp_keywords": 0x9C9E}.items():
        if name in values:
            block[tag] = str(values[name]).encode("utf-16-le") + b"\0\0"
    if "taken" in values:
        block.get_ifd(0x8769)[0x9003] = values["taken"]
    if "comment" in values:
        block.get_ifd(0x8769)[0x9286] = values["comment"]
    if "place" in values:
        place = values["place"]
        assert isinstance(place, dict)
        block.get_ifd(0x8825).update(place)
    return block.tobytes()


PLACE = {
    1: "S",
    2: (Fraction(33), Fraction(51), Fraction(36)),
    3: "E",
    4: (Fraction(151), Fraction(12), Fraction(36)),
}


def test_exif_is_read() -> None:
    block = exif(
        description="Opera house",
        make="NIKON CORPORATION",
        model="NIKON D70",
        artist="Ann Example",
        xp_title="Sydney ünd",
        xp_keywords="opera; harbour",
        taken="2005:07:08 09:10:11",
        place=PLACE,
    )
    metadata = Metadata(
        title="Sydney ünd",
        text="Opera house",
        tags=("opera", "harbour"),
        taken_at=datetime(2005, 7, 8, 9, 10, 11),
        fields={"camera": "NIKON D70", "creator": "Ann Example"},
    )
    assert inside(jpeg(exif=block)) == metadata
    assert dict(inside(jpeg(exif=block), gps=True).fields) == {
        **metadata.fields,
        "latitude": -33.86,
        "longitude": 151.21,
    }


def test_the_place_is_taken_over_only_when_asked_for_and_sound() -> None:
    for place in ({**PLACE, 2: (Fraction(91), Fraction(0), Fraction(0))}, {1: "N"}, {**PLACE, 4: (Fraction(1),)}):
        assert "latitude" not in inside(jpeg(exif=exif(place=place)), gps=True).fields


@pytest.mark.parametrize(
    ("make", "model", "camera"), [("Canon", "EOS 5D", "Canon EOS 5D"), ("", "X", "X"), ("Leica", "", "Leica")]
)
def test_camera_names_its_maker_once(make: str, model: str, camera: str) -> None:
    assert inside(jpeg(exif=exif(make=make, model=model))).fields["camera"] == camera


@pytest.mark.parametrize(
    "junk",
    [
        *("OLYMPUS DIGITAL CAMERA", "SAMSUNG CAMERA PICTURES", "SAMSUNG", "SONY DSC", "KONICA MINOLTA"),
        *("MINOLTA DIGITAL CAMERA", "Exif_JPEG_PICTURE", "Created with GIMP", '{"shape": [1, 2]}'),
        *("   ", "DCIM", "default", "-", "DSC_0001", "IMG_20"),
    ],
)
def test_what_a_camera_writes_by_itself_is_no_description(junk: str) -> None:
    assert inside(jpeg(exif=exif(description=junk))).text == ""


@pytest.mark.parametrize(
    "said", ["Canon in a castle's yard", "Sony plaza at night", "Kodak brownie on a shelf", "Pop art"]
)
def test_what_a_person_writes_is_kept(said: str) -> None:
    assert inside(jpeg(exif=exif(description=said))).text == said


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2005:13:40 09:10:11", "yesterday"])
def test_a_date_that_is_none_is_left_out(taken: str) -> None:
    assert inside(jpeg(exif=exif(taken=taken))).taken_at is None


@pytest.mark.parametrize("comment", [b"ASCII\0\0\0A note", b"UNICODE\0" + "A note".encode("utf-16-le")])
def test_a_user_comment_is_read(comment: bytes) -> None:
    assert inside(jpeg(exif=exif(comment=comment))).text == "A note"


def test_png_texts_are_read() -> None:
    info, stream = PngInfo(), io.BytesIO()
    info.add_text("Title", "Grün")
    info.add_itxt("Description", "日本 tea")
    info.add_text("Comment", "not this", zip=True)
    info.add_text("Author", "Ann")
    Image.new("L", (2, 2)).save(stream, "PNG", pnginfo=info)
    assert inside(stream.getvalue()) == Metadata(title="Grün", text="日本 tea", fields={"creator": "Ann"})


def test_xmp_wins_over_iptc_over_exif_and_tags_are_united() -> None:
    data = jpeg(
        xmp(XMP),
        iptc((2, 5, b"IPTC title"), (2, 25, b"Swan"), (2, 25, b"spring"), (2, 101, b"Norway")),
        exif=exif(description="EXIF text", model="X100"),
    )
    metadata = inside(data)
    assert (metadata.title, metadata.text) == ("Swans", "Two swans on a lake.")
    assert metadata.tags == ("swan", "lake", "spring")
    assert dict(metadata.fields) == {"city": "Bergen", "creator": "Ann Example", "country": "Norway", "camera": "X100"}


@given(st.binary(max_size=300), st.sampled_from([b"Exif\0\0II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08"]))
def test_any_exif_leaves_the_picture_readable(body: bytes, head: bytes) -> None:
    inside(jpeg((0xE1, head + body)), gps=True)


@given(st.binary(max_size=200))
def test_any_other_block_leaves_the_picture_readable(body: bytes) -> None:
    inside(jpeg((0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\xc8\x1c\x02" + body), (0xED, body)))
    inside(jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + body)))
