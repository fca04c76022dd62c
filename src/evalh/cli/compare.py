"""`evalh compare`: two sides of finished runs, and whether the second is worse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalh.cli.gated import Allow, Full, Gate, GateFrom, Github


def compare(  # noqa: PLR0913, PLR0917 - an argument for each option
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="RUN[:PROMPT_VERSION]: a folder or an id.", show_default=False)
    ],
    candidate: Annotated[
        str, typer.Argument(metavar="CANDIDATE", help="RUN[:PROMPT_VERSION], likewise.", show_default=False)
    ],
    gate_from: GateFrom = None,
    allow: Allow = None,
    gate: Gate = True,
    cohort: Annotated[
        str | None, typer.Option(metavar="KEY", help='Group by "persona" or a facet; default: as the candidate was.')
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep comparison and reports there; default: nowhere.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    github: Github = False,
    full: Full = False,
) -> None:
    """Compare two sides of finished runs, and gate.

    Cases are paired by name and trials averaged. Ends with 0 when nothing got worse, with 1 when something did, and
    with 3 when too little could be judged to tell.
    """
    from evalh.cli.gated import leave, tell_github
    from evalh.cli.paths import made_folder
    from evalh.cli.show import console, say_raw
    from evalh.gate.compare import EXIT_CODES
    from evalh.gate.finished import FinishedOptions, compare_finished
    from evalh.gate.run import write_comparisons
    from evalh.report.bundle import write_reports
    from evalh.report.gate import render_gate
    from evalh.store.atomic import line
    from evalh.workspace import Workspace

    options = FinishedOptions(gate_from=gate_from, allow=tuple(allow or ()), gate=gate, cohort=cohort)
    found = compare_finished(Workspace.find(), baseline, candidate, options)
    if out is not None:
        write_comparisons(made_folder(out), (found,))
        write_reports(out, (found,), name=found.candidate.name)
    if as_json:
        say_raw(line(found).decode("ascii"))
    else:
        render_gate(found, console(), full=full)
    exit_code = EXIT_CODES[found.verdict]
    if github:
        tell_github((found,), name=found.candidate.name, exit_code=exit_code, quiet=as_json)
    leave(exit_code)
