"""`evalh score`: scores transcripts you already have."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalh.cli.limits import MaxCalls, MaxCost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalh.agreement.store import Known
    from evalh.models import ReaderConfig
    from evalh.runner import RunResult
    from evalh.workspace import LoadedConfig


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
        str | None,
        typer.Option(metavar="E", help="minilm (the default), none, or a sentence-transformers model."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            metavar="CONFIG", help="Read as this run configuration does, and ask its judge.", show_default=False
        ),
    ] = None,
    max_calls: MaxCalls = None,
    max_cost: MaxCost = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N conversations.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSONL.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on after records that cannot be read.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Read every conversation again.")] = False,
    no_redact: Annotated[bool, typer.Option("--no-redact", help="Leave personal data as it is.")] = False,
) -> None:
    """Score transcripts you already have.

    Prints what was found in each conversation, and a summary.
    """
    from evalh.agreement.store import kept, known_for
    from evalh.cli.assemble import score_inputs
    from evalh.cli.inputs import Source, day, reading_cache, refuse_nothing, results_in, tell_rejected
    from evalh.cli.limits import judge_config, told_if_lost
    from evalh.cli.progress import progress_bar
    from evalh.gate.readers import Limits, reader_of, replies_in
    from evalh.runner import run as run_all
    from evalh.runner.finish import clear_replies
    from evalh.runner.readers import closing_reader
    from evalh.workspace import Workspace

    space = Workspace.find()
    judged = judge_config(space, judge)
    read_by = _reader(judged, encoder)
    calibrated = kept(space)
    with ExitStack() as stack:
        folder = stack.enter_context(results_in(out))
        reader = reader_of(
            read_by,
            judged.config.judge if judged is not None else None,
            limits=Limits(max_calls, max_cost),
            replies=replies_in(folder, no_cache=no_cache),
        )
        stack.enter_context(closing_reader(reader))
        inputs = score_inputs(
            space,
            [Source(path, format_, map_, skip_bad=skip_bad) for path in paths],
            policies=space.policies(policy) if policy is not None else None,
            prompt=space.prompt_file(prompt) if prompt is not None else None,
            evaluators=evaluator or [],
            reader=reader,
            unsure_below=read_by.unsure_below,
            as_of=day(as_of),
            limit=limit,
            redact=not no_redact,
        )
        lost = no_cache and out is None
        with told_if_lost(lost), reading_cache(no_cache) as cache, progress_bar(None) as progress:
            result = run_all(inputs, folder, cache=cache, progress=progress)
        clear_replies(folder)
        _print(result, known_for(space, calibrated, result.manifest), as_json, kept=out is not None)
    tell_rejected([f"{one.place}: {one.problem}" for one in result.manifest.rejected])
    refuse_nothing(result.manifest.conversations)


def _reader(judged: LoadedConfig | None, encoder: str | None) -> ReaderConfig:
    """As the named configuration reads; an encoder that is given counts instead of its own."""
    from evalh.cli.inputs import encoder_config
    from evalh.models import ReaderConfig

    reader = judged.config.reader if judged is not None else ReaderConfig()
    return reader if encoder is None else reader.model_copy(update={"encoder": encoder_config(encoder)})


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
