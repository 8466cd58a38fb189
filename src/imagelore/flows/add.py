"""Files that arrive through the page: kept in a folder of their own beside the knowledge base, then indexed."""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from functools import cache
from pathlib import Path, PurePosixPath

from imagelore.errors import SourceError, UnreadableError, UsageError
from imagelore.flows._kinds import SIDECARS, TABLES, readers
from imagelore.settings import Settings
from imagelore.types import SourceInfo

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
_LONGEST = 120


def folder_for(settings: Settings) -> Path | None:
    """Where added files go: `imagelore-pictures` beside `./.imagelore`. None: the knowledge base is no folder."""
    if "://" in settings.kb:
        return None
    kb = Path(settings.kb).resolve()
    return kb.with_name(f"{kb.name.lstrip('.') or 'kb'}-pictures")


def source_for(folder: Path, sources: tuple[SourceInfo, ...]) -> str:
    """The address to index after adding: a source that holds the folder already, else the folder itself.

    So a file never gets two records, one for each source that sees it.
    """
    for source in sources:
        if "://" not in source.root and folder.is_relative_to(Path(source.root)):
            return source.root
    return str(folder)


@cache
def endings(documents: bool = True) -> frozenset[str]:
    """The file name endings that can be added: of pictures, documents, texts beside them, metadata tables."""
    return frozenset({*readers(documents), *SIDECARS, *(os.path.splitext(table)[1] for table in TABLES)})


def save(folder: Path, name: str, data: bytes, documents: bool = True) -> Path:
    """Writes a file under a name made safe, never over another: `bird.jpg`, then `bird-2.jpg`.

    Sub-folders in `name` are kept, so that a dropped folder stays one. The same bytes under the same name are not
    written again. A file is there whole or not at all.

    Raises:
        UnreadableError: a kind of file that is neither a picture, nor metadata, nor (if these are wanted) a document.
        SourceError: the folder cannot be written.
    """
    path = folder / safe_name(name)
    if path.suffix.lower() not in endings(documents):
        wanted = "picture or document" if documents else "picture, and the setting `documents` is off"
        raise UnreadableError(f"{name!r} is no {wanted}: its name ends in none of the endings that are taken")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _written(path, data)
    except OSError as error:
        raise SourceError(f"`{folder}` cannot be written: {error.strerror or error}") from error


def _written(path: Path, data: bytes) -> Path:
    part = path.with_name(f".{secrets.token_hex(8)}.part")  # hidden: a run that lists the folder passes it over
    try:
        with part.open("xb") as file:
            file.write(data)
        return _moved(part, path, data)
    finally:
        part.unlink(missing_ok=True)


def _moved(part: Path, path: Path, data: bytes) -> Path:
    """Gives a written file the first free name. The name is taken first: a rename alone would overwrite."""
    for number in range(1, 10_000):
        candidate = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            candidate.open("xb").close()
        except FileExistsError:
            if candidate.is_file() and candidate.read_bytes() == data:
                return candidate
            continue
        try:
            return part.replace(candidate)
        except OSError:
            candidate.unlink()
            raise
    raise SourceError(f"`{path.parent}` holds too many files called {path.name!r}: rename the new one")


def safe_name(name: str) -> PurePosixPath:
    """A relative path without parent steps, hidden parts, control characters or names that some systems reserve.

    Raises:
        UsageError: nothing is left of it.
    """
    parts = [_safe_part(part) for part in re.split(r"[/\\]+", unicodedata.normalize("NFC", name))]
    parts = [part for part in parts if part][-4:]
    if not parts:
        raise UsageError(f"{name!r} is no name for a file")
    return PurePosixPath(*parts)


def _safe_part(part: str) -> str:
    kept = "".join(c if c.isalnum() or c in " ._-()+,&'" else "_" for c in part if c.isprintable())
    kept = kept.strip(" .")
    if kept.partition(".")[0].casefold() in _RESERVED:
        kept = f"_{kept}"
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[: _LONGEST - len(suffix)]}{dot}{suffix}" if dot else kept[:_LONGEST]
