"""`imagelore describe`: a vision model's captions and tags for pictures that nobody has described.

They are stored beside what people wrote, never over it, and shown as the model's. Requests overlap; what was described
is written every few seconds, and a later run goes on with the rest, within its own budget.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from imagelore.errors import ImageloreError
from imagelore.flows._calibrate import calibrate
from imagelore.flows._captions import task
from imagelore.flows._describing import Asking, Failed, Said, chat_model
from imagelore.flows._overlap import chunked, overlapped
from imagelore.flows._spending import Spending
from imagelore.flows._stages import document
from imagelore.flows._tally import Progress, Run, Skips
from imagelore.flows._wanted import Wanted
from imagelore.flows.knowledge import KnowledgeBase
from imagelore.generate import LocalModel
from imagelore.settings import Settings
from imagelore.types import Record, Scope, Usage

__all__ = ["DescribeReport", "Progress", "Run", "Wanted", "describe"]

_PAGE = 100  # records that are looked through at once
_CHUNK, _SECONDS = 32, 5.0  # described pictures are written when there are so many, or after so long
_IN_A_ROW = 3  # pictures that fail one after the other until the service itself is suspected
_AHEAD = 4  # pictures, per request at once, that wait for their turn
_PATIENCE = 150.0  # seconds that a throttled embedder is waited for, as indexing does


@dataclass(frozen=True, slots=True)
class DescribeReport:
    """What a run came to. `skipped` holds (uri, reason) of the first 1,000 of `skipped_count`.

    `left`: pictures that a later run would still describe, at most. `stopped`: "" where none is left but the skipped
    ones, else "most", "cost", "interrupted" or "service"; then `error` says what the service said.
    """

    described: int
    skipped: tuple[tuple[str, str], ...]
    skipped_count: int
    left: int
    usage: Usage
    cost: float | None  # None: no prices are set
    seconds: float
    stopped: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()


def describe(settings: Settings, wanted: Wanted = Wanted(), run: Run | None = None) -> DescribeReport:
    """Has a vision model describe the pictures that lack a text, and stores what it says beside them.

    One that fails is skipped by name, and the next run tries it again; a service that fails is asked no more.

    Raises:
        UsageError: what answers is no chat model that sees pictures, a budget without prices, or a wrong setting.
        ExpressionError: `wanted.where` cannot be read.
        KnowledgeBaseError: there is none, or it cannot be written; what was described before stays.
    """
    start = time.perf_counter()
    model, label = chat_model(settings)
    spending = Spending(settings, wanted.cost)
    task(b"", settings.describe_language)  # a wrong one is told before anything is done
    kb = KnowledgeBase(replace(settings, azure_patience=max(settings.azure_patience, _PATIENCE)))
    work = _Work(kb, Asking(settings, kb.pictures, model, label, spending), wanted, run or Run())
    warnings = work.done()
    return DescribeReport(
        described=work.described,
        skipped=tuple(work.skips.named),
        skipped_count=work.skips.count,
        left=work.left,
        usage=spending.usage,
        cost=spending.cost,
        seconds=time.perf_counter() - start,
        stopped=work.stopped,
        error=work.error,
        warnings=tuple(warnings),
    )


class _Work:
    """One run, and what it has come to."""

    def __init__(self, kb: KnowledgeBase, asking: Asking, wanted: Wanted, run: Run) -> None:
        self._kb = kb
        self._asking = asking
        self._wanted = wanted
        self._run = run
        self.described = 0
        self.skips = Skips()
        self.stopped = self.error = ""
        self._total = self._asked = 0
        self._passed = 0  # looked at, and not in need of a description
        self._row = 0  # requests that failed one after the other
        self._notice = ""  # why a picture was described from its thumbnail

    @property
    def left(self) -> int:
        """How many records a later run would look at."""
        return max(0, self._total - self._passed - self.described)

    def done(self) -> list[str]:
        """Does it all, and returns warnings."""
        index = self._kb.index
        index.declare({})  # what an earlier release made has no place for descriptions yet
        scope = self._wanted.scope(self._kb)
        self._total = index.count(scope)
        most = self._wanted.most
        candidates = islice(self._candidates(scope), most)
        at_once = 1 if isinstance(self._asking.model, LocalModel) else self._kb.settings.describe_at_once
        with closing(overlapped(self._asking, candidates, at_once, _AHEAD)) as outcomes:
            for chunk in chunked(self._taken(outcomes), _CHUNK, _SECONDS):
                self._write(chunk)
        if self._row and not self.described and not self._asking.halt and (told := self._asking.probe()):
            self._give_up(told)
        self.stopped = self._asking.halt or ("most" if most is not None and self._asked >= most and self.left else "")
        notes = [f"some pictures were described from their thumbnails: {self._notice}"] if self._notice else []
        return [*notes, *self._finished()]

    def _candidates(self, scope: Scope) -> Iterator[Record]:
        for record in self._records(scope):
            if self._run.stop():
                self._asking.stop("interrupted")
            if self._asking.halt:
                return
            if self._wanted.takes(record, self._asking.label):
                self._asked += 1
                yield record
            else:
                self._passed += 1

    def _records(self, scope: Scope) -> Iterator[Record]:
        """All of them by id, from anywhere on: with a budget, pictures that always fail must not always come first."""
        start = f"{random.getrandbits(128):032x}"
        for first, end in ((start, ""), ("", start)):
            after = first
            while page := self._kb.index.browse(scope, after, _PAGE):
                yield from (record for record in page if not end or record.id <= end)
                after = page[-1].id

    def _taken(self, outcomes: Iterator[Said | Failed | None]) -> Iterator[Said]:
        """What was said; failures are counted, and a service that fails is asked no more."""
        seen, total = 0, self._total if self._wanted.most is None else min(self._wanted.most, self._total)
        for outcome in outcomes:
            if self._run.stop():
                self._asking.stop("interrupted")
            if outcome is None:
                continue
            seen += 1
            if isinstance(outcome, Failed):
                self._failed(outcome)
            else:
                self._row = 0
                yield outcome
            self._run.progress(Progress("describing", seen, total, self.skips.count))

    def _failed(self, failed: Failed) -> None:
        self._skip(failed.record, failed.reason)
        self._row = self._row + 1 if failed.service else 0
        if failed.blind:
            self._give_up(failed.reason)
        elif self._row >= _IN_A_ROW:
            self._row = 0
            if told := self._asking.probe():
                self._give_up(told)

    def _give_up(self, reason: str) -> None:
        if not self.error:
            self._asking.halt, self.error = "service", reason

    def _skip(self, record: Record, reason: str) -> None:
        try:
            uri = self._kb.pictures.uri(record)
        except ImageloreError:
            uri = record.path
        self.skips.add([(uri, reason)])

    def _write(self, chunk: Sequence[Said]) -> None:
        """Stores descriptions beside the records as they are now; of a picture that changed meanwhile, none."""
        now = {r.id: r for r in self._kb.index.get([each.record.id for each in chunk], vectors=True)}
        records = [
            replace(now[said.record.id], described=said.described)
            for said in chunk
            if said.record.id in now and now[said.record.id].sha256 == said.record.sha256
        ]
        if not records:
            return
        vectors = self._kb.embedder.embed_texts([document(record) for record in records], role="document")
        placed = [
            replace(record, texts={space: rows[row] for space, rows in vectors.items()})
            for row, record in enumerate(records)
        ]
        refused = self._kb.index.upsert(placed)
        for record in records:
            if record.id in refused:
                self._skip(record, refused[record.id])
        self.described += len(records) - len(refused)
        self._notice = next((said.notice for said in chunk if said.notice), self._notice)

    def _finished(self) -> Iterator[str]:
        """What an index run does at its end, too; what it could not is told."""
        if not self.described:
            return
        self._run.progress(Progress("finishing"))
        if unseen := self._kb.index.refresh():
            yield unseen
        if self._run.stop():
            return
        try:
            calibrate(self._kb.index, self._kb.embedder, self.described)
        except ImageloreError as error:
            yield f"what fits a question could not be measured, and the next run of `imagelore index` does: {error}"
