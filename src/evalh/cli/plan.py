"""`evalh plan`: what a run would take, before it is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.gated import GateFrom

if TYPE_CHECKING:
    from evalh.gate.live import Live
    from evalh.gate.run import GatedPlan, GateOptions


def plan(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="B", help="As `evalh run` takes it.", show_default=False)
    ] = None,
    gate_from: GateFrom = None,
    encoder: Annotated[
        str | None,
        typer.Option(metavar="E", help="minilm, none, or a sentence-transformers model; default: as configured."),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="As if nothing were kept from before.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on after recordings that cannot be used.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Show what a run would take.

    Conversations, readings kept from before, calls to the judge, tokens and price. Asks nobody; where a judge is asked
    about what is unsure only, the conversations are read on this machine to find out how much that is. For an agent
    that is talked to: conversations, those that are recorded, and the most turns and calls that the others can take.
    """
    from evalh.cli.inputs import encoder_config, reading_cache
    from evalh.cli.progress import progress_bar
    from evalh.cli.run import space_to_run
    from evalh.cli.show import console, say_raw
    from evalh.gate.run import GateOptions, gated_plan
    from evalh.report.plan import render_estimate
    from evalh.runner.estimate import estimate
    from evalh.runner.readers import closing_reader
    from evalh.store.atomic import line
    from evalh.store.cache import default_cache_dir
    from evalh.workspace import Workspace

    options = GateOptions(
        baseline=baseline,
        gate_from=gate_from,
        encoder=encoder_config(encoder) if encoder is not None else None,
        skip_bad=skip_bad,
    )
    planned = gated_plan(space_to_run(Workspace.of_config(config)), config, options)
    live = planned.live(options)
    if live is not None:
        _tell_play(planned, live, options, as_json=as_json)
        return
    inputs = planned.inputs(options, replies=None if no_cache else default_cache_dir())
    with (
        closing_reader(inputs.reader),
        reading_cache(no_cache) as cache,
        progress_bar(planned.plan.conversations) as progress,
    ):
        found = estimate(inputs, cache, progress)
    if as_json:
        say_raw(line(found).decode("ascii"))
    else:
        render_estimate(found, console())


def _tell_play(planned: GatedPlan, live: Live, options: GateOptions, *, as_json: bool) -> None:
    """What holding the conversations would take; a judge is asked once a conversation, at most."""
    from evalh.cli.show import console, say_raw
    from evalh.gate.live import estimate_of
    from evalh.report.plan import render_estimate
    from evalh.runner.readers import closing_reader
    from evalh.store.atomic import line

    inputs = planned.inputs(options, live=live)
    with closing_reader(inputs.reader):
        found = estimate_of(live, inputs)
    if as_json:
        say_raw(line(found).decode("ascii"))
    else:
        render_estimate(found, console())
