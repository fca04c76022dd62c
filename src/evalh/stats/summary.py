"""Conversation rows as means, fault rates and paired differences; which sides are compared is left to others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evalh.models import Aggregate, ConversationRow, Difference, EvaluatorInfo, Rolled, StateCounts

ALL = "*"
"""The cohort of all conversations."""
NO_COHORT = "(none)"
"""The cohort of conversations that do not say theirs."""


def cohort_of(row: ConversationRow, key: str) -> str:
    """The conversation's value of `key`: its persona, or the facet of that name."""
    value = row.persona if key == "persona" else row.facets.get(key)
    return value if value and value != ALL else NO_COHORT


def compared_value(rolled: Rolled, evaluator: EvaluatorInfo | None) -> float | None:
    """What a conversation counts when versions are compared; None when it does not count.

    Where an evaluator of acts had nothing to judge, nothing was done wrong: the best value. Others that do not apply,
    and what is unsure, errored or skipped, do not count.
    """
    if rolled.state == "not_applicable" and evaluator is not None and evaluator.acts:
        return 0.0 if evaluator.direction == "lower_is_better" else 1.0
    return rolled.value if rolled.state == "scored" else None


@dataclass(slots=True)
class Mean:
    """A mean that is fed one number at a time; None while it has none."""

    total: float = 0.0
    count: int = 0

    def add(self, value: float | None) -> None:
        """Take a number; None is passed over."""
        if value is not None:
            self.total += value
            self.count += 1

    @property
    def value(self) -> float | None:
        """The mean so far, to 12 digits after the point."""
        return round(self.total / self.count, 12) + 0.0 if self.count else None


@dataclass(slots=True)
class _Cell:
    counts: dict[str, int] = field(default_factory=dict)
    mean: Mean = field(default_factory=Mean)
    passed: Mean = field(default_factory=Mean)
    compared: Mean = field(default_factory=Mean)
    faults: int = 0

    def add(self, rolled: Rolled, evaluator: EvaluatorInfo | None) -> None:
        self.counts[rolled.state] = self.counts.get(rolled.state, 0) + 1
        self.mean.add(rolled.value)
        self.passed.add(None if rolled.passed is None else float(rolled.passed))
        self.compared.add(compared_value(rolled, evaluator))
        self.faults += rolled.passed is False


@dataclass(slots=True)
class Side:
    """One prompt version's conversations: what each case scored, and how often was pitched."""

    cohort_key: str
    evaluators: Mapping[str, EvaluatorInfo]
    cases: dict[str, dict[str, Mean]] = field(default_factory=dict)
    """By evaluator and case, the mean over trials of what counts."""
    means: dict[tuple[str, str], Mean] = field(default_factory=dict)
    pitched: dict[str, Mean] = field(default_factory=dict)
    cohorts: dict[str, str] = field(default_factory=dict)

    def add(self, row: ConversationRow) -> None:
        """Take one conversation."""
        cohort = cohort_of(row, self.cohort_key)
        if row.case is not None:
            self.cohorts.setdefault(row.case, cohort)
        for name in (ALL, cohort):
            self.pitched.setdefault(name, Mean()).add(None if row.pitches is None else float(row.pitches > 0))
        for name, rolled in row.rollups.items():
            self._add_value(row.case, cohort, name, compared_value(rolled, self.evaluators.get(name)))

    def _add_value(self, case: str | None, cohort: str, evaluator: str, value: float | None) -> None:
        for name in (ALL, cohort):
            self.means.setdefault((name, evaluator), Mean()).add(value)
        if case is not None and value is not None:
            self.cases.setdefault(evaluator, {}).setdefault(case, Mean()).add(value)

    def paired(self, other: Side, cohort: str, evaluator: str) -> list[tuple[float, float]]:
        """The values of the cases that count on both sides, this side's first, in order of cases."""
        own, theirs = self.cases.get(evaluator, {}), other.cases.get(evaluator, {})
        both = sorted(case for case in own.keys() & theirs.keys() if cohort in (ALL, other.cohorts[case]))
        return [(own[case].total / own[case].count, theirs[case].total / theirs[case].count) for case in both]


def differences(baseline: Side, candidate: Side) -> tuple[Difference, ...]:
    """How each cohort and evaluator moved, all conversations first; trials of a case are averaged.

    Cases are paired, and `baseline` and `candidate` are means over the pairs; without a pair they are means of all
    conversations that count, and there is no delta. A negative delta is worse, whatever the evaluator's direction.
    """
    cells = sorted({*baseline.means, *candidate.means}, key=lambda cell: (cell[0] != ALL, *cell))
    return tuple(_difference(baseline, candidate, *cell) for cell in cells)


def _difference(baseline: Side, candidate: Side, cohort: str, evaluator: str) -> Difference:
    pairs = baseline.paired(candidate, cohort, evaluator)
    info = candidate.evaluators.get(evaluator) or baseline.evaluators.get(evaluator)
    sign = -1.0 if info is not None and info.direction == "lower_is_better" else 1.0
    before = mean(old for old, _ in pairs) if pairs else _mean_of(baseline, cohort, evaluator)
    after = mean(new for _, new in pairs) if pairs else _mean_of(candidate, cohort, evaluator)
    delta = mean(sign * (new - old) for old, new in pairs)
    return Difference(
        cohort_key=candidate.cohort_key,
        cohort=cohort,
        evaluator=evaluator,
        baseline=before,
        candidate=after,
        delta=delta,
        pairs=len(pairs),
        pitch_rate_baseline=baseline.pitched.get(cohort, Mean()).value,
        pitch_rate_candidate=candidate.pitched.get(cohort, Mean()).value,
    )


def _mean_of(side: Side, cohort: str, evaluator: str) -> float | None:
    return side.means.get((cohort, evaluator), Mean()).value


def mean(values: Iterable[float]) -> float | None:
    """The mean of `values` to 12 digits after the point; None of none."""
    total = Mean()
    for value in values:
        total.add(value)
    return total.value


class Summary:
    """Everything that is summed up of a run, fed one conversation at a time."""

    def __init__(self, cohort_key: str, evaluators: Sequence[EvaluatorInfo]) -> None:
        self.cohort_key = cohort_key
        self.evaluators = {info.name: info for info in evaluators}
        self.sides: dict[str | None, Side] = {}
        self.states: dict[str, int] = {}
        """How many summaries of conversations ended in each state."""
        self.conversations = 0
        self.turns = 0
        self._cells: dict[tuple[str | None, str, str], _Cell] = {}

    def add(self, row: ConversationRow) -> None:
        """Take one conversation."""
        self.conversations += 1
        self.turns += row.turns
        side = self.sides.setdefault(row.prompt_version, Side(self.cohort_key, self.evaluators))
        side.add(row)
        for name, rolled in row.rollups.items():
            self.states[rolled.state] = self.states.get(rolled.state, 0) + 1
            for cohort in (ALL, cohort_of(row, self.cohort_key)):
                cell = self._cells.setdefault((row.prompt_version, cohort, name), _Cell())
                cell.add(rolled, self.evaluators.get(name))

    def counts(self) -> StateCounts:
        """How many summaries of conversations ended in each state."""
        return StateCounts(**self.states)

    def aggregates(self) -> list[Aggregate]:
        """One per prompt version, cohort and evaluator, in that order, all conversations first."""
        keys = sorted(self._cells, key=lambda key: (key[0] or "", key[1] != ALL, *key[1:]))
        return [self._aggregate(*key) for key in keys]

    def _aggregate(self, version: str | None, cohort: str, evaluator: str) -> Aggregate:
        cell = self._cells[version, cohort, evaluator]
        counts = StateCounts(**cell.counts)
        answered = counts.scored + counts.not_applicable
        return Aggregate(
            prompt_version=version,
            cohort_key=self.cohort_key,
            cohort=cohort,
            evaluator=evaluator,
            conversations=sum(cell.counts.values()),
            counts=counts,
            mean=cell.mean.value,
            pass_rate=cell.passed.value,
            compared_mean=cell.compared.value,
            compared_n=cell.compared.count,
            fault_rate=round(cell.faults / answered, 12) if answered else None,
            coverage=_rounded(counts.coverage),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 12)
