"""The files of a model that can be had by name."""

from __future__ import annotations

from pathlib import Path

from imagelore import _hub
from imagelore.embed.clip.facts import Named, Role
from imagelore.errors import EmbedderError


def fetched(model: Named, role: Role) -> Path:
    """Where the file is, downloaded on first use, after its hash was compared.

    Raises:
        EmbedderError: it cannot be had, or is not the one that the table names.
    """
    return _hub.fetched(model.offered.file(role), model.offered.name, EmbedderError)
