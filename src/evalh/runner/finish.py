"""Writes the results of a run out of its journal: sorted, atomic, the complete manifest last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from evalh.errors import UserError
from evalh.models import Comparison, ConversationRow, Manifest, RejectedInput, digest
from evalh.runner.record import Key
from evalh.stats.summary import Summary, differences
from evalh.store.atomic import line, replacing, write_json
from evalh.store.journal import Journal

JOURNAL = "journal"
MANIFEST = "manifest.json"
SCORES = "scores.jsonl"
CONVERSATIONS = "conversations.jsonl"
READINGS = "readings.jsonl"
AGGREGATES = "aggregates.json"
COMPARISON = "comparison.json"


def write_results(
    out_dir: Path, manifest: Manifest, journal: Journal, done: Mapping[Key, int], rejected: Sequence[RejectedInput]
) -> Manifest:
    """Write everything, give the complete manifest, and delete the journal. `done`: offsets in the journal."""
    summary = Summary(manifest.cohort, manifest.evaluators)
    keys = sorted(done, key=Key.order)
    _write_rows(out_dir, journal, [done[key] for key in keys], summary)
    write_json(out_dir / AGGREGATES, summary.aggregates())
    _write_comparisons(out_dir, compare_versions(manifest, summary))
    complete = _completed(manifest, summary, rejected)
    write_json(out_dir / MANIFEST, complete)
    journal.remove()
    return complete


def _write_rows(out_dir: Path, journal: Journal, offsets: Sequence[int], summary: Summary) -> None:
    with ExitStack() as stack:
        scores, rows, readings = (
            stack.enter_context(replacing(out_dir / name)) for name in (SCORES, CONVERSATIONS, READINGS)
        )
        for offset in offsets:
            record = journal.at(offset)
            row = ConversationRow.model_validate(record["row"])
            summary.add(row)
            scores.write(record["scores"].encode("ascii"))
            rows.write(line(row))
            readings.write(record["reading"].encode("ascii"))


def compare_versions(manifest: Manifest, summary: Summary) -> list[Comparison]:
    """The baseline against every other version that was run, in the order of the manifest, else by name."""
    run = [version for version in summary.sides if version is not None]
    listed = [info.version for info in manifest.prompts]
    ordered = sorted(run, key=lambda version: (listed.index(version) if version in listed else len(listed), version))
    baseline = manifest.baseline
    if baseline is None or baseline not in run:
        return []
    return [
        Comparison(
            run_id=manifest.run_id,
            baseline=baseline,
            candidate=version,
            differences=differences(summary.sides[baseline], summary.sides[version]),
        )
        for version in ordered
        if version != baseline
    ]


def _write_comparisons(out_dir: Path, comparisons: Sequence[Comparison]) -> None:
    _delete(out_dir.glob("comparison*.json"))
    for index, comparison in enumerate(comparisons):
        name = COMPARISON if index == 0 else f"comparison-{_file_part(comparison.candidate)}.json"
        write_json(out_dir / name, comparison)


def _file_part(version: str) -> str:
    return version if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", version) else digest(version)[:12]


def _completed(manifest: Manifest, summary: Summary, rejected: Sequence[RejectedInput]) -> Manifest:
    counts = summary.counts()
    found = {
        "conversations": summary.conversations,
        "turns": summary.turns,
        "counts": counts,
        "coverage": counts.coverage,
        "rejected": tuple(rejected),
    }
    return manifest.model_copy(update={"status": "complete", **found})


def clear_results(out_dir: Path) -> None:
    """Delete the results of the run that was here. Raises UserError when one cannot be deleted."""
    results = [out_dir / name for name in (SCORES, CONVERSATIONS, READINGS, AGGREGATES)]
    _delete([*results, *out_dir.glob("comparison*.json")])


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            problem = f"{path}: cannot be deleted ({error.strerror}); choose another folder with --out"
            raise UserError(problem) from error
