"""How much memory decoding may take, over all threads together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

BUDGET = 900_000_000  # bytes in flight over all threads: with the rest of a process this stays below 1.5 GB


class Budget:
    """A weighted semaphore: work that together would take more than `total` waits for its turn."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Holds `amount` (at most all of it) while the block runs."""
        amount = min(amount, self.total)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + amount <= self.total)
            self._taken += amount
        try:
            yield
        finally:
            with self._changed:
                self._taken -= amount
                self._changed.notify_all()


decoding = Budget(BUDGET)
