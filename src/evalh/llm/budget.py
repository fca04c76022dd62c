"""The hard limits of a run's calls and cost, shared by every endpoint of the run, and what was spent of them.

Nothing is started that could pass a limit: what is in flight counts with the most that it may cost.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evalh.errors import Stopped, UserError
from evalh.models.endpoint import Prices

_STOPPED = "the run was stopped; give the same command again to go on"


@dataclass(frozen=True)
class Spent:
    """The tokens of one HTTP attempt; `cached` are among `input`."""

    input: int = 0
    cached: int = 0
    output: int = 0


class Budget:
    """Counts calls, tokens and cost, and says when no more may be spent. Usable from several threads.

    Args:
        max_calls: The most HTTP requests; None: no limit.
        max_cost: The most that may be spent, in the currency of `prices`; None: no limit.
        prices: What tokens cost where an endpoint names no prices of its own. Raises UserError where `max_cost` is
            given without them.

    """

    def __init__(
        self, max_calls: int | None = None, max_cost: float | None = None, prices: Prices | None = None
    ) -> None:
        if max_cost is not None and prices is None:
            raise UserError("a limit of cost needs the prices of tokens; add 'prices' to the judge in the config")
        self.max_calls = max_calls
        self.max_cost = max_cost
        self.prices = prices
        self.calls = 0
        self.input_tokens = 0
        self.cached_tokens = 0
        self.output_tokens = 0
        self.cost = 0.0
        """0.0 without prices."""
        self._held = 0.0
        self._stopped: str | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, max_calls: int | None, max_cost: float | None, endpoints: Mapping[str, Prices | None]) -> Budget:
        """The budget of a run that asks several endpoints: their prices, by the section of the configuration.

        Raises UserError where `max_cost` is given and nothing is asked, one of them has no prices, or they differ in
        their currency.
        """
        if max_cost is None:
            return cls(max_calls)
        if not endpoints:
            raise UserError("a limit of cost needs a model that is asked; leave --max-cost away")
        without = next((name for name, prices in endpoints.items() if prices is None), None)
        if without is not None:
            raise UserError(f"a limit of cost needs the prices of tokens; add 'prices' to '{without}' in the config")
        by_currency = {prices.currency: name for name, prices in endpoints.items() if prices is not None}
        if len(by_currency) > 1:
            told = " and ".join(f"{currency} ('{name}')" for currency, name in by_currency.items())
            raise UserError(f"a limit of cost needs prices in one currency, found {told}; write all of them in one")
        return cls(max_calls, max_cost, next(iter(endpoints.values())))

    def worst(self, input_tokens: int, output_tokens: int, prices: Prices | None = None) -> float:
        """The most that so many tokens may cost; `prices`: of the endpoint, default: the budget's."""
        prices = prices or self.prices
        return prices.cost(input_tokens, output_tokens) if prices else 0.0

    def take(self, worst: float, prices: Prices | None = None) -> bool:
        """Reserve one call that costs at most `worst`; False: wait, calls in flight hold what it would need.

        Raises Stopped when a limit is reached, whatever becomes of the calls in flight.
        """
        with self._lock:
            if self._stopped is not None:
                raise Stopped(self._stopped)
            if self.max_calls is not None and self.calls >= self.max_calls:
                calls = "1 call" if self.max_calls == 1 else f"{self.max_calls} calls"
                raise Stopped(_sentence(f"the limit of {calls} is reached", "--max-calls"))
            if self.max_cost is not None and self.cost + worst > self.max_cost:
                raise Stopped(self._too_dear(worst, prices))
            if self.max_cost is not None and self.cost + self._held + worst > self.max_cost:
                return False
            self.calls += 1
            self._held += worst
            return True

    def stop(self, reason: str | None = None) -> None:
        """Let nothing more be started; what is in flight may end. `reason`: the sentence to tell; the first stays."""
        with self._lock:
            self._stopped = self._stopped or reason or _STOPPED

    @property
    def stopped(self) -> str | None:
        """Why nothing more may be started, where `stop` said so; None: it may."""
        return self._stopped

    def settle(self, worst: float, spent: Spent | None, prices: Prices | None = None) -> None:
        """Replace what was reserved by what was spent; None: unknown, so all that was reserved.

        `prices`: of the endpoint, default: the budget's.
        """
        prices = prices or self.prices
        with self._lock:
            self._held = max(self._held - worst, 0.0)
            if spent is None:
                self.cost += worst
                return
            self.input_tokens += spent.input
            self.cached_tokens += spent.cached
            self.output_tokens += spent.output
            if prices:
                self.cost += prices.cost(spent.input, spent.output, spent.cached)

    def _too_dear(self, worst: float, prices: Prices | None) -> str:
        prices = prices or self.prices
        currency = prices.currency if prices else ""
        return _sentence(
            f"{self.cost:.4f} of {self.max_cost:.4f} {currency} are spent and the next call may cost {worst:.4f}",
            "--max-cost",
        )


def _sentence(reached: str, option: Literal["--max-calls", "--max-cost"]) -> str:
    return f"{reached}; what was done is kept: raise {option} and give the same command again to go on"
