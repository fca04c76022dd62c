"""A folder that one at a time changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evalh.store.lock import lock_folder


def test_a_folder_is_locked_until_its_lock_is_closed(tmp_path: Path) -> None:
    held = lock_folder(tmp_path)
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path)
    os.close(held)

    os.close(lock_folder(tmp_path))


def test_a_lock_that_is_refused_leaves_nothing_open(tmp_path: Path) -> None:
    held = lock_folder(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            lock_folder(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(held)


def test_a_folder_that_is_not_there_has_no_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lock_folder(tmp_path / "none")
