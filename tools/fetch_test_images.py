"""Fetches Pillow's own test images, many of them malformed, into `.cache/`: `tests/read/test_malformed.py` reads them.

They come from Pillow's source archive, through pip (which prepares the package's metadata on the way: about a minute,
once). Nothing is done where they are there already.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
FILES = 1060
FOLDER = Path(__file__).parents[1] / ".cache" / f"pillow-{VERSION}-images"


def main() -> None:
    """Downloads the archive, checked by its hash, and unpacks the images alone."""
    if FOLDER.is_dir():
        return
    FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"pillow=={VERSION} --hash=sha256:{SHA256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-binary", ":all:", "--require-hashes", "--dest", scratch, "-r", str(wanted)]
        print(f"fetching the test images of Pillow {VERSION} ...", file=sys.stderr)
        subprocess.run(command, check=True)
        top = f"pillow-{VERSION}/Tests/images"
        with tarfile.open(Path(scratch) / f"pillow-{VERSION}.tar.gz") as archive:
            images = [member for member in archive if member.isfile() and member.name.startswith(f"{top}/")]
            archive.extractall(scratch, images, filter="data")
        if len(images) != FILES:
            raise SystemExit(f"the archive holds {len(images)} test images, not {FILES}")
        (Path(scratch) / top).rename(FOLDER)


if __name__ == "__main__":
    main()
