"""`evalh power`: how often the gate would block a prompt that did not change, and which drops it would find."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.models import GateConfig, Manifest
    from evalh.workspace import Workspace

POWER = "power.json"


def power(  # noqa: PLR0913, PLR0917 - an argument for each option
    run: Annotated[
        str,
        typer.Argument(metavar="RUN[:VERSION]", help="A run's folder or id, of several trials.", show_default=False),
    ],
    config: Annotated[
        str | None,
        typer.Option(metavar="C", help="Take the gate's settings from this configuration; default: those of the run."),
    ] = None,
    splits: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="Runs to imitate.")] = 400,
    trials: Annotated[
        str | None,
        typer.Option(metavar="BxC", help="Trials of a case in baseline and candidate, as 9x3; default: half of them."),
    ] = None,
    drops: Annotated[str, typer.Option(metavar="LIST", help="Drops to plant, in points.")] = "3,6,9,12,15,20",
    flips: Annotated[
        int, typer.Option(min=999, max=1_000_000, metavar="N", help="Sign flips a run; more are slower.")
    ] = 999,
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Of what is drawn; default: out of the run's id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Leave it in the run's folder as power.json.")] = True,
) -> None:
    """Measure the gate on your own trials.

    Splits the trials of each case at random into two sides that are the same agent, and gates one by the other: how
    many runs would be blocked for nothing? Then lets one side get worse on purpose: how many runs find it?
    """
    from evalh.cli.progress import share_bar
    from evalh.cli.show import console, say_raw
    from evalh.gate.sides import find_run, run_side
    from evalh.regression.gate import Terms
    from evalh.regression.power import Trying, measure
    from evalh.store.atomic import line, write_json
    from evalh.workspace import Workspace

    trying = Trying(splits, _trials(trials), _drops(drops), flips, seed)
    space = Workspace.find()
    result, version = find_run(space, run)
    manifest = result.manifest
    settings, source = _settings(space, manifest, config)
    side = run_side(result, version if version is not None else _baseline(manifest))
    rows = (row for row in result.conversations() if row.prompt_version == side.info.prompt_version)
    terms = Terms(settings, cohort_key=manifest.cohort, settings_from=source)
    with share_bar("splitting") as told:
        report = measure(side.info, rows, side.evaluators, terms, trying, told)
    if keep:
        write_json(result.out_dir / POWER, report)
    if as_json:
        say_raw(line(report).decode("ascii"))
        return
    from evalh.report.power import render_power

    render_power(report, console())


def _baseline(manifest: Manifest) -> str | None:
    from evalh.gate.sides import versions_of

    return manifest.baseline if manifest.baseline in versions_of(manifest) else None


def _settings(space: Workspace, manifest: Manifest, config: str | None) -> tuple[GateConfig, str]:
    from evalh.models import GateConfig
    from evalh.workspace.find import shown

    if config is not None:
        loaded = space.config(config)
        return loaded.config.gate, shown(loaded.path)
    source = manifest.config.path or manifest.config.id if manifest.config is not None else ""
    return GateConfig.model_validate(manifest.gate), source


def _trials(text: str | None) -> tuple[int, int] | None:
    from evalh.errors import BadConfig

    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})", text.strip().lower())
    if found is None:
        problem = f"{text!r} is no number of trials of each side"
        raise BadConfig(problem, field="--trials", remedy="write it as 9x3, baseline first")
    return int(found[1]), int(found[2])


def _drops(text: str) -> tuple[float, ...]:
    from evalh.errors import BadConfig

    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", part) and 0 < float(part) <= 100 for part in parts):
        problem = f"{text!r} is no list of drops"
        raise BadConfig(problem, field="--drops", remedy="write points above 0 and up to 100, as 3,6,9")
    return tuple(sorted({round(float(part) / 100, 9) for part in parts}))
