"""Critical findings of rules: what a candidate does in cases where no trial of the baseline did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

from evalh.models import CriticalConfig, CriticalFinding
from evalh.models.comparison import ALL
from evalh.regression.cells import Pairs
from evalh.stats.rates import all_on_one_side, at_least

STEPS = 50
"""In so many parts of a natural logarithm it is counted how much a new case tells."""


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


def chance_of(marked: Sequence[Marked]) -> float:
    """How often an unchanged agent has new cases as telling as these: each case's marks fall on its trials at random.

    A new case tells the more, the rarer it is that all its marks are the candidate's; what new cases tell is added up.
    Exact for independent cases, given how many trials of each are marked.
    """
    chances = [
        all_on_one_side(one.candidate + one.baseline, one.candidate_trials, one.baseline_trials) for one in marked
    ]
    told = [max(1, round(-STEPS * log(chance))) if chance > 0 else 1 for chance in chances]
    return at_least(sum(weight for one, weight in zip(marked, told, strict=True) if one.new), chances, told)


def pooled(labels: Iterable[Iterable[Marked]]) -> list[Marked]:
    """The cases with any label: of a case the label that most trials of a side have stands for all of them.

    It counts fewer trials than have any of the labels, if at all, so that chance is rather over- than underestimated.
    """
    cases: dict[str, Marked] = {}
    for one in (one for marked in labels for one in marked):
        known = cases.get(one.case, one)
        candidate, baseline = max(known.candidate, one.candidate), max(known.baseline, one.baseline)
        cases[one.case] = replace(one, candidate=candidate, baseline=baseline)
    return [cases[name] for name in sorted(cases)]


def blocking(marked: Sequence[Marked], chance: float, *, zero_tolerance: bool = False) -> set[str]:
    """The cases that block by themselves, of all cases with a critical finding on either side.

    All new ones, where an unchanged agent has ones as telling at most as often as `chance`; with zero tolerance any.
    """
    new = {one.case for one in marked if one.new}
    return new if new and (zero_tolerance or chance_of(marked) <= chance) else set()


def critical_findings(pairs: Pairs, config: CriticalConfig, chance: float) -> tuple[CriticalFinding, ...]:
    """The new critical findings of every configured label, those that block first. `chance`: what they may spend."""
    labels = [(evaluator, label) for evaluator, names in config.labels.items() for label in names]
    found = {label: list(_marked(pairs, *label)) for label in labels}
    blocks = blocking(pooled(found.values()), chance, zero_tolerance=config.zero_tolerance)
    findings = [
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
        for (evaluator, label), marked in found.items()
        for one in marked
        if one.new
    ]
    return tuple(sorted(findings, key=lambda one: (not one.blocks, one.evaluator, one.label, one.case)))


def _marked(pairs: Pairs, evaluator: str, label: str) -> Iterator[Marked]:
    for name in pairs.cases:
        before, after = pairs.before[name], pairs.after[name]
        own, old = _count(after.critical, evaluator, label), _count(before.critical, evaluator, label)
        if own or old:
            yield Marked(name, own, after.trials, old, before.trials)


def _count(critical: Mapping[str, Mapping[str, int]], evaluator: str, label: str) -> int:
    return critical.get(evaluator, {}).get(label, 0)
