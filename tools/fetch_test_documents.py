"""Fetches pypdf's own test documents, many of them odd, into `.cache/`: `tests/read/test_malformed_pdf.py` reads them.

They come from pypdf's source archive (BSD-3-Clause). Nothing is done where they are there already.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from tools._fetching import archive

VERSION = "7.1.0"
SHA256 = "ca3fa902369e98a6d2cb7b56396de902b72ef9bb3c1e8706c1bfc7d8bd0cf0d7"
FILES = 72
FOLDER = Path(__file__).parents[1] / ".cache" / f"pypdf-{VERSION}-documents"


def main() -> None:
    """Downloads the archive, checked by its hash, and unpacks the PDFs alone."""
    if FOLDER.is_dir():
        return
    with archive(f"pypdf=={VERSION}", SHA256, "source", FOLDER) as packed, tarfile.open(packed) as files:
        top = f"pypdf-{VERSION}/resources"
        documents = [
            file for file in files if file.isfile() and file.name.startswith(top) and file.name.endswith(".pdf")
        ]
        if len(documents) != FILES:
            raise SystemExit(f"the archive holds {len(documents)} test documents, not {FILES}")
        files.extractall(packed.parent, documents, filter="data")
        (packed.parent / top).rename(FOLDER)


if __name__ == "__main__":
    main()
