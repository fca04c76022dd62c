"""What the commands share that may ask a judge: how much it may be asked, and whose judge it is."""

from __future__ import annotations

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
