"""`evalh run`: scores every prompt version of a run configuration on its golden set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="[CONFIG]", help="A name in configs/ or a path; default: the only one.", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where runs are kept, one folder each.")] = Path(
        "results"
    ),
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
