"""What the commands share that may ask a judge: how much it may be asked, and whose judge it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.workspace import LoadedConfig, Workspace

MaxCalls = Annotated[
    int | None,
    typer.Option("--max-calls", min=1, metavar="N", help="Stop when a judge was asked N times; run again to go on."),
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", min=0, metavar="X", help="Stop before a judge costs more, by the configured prices."),
]


@contextmanager
def told_if_lost(lost: bool) -> Iterator[None]:
    """Where a limit is reached and what was answered is lost, say so instead of promising that it is kept."""
    from evalh.errors import Stopped

    try:
        yield
    except Stopped as stopped:
        if not lost:
            raise
        reached = str(stopped).partition("; ")[0]
        raise Stopped(f"{reached}; nothing is kept with --no-cache: leave it out, or raise the limit") from None


def judge_config(space: Workspace, name: str | None) -> LoadedConfig | None:
    """The run configuration whose judge is to be asked; None where none is named."""
    from evalh.errors import BadConfig
    from evalh.workspace.find import shown

    if name is None:
        return None
    loaded = space.config(name)
    if loaded.config.judge is None:
        remedy = "add 'judge: {model: NAME}' to it, or name another"
        raise BadConfig("has no judge", file=shown(loaded.path), remedy=remedy)
    return loaded
