"""The edge to LanceDB: its exceptions as ours, its coroutines as calls, and one writer at a time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lancedb.background_loop import LOOP

from imagelore.errors import KnowledgeBaseError

T = TypeVar("T")
LOCK_SECONDS = 20.0  # how long a writer waits for another one
_PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds before a change is tried again
_FULL = ("no space left", "os error 28", "disk quota", "os error 122", "file too large", "os error 27")
_FORBIDDEN = ("permission denied", "os error 13", "read-only file system", "os error 30", "operation not permitted")
_CONFLICT = ("commit conflict", "conflicting", "concurrent", "preempted")
_LOST = ("not found", "no such file", "os error 2)")
_NO_COLUMN = "no field named"
_NOWHERE = "no object store provider found"


def is_local(address: str) -> bool:
    """Whether it is a folder rather than the address of an object store."""
    return "://" not in address


def call(address: str, work: Coroutine[Any, Any, T]) -> T:
    """The result of a LanceDB coroutine.

    Raises:
        KnowledgeBaseError: LanceDB failed.
    """
    with edge(address):
        result: T = LOOP.run(work)
        return result


def write(address: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The same for a change: under the lock, and tried again when another writer's commit came first."""
    with locked(address):
        for pause in _PAUSES:
            try:
                return call(address, work())
            except _ConflictError:
                time.sleep(pause)
        return call(address, work())


class _ConflictError(KnowledgeBaseError):
    """Another writer's commit came first."""


@contextmanager
def edge(address: str) -> Iterator[None]:
    """Maps what LanceDB and the file system raise (OSError, RuntimeError, ValueError) to one line of ours."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        raise _mapped(address, error) from error


def _mapped(address: str, error: Exception) -> KnowledgeBaseError:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return KnowledgeBaseError(f"`{address}` is no folder: give another place for the knowledge base with --kb")
    said = " ".join(str(error).split())
    lower = said.lower()
    if _NOWHERE in lower:  # what follows the scheme may hold a secret
        return KnowledgeBaseError(
            f"a knowledge base cannot be at an address {address.partition('://')[0]}://...: give a folder with --kb, "
            "or azure-search://SERVICE/INDEX, or what LanceDB takes, like s3://BUCKET/PATH"
        )
    if any(sign in lower for sign in _FULL):
        return KnowledgeBaseError(
            f"no space is left for the knowledge base at `{address}`: free some and run the same command again; what "
            "was written before is kept"
        )
    if any(sign in lower for sign in _FORBIDDEN):
        return KnowledgeBaseError(
            f"the knowledge base at `{address}` may not be read or written (permission denied, or a read-only disk): "
            "change its permissions, or give another folder with --kb"
        )
    if any(sign in lower for sign in _CONFLICT):
        return _ConflictError(
            f"another imagelore run keeps writing to the knowledge base at `{address}`: run this again when it is done"
        )
    if _NO_COLUMN in lower:
        return KnowledgeBaseError(
            f"the knowledge base at `{address}` was made before this imagelore and lacks a column that is asked for: "
            "run `imagelore index` on its source once"
        )
    if any(sign in lower for sign in _LOST):
        return KnowledgeBaseError(
            f"the knowledge base at `{address}` is gone or has lost files ({said[:160]}): index again, or give another "
            "one with --kb"
        )
    return KnowledgeBaseError(f"the knowledge base at `{address}` does not work ({type(error).__name__}: {said[:200]})")


@contextmanager
def locked(address: str) -> Iterator[None]:
    """One writer at a time to a local folder; the operating system frees the lock when its process dies.

    Object stores, and Windows, rely on LanceDB's optimistic commits alone.

    Raises:
        KnowledgeBaseError: another process kept writing for `LOCK_SECONDS`.
    """
    if sys.platform == "win32" or not is_local(address):
        yield
        return
    import fcntl

    with edge(address):
        handle = os.open(Path(address) / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise KnowledgeBaseError(
                        f"another imagelore run is writing to `{address}`: run this again when it is done"
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(handle)
