"""A small workspace with recordings that people have labelled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.small_workspace import SHORT, gated_workspace, record, write

from evalh.workspace import Workspace

LABELS = "golden_sets/few/labels.jsonl"
WRONG = "The line is reset. Would you like Fiber 500 for $5 a month?"
CASES = tuple(f"c-{number:02}" for number in range(6))


def row(case: str, construct: str, label: str, **fields: Any) -> dict[str, Any]:
    given = {"case": case, "prompt_version": "v1", "labeller": "ann", "confirmed": True, **fields}
    return {**given, "construct": construct, "label": label}


GIVEN = [
    row("c-00", "groundedness", "wrong_price", turn=2, offer="FIBER-500"),
    row("c-01", "groundedness", "wrong_price", turn=2, offer="FIBER-500"),
    row("c-02", "groundedness", "grounded"),
    row("c-03", "groundedness", "grounded"),
    row("c-04", "groundedness", "invented_fee", turn=2),
    row("c-00", "act", "pitch", turn=2, offer="FIBER-500"),
]


def labelled_workspace(root: Path, *rows: dict[str, Any]) -> Workspace:
    """v1 pitches at a wrong price in c-00, c-01 and c-02; the labels are `GIVEN` and `rows`."""
    space = gated_workspace(root, cases=len(CASES))
    record(root, "v1", {case: WRONG if case in CASES[:3] else SHORT for case in CASES})
    relabel(root, *GIVEN, *rows)
    return space


def relabel(root: Path, *rows: dict[str, Any]) -> None:
    """Put these labels in place of those there."""
    write(root, LABELS, "".join(json.dumps(one) + "\n" for one in rows))
