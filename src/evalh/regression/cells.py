"""Two sides as pairs of cases: differences of every evaluator, and what each side brings to a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evalh.models import CaseSide, CaseTrials, EvaluatorInfo, SideCell, StateCounts
from evalh.models.comparison import ALL, COMPOSITE
from evalh.regression.sides import Side
from evalh.stats.flips import Floats, Ints, Paired
from evalh.stats.rates import wilson
from evalh.stats.summary import cohort_of, mean

NOTHING = CaseTrials()
Filled = Callable[[CaseTrials, EvaluatorInfo | None], float | None]


@dataclass(frozen=True)
class Pairs:
    """The cases of two sides, matched by name, by the cohorts of one key.

    `names` are the evaluators; arrays are cases by evaluators, in order of case names, only cases that both sides have.
    """

    baseline: Side
    candidate: Side
    cohort_key: str
    names: Sequence[str]

    @cached_property
    def before(self) -> dict[str, CaseSide]:
        """The baseline's cases by name."""
        return {case.case: case for case in self.baseline.cases}

    @cached_property
    def after(self) -> dict[str, CaseSide]:
        """The candidate's cases by name."""
        return {case.case: case for case in self.candidate.cases}

    @cached_property
    def cohort_of(self) -> dict[str, str]:
        """The cohort of every case of either side; the candidate's word counts where they differ."""
        return {name: cohort_of(case, self.cohort_key) for name, case in sorted({**self.before, **self.after}.items())}

    @cached_property
    def cohorts(self) -> list[str]:
        """The cohorts, by name."""
        return sorted(set(self.cohort_of.values()))

    @cached_property
    def cases(self) -> list[str]:
        """The cases that both sides have, by name."""
        return sorted(self.before.keys() & self.after.keys())

    @cached_property
    def infos(self) -> dict[str, EvaluatorInfo]:
        """The evaluators as the candidate used them, else as the baseline did."""
        return {one.name: one for one in (*self.baseline.evaluators, *self.candidate.evaluators)}

    def members(self, cohort: str) -> list[str]:
        """The cases of either side in a cohort."""
        return [name for name, own in self.cohort_of.items() if cohort in (ALL, own)]

    @cached_property
    def values_before(self) -> Floats:
        """The baseline's values of the cases that both sides have."""
        return self.values(self.before, self.cases)

    @cached_property
    def values_after(self) -> Floats:
        """The candidate's values of the cases that both sides have."""
        return self.values(self.after, self.cases)

    def values(self, side: Mapping[str, CaseSide], cases: Sequence[str], filled: Filled | None = None) -> Floats:
        """What each case scored on a side, cases by evaluators, NaN where it does not count; 1 is always better than 0.

        `filled`: says what else a case counts, instead of its mean.
        """
        out = np.full((len(cases), len(self.names)), np.nan)
        for row, name in enumerate(cases):
            known = side[name].evaluators if name in side else {}
            for column, evaluator in enumerate(self.names):
                info = self.infos.get(evaluator)
                trials = known.get(evaluator, NOTHING)
                value = filled(trials, info) if filled is not None else trials.mean
                if value is not None:
                    out[row, column] = -value if is_lower_better(info) else value
        return out

    def paired(
        self, cases: Sequence[str] | None = None, before: Filled | None = None, after: Filled | None = None
    ) -> Paired:
        """The differences, candidate minus baseline, of the cases both sides have (or of `cases`)."""
        cases = self.cases if cases is None else cases
        differences = self.values(self.after, cases, after) - self.values(self.before, cases, before)
        return Paired(differences, self.cohort_numbers(cases), self._families(cases), self._shares)

    @cached_property
    def whole(self) -> Paired:
        """The differences of the cases that both sides have."""
        return self.paired()

    def cohort_numbers(self, cases: Sequence[str]) -> Ints:
        """The number of each case's cohort."""
        numbers = {cohort: number for number, cohort in enumerate(self.cohorts)}
        return np.array([numbers[self.cohort_of[name]] for name in cases], dtype=np.int64)

    @cached_property
    def _shares(self) -> Floats:
        members = list(self.cohort_of.values())
        return np.array([members.count(cohort) for cohort in self.cohorts], dtype=np.float64)

    def _families(self, cases: Sequence[str]) -> Ints:
        """Cases of one template are flipped as one; a case without one is a family of its own."""
        both = {**self.before, **self.after}
        keys = [("template", both[name].template) if both[name].template else ("case", name) for name in cases]
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        return np.array([numbers[key] for key in keys], dtype=np.int64)

    def losable(self) -> tuple[Floats, Ints]:
        """How far each case's value in the candidate is from the worst there is, and in how many trials."""
        value = self.values(self.after, self.cases)
        worst = np.array([self._worst(name, column, value) for column, name in enumerate(self.names)])
        trials = [[self._trials(case, name) for name in self.names] for case in self.cases]
        return value - worst, np.array(trials, dtype=np.int64).reshape(value.shape)

    def _worst(self, name: str, column: int, value: Floats) -> float:
        info = self.infos.get(name)
        scale = info.scale if info is not None else (0.0, 1.0)
        if scale is not None:
            return -scale[1] if is_lower_better(info) else scale[0]
        known = np.concatenate([value[:, column], self.values(self.before, self.cases)[:, column]])
        return float(np.nanmin(known)) if np.isfinite(known).any() else 0.0

    def _trials(self, case: str, name: str) -> int:
        return max(1, self.after[case].evaluators.get(name, NOTHING).n)

    def width(self, name: str) -> float:
        """How far the evaluator's best value is from its worst; 1 where there is no end."""
        info = self.infos.get(name)
        scale = info.scale if info is not None else (0.0, 1.0)
        return scale[1] - scale[0] if scale is not None else 1.0


def is_lower_better(info: EvaluatorInfo | None) -> bool:
    """Whether the evaluator's lower values are the better ones."""
    return info is not None and info.direction == "lower_is_better"


def facets_of(*sides: Side) -> list[str]:
    """The keys by which the cases of the sides can be grouped, "persona" first."""
    cases = [case for side in sides for case in side.cases]
    facets = sorted({name for case in cases for name in case.facets})
    return [*(["persona"] if any(case.persona for case in cases) else []), *facets]


def tested_names(baseline: Side, candidate: Side) -> list[str]:
    """The evaluators that may refuse a candidate, in their order, the composite last."""
    gating = {info.name for side in (baseline, candidate) for info in side.evaluators if info.gating} | {COMPOSITE}
    return [name for name in dict.fromkeys([*candidate.names, *baseline.names]) if name in gating]


# --- one side of a cell ---


@dataclass(frozen=True)
class Share:
    """How much of what was asked in a cell was answered on one side.

    `counted`: trials that count. `asked`: those and the unsure, errored and missing ones. `lost`: errored and missing.
    """

    counted: int
    asked: int
    lost: int

    @property
    def coverage(self) -> float:
        """counted / asked; 1 where nothing was asked."""
        return self.counted / self.asked if self.asked else 1.0

    @property
    def evaluated(self) -> float:
        """What was evaluated without an error, of what was asked and is not unsure; 1 where nothing was."""
        tried = self.counted + self.lost
        return self.counted / tried if tried else 1.0

    def __add__(self, other: Share) -> Share:
        return Share(self.counted + other.counted, self.asked + other.asked, self.lost + other.lost)


@dataclass(frozen=True)
class Planned:
    """How many trials a case of a side was to have: `of_case` where it has none at all, else `trials`, 0 if unknown."""

    of_case: int = 1
    trials: int = 0

    def lost(self, trials: CaseTrials) -> int:
        """The trials of a case that errored, and those that are missing."""
        held: int = sum(trials.counts.model_dump().values())
        errored: int = trials.counts.errored
        return errored + (max(0, self.trials - held) if held else self.of_case)


def share_of(side: Mapping[str, CaseSide], members: Iterable[str], evaluator: str, planned: Planned | None) -> Share:
    """The share of a cell. `planned`: what was to be; None where the evaluator gave no verdict at all."""
    counted = unsure = lost = 0
    for name in members:
        trials = side[name].evaluators.get(evaluator, NOTHING) if name in side else NOTHING
        counted += trials.n
        unsure += trials.counts.unsure
        lost += planned.lost(trials) if planned is not None else 0
    return Share(counted, counted + unsure + lost, lost)


def side_cell(side: Mapping[str, CaseSide], members: Sequence[str], evaluator: str) -> SideCell:
    """What a side brings to a cell: states, rates and how stable its cases are."""
    own = [side[name] for name in members if name in side]
    trials = [case.evaluators.get(evaluator, NOTHING) for case in own]
    states = {name: sum(getattr(one.counts, name) for one in trials) for name in StateCounts.model_fields}
    passed, failed = sum(one.passed for one in trials), sum(one.failed for one in trials)
    interval = wilson(passed, passed + failed)
    repeated = [one for one in trials if one.passed + one.failed > 1]
    read = sum(case.read for case in own)
    return SideCell(
        counts=StateCounts(**states),
        missing=sum(name not in side for name in members),
        pitch_rate=sum(case.pitched for case in own) / read if read else None,
        pass_rate=passed / (passed + failed) if interval else None,
        pass_low=_short(interval[0]) if interval else None,
        pass_high=_short(interval[1]) if interval else None,
        pass_all=mean(float(not one.failed) for one in repeated),
        stable=mean(float(not one.failed or not one.passed) for one in repeated),
    )


def error_classes(side: Mapping[str, CaseSide], members: Sequence[str], evaluators: Collection[str]) -> dict[str, int]:
    """How many verdicts errored for each class of failure, the most frequent first."""
    found = Counter[str]()
    for case in (side[name] for name in members if name in side):
        for name in evaluators:
            found.update(case.evaluators.get(name, NOTHING).errors)
    return dict(found.most_common())


def _short(value: float) -> float:
    return round(value, 6)
