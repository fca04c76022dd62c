from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError

import pytest

from evalh.llm import Loop

BEFORE = set(threading.enumerate())


@pytest.fixture(autouse=True)
def _threads_of_other_tests() -> None:
    BEFORE.update(threading.enumerate())


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name == "evalh-calls" and one not in BEFORE]


async def double(value: int) -> int:
    await asyncio.sleep(0.01)
    return 2 * value


def test_coroutines_run_in_the_background_at_the_same_time() -> None:
    loop = Loop()
    began = time.monotonic()
    futures = [loop.submit(double(value)) for value in range(50)]

    assert [future.result(5) for future in futures] == [2 * value for value in range(50)]
    assert time.monotonic() - began < 0.4
    loop.close()


def test_nothing_is_started_before_it_is_needed() -> None:
    loop = Loop()
    assert threads() == []
    loop.close()
    assert threads() == []


def test_closing_cancels_what_runs_and_ends_the_thread() -> None:
    loop = Loop()
    ended = threading.Event()

    async def endless() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    futures = [loop.submit(endless()), loop.submit(asyncio.sleep(3600))]
    loop.close()
    loop.close()

    assert ended.is_set()
    assert threads() == []
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(1)
    gc.collect()


def test_a_task_of_a_library_that_waits_to_begin_leaves_nothing_never_awaited() -> None:
    """anyio's task groups wrap what they start; closing must not cancel such a wrapper before its first step."""
    program = """
import threading, time
from anyio import Event, create_task_group
from evalh.llm import Loop
import asyncio, gc
loop, entered = Loop(), threading.Event()
async def child():
    await Event().wait()
async def parent():
    entered.set()
    time.sleep(0.3)         # the loop is closed meanwhile
    await asyncio.sleep(0)  # one step later the child waits to begin just as all tasks are cancelled
    async with create_task_group() as group:
        group.start_soon(child)
        await Event().wait()
loop.submit(parent())
entered.wait(5)
loop.close()
gc.collect()
"""
    ended = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_coroutine_that_does_not_let_itself_be_cancelled_does_not_hold_up_the_end() -> None:
    loop = Loop()

    async def stubborn() -> None:
        for _ in range(4):
            try:
                await asyncio.sleep(0.2)
            except asyncio.CancelledError:
                continue

    loop.submit(stubborn())
    began = time.monotonic()
    loop.close()
    assert time.monotonic() - began < 5


def test_nothing_runs_after_the_end() -> None:
    loop = Loop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.submit(double(1))
    gc.collect()


def test_an_exception_reaches_who_waits() -> None:
    loop = Loop()

    async def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        loop.submit(broken()).result(5)
    loop.close()


def test_a_future_that_is_cancelled_cancels_its_coroutine() -> None:
    loop = Loop()
    started, ended = threading.Event(), threading.Event()

    async def endless() -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    future = loop.submit(endless())
    assert started.wait(5)
    future.cancel()
    assert ended.wait(5)
    loop.close()


@pytest.mark.parametrize("end", ["loop.close()", "pass"])
def test_an_interrupted_program_ends_at_once_and_without_warnings(end: str) -> None:
    program = f"""
import asyncio, os, signal, threading
from evalh.llm import Loop
signal.signal(signal.SIGINT, signal.default_int_handler)
loop = Loop()
future = loop.submit(asyncio.sleep(3600))
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    future.result()
except KeyboardInterrupt:
    {end}
    raise SystemExit(130)
"""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program], capture_output=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, b"")
