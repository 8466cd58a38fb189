"""What the caller of an index run decides and hears, and what the run has come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from imagelore.flows._plan import Change
from imagelore.flows._reading import Skipped
from imagelore.flows._stages import Embedded, Written

_TOLD = 200  # warnings that a report keeps; further ones are counted
_NAMED = 1_000  # skipped files, and parts of them, that a report names; all are counted


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `done` of `total` files in this stage (total 0: not known yet).

    `parts`: what of documents was done beyond their first parts. `read`: pictures in which text was looked for.
    """

    stage: Literal["listing", "indexing", "uploading", "finishing", "asking", "describing"]
    done: int = 0
    total: int = 0
    skipped: int = 0
    parts: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, in files; `parts` counts the records that documents have beyond one each, and `read` the pictures
    in which text was looked for. `skipped` holds (uri, reason) of the first 1,000 of `skipped_count`.

    `stopped`: it was interrupted, and the next run goes on. `incomplete`: what could not be listed ("" where all was);
    nothing was removed then.
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    skipped: tuple[tuple[str, str], ...]
    skipped_count: int
    warnings: tuple[str, ...]
    seconds: float
    parts: int = 0
    read: int = 0
    stopped: bool = False
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What the caller of a run decides: how to hear of progress, when to stop, and what may be removed."""

    progress: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False
    allow_removals: bool = False
    name: str = ""  # of the source; "": its folder's name


class Skips:
    """What is left out: (uri, reason) of the first ones, and how many there are."""

    def __init__(self, items: Iterable[tuple[str, str]] = ()) -> None:
        self.named: list[tuple[str, str]] = []
        self.count = 0
        self.add(items)

    def add(self, items: Iterable[tuple[str, str]]) -> None:
        """Counts them all."""
        for item in items:
            self.count += 1
            if len(self.named) < _NAMED:
                self.named.append(item)


class Tally:
    """Counts a run, and is where it hears of progress and of a wish to stop."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.total = self.added = self.updated = self.removed = self.parts = 0
        self.incomplete = self.unseen = ""  # what could not be listed, and what reads do not show yet
        self._passed = self._passed_parts = self._read = self._missed = self._untold = 0
        self._skips = Skips()
        self.skip = self._skips.add  # (uri, reason) of what is left out
        self._warnings: list[str] = []

    def wanted(self, changes: Iterator[Change]) -> Iterator[Change]:
        """The changes, until the caller wants to stop; what is under way by then is still written."""
        for change in changes:
            if self._run.stop():
                return
            yield change

    def passing(self, batches: Iterable[Sequence[Embedded]]) -> Iterator[Embedded]:
        """The items of embedded batches, telling progress as they pass."""
        for batch in batches:
            for item in batch:
                self._pass(item)
            done = (self._passed, self.total, self._skips.count, self._passed_parts, self._read)
            self._run.progress(Progress("indexing", *done))
            yield from batch

    def _pass(self, item: Embedded) -> None:
        if isinstance(item, Skipped):
            self.skip([(item.uri, item.reason)])
            part = item.part
        else:
            _, draft = item
            part = bool(draft.parent)
            self._read += draft.looked
            self._missed += draft.missed
        self._passed += not part
        self._passed_parts += part

    def add(self, written: Written) -> None:
        """Counts a chunk that is safe in the index."""
        self.added += written.added
        self.updated += written.updated
        self.parts += written.parts
        self.skip((item.uri, item.reason) for item in written.skipped)
        self.warn(written.warnings)

    def warn(self, lines: Iterable[str]) -> None:
        """Keeps warnings, up to a bound."""
        for line in lines:
            if len(self._warnings) < _TOLD:
                self._warnings.append(line)
            else:
                self._untold += 1

    def report(self, listed: int, seconds: float) -> Report:
        """The run's summary."""
        first = [self.unseen] if self.unseen else []
        if self._missed:
            seem = "picture seems" if self._missed == 1 else "pictures seem"
            first.append(f'{self._missed:,} {seem} to hold text, which was not read: pip install "imagelore[ocr]"')
        more = [f"... and {self._untold:,} more warnings"] if self._untold else []
        return Report(
            added=self.added,
            updated=self.updated,
            unchanged=listed - self.total,
            removed=self.removed,
            skipped=tuple(self._skips.named),
            skipped_count=self._skips.count,
            warnings=(*first, *self._warnings, *more),
            seconds=seconds,
            parts=self.parts,
            read=self._read,
            stopped=self._run.stop(),
            incomplete=self.incomplete,
        )
