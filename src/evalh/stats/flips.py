"""Which cells of a comparison fell by more than chance: paired sign flips, moderated t, step-down max-T.

Every case is met by both versions, so under "nothing changed" the difference of a case is as likely to have one sign
as the other. Flipping the signs of whole cases, all evaluators at once, gives what chance alone does to all cells.
A cell is compared with the lowest of all cells under each flip, so that the share of unchanged versions with any cell
called worse stays below alpha, whatever the correlation between cells and the shape of the scores.

Sources: sign flips as in Winkler et al. 2014 (NeuroImage 92, "Permutation inference for the general linear model");
step-down max-T of Westfall and Young 1993 ("Resampling-Based Multiple Testing", algorithm 2.8); the variance moderated
towards that of the evaluator as in Smyth 2004 (Stat. Appl. Genet. Mol. Biol. 3, article 3). The prior variance is the
mean square of an evaluator's differences, which no flip changes, so the test stays exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PRIOR_DF = 20.0
"""Degrees of freedom of the prior variance, measured with `python -m benchmarks.gate --only prior --runs 1000`.

More find more where all cohorts vary alike: 9 points in one of six in 89.5 % of runs, 86.1 % with 10. Where one cohort
varies half as much as others, more find fewer small drops in it (5 points: 66.9 %, 75.7 % with 10) and more drops in
the others; over all of them nothing is lost. False alarms do not depend on it.
"""
TIE = 1e-7
"""t values closer than this are equal: a flip that gives the same sums must count as a tie."""
CHUNK = 256


@dataclass(frozen=True)
class Paired:
    """Differences of cases, candidate minus baseline, negative is worse.

    `values`: cases by measures, NaN where a case does not count on both sides. `cohorts`: for each case the number of
    its cohort, 0 to C - 1. `clusters`: for each case the number of its family; a family is flipped as one; by default
    each case is its own. `shares`: what each cohort counts for in the row of all cases; by default its share of cases.
    """

    values: Floats
    cohorts: Ints
    clusters: Ints | None = None
    shares: Floats | None = None

    @property
    def rows(self) -> int:
        """The number of rows of cells: one a cohort, and last that of all cases."""
        return self.cohort_count + 1

    @cached_property
    def cohort_count(self) -> int:
        """How many cohorts there are."""
        told = len(self.shares) if self.shares is not None else 0
        return max(told, int(self.cohorts.max()) + 1 if len(self.cohorts) else 0)

    @cached_property
    def filled(self) -> Floats:
        """The differences with 0 where there is none."""
        return np.where(np.isnan(self.values), 0.0, self.values)

    @cached_property
    def pairs(self) -> Floats:
        """How many cases count in each cell, rows by measures."""
        return self._summed((~np.isnan(self.values)).astype(np.float64))

    @cached_property
    def independent(self) -> Floats:
        """How many families of cases count in each cell: what is flipped as one counts once."""
        if self.clusters is None or len(np.unique(self.clusters)) == len(self.values):
            return self.pairs
        there = ~np.isnan(self.values)
        own = np.zeros((self.rows, self.values.shape[1]))
        for row in range(self.rows):
            inside = there if row == self.cohort_count else there & (self.cohorts == row)[:, None]
            for column in range(self.values.shape[1]):
                own[row, column] = len(np.unique(self.clusters[inside[:, column]]))
        return own

    @cached_property
    def squares(self) -> Floats:
        """The sum of squares of each cell."""
        return self._summed(self.filled**2)

    @cached_property
    def weights(self) -> Floats:
        """What a cohort's mean counts for in the mean of all, cohorts by measures; columns sum to 1."""
        count = self.pairs[:-1]
        given = self.shares if self.shares is not None else np.bincount(self.cohorts, minlength=self.cohort_count)
        weights: Floats = np.where(count > 0, np.asarray(given, dtype=np.float64)[:, None], 0.0)
        shares: Floats = weights / np.maximum(weights.sum(axis=0), 1e-300)
        return shares

    @cached_property
    def prior(self) -> Floats:
        """The prior variance of each measure: the mean square of its differences."""
        prior: Floats = self.squares[-1] / np.maximum(self.pairs[-1], 1.0)
        return prior

    @cached_property
    def weighed_squares(self) -> Floats:
        """The mean square in each cell, weighed as its mean is."""
        own: Floats = self.squares / np.maximum(self.pairs, 1.0)
        own[-1] = (self.weights * own[:-1]).sum(axis=0)
        return own

    @cached_property
    def spread(self) -> Floats:
        """The sum of squared weights in each cell: 1/n where all cases weigh the same; 1 where there is none."""
        own: Floats = 1.0 / np.maximum(self.pairs, 1.0)
        overall = (self.weights**2 * own[:-1]).sum(axis=0)
        own[-1] = np.where(overall > 0, overall, 1.0)
        return own

    def means(self, sums: Floats) -> Floats:
        """The means of cells, ... by rows by measures, out of the sums of cohorts, ... by cohorts by measures."""
        own = sums / np.maximum(self.pairs[:-1], 1.0)
        overall = (self.weights * own).sum(axis=-2, keepdims=True)
        return np.concatenate([own, overall], axis=-2)

    def errors(self, means: Floats) -> Floats:
        """The moderated standard errors of cells with these means."""
        count = self.pairs
        within = count * np.maximum(self.weighed_squares - means**2, 0.0)
        variance = (PRIOR_DF * self.prior + within) / (PRIOR_DF + np.maximum(count - 1.0, 0.0))
        return np.sqrt(np.maximum(variance, 1e-12) * self.spread)

    def sums(self, signs: Floats) -> Floats:
        """The sums of cohorts under flips: flips by cases in, flips by cohorts by measures out."""
        out = np.zeros((len(signs), self.cohort_count, self.values.shape[1]))
        for cohort, members in enumerate(self._members):
            out[:, cohort] = signs[:, members] @ self.filled[members]
        return out

    @cached_property
    def _members(self) -> list[Ints]:
        return [np.flatnonzero(self.cohorts == cohort) for cohort in range(self.cohort_count)]

    def _summed(self, values: Floats) -> Floats:
        own = np.zeros((self.rows, values.shape[1]))
        np.add.at(own, self.cohorts, values)
        own[-1] = values.sum(axis=0)
        return own


@dataclass(frozen=True)
class FlipTest:
    """What the flips say of each cell; arrays are cohorts and last all cases, by measures.

    `tested`: at least `min_pairs` families of cases count. `p` is each cell's own, `adjusted` holds for the family; NaN
    where not tested. `low` and `high` are simultaneous bounds of the mean; `critical` is the t of each measure's family
    below which a cell is called worse, `alpha` what the family may spend. `exact`: all sign patterns were gone through.
    """

    mean: Floats
    error: Floats
    t: Floats
    p: Floats
    adjusted: Floats
    low: Floats
    high: Floats
    critical: Floats
    alpha: Floats
    tested: Bools
    pairs: Ints
    flips: int
    exact: bool


@dataclass(frozen=True)
class Share:
    """Measures that are tested as one family, and the alpha it may spend; `overall`: only their rows of all cases."""

    measures: Sequence[int]
    alpha: float
    overall: bool = False


@dataclass
class _Family:
    """The cells of one share, clearest drop last, and what the flips did so far."""

    rows: Ints
    columns: Ints
    t: Floats
    alpha: float
    exceeded: Floats = field(init=False)
    single: Floats = field(init=False)
    lowest: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exceeded = np.zeros(len(self.t))
        self.single = np.zeros(len(self.t))

    def add(self, t: Floats) -> None:
        """Take the t of all cells under some flips, flips by rows by measures."""
        if not len(self.t):
            return
        own = t[:, self.rows, self.columns]
        self.single += (own <= self.t + TIE).sum(axis=0)
        np.minimum.accumulate(own, axis=1, out=own)
        self.exceeded += (own <= self.t + TIE).sum(axis=0)
        self.lowest.append(own[:, -1].copy())


def sign_flip_test(
    paired: Paired,
    shares: Sequence[Share],
    *,
    min_pairs: int = 6,
    flips: int = 9999,
    seed: int = 0,
    allowed: Bools | None = None,
) -> FlipTest:
    """Test every cell for a drop. Deterministic in `seed`; exact where there are at most log2(flips) families.

    `shares` split the measures into families with an alpha each; a measure in none is not tested. The p values are
    (1 + flips at least as clear) / (1 + flips); where all patterns are gone through, the share of patterns. `allowed`,
    rows by measures: cells that may be tested at all; it must not depend on which side is which.
    """
    mean = paired.means(paired.sums(np.ones((1, len(paired.values)))))[0]
    error = paired.errors(mean)
    t = np.where(paired.squares > 0, mean / error, 0.0)
    tested = (paired.independent >= min_pairs) & (True if allowed is None else allowed)
    families = [_family(share, t, tested & (paired.squares > 0)) for share in shares]
    patterns = _Patterns(paired, flips, seed)
    count = 0
    for signs in patterns.chunks():
        count += len(signs)
        means = paired.means(paired.sums(signs))
        flipped = means / paired.errors(means)
        for family in families:
            family.add(flipped)
    return _result(paired, families, shares, (mean, error, t, tested), (count, patterns.exact))


def _family(share: Share, t: Floats, moving: Bools) -> _Family:
    own = np.zeros_like(moving)
    own[:, list(share.measures)] = moving[:, list(share.measures)]
    own[: -1 if share.overall else 0] = False
    rows, columns = np.nonzero(own)
    order = np.argsort(-t[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    return _Family(rows, columns, t[rows, columns], share.alpha)


@dataclass(frozen=True)
class _Patterns:
    """Sign patterns: all there are where they are few, else as many drawn as asked for."""

    paired: Paired
    flips: int
    seed: int

    @cached_property
    def families(self) -> Ints:
        """For each case the number of what is flipped as one."""
        given = self.paired.clusters
        clusters = given if given is not None else np.arange(len(self.paired.values))
        numbers: Ints = np.unique(clusters, return_inverse=True)[1]
        return numbers

    @cached_property
    def count(self) -> int:
        """How many things there are to flip."""
        return int(self.families.max()) + 1 if len(self.families) else 0

    @property
    def exact(self) -> bool:
        """Whether all patterns are gone through."""
        return self.count < 30 and 2**self.count <= self.flips + 1

    def chunks(self) -> Iterator[Floats]:
        """The patterns, flips by cases."""
        total = 2**self.count if self.exact else self.flips
        generator = np.random.default_rng(self.seed)
        for start in range(0, total, CHUNK):
            numbers = np.arange(start, min(start + CHUNK, total))
            if self.exact:
                bits = (numbers[:, None] >> np.arange(self.count)) & 1
            else:
                bits = generator.integers(0, 2, (len(numbers), self.count))
            yield np.asarray(1.0 - 2.0 * bits, dtype=np.float64)[:, self.families]


def _result(
    paired: Paired,
    families: Sequence[_Family],
    shares: Sequence[Share],
    cells: tuple[Floats, Floats, Floats, Bools],
    done: tuple[int, bool],
) -> FlipTest:
    mean, error, t, tested = cells
    count, exact = done
    own = np.zeros_like(tested)
    for share in shares:
        own[-1 if share.overall else 0 :, list(share.measures)] = True
    tested = tested & own
    p = np.where(tested, 1.0, np.nan)
    adjusted = p.copy()
    critical, alpha = np.full(t.shape[1], np.nan), np.full(t.shape[1], np.nan)
    for family, share in zip(families, shares, strict=True):
        alpha[list(share.measures)] = share.alpha
        if not len(family.t):
            continue
        extra = 0 if exact else 1
        p[family.rows, family.columns] = (extra + family.single) / (extra + count)
        steps = ((extra + family.exceeded) / (extra + count))[::-1]
        adjusted[family.rows, family.columns] = np.maximum.accumulate(steps)[::-1]
        critical[list(share.measures)] = np.quantile(np.concatenate(family.lowest), share.alpha, method="lower")
    reach = np.where(tested, -critical * error, np.nan)
    return FlipTest(
        mean,
        error,
        t,
        p,
        adjusted,
        mean - reach,
        mean + reach,
        critical,
        alpha,
        tested,
        paired.pairs.astype(np.int64),
        count,
        exact,
    )
