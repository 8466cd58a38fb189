"""Stages that overlap: the pieces an indexing pipeline is put together from."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_STEP, _SECONDS = 16, 1.0  # so many results of an item are made in one go, or for so long

T = TypeVar("T")
R = TypeVar("R")


def overlapped(work: Callable[[T], R], items: Iterable[T], workers: int, ahead: int = 2) -> Generator[R, None, None]:
    """`map` in `workers` threads, in order, with at most `workers * ahead` items under way or waiting to be taken.

    Chained, each stage works while the next one does, and memory stays bounded. An exception of `work` comes out at
    its item's place; items not yet begun are then dropped.
    """
    failed = threading.Event()

    def unless_failed(item: T) -> R:
        if failed.is_set():
            raise CancelledError
        try:
            return work(item)
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(workers, thread_name_prefix=getattr(work, "__name__", "work")) as pool:
        under_way: deque[Future[R]] = deque()
        try:
            for item in items:
                under_way.append(pool.submit(unless_failed, item))
                while under_way and (under_way[0].done() or len(under_way) >= workers * ahead):
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def interleaved(
    work: Callable[[T], Iterable[R]], items: Iterable[T], workers: int, ahead: int = 1
) -> Generator[R, None, None]:
    """What `work` makes of each item, many results or one: read in `workers` threads, at most `ahead` items a thread
    begun and not yet ended.

    An item's results keep their order, and the items take turns: a long one keeps the others from neither starting nor
    ending. Each goes no further than a step past what was taken of it, so memory stays bounded.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix=getattr(work, "__name__", "work")) as pool:
        under_way: deque[tuple[Iterator[list[R]], Future[list[R]]]] = deque()

        def step(results: Iterator[list[R]]) -> None:
            under_way.append((results, pool.submit(next, results, [])))

        waiting = iter(items)
        try:
            while True:
                for item in islice(waiting, workers * ahead - len(under_way)):
                    step(chunked(work(item), _STEP, _SECONDS))
                if not under_way:
                    return
                results, future = under_way.popleft()
                if taken := future.result():
                    step(results)
                    yield from taken
        finally:
            for _, future in under_way:
                future.cancel()


def chunked(items: Iterable[T], size: int, seconds: float = float("inf")) -> Generator[list[T], None, None]:
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
