"""A progress bar on stderr, when a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalh.runner import Progress


@contextmanager
def progress_bar(total: int | None) -> Iterator[Callable[[Progress], None] | None]:
    """What to call with each Progress; None when stderr is no terminal. `total`: conversations, when known."""
    with share_bar("conversations", total) as told:
        yield None if told is None else lambda progress: told(progress.conversations)


@contextmanager
def share_bar(what: str, total: float | None = 1.0) -> Iterator[Callable[[float], None] | None]:
    """What to call with how much of `total` is done, of the whole by default; None when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
