"""`evalh bless`: makes a side of a run the baseline of a configuration."""

from __future__ import annotations

from typing import Annotated

import typer


def bless(
    side: Annotated[
        str, typer.Argument(metavar="SIDE", help="RUN[:PROMPT_VERSION]: a folder or an id.", show_default=False)
    ],
    config: Annotated[
        str | None,
        typer.Option(metavar="CONFIG", help="The run configuration it is for; default: that of the run."),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why, for those who read the history.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although verdicts are missing or unsure, or the gate refused it.")
    ] = False,
) -> None:
    """Make a side the baseline of a run configuration.

    Writes configs/baselines/NAME.json, a small file to be committed: later runs of the configuration are compared with
    it. Baselines before it stay in its history.
    """
    from datetime import UTC, datetime

    from evalh.cli.show import say, warn
    from evalh.gate.blessing import bless_side
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown

    done = bless_side(Workspace.find(), side, config=config, note=note, force=force, now=datetime.now(UTC))
    for notice in done.notices:
        warn(notice)
    info = done.baseline.side
    told = f"{info.name} of {info.run_id}, {info.cases} cases, {info.conversations} conversations"
    say(f"{shown(done.path)}: {told}" if done.changed else f"{shown(done.path)}: unchanged, {told} is blessed already")
