"""`imagelore models`: what can be had by name, what of it is here, and how it gets to a machine without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from imagelore import _hub
from imagelore._hub import HubFile, Offered
from imagelore.embed._sentences import facts as sentences
from imagelore.embed.clip import facts as clip
from imagelore.errors import EmbedderError, GeneratorError, UsageError
from imagelore.generate import _named

Here = Literal["yes", "partly", "no"]

_ERRORS = {"embedder": EmbedderError, "sentences": EmbedderError, "generator": GeneratorError}


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that can be had by name, and what of it is on this machine."""

    offered: Offered
    kept: tuple[Path, ...]  # its files that are here; their hashes are compared when they are used

    @property
    def here(self) -> Here:
        """Whether all of its files are on this machine."""
        return "yes" if len(self.kept) == len(self.offered.files) else "partly" if self.kept else "no"


def offered() -> tuple[Offered, ...]:
    """Every model that can be had by name; nothing is loaded."""
    seeing = (model.offered for model in clip.MODELS)
    return (*seeing, *(model.offered for model in sentences.MODELS), *_named.MODELS)


def listed() -> Iterator[Listed]:
    """The same, with what is here."""
    return map(_kept, offered())


def used(*names: str) -> list[Listed]:
    """Those of the models in use that can be had by name ("clip:siglip2-base"), with what is here."""
    plain = {name.partition(":")[2] or name for name in names}
    return [_kept(model) for model in offered() if model.name in plain]


def folder() -> Path:
    """Where the files of models are kept: the hub's usual cache, which `HF_HOME` moves."""
    return _hub.folder()


def pull(names: Sequence[str]) -> Iterator[tuple[Offered, HubFile, Path]]:
    """Downloads what is missing of these models and compares every file's hash; yields each file that is in order.

    Files that are whole stay when it is interrupted: the next pull goes on after them.

    Raises:
        UsageError: there is no model of such a name; nothing is downloaded then.
        EmbedderError, GeneratorError: a file cannot be had, or is another.
    """
    for model in [_find(name) for name in names]:
        for file in model.files:
            yield model, file, _hub.fetched(file, model.name, _ERRORS[model.kind])


def export(name: str, target: Path) -> int:
    """Writes a model that is here into a tar; returns its bytes.

    Raises:
        UsageError: there is no model of that name.
        ModelError: it is not whole here, or the tar cannot be written.
    """
    return _hub.exported(_find(name), target)


def take(source: Path) -> tuple[Offered, ...]:
    """Puts the models of a tar that `export` made where `--embedder` and `--generator` find them.

    Raises:
        UsageError: there is no such file, or `export` did not make it.
        ModelError: it is damaged or of another version, or there is no room.
    """
    return _hub.imported(source, {model.name: model for model in offered()})


def _kept(model: Offered) -> Listed:
    kept = (_hub.kept(file) for file in model.files if _hub.whole(file))
    return Listed(model, tuple(path for path in kept if path))


def _find(name: str) -> Offered:
    """The model of that name; "clip:siglip2-base" is understood too."""
    known = {model.name: model for model in offered()}
    plain = name.removeprefix("clip:").removeprefix("llamacpp:")
    if plain in known:
        return known[plain]
    near = get_close_matches(plain, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "`imagelore models` lists them"
    raise UsageError(f"there is no model {name!r}: {hint}")
