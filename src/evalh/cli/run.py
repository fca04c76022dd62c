"""`evalh run`: scores prompt versions on a golden set, and refuses one that got worse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.gated import Allow, Full, Gate, GateFrom, Github
from evalh.cli.limits import MaxCalls, MaxCost, Record, ReplayOnly, TimeLimit

if TYPE_CHECKING:
    from evalh.workspace import Workspace


def run(  # noqa: PLR0913, PLR0917 - an argument for each option
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder of this run; default: results/RUN_ID.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="B",
            help="Compare with a prompt version, RUN[:VERSION], git:REF (the same prompt file there), or blessed; "
            "default: what was blessed, else as configured.",
            show_default=False,
        ),
    ] = None,
    gate_from: GateFrom = None,
    allow: Allow = None,
    gate: Gate = True,
    cohort: Annotated[
        str | None, typer.Option(metavar="KEY", help='Group by "persona" or a facet; default: as configured.')
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(metavar="E", help="minilm, none, or a sentence-transformers model; default: as configured."),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every conversation again.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again instead of resuming.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on after recordings that cannot be used.")] = False,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    time_limit: TimeLimit = None,
    record: Record = False,
    replay_only: ReplayOnly = False,
    github: Github = False,
    full: Full = False,
) -> None:
    """Score prompt versions on a golden set, by cohort, and gate.

    Replays the recordings of each version, or has simulated customers talk to the configured agent, and compares the
    versions with the baseline. Ends with 0 when nothing got worse, with 1 when something did, and with 3 when too
    little could be judged to tell. A run that was interrupted goes on where it stopped.
    """
    from evalh.agreement.store import kept, known_for
    from evalh.cli.gated import leave, tell_github
    from evalh.cli.inputs import encoder_config, refuse_nothing, tell_rejected
    from evalh.cli.limits import recording_mode, seconds
    from evalh.cli.progress import progress_bar
    from evalh.cli.show import console, warn
    from evalh.gate.readers import Limits
    from evalh.gate.run import GateOptions, gated_plan, run_plan
    from evalh.report.bundle import write_reports
    from evalh.report.plan import play_words
    from evalh.report.terminal import render_run
    from evalh.workspace import Workspace

    options = GateOptions(
        baseline=baseline,
        gate_from=gate_from,
        allow=tuple(allow or ()),
        gate=gate,
        cohort=cohort,
        encoder=encoder_config(encoder) if encoder is not None else None,
        skip_bad=skip_bad,
        fresh=fresh,
        no_cache=no_cache,
        limits=Limits(max_calls, max_cost, seconds(time_limit)),
        recordings=recording_mode(record, replay_only),
    )
    space = space_to_run(Workspace.of_config(config))
    planned = gated_plan(space, config, options)
    calibrated = kept(space)
    for notice in [*space.notices(), *filter(None, [planned.baseline.notice])]:
        warn(notice)
    with progress_bar(planned.plan.conversations) as progress:
        gated = run_plan(planned, out, options, progress, lambda play: warn(play_words(play)))
    rejected = gated.result.manifest.rejected
    refuse_nothing(gated.result.manifest.conversations)
    name = planned.plan.config.name
    known = known_for(space, calibrated, gated.result.manifest)
    if gated.comparisons:
        write_reports(gated.result.out_dir, gated.comparisons, name=name, known=known)
    render_run(gated.result, console(), comparisons=gated.comparisons, known=known, full=full)
    tell_rejected([f"{one.place}: {one.problem}" for one in rejected])
    if github:
        tell_github(gated.comparisons, name=name, exit_code=gated.exit_code, prompts=planned.plan.prompt_paths())
    leave(gated.exit_code)


def space_to_run(found: Workspace) -> Workspace:
    """The workspace to run in; one without any run configuration gives way to the reference, with notice."""
    from evalh.cli.show import warn
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown

    if found.config_names():
        return found
    if not found.is_reference:
        warn(f"{shown(found.configs_folder)} has no run configuration; running the one that comes with evalh")
    return Workspace.reference()
