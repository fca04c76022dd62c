"""What differs between two prompt versions: cells that moved, and turns that went wrong only on one side.

Whether a difference is more than chance is left to others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from evalh.evaluator.scorecard import EVALUATOR as SCORECARD
from evalh.models import Comparison, ConversationRow, Difference, EvaluatorInfo, ScoreRow
from evalh.stats.summary import Side, differences

_BADNESS = {"critical": 0, "major": 1, "minor": 2, None: 3}
Fault: TypeAlias = tuple[str | None, str, str | None]
"""What makes faults of two versions the same: case (or conversation), evaluator, label."""


def compare_sides(
    baseline: Iterable[ConversationRow],
    candidate: Iterable[ConversationRow],
    *,
    run_id: str,
    names: tuple[str, str],
    cohort_key: str,
    evaluators: Sequence[EvaluatorInfo],
) -> Comparison:
    """The differences between the conversations of two sides, which may come from two runs; `names` baseline first."""
    infos = {info.name: info for info in evaluators}
    sides = Side(cohort_key, infos), Side(cohort_key, infos)
    for side, rows in zip(sides, (baseline, candidate), strict=True):
        for row in rows:
            side.add(row)
    return Comparison(run_id=run_id, baseline=names[0], candidate=names[1], differences=differences(*sides))


def biggest_drops(comparison: Comparison, n: int) -> list[Difference]:
    """The at most `n` cells that fell most, worst first; of equal falls those with more pairs first."""
    fell = [item for item in comparison.differences if item.delta is not None and item.delta < 0]
    return sorted(fell, key=lambda item: (item.delta or 0.0, -item.pairs, item.cohort, item.evaluator))[:n]


def worst_turns(
    rows: Iterable[ScoreRow], n: int, *, baseline: str | None = None, candidate: str | None = None
) -> list[ScoreRow]:
    """The at most `n` worst verdicts of `candidate` whose case has no failed verdict of the same label in `baseline`.

    Worst severity first, and in turn from each evaluator; one verdict per case, evaluator and label. Without a
    `candidate` all versions' failed verdicts, without a `baseline` all of the candidate's.
    """
    before: set[Fault] = set()
    found: dict[Fault, ScoreRow] = {}
    for row in rows:
        if row.passed is not False or row.rollup or row.evaluator == SCORECARD:
            continue
        if baseline is not None and row.prompt_version == baseline:
            before.add(_fault(row))
        elif candidate is None or row.prompt_version == candidate:
            _keep_worse(found, row)
    new = [row for fault, row in found.items() if fault not in before]
    return _in_turn(sorted(new, key=_badness))[:n]


def _fault(row: ScoreRow) -> Fault:
    return row.case or row.conversation_id, row.evaluator, row.label


def _keep_worse(found: dict[Fault, ScoreRow], row: ScoreRow) -> None:
    known = found.get(_fault(row))
    if known is None or _badness(row) < _badness(known):
        found[_fault(row)] = row


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
