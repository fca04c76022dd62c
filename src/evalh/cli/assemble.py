"""Puts together what `evalh score` needs out of a workspace and the command's options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from evalh.cli.inputs import Source as Transcripts
from evalh.gate.plan import dated, in_use, rejected_input, sha256_of
from evalh.gate.readers import judge_info
from evalh.models import FileInfo, PolicySet, Prompt, RejectedInput, digest
from evalh.reader.protocol import Reader
from evalh.runner import RunFiles, RunInputs, Source
from evalh.workspace import Workspace
from evalh.workspace.files import unknown


def score_inputs(  # noqa: PLR0913 - what the command is given
    space: Workspace,
    transcripts: Sequence[Transcripts],
    *,
    policies: PolicySet | None,
    prompt: Prompt | None,
    evaluators: Sequence[str],
    reader: Reader,
    unsure_below: float,
    as_of: date | None,
    limit: int | None,
    redact: bool = True,
) -> RunInputs:
    """What the runner needs to judge transcripts; a prompt that is given counts for all of them."""
    sources = (item for one in transcripts for item in _transcribed(one, prompt, policies, as_of))
    known = space.evaluators()
    for name in evaluators:
        if name not in known:
            raise unknown("evaluator", name, list(known), "write it")
    chosen = [known[name]() for name in (dict.fromkeys(evaluators) or sorted(known))]
    return RunInputs(
        sources=islice(sources, limit),
        evaluators=in_use(space, chosen),
        reader=reader,
        judge=judge_info(space, reader),
        policies=policies,
        prompts={prompt.version: prompt} if prompt is not None else {},
        as_of=as_of,
        unsure_below=unsure_below,
        scorecard=space.scorecard("care") if not evaluators else None,
        skip_bad=any(one.skip_bad for one in transcripts),
        redact=redact,
        files=RunFiles(source=_source_info(transcripts, limit)),
    )


def _source_info(transcripts: Sequence[Transcripts], limit: int | None) -> FileInfo:
    """The transcripts by their content, so that others in the same folder are another run."""
    contents = [[_content_of(one.path), one.format, _content_of(one.mapping)] for one in transcripts]
    return FileInfo(id=" ".join(one.path for one in transcripts), sha256=digest([contents, limit]))


def _content_of(path: str | Path | None) -> list[str]:
    """The digests of a file, or of all files in a folder; anything else by its name."""
    place = Path(path or "")
    if path is not None and place.is_file():
        return [sha256_of(place)]
    inside = sorted(one for one in place.rglob("*") if one.is_file()) if path is not None and place.is_dir() else []
    return [f"{one.relative_to(place)} {sha256_of(one)}" for one in inside] or [str(path)]


def _transcribed(
    transcripts: Transcripts, prompt: Prompt | None, policies: PolicySet | None, as_of: date | None
) -> Iterator[Source | RejectedInput]:
    version, told = prompt.version if prompt is not None else None, 0
    for item in transcripts.items():
        yield from map(rejected_input, transcripts.rejected[told:])
        told = len(transcripts.rejected)
        yield dated(Source(version, item.conversation), item.place, policies, as_of, transcripts.skip_bad)
    yield from map(rejected_input, transcripts.rejected[told:])
