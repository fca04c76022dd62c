"""The verdicts of a run that look worst; which of them are new against a baseline is left to `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from evalh.models import ScoreRow
from evalh.models.comparison import COMPOSITE

_BADNESS = {"critical": 0, "major": 1, "minor": 2, None: 3}
Fault: TypeAlias = tuple[str, str, str | None]
"""What is told once: case (or conversation), evaluator, label."""


def worst_turns(rows: Iterable[ScoreRow], n: int) -> list[ScoreRow]:
    """The at most `n` worst failed verdicts, one per case, evaluator and label.

    Worst severity first, and in turn from each evaluator.
    """
    found: dict[Fault, ScoreRow] = {}
    for row in rows:
        if row.passed is False and not row.rollup and row.evaluator != COMPOSITE:
            _keep_worse(found, row)
    return _in_turn(sorted(found.values(), key=_badness))[:n]


def _keep_worse(found: dict[Fault, ScoreRow], row: ScoreRow) -> None:
    fault = row.case or row.conversation_id, row.evaluator, row.label
    known = found.get(fault)
    if known is None or _badness(row) < _badness(known):
        found[fault] = row


def _badness(row: ScoreRow) -> tuple[int, float, str, int, str, int]:
    turn = -1 if row.turn is None else row.turn
    confidence = 1.0 if row.confidence is None else row.confidence
    return _BADNESS[row.severity], -confidence, row.case or row.conversation_id, turn, row.evaluator, row.trial


def _in_turn(rows: Sequence[ScoreRow]) -> list[ScoreRow]:
    """Of equal severity, the first of each evaluator before the second of any."""
    seen: dict[tuple[str | None, str], int] = {}
    ranked: list[tuple[int, int, ScoreRow]] = []
    for row in rows:
        rank = seen.get((row.severity, row.evaluator), 0)
        seen[row.severity, row.evaluator] = rank + 1
        ranked.append((_BADNESS[row.severity], rank, row))
    return [row for _, _, row in sorted(ranked, key=lambda item: item[:2])]
