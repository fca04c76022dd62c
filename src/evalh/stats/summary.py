"""Conversation rows as means and fault rates; comparing sides is left to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evalh.models import Aggregate, CaseSide, ConversationRow, EvaluatorInfo, Rolled, StateCounts
from evalh.models.comparison import ALL, NO_COHORT
from evalh.stats.rates import wilson


def cohort_of(row: ConversationRow | CaseSide, key: str) -> str:
    """The value of `key` that a conversation or a case has: its persona, or the facet of that name."""
    value = row.persona if key == "persona" else row.facets.get(key)
    return value if value and value != ALL else NO_COHORT


def compared_value(rolled: Rolled, evaluator: EvaluatorInfo | None) -> float | None:
    """What a conversation counts when versions are compared; None when it does not count.

    Where an evaluator of acts had nothing to judge, nothing was done wrong: the best value. Others that do not apply,
    and what is unsure, errored or skipped, do not count.
    """
    if rolled.state == "not_applicable" and evaluator is not None and evaluator.acts:
        low, high = evaluator.scale or (0.0, 1.0)
        return low if evaluator.direction == "lower_is_better" else high
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
        self.states: dict[str, int] = {}
        """How many summaries of conversations ended in each state."""
        self.conversations = 0
        self.turns = 0
        self._cells: dict[tuple[str | None, str, str], _Cell] = {}

    def add(self, row: ConversationRow) -> None:
        """Take one conversation."""
        self.conversations += 1
        self.turns += row.turns
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
        low, high = wilson(cell.faults, answered) or (None, None)
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
            fault_low=_rounded(low),
            fault_high=_rounded(high),
            coverage=_rounded(counts.coverage),
        )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 12)
