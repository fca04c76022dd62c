"""`evalh run`: scores every prompt version of a run configuration on its golden set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.workspace import LoadedConfig, Workspace


def run(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The folder of this run; default: results/RUN_ID.")
    ] = None,
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
) -> None:
    """Score prompt versions on a golden set, by cohort.

    Replays the recordings of each version. A run that was interrupted goes on where it stopped.
    """
    from evalh.cli.assemble import plan_of, run_inputs
    from evalh.cli.inputs import reading_cache, refuse_nothing, tell_rejected
    from evalh.cli.progress import progress_bar
    from evalh.cli.show import console, warn
    from evalh.runner import run as run_all
    from evalh.runner import run_id_of
    from evalh.workspace import Workspace

    space = _space(Workspace.find())
    plan = plan_of(space, _changed(space.config(config), cohort, encoder))
    for notice in space.notices():
        warn(notice)
    inputs = run_inputs(plan, skip_bad=skip_bad)
    folder = out or _results(space) / run_id_of(inputs)
    with reading_cache(no_cache) as cache, progress_bar(plan.conversations) as progress:
        result = run_all(inputs, folder, resume=not fresh, cache=cache, progress=progress)
    from evalh.report.terminal import render_run

    render_run(result, console())
    tell_rejected([f"{one.place}: {one.problem}" for one in result.manifest.rejected])
    refuse_nothing(result.manifest.conversations)


def _space(found: Workspace) -> Workspace:
    """The workspace to run in; one without any run configuration gives way to the reference, with notice."""
    from evalh.cli.show import warn
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown

    if found.config_names():
        return found
    if not found.is_reference:
        warn(f"{shown(found.configs_folder)} has no run configuration; running the one that comes with evalh")
    return Workspace.reference()


def _changed(loaded: LoadedConfig, cohort: str | None, encoder: str | None) -> LoadedConfig:
    from dataclasses import replace

    from evalh.cli.inputs import encoder_config

    config = loaded.config
    if encoder is not None:
        reader = config.reader.model_copy(update={"encoder": encoder_config(encoder)})
        config = config.model_copy(update={"reader": reader})
    if cohort is not None:
        config = config.model_copy(update={"cohort": cohort})
    return replace(loaded, config=config)


def _results(space: Workspace) -> Path:
    """The workspace's results, when the current folder is in it; else a folder here."""
    return (space.root if Path.cwd().is_relative_to(space.root.resolve()) else Path()) / "results"
