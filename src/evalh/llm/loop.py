"""An event loop in a thread of its own, so that ordinary code can start calls and collect them later."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Value = TypeVar("Value")

_CLOSE_SECONDS = 5.0
_LOOK_SECONDS = 0.05


class Loop:
    """Runs coroutines in the background; nothing is opened before the first one.

    The thread, called `name`, is a daemon: an interrupted program never waits for it.
    """

    def __init__(self, name: str = "evalh-calls") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, coroutine: Coroutine[Any, Any, Value]) -> Future[Value]:
        """Start the coroutine; cancelling the future cancels it. Raises RuntimeError after `close`."""
        with self._lock:
            if self._closed:
                coroutine.close()
                raise RuntimeError("the loop is closed")
            return asyncio.run_coroutine_threadsafe(coroutine, self._started())

    def close(self) -> None:
        """Cancel what still runs and end the thread, within seconds; again is harmless."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).add_done_callback(
            lambda _: loop.call_soon_threadsafe(loop.stop)
        )
        thread.join(_CLOSE_SECONDS)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_run, args=(self._loop,), name=self._name, daemon=True)
            self._thread.start()
        return self._loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def _cancel_all() -> None:
    """Cancel each task once, and none before its first step.

    A library's task that only wraps another coroutine would leave that one behind, never awaited.
    """
    loop = asyncio.get_running_loop()
    ends, cancelled = loop.time() + _CLOSE_SECONDS / 2, set[asyncio.Task[Any]]()
    while (others := asyncio.all_tasks() - {asyncio.current_task()}) and loop.time() < ends:
        begun = {task for task in others - cancelled if not _waits_to_begin(task)}
        for task in begun:
            task.cancel()
        cancelled |= begun
        await asyncio.wait(others, timeout=_LOOK_SECONDS)


def _waits_to_begin(task: asyncio.Task[Any]) -> bool:
    coroutine = task.get_coro()
    return inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
