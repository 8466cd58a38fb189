"""Models carried to a machine without a network: one plain tar, and back into the hub's cache.

    imagelore-models.json   {"imagelore": 1, "models": [{"name", "files": [{"repository", "revision", "path", ...}]}]}
    SHA256                  a file each, named by its hash

Where a file goes is never read from the archive: it must be one of a model that this imagelore knows, and the place
follows from the table. Files are written to `snapshots` themselves, as the hub's library does where there are no
symbolic links, so that every system finds them, also with `HF_HUB_OFFLINE`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from imagelore._hub.cache import fetched, kept, place
from imagelore._hub.offered import HubFile, Offered
from imagelore._hub.verified import sha256
from imagelore.errors import ModelError, UsageError

_MANIFEST = "imagelore-models.json"
_MOST_MANIFEST = 1 << 20  # bytes
_PIECE = 1 << 20  # bytes


def exported(model: Offered, target: Path) -> int:
    """Writes a model's files, all of which must be here, into a tar; returns its bytes.

    Raises:
        ModelError: a file is not here or is damaged, or the tar cannot be written.
    """
    missing = [file.path for file in model.files if kept(file) is None]
    if missing:
        raise ModelError(
            f"{model.name} is not whole on this machine (`{missing[0]}` is missing): first `imagelore models pull "
            f"{model.name}`"
        )
    paths = {file.sha256: fetched(file, model.name) for file in model.files}
    manifest = {"imagelore": 1, "models": [{"name": model.name, "files": [asdict(file) for file in model.files]}]}
    with _replaced(target) as fresh, tarfile.open(fileobj=fresh, mode="w", format=tarfile.PAX_FORMAT) as tar:
        text = json.dumps(manifest, indent=1).encode()
        tar.addfile(_member(_MANIFEST, len(text)), io.BytesIO(text))
        for digest, path in paths.items():
            with path.open("rb") as file:
                tar.addfile(_member(digest, path.stat().st_size), file)
    return target.stat().st_size


def imported(source: Path, known: Mapping[str, Offered]) -> tuple[Offered, ...]:
    """Puts the files of an archive where the models look for them; those that are here already are left alone.

    Raises:
        UsageError: there is no such file, or it is no archive of ours.
        ModelError: it is cut short or damaged, of another version, or the files cannot be written.
    """
    try:
        with tarfile.open(source, "r:") as tar:
            models = _named(tar, source, known)
            wanted = {file.sha256: file for model in models for file in model.files}
            here = {digest for digest, file in wanted.items() if (path := kept(file)) and sha256(path) == digest}
            for member in tar:
                if member.name == _MANIFEST:
                    continue
                if not member.isreg() or member.name not in wanted or member.size != wanted[member.name].size:
                    raise UsageError(f"`{source}` holds `{member.name}`, which is no file of its models: do not use it")
                if member.name not in here:
                    _write(tar.extractfile(member), wanted[member.name], source)
                    here.add(member.name)
    except tarfile.TarError as error:
        raise ModelError(f"`{source}` is no whole tar ({error}): copy it again") from error
    except FileNotFoundError as error:
        raise UsageError(f"there is no file `{source}`") from error
    except OSError as error:
        raise ModelError(
            f"`{source}` cannot be imported ({error.strerror or error}): make room, or mend that"
        ) from error
    if lacking := [file.path for digest, file in wanted.items() if digest not in here]:
        raise ModelError(f"`{source}` ends before `{lacking[0]}`: copy it again")
    return models


def _named(tar: tarfile.TarFile, source: Path, known: Mapping[str, Offered]) -> tuple[Offered, ...]:
    """The models that the archive says it holds, each with exactly the files that the table pins."""
    first = tar.next()
    if first is None or first.name != _MANIFEST or not first.isreg() or first.size > _MOST_MANIFEST:
        raise UsageError(f"`{source}` was not made by `imagelore models export`")
    opened: Any = tar.extractfile(first)
    try:
        manifest = json.loads(opened.read())
        told = {model["name"]: {_pin(file) for file in model["files"]} for model in manifest["models"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"`{source}` was not made by `imagelore models export`") from error
    if not told:
        raise UsageError(f"`{source}` holds no models")
    for name, pins in told.items():
        if name not in known or pins != {_pin(asdict(file)) for file in known[name].files}:
            raise ModelError(
                f"`{source}` holds a {name!r} that this imagelore does not know: use the same version here"
            )
    return tuple(known[name] for name in told)


def _pin(file: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(file[key]) for key in ("repository", "revision", "path", "sha256"))


def _write(data: IO[bytes] | None, file: HubFile, source: Path) -> None:
    """Writes one file while its hash is computed; nothing of a wrong one stays."""
    assert data is not None  # a regular member
    digest = hashlib.sha256()
    with _replaced(place(file)) as fresh:
        while piece := data.read(_PIECE):
            digest.update(piece)
            fresh.write(piece)
        if digest.hexdigest() != file.sha256:
            raise ModelError(f"`{file.path}` in `{source}` is damaged (another SHA-256): copy it again")


@contextmanager
def _replaced(target: Path) -> Iterator[IO[bytes]]:
    """A file beside the target that takes its place when it is written in full."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.incomplete")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            yield file
        fresh.replace(target)
    except OSError as error:
        raise ModelError(f"`{target}` cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # it took the target's place, or was never made
            fresh.unlink()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member
