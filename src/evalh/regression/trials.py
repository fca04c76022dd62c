"""The trials of one prompt version as arrays, split at random into two sides; what a gate makes of them is not here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evalh.models import ConversationRow, EvaluatorInfo, Rolled, SideInfo
from evalh.regression.cells import Pairs, is_lower_better, tested_names
from evalh.regression.critical import Marked
from evalh.regression.sides import Side, side_of
from evalh.stats.flips import Bools, Floats, Ints, Paired
from evalh.stats.power import Losable
from evalh.stats.summary import compared_value

APART = 0.6180339887498949
"""So far apart, of the whole order, the parts of a trial fall: nowhere near each other."""
DIGITS = 12
"""Means are rounded as those of sides are, so that equal means differ by 0."""


@dataclass(frozen=True)
class Pool:
    """The conversations of each case, at least two, in order of case names.

    Arrays are cases by trials by evaluators: the evaluators that may refuse a candidate, the composite last.
    """

    info: SideInfo
    cases: tuple[tuple[ConversationRow, ...], ...]
    evaluators: tuple[EvaluatorInfo, ...]
    cohort_key: str

    @cached_property
    def pairs(self) -> Pairs:
        """All trials beside themselves: cohorts, families and scales."""
        side = self.side([row for rows in self.cases for row in rows])
        return Pairs(side, side, self.cohort_key, tested_names(side, side))

    def side(self, rows: Sequence[ConversationRow]) -> Side:
        """The side that some of the conversations make."""
        info = self.info.model_copy(update={"planned_trials": 0})
        return side_of(info, rows, inputs={}, evaluators=self.evaluators)

    @cached_property
    def paired(self) -> Paired:
        """The cases' cohorts and families; its differences mean nothing."""
        return self.pairs.whole

    @cached_property
    def sizes(self) -> Ints:
        """How many trials each case has."""
        return np.array([len(rows) for rows in self.cases], dtype=np.int64)

    @cached_property
    def values(self) -> Floats:
        """What each trial counts, NaN where it does not; 1 is always better than 0."""
        infos = [self.pairs.infos.get(name) for name in self.pairs.names]
        out = np.full(self._shape, np.nan)
        for (case, trial, column), rolled in self._rollups():
            value = compared_value(rolled, infos[column])
            if value is not None:
                out[case, trial, column] = -value if is_lower_better(infos[column]) else value
        return out

    @cached_property
    def states(self) -> Mapping[str, Bools]:
        """Which trials are "given" (there is a verdict of whatever state), "unsure", "errored"."""
        out = {state: np.zeros(self._shape, dtype=bool) for state in ("given", "unsure", "errored")}
        for at, rolled in self._rollups():
            out["given"][at] = True
            if rolled.state in out:
                out[rolled.state][at] = True
        return out

    @cached_property
    def worst(self) -> Floats:
        """The worst value of each evaluator; of one without an end the worst mean of a case."""
        distance, _ = self.pairs.losable()
        worst = self.pairs.values(self.pairs.after, self.pairs.cases) - distance
        least: Floats = np.where(np.isnan(worst), np.inf, worst).min(axis=0, initial=np.inf)
        return least

    @cached_property
    def parts(self) -> Ints:
        """In how many parts a trial of each evaluator falls: as many as faults like those seen would take."""
        widths = np.array([self.pairs.width(name) for name in self.pairs.names])
        values = (self.values - self.worst).reshape(-1, len(widths))
        parts: Ints = Losable(values, np.ones(values.shape, dtype=np.int64), widths).parts[0]
        return parts

    def marks(self, evaluator: str, label: str) -> Bools:
        """Which trials have a critical label, cases by trials."""
        out = np.zeros(self._shape[:2], dtype=bool)
        for case, rows in enumerate(self.cases):
            for trial, row in enumerate(rows):
                out[case, trial] = label in row.critical.get(evaluator, ())
        return out

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.cases), int(self.sizes.max()), len(self.pairs.names)

    def _rollups(self) -> Iterator[tuple[tuple[int, int, int], Rolled]]:
        columns = {name: column for column, name in enumerate(self.pairs.names)}
        for case, rows in enumerate(self.cases):
            for trial, row in enumerate(rows):
                for name, rolled in row.rollups.items():
                    if name in columns:
                        yield (case, trial, columns[name]), rolled

    def split(self, trials: tuple[int, int], generator: np.random.Generator) -> Split:
        """So many trials of each case on either side, at random; where a case has fewer, in the same proportion."""
        before, after = trials
        most = np.minimum(self.sizes, before + after)
        share = np.rint(most * before / (before + after)).astype(np.int64)
        first = np.where(self.sizes < before + after, np.clip(share, 1, most - 1), before)
        drawn = generator.random(self._shape[:2])
        drawn[np.arange(self._shape[1]) >= self.sizes[:, None]] = np.inf
        place = drawn.argsort(axis=1).argsort(axis=1)
        seed = int(generator.integers(2**63))
        chosen = place < first[:, None]
        return Split(self, chosen, (place < most[:, None]) & ~chosen, seed)


@dataclass(frozen=True)
class Split:
    """Some trials of each case as the baseline and others as the candidate; masks are cases by trials."""

    pool: Pool
    before: Bools
    after: Bools
    seed: int

    def sides(self) -> tuple[Side, Side]:
        """Both sides, as a comparison takes them."""
        first, second = (
            [row for rows, chosen in zip(self.pool.cases, mask, strict=True) for row in _chosen(rows, chosen)]
            for mask in (self.before, self.after)
        )
        return self.pool.side(first), self.pool.side(second)

    def planted(self, lost: Mapping[int, Floats]) -> Paired:
        """The differences of cases; `lost`: by evaluator's number, what each case's mean in the candidate loses."""
        values = self.unchanged.values.copy()
        for column, loss in lost.items():
            values[:, column] -= loss
        return self._paired(values)

    @cached_property
    def unchanged(self) -> Paired:
        """The differences with nothing planted."""
        return self._paired(self._means(self.after) - self._means(self.before))

    def _paired(self, values: Floats) -> Paired:
        pool = self.pool.paired
        return Paired(values.round(DIGITS), pool.cohorts, pool.clusters, pool.shares)

    def _means(self, mask: Bools) -> Floats:
        counted = ~np.isnan(self.pool.values) & mask[:, :, None]
        count = counted.sum(axis=1)
        total = np.where(counted, self.pool.values, 0.0).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan).round(DIGITS)

    @cached_property
    def coverage(self) -> Floats:
        """Of what was asked in each cell, the share that counts, of both sides together; 1 where nothing was."""
        sides = [self._counted(mask) for mask in (self.before, self.after)]
        counted, asked = (np.add(*both) for both in zip(*sides, strict=True))
        return np.where(asked > 0, counted / np.maximum(asked, 1), 1.0)

    def _counted(self, mask: Bools) -> tuple[Ints, Ints]:
        states = {name: (held & mask[:, :, None]).sum(axis=1) for name, held in self.pool.states.items()}
        counted = (~np.isnan(self.pool.values) & mask[:, :, None]).sum(axis=1)
        in_use = (counted + states["errored"]).any(axis=0)
        held = mask.sum(axis=1)
        usual = round(float(held[held > 0].mean())) if held.any() else 1
        missing = usual * ((states["given"] == 0) & in_use)
        asked = self._by_cell(counted + states["unsure"] + states["errored"] + missing)
        return self._by_cell(counted), asked

    def _by_cell(self, counts: Ints) -> Ints:
        out = np.zeros((self.pool.paired.rows, counts.shape[1]), dtype=np.int64)
        np.add.at(out, self.pool.paired.cohorts, counts)
        out[-1] = counts.sum(axis=0)
        return out

    def marked(self, marks: Bools) -> list[Marked]:
        """The cases that have a critical label on either side, given which trials have it."""
        counts = [(held & mask).sum(axis=1) for mask in (self.after, self.before) for held in (marks, True)]
        found = np.flatnonzero(counts[0] + counts[2])
        return [Marked(self.pool.pairs.cases[case], *(int(count[case]) for count in counts)) for case in found]

    def falling(self, column: int, row: int, order: Floats) -> Falling:
        """The parts of trials of the candidate that can fall in a cell. `row`: the cohort, last all.

        `order`, from 0 to 1 for each trial, says when its parts fall, which are spread from there.
        """
        values = self.pool.values[:, :, column]
        counted = ~np.isnan(values) & self.after
        paired = self.unchanged
        inside = ~np.isnan(paired.values[:, column])
        if row < paired.cohort_count:
            inside &= paired.cohorts == row
            weight = np.full(len(values), 1.0 / max(int(inside.sum()), 1))
        else:
            weight = (paired.weights / np.maximum(paired.pairs[:-1], 1.0))[paired.cohorts, column]
        parts = int(self.pool.parts[column])
        case, trial = (np.repeat(index, parts) for index in np.nonzero(counted & inside[:, None]))
        part = np.maximum(values[case, trial] - self.pool.worst[column], 0.0) / counted.sum(axis=1)[case] / parts
        turns = np.tile(np.arange(parts), len(case) // parts)
        ranked = np.argsort((order[case, trial] + turns * APART) % 1.0, kind="stable")
        ranked = ranked[part[ranked] > 0]
        return Falling(len(values), case[ranked], part[ranked], np.cumsum(part[ranked] * weight[case[ranked]]))


@dataclass(frozen=True)
class Falling:
    """Parts of trials in the order in which they fall.

    `part` is what a fall takes of its case's mean, `planted` the drop of the cell's mean by then.
    """

    cases: int
    case: Ints
    part: Floats
    planted: Floats

    def can(self, drop: float) -> bool:
        """Whether the cell has as much to lose."""
        return len(self.planted) > 0 and bool(self.planted[-1] >= drop - 1e-9)

    def lost(self, drop: float) -> Floats:
        """What each case's mean loses when the cell's mean falls by about `drop`, to the nearest trial."""
        after = np.concatenate([[0.0], self.planted])
        count = int(np.abs(after - drop).argmin())
        lost = np.zeros(self.cases)
        np.add.at(lost, self.case[:count], self.part[:count])
        return lost


def _chosen(rows: Sequence[ConversationRow], mask: Bools) -> list[ConversationRow]:
    return [row for row, chosen in zip(rows, mask, strict=False) if chosen]
