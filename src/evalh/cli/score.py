"""`evalh score`: scores transcripts you already have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalh.agreement.store import Known
    from evalh.runner import RunResult


def score(  # noqa: PLR0913, PLR0917 - an argument for each option
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Transcripts: files, folders or hf:NAME.", show_default=False)
    ],
    policy: Annotated[
        str | None, typer.Option(metavar="FILE|ID", help="The offer policy; a file brings its sibling versions.")
    ] = None,
    prompt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The agent's prompt, for prompt_conformance.")
    ] = None,
    evaluator: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this evaluator; may be repeated.", show_default=False)
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="F", help="The format; default: found by content.")
    ] = None,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Which column holds what (YAML).")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DAY", help="The day of conversations without a date, as 2026-10-31.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the results there; default: write nothing.")
    ] = None,
    encoder: Annotated[
        str, typer.Option(metavar="E", help="minilm, none, or a sentence-transformers model.")
    ] = "minilm",
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N conversations.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSONL.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on after records that cannot be read.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every conversation again.")] = False,
) -> None:
    """Score transcripts you already have.

    Prints what was found in each conversation, and a summary.
    """
    from evalh.agreement.store import kept, known_for
    from evalh.cli.assemble import score_inputs
    from evalh.cli.inputs import Source, day, encoder_config, reading_cache, refuse_nothing, results_in, tell_rejected
    from evalh.cli.progress import progress_bar
    from evalh.runner import run as run_all
    from evalh.workspace import Workspace

    space = Workspace.find()
    inputs = score_inputs(
        space,
        [Source(path, format_, map_, skip_bad=skip_bad) for path in paths],
        policies=space.policies(policy) if policy is not None else None,
        prompt=space.prompt_file(prompt) if prompt is not None else None,
        evaluators=evaluator or [],
        encoder=encoder_config(encoder),
        as_of=day(as_of),
        limit=limit,
    )
    calibrated = kept(space)
    with results_in(out) as folder:
        with reading_cache(no_cache) as cache, progress_bar(None) as progress:
            result = run_all(inputs, folder, cache=cache, progress=progress)
        _print(result, known_for(space, calibrated, result.manifest), as_json, kept=out is not None)
    tell_rejected([f"{one.place}: {one.problem}" for one in result.manifest.rejected])
    refuse_nothing(result.manifest.conversations)


def _print(result: RunResult, known: Sequence[Known], as_json: bool, kept: bool) -> None:
    from evalh.cli.show import console, say_raw
    from evalh.store.atomic import line

    if as_json:
        for row in result.rows():
            say_raw(line(row).decode("ascii"))
        return
    from evalh.report.agreement import render_known
    from evalh.report.terminal import render_means, render_score

    screen = console()
    render_score(result, screen, limit=None, kept=kept)
    screen.print()
    if result.manifest.conversations > 1:
        render_means(result, screen, known=known)
    else:
        render_known(known, screen)
