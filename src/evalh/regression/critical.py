"""Critical findings of rules: what a candidate does in cases where no trial of the baseline did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evalh.models import CriticalConfig, CriticalFinding
from evalh.models.comparison import ALL
from evalh.regression.cells import Pairs
from evalh.stats.rates import all_on_one_side, at_least

SELDOM = 0.05
"""A case blocks by itself if marks put at random on its trials are all the candidate's at most so often."""


@dataclass(frozen=True)
class Marked:
    """A case with a critical label on either side: trials with it, of how many."""

    case: str
    candidate: int
    candidate_trials: int
    baseline: int
    baseline_trials: int

    @property
    def new(self) -> bool:
        """Whether only the candidate has it."""
        return self.candidate > 0 and self.baseline == 0

    @property
    def repeated(self) -> bool:
        """Whether at least half of the candidate's trials have it, and chance alone seldom puts them all there."""
        chance = all_on_one_side(self.candidate, self.candidate_trials, self.baseline_trials)
        return 2 * self.candidate >= self.candidate_trials and chance <= SELDOM


def chance_of(marked: list[Marked]) -> float:
    """How often an unchanged agent has at least as many new cases: each case's marks fall on its trials at random."""
    chances = [
        all_on_one_side(one.candidate + one.baseline, one.candidate_trials, one.baseline_trials) for one in marked
    ]
    return at_least(sum(one.new for one in marked), chances)


def blocking(marked: list[Marked], chance: float, *, zero_tolerance: bool = False) -> set[str]:
    """The cases that block by themselves, of the cases of both sides that have a label on either.

    All new ones, where chance alone has that many at most so often; where the baseline has the label in no case at
    all, those that repeat in the candidate's trials; with zero tolerance any.
    """
    new = [one for one in marked if one.new]
    if not new or zero_tolerance or chance_of(marked) <= chance:
        return {one.case for one in new}
    clean = all(one.baseline == 0 for one in marked)
    return {one.case for one in new if clean and one.repeated}


def critical_findings(pairs: Pairs, config: CriticalConfig, chance: float) -> tuple[CriticalFinding, ...]:
    """The new critical findings of every configured label, those that block first. `chance`: shared by the labels."""
    found: list[CriticalFinding] = []
    labels = [(evaluator, label) for evaluator, names in config.labels.items() for label in names]
    for evaluator, label in labels:
        marked = list(_marked(pairs, evaluator, label))
        blocks = blocking(marked, chance / len(labels), zero_tolerance=config.zero_tolerance)
        found += [
            CriticalFinding(
                case=one.case,
                cohort=pairs.cohort_of.get(one.case, ALL),
                evaluator=evaluator,
                label=label,
                trials=one.candidate,
                of_trials=one.candidate_trials,
                baseline_trials=one.baseline_trials,
                blocks=one.case in blocks,
            )
            for one in marked
            if one.new
        ]
    return tuple(sorted(found, key=lambda one: (not one.blocks, one.evaluator, one.label, one.case)))


def _marked(pairs: Pairs, evaluator: str, label: str) -> Iterator[Marked]:
    for name in pairs.cases:
        before, after = pairs.before[name], pairs.after[name]
        own, old = _count(after.critical, evaluator, label), _count(before.critical, evaluator, label)
        if own or old:
            yield Marked(name, own, after.trials, old, before.trials)


def _count(critical: Mapping[str, Mapping[str, int]], evaluator: str, label: str) -> int:
    return critical.get(evaluator, {}).get(label, 0)
