"""The sample pictures, indexed: what `imagelore demo` opens the chat on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from imagelore import __version__
from imagelore.errors import MismatchError, MissingExtraError, UsageError
from imagelore.flows.ingest import Progress, Run, ingest
from imagelore.flows.knowledge import index_name, load_generator
from imagelore.settings import Settings


def prepare(settings: Settings, progress: Callable[[Progress], None]) -> Settings:
    """Indexes the samples into a cache folder of the user's own (a second time there is nothing to do) and returns
    the settings that open them. A folder named on purpose is used instead of the cache folder.
    """
    settings = _answering(settings)
    if cached := settings.kb == Settings().kb or index_name(settings.kb) != "lancedb":
        settings = replace(
            settings, embedder=settings.embedder or "starter", kb=str(cache_folder() / f"demo-{__version__}")
        )
    with as_file(files("imagelore") / "samples") as folder:
        run = Run(progress, allow_removals=True, name="samples")  # one name, wherever this release is installed
        try:
            ingest(settings, str(folder), run)
        except MismatchError:
            if not cached:
                raise
            shutil.rmtree(settings.kb)  # it can be made again
            ingest(settings, str(folder), run)
    return settings


def _answering(settings: Settings) -> Settings:
    """The demo needs nothing: a service that the environment half names, for another program maybe, is left out."""
    if settings.generator:
        return settings
    try:
        load_generator(settings)
    except (MissingExtraError, UsageError):
        return replace(settings, generator="extractive")
    return settings


def cache_folder() -> Path:
    """Where imagelore keeps what it can make again: `$XDG_CACHE_HOME/imagelore`, or `~/.cache/imagelore`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "imagelore"
