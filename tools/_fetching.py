"""One package's archive, through pip and checked by its hash."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal


@contextmanager
def archive(requirement: str, sha256: str, kind: Literal["source", "wheel"], beside: Path) -> Iterator[Path]:
    """The archive of `name==version` in a scratch folder next to `beside`: what is unpacked there can be moved to it.

    Of a source archive pip prepares the metadata on the way: about a minute for some.
    """
    beside.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=beside.parent) as scratch:
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-binary" if kind == "source" else "--only-binary", ":all:"]
        command += ["--require-hashes", "--dest", scratch, "-r", str(wanted)]
        print(f"fetching {beside.name} from {requirement} ...", file=sys.stderr)
        subprocess.run(command, check=True)
        wanted.unlink()
        (found,) = Path(scratch).iterdir()
        yield found
