"""The files of a model that ships inside the package, each checked against its SHA-256 before it is used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from imagelore.errors import EmbedderError

MANIFEST = "manifest.json"


def read(folder: Path, name: str) -> bytes:
    """The bytes of one file of a model folder.

    Raises:
        EmbedderError: the file or the folder's manifest is missing, or the bytes are not those of the manifest.
    """
    try:
        expected = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"][name]["sha256"]
        data = (folder / name).read_bytes()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbedderError(_damaged(name)) from error
    if hashlib.sha256(data).hexdigest() != expected:
        raise EmbedderError(_damaged(name))
    return data


def _damaged(name: str) -> str:
    return f"the file {name!r} is missing or damaged; reinstall imagelore: pip install --force-reinstall imagelore"
