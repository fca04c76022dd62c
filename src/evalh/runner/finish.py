"""Writes the results of a run out of its journal: sorted, atomic, the complete manifest last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from typing import Any

from evalh.errors import UserError
from evalh.models import ConversationRow, Manifest, RejectedInput, digest
from evalh.runner.asked import Asked
from evalh.runner.plan import Simulated
from evalh.runner.record import Key
from evalh.stats.summary import Summary
from evalh.store.atomic import line, replacing, sha256_of, write_json
from evalh.store.journal import Journal

JOURNAL = "journal"
MANIFEST = "manifest.json"
SCORES = "scores.jsonl"
CONVERSATIONS = "conversations.jsonl"
READINGS = "readings.jsonl"
AGGREGATES = "aggregates.json"
COMPARISON = "comparison.json"
REPLIES = "replies"
"""The folder for a judge's replies while a run goes on that does without the cache."""
ROWS = (SCORES, CONVERSATIONS, READINGS, AGGREGATES)
"""The files whose digests the manifest keeps."""


def write_results(
    out_dir: Path,
    manifest: Manifest,
    journal: Journal,
    done: Mapping[Key, int],
    rejected: Sequence[RejectedInput],
    simulated: Simulated | None = None,
) -> Manifest:
    """Write everything, give the complete manifest, and delete the journal. `done`: offsets in the journal."""
    summary, asked = Summary(manifest.cohort, manifest.evaluators), Asked(manifest.cohort)
    keys = sorted(done, key=Key.order)
    _write_rows(out_dir, journal, [done[key] for key in keys], summary, asked)
    write_json(out_dir / AGGREGATES, summary.aggregates())
    told = {"simulated": simulated.counts, "excluded": simulated.excluded} if simulated is not None else {}
    found = {**told, **asked.told(manifest), "files": {name: sha256_of(out_dir / name) for name in ROWS}}
    complete = _completed(manifest, summary, rejected, found)
    content = complete.model_dump(mode="json", by_alias=True, exclude={"sha256"})
    write_json(out_dir / MANIFEST, {**content, "sha256": digest(content)})
    clear_comparisons(out_dir)
    journal.remove()
    return complete


def _write_rows(out_dir: Path, journal: Journal, offsets: Sequence[int], summary: Summary, asked: Asked) -> None:
    with ExitStack() as stack:
        scores, rows, readings = (
            stack.enter_context(replacing(out_dir / name)) for name in (SCORES, CONVERSATIONS, READINGS)
        )
        for offset in offsets:
            record = journal.at(offset)
            row = ConversationRow.model_validate(record["row"])
            summary.add(row)
            asked.add(row, record)
            scores.write(record["scores"].encode("ascii"))
            rows.write(line(row))
            readings.write(record["reading"].encode("ascii"))


def _completed(
    manifest: Manifest, summary: Summary, rejected: Sequence[RejectedInput], more: Mapping[str, Any]
) -> Manifest:
    counts = summary.counts()
    found = {
        "conversations": summary.conversations,
        "turns": summary.turns,
        "counts": counts,
        "coverage": counts.coverage,
        "rejected": tuple(rejected),
        **more,
    }
    return manifest.model_copy(update={"status": "complete", **found})


def clear_results(out_dir: Path) -> None:
    """Delete the results of the run that was here. Raises UserError when one cannot be deleted."""
    _delete(out_dir / name for name in (*ROWS, "power.json"))
    clear_comparisons(out_dir)


def clear_replies(out_dir: Path) -> None:
    """Delete what was kept of a judge's replies: what follows from them has been written."""
    rmtree(out_dir / REPLIES, ignore_errors=True)


def clear_comparisons(out_dir: Path) -> None:
    """Delete the comparisons that are here and the reports of them."""
    reports = ("comparison*.json", "report.md", "junit.xml", "metrics.txt")
    _delete(path for name in reports for path in out_dir.glob(name))


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            problem = f"{path}: cannot be deleted ({error.strerror}); choose another folder with --out"
            raise UserError(problem) from error
