"""The limit of time of a run: when it is over nothing more is asked, and what was done is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import TYPE_CHECKING

from evalh.errors import Stopped
from evalh.reader.protocol import Reader
from evalh.runner import Progress
from evalh.runner.readers import judge_of

if TYPE_CHECKING:
    from evalh.gate.live import Live
    from evalh.llm import Budget

Told = Callable[[Progress], None]


@dataclass
class Late:
    """Whether the time is over, and the sentence that says so."""

    sentence: str = ""
    over: bool = False

    def checked(self, progress: Told | None) -> Told | None:
        """`progress`, which raises Stopped when the time is over: for a run that asks nobody."""
        if not self.sentence:
            return progress

        def told(now: Progress) -> None:
            if progress is not None:
                progress(now)
            if self.over:
                raise Stopped(self.sentence)

        return told


@contextmanager
def stopped_after(seconds: float | None, reader: Reader, live: Live | None = None) -> Iterator[Late]:
    """Let nothing more be asked of the judge, the agent and the customers after so many seconds; None: no limit."""
    if seconds is None:
        yield Late()
        return
    budgets = _budgets(reader, live)
    late = Late(
        f"the limit of {_words(seconds)} is reached; what was done is kept: give the same command again to go on"
    )

    def stop() -> None:
        late.over = True
        for budget in budgets:
            budget.stop(late.sentence)

    timer = Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _budgets(reader: Reader, live: Live | None) -> list[Budget]:
    found = [getattr(judge_of(reader), "budget", None), live.budget if live is not None else None]
    return [one for one in found if one is not None]


def _words(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
