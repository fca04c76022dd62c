"""How many calls an endpoint gets at a time, and how fast: less while it asks for patience, then more again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SLOWER = 0.8
ROW = 10
"""Answers in a row, or as many as there are calls at a time, before there is one more."""
WIDER = 1.2
NARROWER = 0.99
"""What the gap between two requests is multiplied with when the endpoint asks for patience, and when it answers."""

_RECENT_SECONDS = 10.0
_WIDEST = 20.0
_FIRST_GAP = 0.1
_NO_GAP = 0.001


class Limit:
    """Slots for calls, first come first served, and the time at which the next request may start.

    Requests start at any time until the endpoint first asks for patience; from then on at the rate that it was seen to
    take, which is tried a little faster with each answer.

    Args:
        most: The most calls at a time, and how many there are at first.
        now: The time in seconds.

    """

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self.most = most
        self._now = now
        self._limit = float(most)
        self._busy = 0
        self._row = 0
        self._lowered = float("-inf")
        self._next = float("-inf")
        self._gap = 0.0
        self._answers: deque[float] = deque(maxlen=1024)
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def slots(self) -> int:
        """The most calls at a time just now; at least 1."""
        return int(self._limit)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One of the slots."""
        await self._enter()
        try:
            yield
        finally:
            self._busy -= 1
            self._admit()

    def hold(self, seconds: float) -> None:
        """Nobody asks for so many seconds."""
        self._next = max(self._next, self._now() + seconds)

    def slower(self, started: float) -> None:
        """An attempt that began at `started` was told to slow down; several at the same time count once."""
        self._row = 0
        if started >= self._lowered:
            self._limit = max(self._limit * SLOWER, 1.0)
            self._gap = min(max(self._gap * WIDER, self._seen_gap()), _WIDEST)
            self._lowered = self._now()
            self._next = max(self._next, self._lowered + self._gap)

    def worked(self) -> None:
        """An attempt was answered."""
        self._answers.append(self._now())
        self._gap = self._gap * NARROWER if self._gap > _NO_GAP else 0.0
        self._row += 1
        if self._row >= max(ROW, self.slots):
            self._row = 0
            self._limit = min(self._limit + 1.0, float(self.most))
            self._admit()

    def answered_since(self, moment: float) -> bool:
        """Whether anything was answered after that moment."""
        return bool(self._answers) and self._answers[-1] > moment

    def turn(self) -> float:
        """0.0: start a request now, which counts as started; else the seconds after which to come again."""
        now = self._now()
        if now < self._next:
            return self._next - now
        self._next = now + self._gap
        return 0.0

    def _seen_gap(self) -> float:
        """Seconds between two answers of late."""
        now = self._now()
        recent = [moment for moment in self._answers if now - moment < _RECENT_SECONDS]
        return (now - recent[0]) / len(recent) if recent else _FIRST_GAP

    async def _enter(self) -> None:
        if self._busy < self.slots and not self._queue:
            self._busy += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._busy -= 1
                self._admit()
            raise

    def _admit(self) -> None:
        while self._queue and self._busy < self.slots:
            turn = self._queue.popleft()
            if not turn.done():
                self._busy += 1
                turn.set_result(None)
