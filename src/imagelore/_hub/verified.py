"""Hashes of large files, remembered: a model of gigabytes is read through once, and again only after it changed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path


def sha256(path: Path) -> str:
    """The SHA-256 of a file; taken from memory while the file's place, size, time and number are the same.

    Raises:
        OSError: it cannot be read.
    """
    real = path.resolve()
    known = real.stat()
    seen = [str(real), known.st_size, known.st_mtime_ns, known.st_ino]
    memory = _folder() / f"{hashlib.sha256(str(real).encode()).hexdigest()[:32]}.json"
    try:
        *remembered, digest = json.loads(memory.read_text(encoding="utf-8"))
        if remembered == seen and isinstance(digest, str):
            return digest
    except (OSError, ValueError, TypeError):
        pass  # not looked at yet, or by something else
    with real.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    _remember(memory, [*seen, digest])
    return digest


def _remember(memory: Path, facts: list[object]) -> None:
    """One small file for each model file, replaced whole: no two processes can mix theirs up."""
    fresh = memory.with_suffix(f".{os.getpid()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(facts), encoding="utf-8")
        fresh.replace(memory)
    except OSError:
        return  # a home that cannot be written: the file is read through again next time


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagelore" / "verified"
