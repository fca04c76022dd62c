from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from evalh.llm.limits import Limit


class Watch:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def test_slots_are_given_in_order_and_never_too_many() -> None:
    async def watch() -> tuple[int, list[int]]:
        limit, peak, running, order = Limit(3, Watch()), 0, 0, []

        async def work(index: int) -> None:
            nonlocal peak, running
            async with limit.slot():
                order.append(index)
                running += 1
                peak = max(peak, running)
                await asyncio.sleep(0.001)
                running -= 1

        await asyncio.gather(*(work(index) for index in range(30)))
        return peak, order

    assert run(watch()) == (3, list(range(30)))


def test_a_slot_comes_back_from_a_call_that_breaks_or_is_cancelled() -> None:
    async def watch() -> None:
        limit = Limit(1, Watch())
        with pytest.raises(ValueError, match="no"):
            async with limit.slot():
                raise ValueError("no")

        async def hold() -> None:
            async with limit.slot():
                await asyncio.sleep(60)

        tasks = [asyncio.create_task(hold()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(1), limit.slot():
            pass

    run(watch())


def test_a_slot_given_to_one_who_was_cancelled_meanwhile_goes_to_the_next() -> None:
    async def watch() -> None:
        limit = Limit(1, Watch())

        async def take() -> None:
            async with limit.slot():
                await asyncio.sleep(0)

        async with limit.slot():
            first, second = asyncio.create_task(take()), asyncio.create_task(take())
            await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(1):
            await second

    run(watch())


def test_being_told_to_slow_down_lowers_the_limit_once_for_all_that_was_under_way() -> None:
    watch = Watch()
    limit = Limit(10, watch)
    for _ in range(10):
        limit.slower(started=99.0)
    assert limit.slots == 8
    watch.at = 101.0
    limit.slower(started=100.5)
    assert limit.slots == 6


def test_the_limit_never_falls_below_one_and_rises_no_higher_than_it_was() -> None:
    watch = Watch()
    limit = Limit(4, watch)
    for _ in range(50):
        watch.at += 1
        limit.slower(started=watch.at)
    assert limit.slots == 1
    for _ in range(9):
        limit.worked()
    assert limit.slots == 1
    limit.worked()
    assert limit.slots == 2
    for _ in range(500):
        limit.worked()
    assert limit.slots == 4


def test_requests_start_freely_until_the_endpoint_asks_for_patience() -> None:
    limit = Limit(4, Watch())
    assert [limit.turn() for _ in range(100)] == [0.0] * 100


def test_afterwards_they_start_at_the_rate_that_was_answered() -> None:
    watch = Watch()
    limit = Limit(4, watch)
    for _ in range(10):
        watch.at += 0.5
        limit.worked()
    limit.slower(started=watch.at)
    wait = limit.turn()
    assert wait == pytest.approx(0.45, rel=0.02)
    watch.at += wait
    assert limit.turn() == 0.0
    assert limit.turn() == pytest.approx(wait)


def test_the_gap_closes_as_the_endpoint_answers() -> None:
    watch = Watch()
    limit = Limit(4, watch)
    limit.slower(started=watch.at)
    assert limit.turn() == pytest.approx(0.1)
    for _ in range(1000):
        limit.worked()
    watch.at += 1
    assert [limit.turn() for _ in range(3)] == [0.0] * 3


def test_everybody_is_held_back_together() -> None:
    watch = Watch()
    limit = Limit(4, watch)
    limit.hold(3.0)
    limit.hold(1.0)
    assert limit.turn() == 3.0
    watch.at += 3.0
    assert limit.turn() == 0.0


def test_it_knows_whether_anybody_was_answered() -> None:
    watch = Watch()
    limit = Limit(4, watch)
    assert not limit.answered_since(0.0)
    limit.worked()
    assert limit.answered_since(99.0)
    assert not limit.answered_since(100.0)
