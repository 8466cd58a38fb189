"""Stages that overlap: the pieces an indexing pipeline is put together from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def overlapped(work: Callable[[T], R], items: Iterable[T], workers: int, ahead: int = 2) -> Generator[R, None, None]:
    """`map` in `workers` threads, in order, with at most `workers * ahead` items under way or waiting to be taken.

    Chained, each stage works while the next one does, and memory stays bounded. An exception of `work` comes out at
    its item's place; items not yet begun are then dropped.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix=getattr(work, "__name__", "work")) as pool:
        under_way: deque[Future[R]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(work, item))
                while under_way and (under_way[0].done() or len(under_way) >= workers * ahead):
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def chunked(items: Iterable[T], size: int, seconds: float = float("inf")) -> Iterator[list[T]]:
    """Lists of up to `size` items; a list that has been open for `seconds` is closed at the next item."""
    chunk: list[T] = []
    opened = time.monotonic()
    for item in items:
        chunk.append(item)
        if len(chunk) >= size or time.monotonic() - opened >= seconds:
            yield chunk
            chunk, opened = [], time.monotonic()
    if chunk:
        yield chunk
