"""Which cases a regression is made of: faults that the candidate has and the baseline has not, grouped and quoted.

Whether a cell regressed is left to the gate.
"""

from __future__ import annotations

from collections.abc import Sequence

from evalh.models import Comparison, Flipped, Group
from evalh.regression.asked import Asked
from evalh.regression.faults import BADNESS, Before, Fault, Faults, Kind
from evalh.regression.sides import Side

QUOTED = 3


def explain(comparison: Comparison, baseline: Side, candidate: Side, *, quoted: int = QUOTED) -> tuple[Group, ...]:
    """The cases that flipped, by evaluator, label and clause, with at most `quoted` cases of each told side by side.

    Only evaluators and cohorts of regressed cells are gone through, and blocking critical findings. A case flips when
    a trial of the candidate has a failed verdict that no trial of it has in the baseline. Where an evaluator regressed
    without such a case (its mean sank), its lowest verdicts in the cases that fell stand for it. Evaluators of the
    clearest cells come first, the composite of the others last; of one evaluator, what most cases have.

    The score rows of a side are streamed once. Where the baseline's are not kept, a case flips when no trial of it
    failed.
    """
    asked = Asked.by(comparison, baseline, candidate)
    after = Faults.of(asked, candidate)
    before = Before.of(asked, baseline, after)
    kinds: dict[Kind, list[Fault]] = {}
    for fault in _flips(after, before):
        kinds.setdefault(fault.row.kind, []).append(fault)
    ranked = sorted(kinds, key=lambda kind: _rank(kind, kinds[kind], asked))
    return tuple(_group(kind, kinds[kind], before, after, quoted) for kind in ranked)


def _flips(after: Faults, before: Before) -> list[Fault]:
    flipped = [fault for fault in after.found.values() if not before.has(fault)]
    explained = {fault.row.evaluator for fault in flipped}
    return flipped + [fault for fault in after.lowest.values() if fault.row.evaluator not in explained]


def _rank(kind: Kind, faults: Sequence[Fault], asked: Asked) -> tuple[int, int, int, str, str]:
    evaluator, label, clause = kind
    worst = min(BADNESS[fault.row.severity] for fault in faults)
    return asked.evaluators.index(evaluator), -len(faults), worst, label or "", clause or ""


def _group(kind: Kind, faults: Sequence[Fault], before: Before, after: Faults, quoted: int) -> Group:
    evaluator, label, clause = kind
    shown = sorted(faults, key=lambda fault: fault.rank(before.asked))[:quoted]
    return Group(
        evaluator=evaluator,
        label=label,
        clause=clause,
        cases=len(faults),
        gone=before.gone(kind, after),
        flipped=tuple(_flipped(fault, before) for fault in shown),
    )


def _flipped(fault: Fault, before: Before) -> Flipped:
    row, asked = fault.row, before.asked
    return Flipped(
        case=row.case,
        cohort=asked.cohort(row.case),
        evaluator=row.evaluator,
        label=row.label,
        clause=row.clause,
        severity=row.severity,
        expected=row.expected,
        found=row.found,
        trials=len(fault.trials),
        of_trials=max(asked.after[row.case].trials, len(fault.trials)),
        candidate=row.quoted(),
        baseline=before.beside(fault),
    )
