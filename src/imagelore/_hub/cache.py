"""The files of models: found in the hub's usual cache, downloaded where missing, and compared with their hashes."""

from __future__ import annotations

import logging
import re
import shutil
from contextlib import suppress
from pathlib import Path

from imagelore._hub.offered import HubFile
from imagelore._hub.verified import sha256
from imagelore.errors import ImageloreError, ModelError

_PATIENCE = 5  # seconds for the first answer of the hub: who has no network is told so quickly
_ROOM = 200_000_000  # bytes that a download leaves free


def folder() -> Path:
    """The hub's cache on this machine."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def kept(file: HubFile) -> Path | None:
    """Where the file is on this machine, unchecked; None: it is not."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(file.repository, file.path, revision=file.revision)
    return Path(found) if isinstance(found, str) else None


def place(file: HubFile) -> Path:
    """Where the file belongs in the cache."""
    from huggingface_hub.file_download import repo_folder_name

    repository = repo_folder_name(repo_id=file.repository, repo_type="model")
    return folder().joinpath(repository, "snapshots", file.revision, *file.path.split("/"))


def whole(file: HubFile) -> bool:
    """Whether the file is on this machine and as long as it has to be."""
    return (path := kept(file)) is not None and path.stat().st_size == file.size


def fetched(file: HubFile, of: str, error: type[ImageloreError] = ModelError) -> Path:
    """Where the file is, downloaded if it is not here, after its hash was compared.

    On a terminal the download is shown on stderr.

    Args:
        file: which.
        of: the name of its model, for messages.
        error: what to raise.

    Raises:
        error: it cannot be had, or is not the one that the table names.
    """
    path = kept(file) or _downloaded(file, of, error)
    try:
        size = path.stat().st_size
        found = sha256(path) if size == file.size else ""
    except OSError as failure:
        raise error(f"`{path}` of {of} cannot be read ({failure.strerror}): mend that, or delete it") from failure
    if found != file.sha256:
        differs = f"it has {size:,} bytes, not {file.size:,}"
        if found:
            differs = f"its SHA-256 begins with {found[:12]}, not {file.sha256[:12]}"
        raise error(
            f"`{path}` is not the {file.role} file of {of} ({differs}): delete `{path.resolve()}` and start again"
        )
    return path


def _downloaded(file: HubFile, of: str, error: type[ImageloreError]) -> Path:
    from huggingface_hub import hf_hub_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of each retry; what comes of them is told
    try:
        _reach(file)
        if (free := _free(folder())) < file.size + _ROOM:
            raise error(
                f"`{file.path}` of {of} has {file.size / 1e9:.1f} GB, and where it would go, `{folder()}`, "
                f"{free / 1e9:.1f} GB are free: make room, or set HF_HOME to a folder on a larger disk"
            )
        return Path(hf_hub_download(file.repository, file.path, revision=file.revision))
    except ImageloreError:
        raise
    except Exception as failure:  # with the library's version also the library changes whose errors it lets through
        raise error(_missing(file, of, failure)) from failure


def _reach(file: HubFile) -> None:
    """Asks the hub for the file's head, once: the library itself tries for half a minute where there is no network."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    patience = constants.HF_HUB_ETAG_TIMEOUT  # as the environment says
    if patience == constants.DEFAULT_ETAG_TIMEOUT:
        patience = _PATIENCE
    url = hf_hub_url(file.repository, file.path, revision=file.revision)
    with suppress(HfHubHTTPError):  # it answers; the library knows which answers to ask again after
        get_hf_file_metadata(url, timeout=patience)


def _free(where: Path) -> int:
    """Bytes that are free where a folder is, or will be."""
    return shutil.disk_usage(next(path for path in (where, *where.absolute().parents) if path.exists())).free


def _missing(file: HubFile, of: str, failure: Exception) -> str:
    cause = failure.__cause__ or failure
    said = re.sub(r"(?<=//)[^/@\s]+@", "", str(cause).strip())  # a mirror's address may hold a password
    reason = (said or type(cause).__name__).splitlines()[0].split(". ")[0].rstrip(".:")[:300]
    return (
        f"`{file.path}` of {of} is not in `{folder()}` and cannot be downloaded ({reason}): where there is "
        f"a network, run `imagelore models pull {of}` and `imagelore models export {of} {of}.tar`, and here `imagelore "
        f"models import {of}.tar`"
    )
