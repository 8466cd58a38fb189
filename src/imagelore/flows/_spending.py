"""What requests to a paid model have taken, and whether the next one still fits into what may be spent."""

from __future__ import annotations

import threading

from imagelore.errors import UsageError
from imagelore.flows._answering import cost
from imagelore.settings import Settings
from imagelore.types import Usage


class Spending:
    """Tokens and cost so far. Safe to use from several threads.

    Args:
        settings: the prices.
        most: what may be spent, in their currency; None: anything.

    Raises:
        UsageError: there is a limit, and no prices are set.
    """

    def __init__(self, settings: Settings, most: float | None) -> None:
        if most is not None and cost(Usage(), settings) is None:
            raise UsageError(
                "`--cost` needs prices: set `IMAGELORE_PRICE_INPUT` and `IMAGELORE_PRICE_OUTPUT` to what a million "
                "tokens cost"
            )
        self._settings = settings
        self._most = most
        self._settled = threading.Condition()
        self._held: list[float] = []  # for requests under way
        self._count = self._prompt = self._completion = 0
        self._estimated = 0  # prompt tokens of the same requests, as they were estimated

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return Usage(self._prompt, self._completion)

    @property
    def cost(self) -> float | None:
        """What they cost; None: no prices are set."""
        return cost(self.usage, self._settings)

    def hold(self, estimated: Usage) -> float | None:
        """What a request that is about to be sent will cost, by its estimate and by what the others came to.

        None where that, with what is spent, is more than may be spent. Where only those under way stand against it, it
        waits for what they really take: the first estimates are high.
        """
        with self._settled:
            while self._over(expected := cost(self._expected(estimated), self._settings) or 0.0):
                if not self._held:
                    return None
                self._settled.wait()
            self._held.append(expected)
            return expected

    def settle(self, held: float, estimated: Usage, used: Usage | None) -> None:
        """After the request: what it really took, the estimate where the server does not tell; None: it failed."""
        with self._settled:
            self._held.remove(held)
            if used is not None:
                self._count += 1
                self._estimated += estimated.prompt_tokens
                self._prompt += used.prompt_tokens or estimated.prompt_tokens
                self._completion += used.completion_tokens or estimated.completion_tokens
            self._settled.notify_all()

    def _over(self, expected: float) -> bool:
        return self._most is not None and (self.cost or 0.0) + sum(self._held) + expected > self._most

    def _expected(self, estimated: Usage) -> Usage:
        if not self._count:
            return estimated
        share = self._prompt / max(1, self._estimated)
        return Usage(round(estimated.prompt_tokens * share), round(self._completion / self._count))
