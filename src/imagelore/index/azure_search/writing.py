"""Batches of documents on their way in, and whether reads see them.

https://learn.microsoft.com/rest/api/searchservice/documents/ : a batch holds at most 1,000 actions and 16 MB; each
document has a status of its own (207 where they differ).
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from azure.core.exceptions import HttpResponseError
from azure.search.documents import IndexDocumentsBatch
from azure.search.documents.models import IndexAction

from imagelore import _azure
from imagelore.errors import KnowledgeBaseError
from imagelore.index._values import chunks
from imagelore.index.azure_search.connection import METHODS, WRITE, Connection
from imagelore.index.azure_search.documents import key
from imagelore.index.azure_search.filter import one_of

MOST_ACTIONS = 1_000
MOST_BYTES = 15_000_000  # of 16 MB: the frame around the documents needs some
CHUNK = 500  # ids in one filter
PENDING = 5_000  # writes remembered until a read has shown them; past that, those that can be seen are forgotten
_BUSY = (409, 422, 429, 503)  # statuses of a document that is worth another try
_EACH = 0.006  # seconds that `wait` waits longer for each change: a minute for 10,000
_LONGEST = 900.0  # seconds that it waits at most, unless the setting `azure_timeout` is above
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # seconds; the last one again and again

Action = dict[str, Any]


class Part(NamedTuple):
    """What a document of the index says about where it belongs."""

    version: str
    digest: str
    parent: str

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Part:
        """From its fields, which may be null or left out."""
        return cls(*(document.get(name) or "" for name in cls._fields))


class _Change(NamedTuple):
    """What was done to a document, and when: what another process wrote there since has a later token.

    As far as the clocks of their machines agree; else a read may count as later than it is, or the wait gets longer.
    """

    token: str
    part: Part | None = None  # as it was written; None: removed

    def seen(self, document: Mapping[str, Any] | None) -> bool:
        """Whether a read that found this document, or none, was after the change."""
        if document is None:
            return self.part is None
        return (document["written"] or "") >= self.token


class Writer:
    """Uploads and deletes of one process, and which of them no read has shown yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: dict[str, _Change] = {}
        self._most = PENDING

    def upload(self, documents: Sequence[dict[str, Any]]) -> Mapping[str, str]:
        """Writes whole documents; id -> reason of those that the service refused for good.

        Raises:
            KnowledgeBaseError: the service cannot be reached, is full, or stays too busy.
        """
        token = _token()
        refused = self._send([{"@search.action": "upload", **each, "written": token} for each in documents])
        self._note({each["id"]: _Change(token, Part.of(each)) for each in documents if each["id"] not in refused})
        return refused

    def delete(self, ids: Sequence[str]) -> None:
        """Removes documents; unknown ids are no error.

        Raises:
            KnowledgeBaseError: as `upload`, or the service refused one.
        """
        change = _Change(_token())
        refused = self._send([{"@search.action": "delete", "key": key(id), "id": id} for id in dict.fromkeys(ids)])
        self._note(dict.fromkeys(set(ids) - set(refused), change))
        for id, reason in refused.items():
            raise KnowledgeBaseError(f"Azure AI Search at {self._connection.host} does not remove {id!r}: {reason}")

    def now(self, found: Mapping[str, Part], parents: frozenset[str]) -> Mapping[str, Part]:
        """The parts of these parents: those that a read found, but where this process has written something since."""
        written = {id: change.part for id, change in self._pending.items()}
        known: dict[str, Part | None] = {**found, **written}
        return {id: part for id, part in known.items() if part and part.parent in parents}

    def wait(self) -> str:
        """Returns "" when reads see everything that was written here, else a line that says what they do not show.

        It waits for the setting `azure_timeout`, and longer the more is outstanding, up to a quarter of an hour.

        Raises:
            KnowledgeBaseError: the service cannot be asked.
        """
        start = time.monotonic()
        longest = min(self._connection.timeout + len(self._pending) * _EACH, max(self._connection.timeout, _LONGEST))
        for pause in _pauses():
            self._forget_seen()
            if not self._pending:
                return ""
            if time.monotonic() - start + pause > longest:
                break
            time.sleep(pause)
        return (
            f"Azure AI Search at {self._connection.host} took {len(self._pending):,} changes that it does not show "
            f"after {longest:,.0f} seconds: nothing is lost, searches find them a little later"
        )

    def _note(self, written: Mapping[str, _Change]) -> None:
        self._pending |= written
        if len(self._pending) > self._most:
            self._forget_seen()
            self._most = len(self._pending) + PENDING

    def _forget_seen(self) -> None:
        for ids in chunks(self._pending, CHUNK):
            query = {"filter": one_of("id", ids), "select": ["id", "written"], "top": len(ids), "order_by": ["id"]}
            found = {each["id"]: each for each in self._connection.search(search_text="*", **query)}
            for id in ids:
                if self._pending[id].seen(found.get(id)):
                    del self._pending[id]

    def _send(self, actions: Sequence[Action]) -> dict[str, str]:
        refused: dict[str, str] = {}
        for batch in batches(actions, refused):
            refused |= self._send_batch(batch)
        return refused

    def _send_batch(self, batch: list[Action]) -> dict[str, str]:
        """One batch, its busy documents again and again within the setting `azure_retries`."""
        refused: dict[str, str] = {}
        for pause in islice(_pauses(), self._connection.retries + 1):
            by_key = {action["key"]: action for action in batch}
            statuses = [status for status in self._index(batch, refused) if not status.succeeded]
            busy = [status for status in statuses if status.status_code in _BUSY]
            for status in statuses:
                if status.status_code not in _BUSY:
                    refused[by_key[status.key]["id"]] = f"status {status.status_code}: {status.error_message}"
            if not busy:
                return refused
            batch = [by_key[status.key] for status in busy]
            time.sleep(pause)
        raise KnowledgeBaseError(
            f"Azure AI Search at {self._connection.host} is too busy for {len(busy):,} documents (status "
            f"{busy[0].status_code}): what was written before is kept; run the same command again later"
        )

    def _index(self, batch: list[Action], refused: dict[str, str]) -> list[Any]:
        """The status of each document; a batch that is too large for the service goes in halves."""
        actions = IndexDocumentsBatch()
        actions.enqueue_actions([_action(action) for action in batch])
        with self._connection.edge(WRITE):
            try:
                return self._connection.documents.index_documents(actions, retry_on_methods=METHODS)
            except HttpResponseError as error:
                if _azure.status(error) != 413:
                    raise
        if len(batch) == 1:
            refused[batch[0]["id"]] = "it is larger than Azure AI Search takes"
            return []
        middle = len(batch) // 2
        return self._index(batch[:middle], refused) + self._index(batch[middle:], refused)


def batches(actions: Sequence[Action], refused: dict[str, str]) -> Iterator[list[Action]]:
    """Actions in batches within the limits; one that is too large by itself is noted in `refused`."""
    batch: list[Action] = []
    room = MOST_BYTES
    for action in actions:
        size = _size(action)
        if size > MOST_BYTES:
            refused[action["id"]] = f"its document would have {size / 1e6:,.0f} MB; 16 MB are the limit"
            continue
        if len(batch) == MOST_ACTIONS or size > room:
            yield batch
            batch, room = [], MOST_BYTES
        batch.append(action)
        room -= size
    if batch:
        yield batch


def _token() -> str:
    """Differs from every other, and sorts by the time at which it was made."""
    return f"{time.time_ns():020}-{uuid.uuid4().hex}"


def _action(action: Action) -> IndexAction:
    """The SDK's own; `update` takes vectors as they are, where its constructor looks at every number of them."""
    made = IndexAction()
    made.update(action)
    return made


def _size(action: Action) -> int:
    """Bytes of an action as JSON, at most: a number of nine digits takes 17 with sign, exponent and comma."""
    vectors = {name: value for name, value in action.items() if isinstance(value, list) and _is_vector(value)}
    rest = {name: value for name, value in action.items() if name not in vectors}
    return len(json.dumps(rest)) + sum(len(name) + 17 * len(value) + 10 for name, value in vectors.items())


def _is_vector(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], float)


def _pauses() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]
