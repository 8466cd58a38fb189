"""Fetches Pillow's own test images, many of them malformed, into `.cache/`: `tests/read/test_malformed.py` reads them.

They come from Pillow's source archive. Nothing is done where they are there already.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from tools._fetching import archive

VERSION = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
FILES = 1060
FOLDER = Path(__file__).parents[1] / ".cache" / f"pillow-{VERSION}-images"


def main() -> None:
    """Downloads the archive, checked by its hash, and unpacks the images alone."""
    if FOLDER.is_dir():
        return
    with archive(f"pillow=={VERSION}", SHA256, "source", FOLDER) as packed, tarfile.open(packed) as files:
        top = f"pillow-{VERSION}/Tests/images"
        images = [file for file in files if file.isfile() and file.name.startswith(f"{top}/")]
        if len(images) != FILES:
            raise SystemExit(f"the archive holds {len(images)} test images, not {FILES}")
        files.extractall(packed.parent, images, filter="data")
        (packed.parent / top).rename(FOLDER)


if __name__ == "__main__":
    main()
