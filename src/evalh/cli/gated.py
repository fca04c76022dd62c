"""What the commands share that end with a verdict: options, reports, the exit status."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalh.models import Comparison

GateFrom = Annotated[
    str | None,
    typer.Option(
        "--gate-from",
        metavar="FILE|git:REF",
        help="Judge by this configuration, all but its prompts: so a pull request cannot loosen its own gate.",
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="INPUT", help="An input that may differ, such as golden_set; may be repeated."),
]
Gate = Annotated[bool, typer.Option("--gate/--no-gate", help="Give a verdict, or only show the differences.")]
Github = Annotated[bool, typer.Option("--github", help="Write GitHub's step summary, outputs and annotations.")]
Full = Annotated[bool, typer.Option("--full", help="Cut no list short.")]


def tell_github(
    comparisons: Sequence[Comparison],
    *,
    name: str,
    exit_code: int,
    prompts: Mapping[str, Path] | None = None,
    quiet: bool = False,
) -> None:
    """Say on GitHub what GitHub shows. `prompts`: the file of each version; `quiet`: nothing on stdout."""
    from evalh.cli.show import say, warn
    from evalh.report.github import PromptFile, write_github

    files = {version: PromptFile(_relative(path)) for version, path in (prompts or {}).items()}
    for line in write_github(os.environ, comparisons, exit_code=exit_code, prompts=files, name=name):
        (warn if quiet else say)(line)


def _relative(path: Path) -> str:
    """The path as GitHub names it, from the root of the repository."""
    try:
        return path.resolve().relative_to(Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()).as_posix()
    except ValueError:
        return str(path)


def leave(exit_code: int) -> None:
    """End with the exit status of a verdict."""
    if exit_code:
        raise typer.Exit(exit_code)
