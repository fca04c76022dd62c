"""What is kept of two sides' score rows to explain a regression: a row for each fault, and one to set beside it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TypeAlias

from evalh.models import Quoted, ScoreRow
from evalh.models.score import Evidence
from evalh.models.vocabulary import Severity, State
from evalh.regression.asked import Asked
from evalh.regression.sides import Side

MAX_EVIDENCE = 3
BADNESS: dict[Severity | None, int] = {"critical": 0, "major": 1, "minor": 2, None: 3}
_FAR = 1_000_000

Kind: TypeAlias = tuple[str, str | None, str | None]
"""What is grouped: evaluator, label, clause."""
Same: TypeAlias = tuple[str, str, str | None]
"""What makes faults of two sides the same: case, evaluator, and the label, or the clause of a verdict without one."""
At: TypeAlias = tuple[str, str]
"""Case and evaluator."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is kept of a score row."""

    case: str
    trial: int
    conversation_id: str
    kind: Kind
    state: State
    value: float | None
    severity: Severity | None
    reason: str
    evidence: tuple[Evidence, ...]
    expected: str | None
    found: str | None
    confidence: float
    offer: str | None
    turn: int | None

    @classmethod
    def of(cls, row: ScoreRow) -> Row:
        """Of `row`; a verdict that quotes nothing cites its turn."""
        evidence = row.evidence[:MAX_EVIDENCE] or (() if row.turn is None else (Evidence(turn=row.turn),))
        return cls(
            case=row.case or "",
            trial=row.trial,
            conversation_id=row.conversation_id,
            kind=(row.evaluator, row.label, row.clause),
            state=row.state,
            value=row.value,
            severity=row.severity,
            reason=row.reason,
            evidence=evidence,
            expected=row.expected,
            found=row.found,
            confidence=1.0 if row.confidence is None else row.confidence,
            offer=row.offer,
            turn=row.turn if row.turn is not None or not evidence else evidence[-1].turn,
        )

    @property
    def evaluator(self) -> str:
        """The evaluator that gave the verdict."""
        return self.kind[0]

    @property
    def label(self) -> str | None:
        """The verdict's label."""
        return self.kind[1]

    @property
    def clause(self) -> str | None:
        """The clause that the verdict rests on."""
        return self.kind[2]

    @property
    def badness(self) -> tuple[float, ...]:
        """The less the worse: by severity, then confidence, then the earliest."""
        return BADNESS[self.severity], -self.confidence, self.trial, -1 if self.turn is None else self.turn

    def distance(self, other: Row) -> tuple[float, ...]:
        """How far a verdict of the other side is: of another offer, of another clause, without a value, turns away."""
        apart = _FAR if self.turn is None or other.turn is None else abs(self.turn - other.turn)
        same = self.offer == other.offer, self.clause == other.clause, other.state == "scored"
        return (*(not one for one in same), apart, abs(self.trial - other.trial))

    def quoted(self) -> Quoted:
        """The row as it is told."""
        plain = self.state in ("scored", "not_applicable")
        return Quoted(
            conversation_id=self.conversation_id,
            trial=self.trial,
            label=self.label,
            reason=self.reason if plain else f"{self.state}: {self.reason}",
            evidence=self.evidence,
        )


@dataclass(slots=True)
class Fault:
    """What went wrong in a case of the candidate: the worst row of it, and the trials that have it."""

    row: Row
    trials: set[int] = field(default_factory=set)

    def rank(self, asked: Asked) -> tuple[int, float, int, float, str]:
        """Worst first; of equals those whose case fell most, then those that most trials have."""
        row = self.row
        fall = asked.fall(row.case, row.evaluator)
        return BADNESS[row.severity], -fall, -len(self.trials), -row.confidence, row.case


@dataclass(slots=True)
class Faults:
    """The candidate's faults, and its lowest verdict in each case that fell."""

    asked: Asked
    found: dict[tuple[str, Kind], Fault] = field(default_factory=dict)
    lowest: dict[At, Fault] = field(default_factory=dict)
    same: set[Same] = field(default_factory=set)

    @classmethod
    def of(cls, asked: Asked, candidate: Side) -> Faults:
        """Of the score rows of `candidate`."""
        faults = cls(asked)
        for row in asked.rows(candidate):
            if row.state == "scored" and not row.rollup:
                faults._add(row)
        return faults

    def _add(self, given: ScoreRow) -> None:
        failed, at = given.passed is False, (given.case or "", given.evaluator)
        if failed:
            self.same.add(same(given))
        asked = self.asked
        if failed and asked.wants(*at, given.label):
            self._fail(Row.of(given))
        if asked.fall(*at) > 0 and asked.regressed(*at):
            self._lower(at, Row.of(given))

    def _fail(self, row: Row) -> None:
        fault = self.found.setdefault((row.case, row.kind), Fault(row))
        fault.trials.add(row.trial)
        if row.badness < fault.row.badness:
            fault.row = row

    def _lower(self, at: At, row: Row) -> None:
        known = self.lowest.get(at)
        if known is None or self._height(row) < self._height(known.row):
            known = self.lowest[at] = Fault(row)
        if row.value == known.row.value:
            known.trials.add(row.trial)

    def _height(self, row: Row) -> float:
        value = row.value or 0.0
        return -value if row.evaluator in self.asked.lower_is_better else value


def same(row: ScoreRow) -> Same:
    """What makes a fault of the other side the same."""
    return row.case or "", row.evaluator, row.label or row.clause


@dataclass(slots=True)
class Before:
    """The baseline's faults, and its verdict nearest to each fault of the candidate."""

    asked: Asked
    kept: bool
    """Whether its rows are."""
    same: set[Same] = field(default_factory=set)
    kinds: dict[Kind, set[str]] = field(default_factory=dict)
    """The cases that have a fault."""
    nearest: dict[tuple[str, Kind], Row] = field(default_factory=dict)
    rollups: dict[At, Row] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Asked, baseline: Side, after: Faults) -> Before:
        """Of the score rows of `baseline`."""
        before = cls(asked, kept=baseline.rows is not None)
        wanted: dict[At, dict[Kind, Row]] = {}
        for fault in (*after.lowest.values(), *after.found.values()):
            row = fault.row
            wanted.setdefault((row.case, row.evaluator), {})[row.kind] = row
        for given in asked.rows(baseline):
            before._add(given, wanted.get((given.case or "", given.evaluator), {}))
        return before

    def _add(self, given: ScoreRow, wanted: dict[Kind, Row]) -> None:
        case = given.case or ""
        if given.passed is False and not given.rollup:
            self.same.add(same(given))
            self.kinds.setdefault((given.evaluator, given.label, given.clause), set()).add(case)
        if given.rollup and wanted:
            self.rollups.setdefault((case, given.evaluator), Row.of(given))
        elif wanted and given.state != "skipped":
            self._near(Row.of(given), wanted)

    def _near(self, row: Row, wanted: dict[Kind, Row]) -> None:
        for kind, fault in wanted.items():
            known = self.nearest.get((row.case, kind))
            if known is None or fault.distance(row) < fault.distance(known):
                self.nearest[row.case, kind] = row

    def has(self, fault: Fault) -> bool:
        """Whether the baseline has the fault too; where its rows are not kept, whether a trial of the case failed."""
        row = fault.row
        if self.kept:
            return (row.case, row.evaluator, row.label or row.clause) in self.same
        trials = self.asked.before[row.case].evaluators.get(row.evaluator)
        return trials is not None and trials.failed > 0

    def beside(self, fault: Fault) -> Quoted | None:
        """What stands beside the fault: the nearest verdict, else why there is none; None where no row is kept."""
        row = fault.row
        found = self.nearest.get((row.case, row.kind)) or self.rollups.get((row.case, row.evaluator))
        return found.quoted() if found is not None else None

    def gone(self, kind: Kind, after: Faults) -> int:
        """The cases that have the fault here and not in the candidate."""
        evaluator, label, clause = kind
        cases: AbstractSet[str] = self.kinds.get(kind, frozenset())
        return sum(
            self.asked.wants(case, evaluator, label) and (case, evaluator, label or clause) not in after.same
            for case in cases
        )
