"""How far a run is, on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from imagelore.flows.ingest import Progress as Told

_LINE_EVERY = 5.0  # seconds between progress lines where there is no terminal
_STAGES = {
    "listing": "Listing",
    "indexing": "Indexing",
    "uploading": "Uploading",
    "finishing": "Finishing",
    "asking": "Asking",
    "describing": "Describing",
}
_COUNTED = {  # stages that show how far they are, and in what
    "indexing": "files",
    "uploading": "files",
    "asking": "questions",
    "describing": "pictures",
}


@contextmanager
def progress() -> Iterator[Callable[[Told], None]]:
    """Shows a run's progress on stderr: a bar with rate and time left on a terminal, a plain line now and then else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Listing", total=None, rate="")

        def tell(now: Told) -> None:
            elapsed = bar.tasks[task].elapsed or 0
            rate = _pace(now, elapsed) if now.stage in _COUNTED and elapsed else ""
            bar.update(task, description=_STAGES[now.stage], completed=now.done, total=now.total or None, rate=rate)

        yield tell


def _pace(now: Told, seconds: float) -> str:
    """What was done beside files, and how fast: pictures a second, parts of documents among them."""
    told = [f"{now.parts:,} more parts of documents"] if now.parts else []
    told.append(f"{(now.done + now.parts) / seconds:,.0f}/s")
    if now.read:
        told.append(f"text read in {now.read:,}, {now.read / seconds:,.1f}/s")
    return ", ".join(told)


class _Lines:
    """Progress as plain lines, for logs."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def __call__(self, now: Told) -> None:
        at = time.monotonic()
        if now.stage not in _COUNTED or (at - self._last < _LINE_EVERY and now.done < now.total):
            return
        self._last = at
        elapsed = max(at - self._start, 1e-9)
        left = f", {(now.total - now.done) * elapsed / now.done:.0f} s left" if now.done else ""
        what = _COUNTED[now.stage]
        click.echo(f"{now.done:,} of {now.total:,} {what}, {_pace(now, elapsed)}{left}", err=True)
