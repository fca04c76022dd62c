from __future__ import annotations

import threading
from functools import partial

import pytest

from evalh.simulator.desk import Desk


def test_work_is_done_in_one_thread_and_what_is_urgent_first() -> None:
    desk, begin, done, threads = Desk("desk"), threading.Event(), list[str](), set[str]()

    def work(name: str) -> str:
        threads.add(threading.current_thread().name)
        done.append(name)
        return name.upper()

    desk.submit(begin.wait)
    later = [desk.submit(partial(work, name), urgent=False) for name in ("c", "d")]
    first = [desk.submit(partial(work, name)) for name in ("a", "b")]
    begin.set()

    assert [future.result(5) for future in (*first, *later)] == ["A", "B", "C", "D"]
    assert done == ["a", "b", "c", "d"]
    assert threads == {"desk"}
    desk.close()


def test_what_work_raises_is_raised_where_it_is_waited_for_and_the_next_is_done() -> None:
    desk = Desk("desk")
    broken, fine = desk.submit(lambda: 1 // 0), desk.submit(lambda: 1)

    with pytest.raises(ZeroDivisionError):
        broken.result(5)
    assert fine.result(5) == 1
    desk.close()


def test_work_that_was_cancelled_is_left_undone() -> None:
    desk, begin = Desk("desk"), threading.Event()
    desk.submit(begin.wait)
    futures = [desk.submit(lambda: 1), desk.submit(lambda: 2)]
    futures[0].cancel()
    begin.set()

    assert futures[1].result(5) == 2
    desk.close()


def test_a_closed_desk_ends_its_thread_and_takes_no_more() -> None:
    desk, unused = Desk("closing"), Desk("unused")
    assert desk.submit(lambda: 1).result(5) == 1
    for one in (desk, desk, unused):
        one.close()

    assert not [one for one in threading.enumerate() if one.name in ("closing", "unused")]
    with pytest.raises(RuntimeError, match="closed"):
        desk.submit(lambda: 1)
