"""Calls functions of the user's apart from everything else, so that one that hangs or blocks holds up nothing of ours.

A plain function runs in a thread of its own, an ``async`` one in a loop that all of them share, which has a thread of
its own too. One that is not waited for any more is told to end, and goes on unheard where it does not hear that. What
it leaves to others: finding functions, time limits, and what a value or an error means.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import ctypes
import inspect
import threading
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from evalh.llm import Loop


class Raised(Exception):
    """A function of the user's raised `error`, which may be anything, such as SystemExit."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        super().__init__(str(type(error)))


class _Outcome(NamedTuple):
    value: Any = None
    error: BaseException | None = None


async def returned(call: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
    """What `call` returns, awaited where it can be. Raises Raised."""
    given = partial(call, *arguments, **named)
    outcome = await asyncio.wrap_future(_apart().submit(_outcome(given, plain=not _is_async(call))))
    if outcome.error is not None:
        raise Raised(outcome.error) from None
    return outcome.value


@cache
def _apart() -> Loop:
    """One for the whole program: clients that a module keeps between calls belong to the loop they were made in."""
    from evalh.llm import Loop

    return Loop("evalh-agents")


def _is_async(call: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


async def _outcome(call: Callable[[], Any], *, plain: bool) -> _Outcome:
    try:
        outcome = await _in_thread(call) if plain else _Outcome(call())
        return _Outcome(await outcome.value) if isinstance(outcome.value, Awaitable) else outcome
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return _Outcome(error=error)
    except GeneratorExit:
        raise
    except BaseException as error:  # an error such as SystemExit would end the loop
        return _Outcome(error=error)


async def _in_thread(call: Callable[[], Any]) -> _Outcome:
    """What comes of `call` in a thread of its own; when this is cancelled, it is told to end."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Future[_Outcome] = loop.create_future()

    def tell(outcome: _Outcome) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if coming.done() else coming.set_result(outcome))

    running = _Running(call, tell)
    try:
        return await coming
    except asyncio.CancelledError:
        running.end()
        raise


class _Running:
    """A call in a thread of its own, which the end of the program does not wait for."""

    def __init__(self, call: Callable[[], Any], tell: Callable[[_Outcome], None]) -> None:
        self._context = contextvars.copy_context()
        self._call = call
        self._tell = tell
        self._lock = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="evalh-agent", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Raise SystemExit in it, where it next runs Python: loops that never end would take all the time there is."""
        with self._lock:
            if not self._over and self._thread.ident is not None:
                thread = ctypes.c_ulong(self._thread.ident)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(SystemExit))

    def _run(self) -> None:
        try:
            outcome = _Outcome(self._context.run(self._call))
        except BaseException as error:  # raised where it is waited for, KeyboardInterrupt and StopIteration too
            outcome = _Outcome(error=error)
        with self._lock:
            self._over = True
        self._tell(outcome)
