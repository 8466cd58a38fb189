"""`imagelore doctor`: each configured service and model looked at on its own, and whether they fit together.

A provider may bring a `check` of its own, which yields what it finds and raises an `ImageloreError` where it cannot go
on; one that has none is opened and used once. One check that fails, hangs or breaks never hides the others.
"""

from __future__ import annotations

import dataclasses
import platform
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from PIL import Image

from imagelore import __version__, providers
from imagelore.errors import ImageloreError, KnowledgeBaseError
from imagelore.flows.knowledge import (
    check_embedder,
    embedder_name,
    generator_name,
    index_exists,
    index_name,
    load_embedder,
    open_index,
)
from imagelore.flows.models import used
from imagelore.flows.pictures import open_source, source_name
from imagelore.settings import Settings
from imagelore.types import Check, EmbedderInfo, IndexInfo

_PATIENCE = 25.0  # seconds for a service; those of a knowledge base are asked after it, so that all end in a minute
_PAUSE, _THOUGHT = 10.0, 20.0  # seconds for one answer of a service, and of a model that may think
_SECRET = 8  # characters: a shorter key is none, and would be found in ordinary words


@dataclass
class _Known:
    """What one check found out and another needs."""

    index: IndexInfo | None = None
    embedder: EmbedderInfo | None = None


class _Visit:
    """One service's checks in a thread of their own: what they found when the time is over counts."""

    def __init__(self, name: str, settings: Settings, look: Callable[[], Iterator[Check]]) -> None:
        self._name, self._look = name, look
        self._secrets = [getattr(settings, f.name) for f in dataclasses.fields(settings) if not f.repr]
        self._found: list[Check] = []
        self._end = time.monotonic() + _PATIENCE
        self._thread = threading.Thread(target=self._run, daemon=True)  # a hanging one must not keep the process
        self._thread.start()

    def checks(self) -> Iterator[Check]:
        """What was found, waiting for it as long as there is time."""
        self._thread.join(max(0.0, self._end - time.monotonic()))
        late = self._thread.is_alive()
        yield from map(self._without_secrets, tuple(self._found))
        if late:
            yield Check(self._name, False, f"no end after {_PATIENCE:g} s", "look at the network, and run this again")

    def _run(self) -> None:
        try:
            for check in self._look():
                self._found.append(check)
        except ImageloreError as error:
            self._found.append(_failed(self._name, error))
        except Exception as error:  # noqa: BLE001  (a provider's mistake: told like all else, and hides nothing)
            unforeseen = f"it broke unexpectedly ({type(error).__name__})"
            self._found.append(Check(self._name, False, unforeseen, "report this with what `--json` prints"))

    def _without_secrets(self, check: Check) -> Check:
        said, mend = check.said, check.mend
        for secret in (secret for secret in self._secrets if len(secret) >= _SECRET):
            said, mend = said.replace(secret, "…"), mend.replace(secret, "…")
        return replace(check, said=said, mend=mend)


def examine(settings: Settings, source: str = "") -> Iterator[Check]:
    """Looks at everything these settings name, side by side, and yields what it finds in a fixed order.

    Args:
        settings: what to look at; waits and retries are shortened.
        source: a folder or container to look at besides those of the knowledge base.
    """
    hasty, known = _hasty(settings, _PAUSE), _Known()
    generator = _Visit("generator", hasty, partial(_generator, _hasty(settings, _THOUGHT)))
    index = _Visit("knowledge base", hasty, partial(_index, hasty, known))
    yield Check("imagelore", True, f"{__version__} on Python {platform.python_version()}")
    yield from index.checks()
    visits = [_Visit("embedder", hasty, partial(_embedder, hasty, known))]
    addresses = _addresses(known, source)
    visits += [_Visit(f"source {at}", hasty, partial(_source, at, hasty)) for at in addresses]
    for visit in visits:
        yield from visit.checks()
    if _has_storage(settings) and not any(source_name(at) == "azure_blob" for at in addresses):
        unseen = "an account is set, and no container of it is known: `imagelore doctor az://ACCOUNT/CONTAINER`"
        yield Check("Azure Blob Storage", True, unseen)
    yield from _fit(hasty, known)
    yield from generator.checks()


def _hasty(settings: Settings, pause: float) -> Settings:
    return replace(
        settings,
        azure_retries=0,  # of a service that asks to wait, this is what to tell
        azure_patience=0.0,
        azure_timeout=min(pause, settings.azure_timeout),
        openai_retries=min(1, settings.openai_retries),
        openai_timeout=min(pause, settings.openai_timeout),
    )


def _failed(name: str, error: ImageloreError) -> Check:
    """An error's line says what failed, then what to do; a service's own words stand in parentheses before that."""
    line = str(error)
    said, _, mend = line.rpartition(": " if ": " in line else "; ")
    if not said or mend.count(")") > mend.count("("):  # that colon is the service's
        return Check(name, False, line)
    return Check(name, False, said, mend)


def _own(module: ModuleType) -> Callable[..., Iterator[Check]] | None:
    return getattr(module, "check", None)


def _index(settings: Settings, known: _Known) -> Iterator[Check]:
    if own := _own(providers.load("index", index_name(settings.kb))):
        yield from own(settings.kb, settings)
    if not index_exists(settings):
        raise KnowledgeBaseError(f"there is none at {settings.kb}: make one with `imagelore index FOLDER`")
    known.index = open_index(settings).info()
    yield Check("knowledge base", True, f"{known.index.records:,} records at {known.index.address}")


def _addresses(known: _Known, source: str) -> list[str]:
    """The roots of the knowledge base's sources, and the one asked for; each once."""
    roots = [info.root for info in known.index.sources] if known.index else []
    return list(dict.fromkeys([*roots, *([source] if source else [])]))


def _has_storage(settings: Settings) -> bool:
    return bool(settings.azure_storage_account or settings.azure_storage_connection_string)


def _source(address: str, settings: Settings) -> Iterator[Check]:
    if own := _own(providers.load("source", source_name(address))):
        yield from own(address, settings)
        return
    first = next(open_source(address, settings).list(), None)
    name = f"source {address}"
    if first is None:
        yield Check(name, False, "there is nothing in it", "look whether it is the right folder, or is mounted")
    else:
        yield Check(name, True, f"it can be listed; there is `{first.path}`")


def _embedder(settings: Settings, known: _Known) -> Iterator[Check]:
    stamped = known.index.embedder.name if known.index else ""
    name = settings.embedder or stamped or embedder_name(settings)
    own = _own(providers.load("embed", name.partition(":")[0]))
    embedder = load_embedder(name, settings, known.index.embedder if known.index else None)
    known.embedder = embedder.info
    if own:
        yield from own(settings)
        return
    for model in used(embedder.info.name, embedder.info.sentences):
        if model.here != "yes":
            said = f"{model.offered.name} ({model.offered.size / 1e9:.2f} GB) is not whole on this machine"
            yield Check("embedder", False, said, f"get it with `imagelore models pull {model.offered.name}`")
            return
    vectors = dict(embedder.embed_images([Image.new("RGB", (64, 64), "navy")]).vectors)
    vectors |= embedder.embed_texts(["a lighthouse"], role="query")
    for space, rows in vectors.items():
        if abs(float(np.linalg.norm(rows[0])) - 1) > 1e-3:
            yield Check("embedder", False, f"{name} makes no sound vectors in {space!r}", "reinstall imagelore")
            return
    yield Check("embedder", True, f"{name} {embedder.info.version} places a picture and a word in {', '.join(vectors)}")


def _fit(settings: Settings, known: _Known) -> Iterator[Check]:
    """Whether the knowledge base was made by the embedder that questions get."""
    name = "embedder fits the knowledge base"
    if known.index is None or known.embedder is None:
        yield Check(name, False, "not tried", f"first have {'an embedder' if known.index else 'a knowledge base'}")
        return
    try:
        check_embedder(known.embedder, known.index.embedder, settings.kb)
    except ImageloreError as error:
        yield _failed(name, error)
        return
    yield Check(name, True, f"both are {known.embedder.name} {known.embedder.version}")


def _generator(settings: Settings) -> Iterator[Check]:
    module: Any = providers.load("generate", generator_name(settings))
    if own := _own(module):
        yield from own(settings)
    else:
        yield Check("generator", True, module.create(settings).label)
