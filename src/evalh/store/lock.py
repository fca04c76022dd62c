"""A folder that one process at a time changes. What is done in it, and what a user is told, is left to others."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def lock_folder(folder: Path) -> int:
    """The lock of `folder`, held until it is closed with `os.close`, or the process ends.

    Raises BlockingIOError where another process has it, another OSError where the folder cannot be opened.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(handle)
        raise
    return handle
