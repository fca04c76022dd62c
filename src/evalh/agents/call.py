"""Calls functions of the user's apart from everything else, so that one that hangs or blocks holds up nothing of ours.

A plain function runs in a thread of its own, an ``async`` one in a loop that all of them share, which has a thread of
its own too. None can be ended from outside: one that is not waited for any more goes on unheard, until the program
ends. What it leaves to others: finding functions, time limits, and what a value or an error means.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple

from evalh.llm import Loop

_APART = Loop()
"""One for the whole program: clients that a module keeps between calls belong to the loop that they were made in."""


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
    outcome = await asyncio.wrap_future(_APART.submit(_outcome(given, plain=not _is_async(call))))
    if outcome.error is not None:
        raise Raised(outcome.error) from None
    return outcome.value


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
    """What comes of `call` in a thread of its own, which nobody waits for when this is cancelled."""
    loop = asyncio.get_running_loop()
    coming: asyncio.Future[_Outcome] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            outcome = _Outcome(context.run(call))
        except BaseException as error:  # raised where it is waited for, KeyboardInterrupt and StopIteration too
            outcome = _Outcome(error=error)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if coming.done() else coming.set_result(outcome))

    threading.Thread(target=run, name="evalh-agent", daemon=True).start()
    return await coming
