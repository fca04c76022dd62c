"""A thread of its own for work that would hold up all conversations; what somebody waits for is done first."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import PriorityQueue
from typing import Any, NamedTuple, TypeVar

Value = TypeVar("Value")
_CLOSE_SECONDS = 5.0


class _Work(NamedTuple):
    """Some work; the less comes first."""

    rank: int
    number: int
    future: Future[Any]
    do: Callable[[], Any]


class Desk:
    """One thread that does one thing after the other. Nothing is started before the first; it is a daemon."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: PriorityQueue[_Work] = PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, do: Callable[[], Value], *, urgent: bool = True) -> Future[Value]:
        """Do it, urgent work first. Raises RuntimeError after `close`."""
        future: Future[Value] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"{self._name} is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._queue.put(_Work(0 if urgent else 1, next(self._numbers), future, do))
        return future

    def close(self) -> None:
        """Leave undone what was not begun, and end; again is harmless."""
        with self._lock:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(_Work(-1, next(self._numbers), Future(), _nothing))
            thread.join(_CLOSE_SECONDS)

    def _work(self) -> None:
        while not self._closed:
            work = self._queue.get()
            if self._closed or not work.future.set_running_or_notify_cancel():
                continue
            try:
                done = work.do()
            except BaseException as error:
                work.future.set_exception(error)
            else:
                work.future.set_result(done)
            del work


def _nothing() -> None:
    """Wakes the thread."""
