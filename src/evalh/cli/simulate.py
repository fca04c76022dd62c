"""`evalh simulate`: simulated customers talk to the agent; nothing is judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.limits import MaxCalls, MaxCost, Record, ReplayOnly, TimeLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalh.simulator.protocol import Played

TOO_LITTLE = 3


def simulate(  # noqa: PLR0913, PLR0917 - an argument for each option
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this case; may be repeated.", show_default=False)
    ] = None,
    persona: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Only this persona; with --case, whoever plays it else. May be repeated.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="V", help="Only this prompt version; default: those configured.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="So often each; default: as configured.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Another seed than the configured one, and not recorded.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print each conversation.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Also write the conversations there, as JSONL.")
    ] = None,
    record: Record = False,
    replay_only: ReplayOnly = False,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    time_limit: TimeLimit = None,
) -> None:
    """Have simulated customers talk to the agent, and record it.

    What is recorded is not asked again. Nothing is judged: `evalh run` does both. Ends with 3 when a limit was reached
    or more than half of the conversations failed.
    """
    from evalh.cli.limits import recording_mode, seconds
    from evalh.cli.progress import share_bar
    from evalh.cli.run import space_to_run
    from evalh.cli.show import console, say, warn
    from evalh.gate.readers import Limits
    from evalh.gate.simulate import SimulateOptions, chosen, playing
    from evalh.report.plan import play_words
    from evalh.report.simulated import render_simulated, render_transcript
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown

    options = SimulateOptions(
        cases=tuple(case or ()),
        personas=tuple(persona or ()),
        version=version,
        trials=trials,
        seed=seed,
        mode=recording_mode(record, replay_only),
        limits=Limits(max_calls, max_cost, seconds(time_limit)),
    )
    part = chosen(space_to_run(Workspace.of_config(config)), config, options)
    found: list[Played] = []
    screen = console()
    try:
        with playing(part, options) as live:
            warn(play_words(live.estimate))
            folder = shown(live.folder) if part.kept else None
            with share_bar("conversations", part.plan.conversations) as told:
                for number, played in enumerate(live.played(), 1):
                    found.append(played)
                    if told is not None:
                        told(number)
                    if show:
                        render_transcript(played, screen)
    finally:
        if out is not None and found:
            _write(out, found)
        if found:
            render_simulated(found, part.plan.config.cohort, screen)
    failed = sum(played.simulation.failure is not None for played in found)
    if failed < len(found):
        say(
            f"recorded in {folder}"
            if folder is not None
            else "not recorded: a run of this configuration has no use for it"
        )
    if 2 * failed > len(found):
        warn(f"{failed} of {len(found)} conversations failed")
        raise typer.Exit(TOO_LITTLE)


def _write(path: Path, found: Sequence[Played]) -> None:
    """The conversations that count, with what was meant in their metadata."""
    from evalh.store.atomic import line, replacing

    with replacing(path) as stream:
        for played in found:
            if played.counts:
                meant = played.simulation.model_dump(mode="json", exclude_none=True)
                stream.write(line(played.conversation.model_copy(update={"metadata": {"simulation": meant}})))
