"""How often a failed call is tried again, and after what wait; the waiting itself is the client's."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from evalh.llm.failures import Failed
from evalh.models import FailureClass

FIRST_WAIT = 0.5
LONGEST_WAIT = 20.0
LONGEST_ASKED = 60.0
"""Seconds: an endpoint that asks for a longer wait is not waited for."""
MOST_ASKED = 300.0
"""Seconds that one call waits in all because the endpoint asks for it, without using up an attempt."""

_GROUPS: dict[FailureClass, str] = {
    "connection": "transport", "timeout": "transport", "server": "transport", "rate_limited": "transport",
    "truncated": "truncated", "empty": "empty", "refusal": "refusal", "invalid_json": "unreadable",
    "schema": "unreadable", "out_of_range": "out_of_range",
}  # fmt: skip
_RETRIES = {"transport": 4, "truncated": 1, "empty": 2, "refusal": 1, "unreadable": 2, "out_of_range": 1}
_random = random.SystemRandom().random


async def _rest(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@dataclass(frozen=True)
class Clock:
    """Time and chance, so that tests need not wait for either.

    `now` and `wall` are seconds (of any clock; of the day); `rest` waits for the event, but only so many seconds;
    `random` gives a number in [0, 1).
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    rest: Callable[[asyncio.Event, float], Awaitable[None]] = _rest
    random: Callable[[], float] = _random


@dataclass
class Patience:
    """What one call may still try. `until` is its deadline on the clock."""

    clock: Clock
    until: float
    used: Counter[str] = field(default_factory=Counter)
    asked: float = 0.0

    def wait(self, failed: Failed, *, busy: bool = False) -> float:
        """Seconds to wait before the next attempt. Raises `failed` when there is none, or no time for it.

        `busy`: the endpoint answers other calls at the time, so that "too many" need not use up an attempt.
        """
        group = _GROUPS.get(failed.class_)
        if group is None or failed.fatal or (failed.retry_after or 0.0) > LONGEST_ASKED:
            raise failed
        seconds = self._asked(failed, busy=busy)
        if seconds is None:
            if self.used[group] >= _RETRIES[group]:
                raise failed
            self.used[group] += 1
            seconds = self._backoff(failed) if group == "transport" else 0.0
        if self.clock.now() + seconds >= self.until:
            raise failed
        return seconds

    def _asked(self, failed: Failed, *, busy: bool) -> float | None:
        """The wait that the endpoint asks for, a little spread; None where the attempt counts."""
        if failed.class_ != "rate_limited" or (failed.retry_after is None and not busy):
            return None
        asked = FIRST_WAIT if failed.retry_after is None else failed.retry_after
        seconds = max(asked, 0.1) * (1.0 + 0.1 * self.clock.random())
        if self.asked + seconds > MOST_ASKED:
            return None
        self.asked += seconds
        return seconds

    def _backoff(self, failed: Failed) -> float:
        longest = min(FIRST_WAIT * 2.0 ** (self.used["transport"] - 1), LONGEST_WAIT)
        return max(self.clock.random() * longest, failed.retry_after or 0.0)
