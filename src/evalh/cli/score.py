"""`evalh score`: scores transcripts you already have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
