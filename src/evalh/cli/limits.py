"""What the commands share that may ask a model or an agent: how much, for how long, and whose judge it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.simulator.recordings import Mode
    from evalh.workspace import LoadedConfig, Workspace

MaxCalls = Annotated[
    int | None,
    typer.Option("--max-calls", min=1, metavar="N", help="Stop after N calls; run again to go on."),
]
MaxCost = Annotated[
    float | None,
    typer.Option("--max-cost", min=0, metavar="X", help="Stop before it costs more, by the configured prices."),
]
TimeLimit = Annotated[
    str | None,
    typer.Option(
        "--time-limit", metavar="T", help="Stop after 90s, 10m or 2h; run again to go on.", show_default=False
    ),
]
Record = Annotated[
    bool, typer.Option("--record", help="Ask a live agent for everything again, also for what is recorded.")
]
ReplayOnly = Annotated[
    bool, typer.Option("--replay-only", help="Ask nobody; what is not recorded of a live agent is an error.")
]
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str | None) -> float | None:
    """The seconds of a time such as 90s, 10m or 2h."""
    from evalh.errors import BadConfig

    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh])", text)
    if found is None or float(found[1]) <= 0:
        raise BadConfig(f"{text!r} is no time", field="--time-limit", remedy="write it as 90s, 10m or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def recording_mode(record: bool, replay_only: bool) -> Mode:
    """What is asked of a live agent."""
    from evalh.errors import UserError

    if record and replay_only:
        raise UserError("--record asks for everything and --replay-only for nothing; give one of them")
    return "record" if record else "replay_only" if replay_only else "normal"


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
