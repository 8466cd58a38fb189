"""How fast a service may be called: a rate that gives way when the service asks for it, and comes back."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakValueDictionary

_MARGIN = 0.97  # of the allowed rate: calls never arrive as evenly as they are sent
_START = 0.92  # of the allowed rate: at first, while connections are made, they come least evenly
_CUT = 0.8  # what is left of the rate after a refusal
_LEAST = 0.5  # calls a second, however often they are refused
_FAST, _SLOW = 0.2, 0.01  # growth a second
_NEAR = (0.9, 1.1)  # of the rate that was refused: between these slowly
_GUESS = 50.0  # calls a second after a refusal where no rate was set and hardly a call was made
_LATE = 0.01  # seconds: a start that was late by so much is made up for; what was missed otherwise is not
_SLICE = 0.5  # seconds: how long a waiting call may not hear that waiting has become pointless


class Throttle:
    """Paces the calls that all threads make: they start evenly, `1 / rate` seconds apart.

    A refusal (status 429) stops all calls for as long as the service says, and cuts the rate, once for all calls that
    were under way together. Then the rate grows again, slowly near where it was refused, else quickly, and never above
    the allowed one. (The shape is that of CUBIC's congestion window: Ha, Rhee and Xu, SIGOPS Review 42(5), 2008.)
    """

    def __init__(
        self,
        allowed: float = 0.0,  # calls a second; 0: no limit but what refusals teach
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._allowed = allowed * _MARGIN or math.inf
        self.rate = allowed * _START or math.inf
        self._clock, self._sleep = clock, sleep
        self._turn = threading.Lock()  # one thread waits for the next start; the others queue here
        self._state = threading.Lock()
        self._next = self._cut_at = -math.inf
        self._refused_at = allowed or math.inf  # the rate when refusals began
        self._refused_since: float | None = None
        self._grown_at = 0.0
        self._started: deque[float] = deque(maxlen=1000)
        self.succeeded_at = -math.inf

    def wait(self, check: Callable[[], None] = lambda: None) -> float:
        """Returns when a call may start: the time it is then. `check` is asked meanwhile; what it raises ends it."""
        with self._turn:
            check()  # before any sleep: of many that wait, each would sleep once before it hears
            while (left := self._next - self._clock()) > 0:
                self._sleep(min(left, _SLICE))
                check()
            with self._state:
                now, gap = self._clock(), 1 / self.rate
                self._next = max(self._next, now - min(gap, _LATE)) + gap
                self._started.append(now)
                return now

    def succeeded(self) -> None:
        """A call was answered."""
        with self._state:
            now = self._clock()
            self._refused_since, self.succeeded_at = None, now
            least, most = (share * self._refused_at for share in _NEAR)
            growth = _SLOW if least <= self.rate <= most else _FAST
            self.rate = min(self._allowed, self.rate * (1 + growth * min(max(now - self._grown_at, 0.0), 1.0)))
            self._grown_at = max(now, self._grown_at)

    def refused(self, started: float, pause: float, began: float = -math.inf) -> float:
        """A call that started then was refused: none starts for `pause` seconds.

        Returns for how many seconds, since `began`, there will then have been nothing but refusals.
        """
        with self._state:
            now = self._clock()
            self._next = max(self._next, now + pause)
            if self._refused_since is None:
                self._refused_since = now
                self._refused_at = self._measured(now)
            if started > self._cut_at:
                self.rate = max(_LEAST, min(self.rate, self._refused_at) * _CUT)
                self._cut_at, self._grown_at = now, self._next  # while nothing is sent, nothing is learnt
            return now + pause - max(self._refused_since, began)

    def _measured(self, now: float) -> float:
        if math.isfinite(self.rate):
            return self.rate
        return max(_GUESS, sum(1 for start in self._started if start > now - 1.0))


_SHARED: WeakValueDictionary[tuple[str, float], Throttle] = WeakValueDictionary()
_SHARING = threading.Lock()


def shared(address: str, allowed: float) -> Throttle:
    """The one throttle that all of this process's callers of a service have in common."""
    with _SHARING:
        if (throttle := _SHARED.get((address, allowed))) is None:
            throttle = _SHARED[address, allowed] = Throttle(allowed)
        return throttle
