"""How small a drop a comparison would still have found: drops are planted in what it measured.

A formula with the standard error of "nothing changed" is too hopeful by about half, because a real drop falls on some
cases and not on others, which widens the spread. Planting drops keeps that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evalh.stats.flips import PRIOR_DF, FlipTest, Floats, Ints, Paired

DRAWS = 200
POWER = 0.8
MAX_PARTS = 20
"""A trial falls in at most so many parts."""


@dataclass(frozen=True)
class Losable:
    """What each case could still lose in the candidate, cases by measures.

    `values` is the candidate's distance to the worst value; NaN where the case does not count. `trials`: the trials it
    is a mean of. `widths`: how far the best value of each measure is from the worst; 1 by default.
    """

    values: Floats
    trials: Ints
    widths: Floats | None = None

    @cached_property
    def parts(self) -> Ints:
        """In how many equal parts a case falls: the more, the less of a trial one fault takes.

        A fault takes what is missing, on the mean, from the value of a case that is not perfect, as if one of its
        trials had lost it all; the whole trial where that is more, and where all cases are perfect.
        """
        widths = self.widths if self.widths is not None else np.ones(self.values.shape[1])
        missing = np.where(np.isnan(self.values), 0.0, (1.0 - self.values / widths) * self.trials)
        faulty = (missing > 1e-9).sum(axis=0)
        taken = np.where(faulty > 0, missing.sum(axis=0) / np.maximum(faulty, 1), 1.0)
        parts: Ints = np.rint(self.trials / np.clip(taken, 1.0 / MAX_PARTS, 1.0)).astype(np.int64)
        return parts


def detectable(
    paired: Paired, test: FlipTest, losable: Losable, *, min_drop: float | Floats, seed: int = 0, draws: int = DRAWS
) -> Floats:
    """For each tested cell the drop of its mean that is found in 4 of 5 draws; NaN where not even the largest is.

    Each draw flips the signs of the cases at random ("nothing changed", with the spread that was seen), then lets
    parts of trials at random, one by one, fall until the cell is called worse by the test's critical t.
    `min_drop`: the least drop that counts, of all measures or of each.
    """
    generator = np.random.default_rng([seed, 1])
    least = np.broadcast_to(np.asarray(min_drop, dtype=np.float64), test.t.shape[1:])
    found = np.full(test.t.shape, np.nan)
    cases = len(paired.values)
    clusters = paired.clusters if paired.clusters is not None else np.arange(cases)
    names, of_case = np.unique(clusters, return_inverse=True)
    signs: Floats = np.asarray(1.0 - 2.0 * generator.integers(0, 2, (draws, len(names))), dtype=np.float64)[:, of_case]
    # Of 2^n sign patterns at least one has all signs as seen: with too few families no drop is rare enough.
    telling = 2.0**-paired.independent < test.alpha
    for row, column in np.argwhere(test.tested & telling & np.isfinite(test.critical)[None, :]):
        inside = (paired.cohorts == row) if row < paired.cohort_count else np.ones(cases, dtype=bool)
        inside = inside & ~np.isnan(paired.values[:, column])
        cell = _Cell(paired, int(row), int(column), np.flatnonzero(inside))
        drops = cell.drops(signs, losable, (float(test.critical[column]), float(least[column])), generator)
        wanted = np.quantile(drops, POWER, method="higher")
        found[row, column] = wanted if np.isfinite(wanted) else np.nan
    return found


@dataclass(frozen=True)
class _Cell:
    paired: Paired
    row: int
    column: int
    cases: Ints

    def drops(
        self, signs: Floats, losable: Losable, wanted: tuple[float, float], generator: np.random.Generator
    ) -> Floats:
        """For each draw the planted drop at which the cell is first called worse; infinite where it never is."""
        critical, min_drop = wanted
        case, part = self._parts(losable)
        if not len(case):
            return np.full(len(signs), np.inf)
        order = np.argsort(generator.random((len(signs), len(case))), axis=1, kind="stable")
        which, lost = case[order], part[order]
        start = signs[:, self.cases] * self.paired.values[self.cases, self.column]
        before = np.take_along_axis(start, which, axis=1) - _earlier(which) * lost
        weight = self._weights()[which]
        mean = (self._weights() * start).sum(axis=1)[:, None] - (weight * lost).cumsum(axis=1)
        squares = (self._weights() * start**2).sum(axis=1)[:, None]
        squares = squares + (weight * ((before - lost) ** 2 - before**2)).cumsum(axis=1)
        t = mean / self._error(mean, squares)
        planted = (weight * lost).cumsum(axis=1)
        hit = (t < critical) & (mean <= -min_drop)
        first = hit.argmax(axis=1)
        at = planted[np.arange(len(signs)), first]
        return np.where(hit.any(axis=1), at, np.inf)

    def _parts(self, losable: Losable) -> tuple[Ints, Floats]:
        """Every part that can fall, as the place of its case in `cases` and what its fall takes of the case's mean."""
        value = losable.values[self.cases, self.column]
        parts = np.maximum(losable.parts[self.cases, self.column], 1)
        share = np.where(np.nan_to_num(value) > 0, value / parts, 0.0)
        case = np.repeat(np.arange(len(self.cases)), parts)
        part = share[case]
        return case[part > 0], part[part > 0]

    def _weights(self) -> Floats:
        if self.row < self.paired.cohort_count:
            return np.full(len(self.cases), 1.0 / len(self.cases))
        own = self.paired.weights[:, self.column] / np.maximum(self.paired.pairs[:-1, self.column], 1.0)
        weights: Floats = own[self.paired.cohorts[self.cases]]
        return weights

    def _error(self, mean: Floats, squares: Floats) -> Floats:
        count = float(self.paired.pairs[self.row, self.column])
        total = float(self.paired.pairs[-1, self.column])
        # The prior is a mean over all cases; of the planted squares it sees those of this cell.
        own = count * squares
        others = self.paired.squares[-1, self.column] - self.paired.squares[self.row, self.column]
        prior = (others + own) / max(total, 1.0)
        within = np.maximum(own - count * mean**2, 0.0)
        variance = (PRIOR_DF * prior + within) / (PRIOR_DF + max(count - 1.0, 0.0))
        error: Floats = np.sqrt(np.maximum(variance, 1e-12) * self.paired.spread[self.row, self.column])
        return error


def _earlier(which: Ints) -> Floats:
    """For each place of each draw, how often its case came before."""
    order = np.argsort(which, axis=1, kind="stable")
    ordered = np.take_along_axis(which, order, axis=1)
    place = np.arange(which.shape[1])[None, :]
    begins = np.where(np.diff(ordered, axis=1, prepend=-1) != 0, place, 0)
    rank = place - np.maximum.accumulate(begins, axis=1)
    out = np.zeros(which.shape)
    np.put_along_axis(out, order, rank.astype(np.float64), axis=1)
    return out
