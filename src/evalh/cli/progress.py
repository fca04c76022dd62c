"""A progress bar on stderr, when a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalh.runner import Progress


@contextmanager
def progress_bar(total: int | None) -> Iterator[Callable[[Progress], None] | None]:
    """What to call with each Progress; None when stderr is no terminal. `total`: conversations, when known."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("conversations", total=total)
        yield lambda progress: bar.update(task, completed=progress.conversations)
