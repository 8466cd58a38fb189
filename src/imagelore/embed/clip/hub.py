"""The files of a model that can be had by name: from the Hugging Face hub's usual cache, downloaded where missing.

`HF_HOME`, `HF_HUB_OFFLINE`, `HF_ENDPOINT` and `HF_TOKEN` mean what they mean to huggingface_hub.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from huggingface_hub import constants, hf_hub_download

from imagelore.embed.clip.facts import HubFile, Named, Role
from imagelore.errors import EmbedderError


def fetched(model: Named, role: Role) -> Path:
    """Where the file is, after its hash was compared.

    Raises:
        EmbedderError: it cannot be had, or is not the one that the table names.
    """
    file = model.file(role)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of each retry; what comes of them is told
    try:
        path = Path(hf_hub_download(file.repository, file.path, revision=file.revision))
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except Exception as error:  # with the library's version also the library changes whose errors it lets through
        raise EmbedderError(_missing(model, file, error)) from error
    if found != file.sha256:
        raise EmbedderError(
            f"`{path}` is not the {role} file of {model.name} (its SHA-256 begins with {found[:12]}, not "
            f"{file.sha256[:12]}): delete `{path.resolve()}` and start again"
        )
    return path


def _missing(model: Named, file: HubFile, error: Exception) -> str:
    cause = error.__cause__ or error
    reason = (str(cause).strip() or type(cause).__name__).splitlines()[0].split(". ")[0].rstrip(".:")[:300]
    return (
        f"`{file.path}` of {model.name} is not on this machine and cannot be downloaded ({reason}): where there is a "
        f"network, run `{_commands(model)}` and copy `{constants.HF_HUB_CACHE}` here, or name a folder with a model's "
        "files: `--embedder clip:/path/to/folder`"
    )


def _commands(model: Named) -> str:
    """What puts all of a model's files into the cache."""
    paths: dict[tuple[str, str], list[str]] = {}
    for file in model.files:
        paths.setdefault((file.repository, file.revision), []).append(file.path)
    return " && ".join(
        f"hf download {repository} {' '.join(files)} --revision {revision}"
        for (repository, revision), files in paths.items()
    )
