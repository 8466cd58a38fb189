"""What the page works on: the settings, the knowledge base when there is one, and the way to fill it."""

from __future__ import annotations

import contextlib
import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from imagelore.errors import ImageloreError, KnowledgeBaseError
from imagelore.flows.add import folder_for, source_for
from imagelore.flows.ingest import Progress, Report, Run, ingest
from imagelore.flows.knowledge import KnowledgeBase, index_exists
from imagelore.settings import Settings


@dataclass
class Session:
    """One served knowledge base. `kb` is None until something is indexed; `adding` is held by a run that adds."""

    settings: Settings
    kb: KnowledgeBase | None = None
    adding: threading.Lock = field(default_factory=threading.Lock)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the page: then it may also add pictures."""
        return is_loopback(self.settings.host)

    @property
    def folder(self) -> Path | None:
        """Where pictures that are added on the page go; None where the page must not add any."""
        return folder_for(self.settings) if self.local else None

    def opened(self) -> KnowledgeBase:
        """The knowledge base, opened now if nobody came before.

        Raises:
            KnowledgeBaseError: nothing is indexed yet.
            ImageloreError: there is one that cannot be opened.
        """
        if self.kb is None:
            self.look_again()
        if self.kb is None:
            raise KnowledgeBaseError(f"there is no knowledge base yet: imagelore index FOLDER --kb {self.settings.kb}")
        return self.kb

    def look_again(self) -> None:
        """Opens the knowledge base if it was made meanwhile, by adding pictures or by a command in another window.

        One that is open stays so: its reads always see the latest state.

        Raises:
            ImageloreError: there is one that cannot be opened.
        """
        with self._opening:
            if self.kb is None and index_exists(self.settings):
                self.kb = KnowledgeBase(self.settings)

    def index_added(self, folder: Path, progress: Callable[[Progress], None]) -> Report:
        """Indexes the folder of added pictures (or the source that holds it); opens the knowledge base if it is new.

        A run that fails halfway may have made it, so it is opened then too.
        """
        sources = self.kb.index.info().sources if self.kb else ()
        try:
            return ingest(self.settings, source_for(folder, sources), Run(progress=progress))
        finally:
            with contextlib.suppress(ImageloreError):  # the run's own error says more; the next page tells this one
                self.look_again()


def is_loopback(host: str) -> bool:
    """Whether an address (or `localhost`) is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
