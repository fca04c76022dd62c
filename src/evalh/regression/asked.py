"""What an explanation goes through: the evaluators and cohorts that regressed, and the findings that block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalh.models import CaseSide, Comparison, ScoreRow
from evalh.models.comparison import ALL, COMPOSITE
from evalh.regression.sides import Side
from evalh.stats.summary import cohort_of


@dataclass(frozen=True)
class Asked:
    """The evaluators and cases to go through."""

    cohort_key: str
    evaluators: tuple[str, ...]
    """Those of the clearest cells first, the composite last."""
    cohorts: Mapping[str, frozenset[str]]
    """By evaluator, the cohorts in which it regressed."""
    blocking: frozenset[tuple[str, str, str]]
    """Case, evaluator and label of the critical findings that block."""
    before: Mapping[str, CaseSide]
    after: Mapping[str, CaseSide]
    """The cases that both sides have."""
    lower_is_better: frozenset[str]

    @classmethod
    def by(cls, comparison: Comparison, baseline: Side, candidate: Side) -> Asked:
        """What `comparison` says of its two sides."""
        blocking = [finding for finding in comparison.critical if finding.blocks]
        names = dict.fromkeys([cell.evaluator for cell in comparison.regressed] + [one.evaluator for one in blocking])
        before = {case.case: case for case in baseline.cases}
        return cls(
            cohort_key=comparison.cohort_key,
            evaluators=tuple(sorted(names, key=lambda name: name == COMPOSITE)),
            cohorts={
                name: frozenset(cell.cohort for cell in comparison.regressed if cell.evaluator == name)
                for name in names
            },
            blocking=frozenset((one.case, one.evaluator, one.label) for one in blocking),
            before=before,
            after={case.case: case for case in candidate.cases if case.case in before},
            lower_is_better=frozenset(one.name for one in candidate.evaluators if one.direction == "lower_is_better"),
        )

    def rows(self, side: Side) -> Iterator[ScoreRow]:
        """Of a side, the score rows of these evaluators and cases; none where they are not kept."""
        version = side.info.prompt_version
        for row in side.rows() if side.rows is not None and self.evaluators else ():
            if row.prompt_version == version and row.evaluator in self.cohorts and row.case in self.after:
                yield row

    def wants(self, case: str, evaluator: str, label: str | None) -> bool:
        """Whether a fault lies in a regressed cell, or is a critical finding that blocks."""
        return self.regressed(case, evaluator) or (case, evaluator, label) in self.blocking

    def regressed(self, case: str, evaluator: str) -> bool:
        """Whether the evaluator regressed in a cohort that the case is in."""
        cohorts = self.cohorts[evaluator]
        return ALL in cohorts or self.cohort(case) in cohorts

    def cohort(self, case: str) -> str:
        """The case's value of the cohort key."""
        return cohort_of(self.after[case], self.cohort_key)

    def fall(self, case: str, evaluator: str) -> float:
        """By how much the case's mean got worse; 0 where it does not count on both sides."""
        before, after = (side[case].evaluators.get(evaluator) for side in (self.before, self.after))
        if before is None or after is None or before.mean is None or after.mean is None:
            return 0.0
        return after.mean - before.mean if evaluator in self.lower_is_better else before.mean - after.mean
