"""Stops all calls to an endpoint that cannot answer, so that a run ends in seconds and not in hours."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from evalh.llm.calls import CallFailed
from evalh.llm.failures import Failed
from evalh.models import Failure, FailureClass

ROW = 10
"""Calls, or attempts without any answer, that fail in a row."""
WINDOW = 20
"""Of so many last calls at most half may fail."""
SILENCE = 5.0
"""Seconds in which all attempts fail before they count as a row: an endpoint may be started anew."""
LONG_SILENCE = 15.0
"""Seconds after which a few failing attempts are enough."""
FEW = 3

_UNANSWERED: frozenset[FailureClass] = frozenset({"connection", "timeout", "server"})
_OF_THE_CONVERSATION: frozenset[FailureClass] = frozenset({"context_overflow", "refusal", "internal"})
"""Says something about what was asked, not about the endpoint."""


class Breaker:
    """Counts failures; once `cause` is set nothing more is asked.

    Open at once: no credit, a wrong key, an unknown model. Else when 10 calls fail in a row, or more than half of the
    last 20, or when nothing at all comes back: 10 attempts in a row over 5 seconds, or 3 over 15.
    """

    def __init__(self, hide: Callable[[str], str] = str) -> None:
        """`hide` makes what an endpoint said fit to be kept."""
        self._hide = hide
        self.cause: str | None = None
        self.opened = asyncio.Event()
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._row = 0
        self._unanswered = 0
        self._since = 0.0

    def check(self) -> None:
        """Raises CallFailed when the endpoint is not to be asked."""
        if self.cause is not None:
            message = f"not asked, because calls to the endpoint were stopped: {self.cause}"
            raise CallFailed(Failure(class_="circuit_open", message=message, attempts=0, retryable=True))

    def answered(self) -> None:
        """A completion came back, whatever it says."""
        self._unanswered = 0

    def unanswered(self, failed: Failed, started: float, now: float) -> None:
        """An attempt that began at `started` (seconds) failed at `now`."""
        if failed.fatal:
            self._open(failed)
        if failed.class_ not in _UNANSWERED:
            return
        self._since = min(self._since, started) if self._unanswered else started
        self._unanswered += 1
        silence = now - self._since
        if (self._unanswered >= ROW and silence >= SILENCE) or (self._unanswered >= FEW and silence >= LONG_SILENCE):
            self._open(failed)

    def succeeded(self) -> None:
        """A call gave its answer."""
        self._row = 0
        self._last.append(True)

    def failed(self, failed: Failed) -> None:
        """A call failed, whatever was tried."""
        if failed.class_ in _OF_THE_CONVERSATION:
            return
        self._row += 1
        self._last.append(False)
        if self._row >= ROW or (len(self._last) == WINDOW and self._last.count(False) * 2 > WINDOW):
            self._open(failed)

    def _open(self, failed: Failed) -> None:
        if self.cause is None:
            self.cause = self._hide(f"{failed.class_}: {failed.problem}")
            self.opened.set()
