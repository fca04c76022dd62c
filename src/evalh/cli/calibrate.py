"""`evalh calibrate`: how far the evaluators and the reader agree with what people labelled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.limits import MaxCalls, MaxCost

if TYPE_CHECKING:
    from evalh.workspace import LoadedConfig, Workspace


def calibrate(  # noqa: PLR0913, PLR0917 - an argument for each option
    golden_set: Annotated[
        str, typer.Argument(metavar="GOLDEN_SET", help="A golden set with labels.", show_default=False)
    ],
    prompt_version: Annotated[
        list[str] | None,
        typer.Option(metavar="V", help="Only labels of this prompt version; may be repeated.", show_default=False),
    ] = None,
    include_unconfirmed: Annotated[
        bool, typer.Option("--include-unconfirmed", help="Count labels that no person has settled, and say so.")
    ] = False,
    config: Annotated[
        str | None,
        typer.Option(metavar="C", help="Judge as this run configuration does; default: each evaluator's defaults."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="C", help="Read as this run configuration does, and ask its judge; default: nobody is asked."
        ),
    ] = None,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep it there; default: calibration/GOLDEN_SET.json, where run and score see it."
        ),
    ] = None,
    most: Annotated[int, typer.Option("--show", min=0, metavar="N", help="Disagreements to quote.")] = 10,
    full: Annotated[bool, typer.Option("--full", help="Cut no list short.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every conversation again.")] = False,
) -> None:
    """Measure agreement with the labels of a golden set.

    Compares each evaluator's verdicts and the reader's facts with the labels: precision, recall, F1, balanced accuracy
    and kappa with 95 % intervals, by cohort, and the places where they differ. Later runs show it beside each
    evaluator as long as nothing it depends on has changed.
    """
    from evalh.agreement.run import Options
    from evalh.agreement.run import calibrate as measure
    from evalh.agreement.store import calibration_folder, write_agreement
    from evalh.cli.inputs import reading_cache
    from evalh.cli.limits import judge_config, told_if_lost
    from evalh.cli.progress import progress_bar
    from evalh.cli.show import console, say, say_raw
    from evalh.gate.readers import Limits
    from evalh.report.agreement import render_agreement
    from evalh.store.atomic import line
    from evalh.store.cache import default_cache_dir
    from evalh.workspace import Workspace
    from evalh.workspace.find import shown

    space = Workspace.find()
    options = Options(
        tuple(prompt_version or ()),
        include_unconfirmed,
        _config(space, config or judge, golden_set),
        judge_config(space, judge),
        Limits(max_calls, max_cost),
        None if no_cache else default_cache_dir(),
    )
    with told_if_lost(no_cache), reading_cache(no_cache) as cache, progress_bar(None) as progress:
        agreement = measure(space, golden_set, options, cache=cache, progress=progress)
    path = out if out is not None else calibration_folder(space) / f"{golden_set}.json"
    try:
        write_agreement(path, agreement)
    finally:
        if as_json:
            say_raw(line(agreement).decode("ascii"))
        else:
            render_agreement(agreement, console(), most=most, full=full)
    if not as_json:
        say(f"kept in {shown(path)}")


def _config(space: Workspace, name: str | None, golden_set: str) -> LoadedConfig | None:
    from evalh.errors import BadConfig
    from evalh.workspace.find import shown

    if name is None:
        return None
    loaded = space.config(name)
    if loaded.config.golden_set != golden_set:
        problem = f"is of {loaded.config.golden_set!r}, not of {golden_set!r}"
        raise BadConfig(problem, file=shown(loaded.path), field="golden_set", remedy="name another configuration")
    return loaded
