"""Rules by which a candidate is refused, each as the cells it refuses for: that of evalh, and those in common use.

A cell is a persona (last: all cases) by an evaluator (last: the composite). A rule sees only `Scores`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

import numpy as np
from benchmarks.gate_worlds import PERSONAS, Bools, Floats, Scores

from evalh.regression.critical import Marked, blocking, pooled
from evalh.stats.flips import FlipTest, Paired, Share, sign_flip_test
from evalh.stats.rates import one_sided

ALPHA = 0.05
CRITICAL = 0.005
"""What critical findings may spend of it."""
MIN_DROP = 0.02
PASS = 0.7
"""The score at which a case passes an evaluator, for rules that know only passed and failed."""
Rule = Callable[[Scores], Bools]


def paired(scores: Scores) -> Paired:
    """The differences of the cases."""
    before, after = scores.means
    return Paired(after - before, scores.cohorts)


def flip_test(scores: Scores, flips: int, seed: int) -> FlipTest:
    """The test of evalh on all cells."""
    differences = paired(scores)
    share = Share(range(differences.values.shape[1]), ALPHA - CRITICAL)
    return sign_flip_test(differences, [share], flips=flips, seed=seed)


def worse(test: FlipTest, alpha: float = ALPHA - CRITICAL) -> Bools:
    """The cells that evalh calls worse."""
    found: Bools = (np.nan_to_num(test.adjusted, nan=1.0) < alpha) & (test.mean <= -MIN_DROP)
    return found


def critical(scores: Scores, rate: float, *, zero_tolerance: bool = False) -> bool:
    """Whether critical findings block, of labels that happen at this rate."""
    if not rate:
        return False
    before, after = scores.faults[rate]
    labels = [
        [
            Marked(str(case), int(new[case]), after.shape[2], int(old[case]), before.shape[2])
            for case in np.flatnonzero(old + new)
        ]
        for old, new in zip(before.sum(axis=2), after.sum(axis=2), strict=True)
    ]
    return bool(blocking(pooled(labels), CRITICAL, zero_tolerance=zero_tolerance))


# --- rules in common use ---


def cell_threshold(scores: Scores) -> Bools:
    """A cell of a persona falls by more than 0.05."""
    fell = _mean_change(scores) < -0.05
    fell[-1] = False
    return fell


def overall_threshold(scores: Scores) -> Bools:
    """A mean over all cases falls by more than 0.02."""
    fell = _mean_change(scores) < -0.02
    fell[:-1] = False
    return fell


def any_flip(scores: Scores) -> Bools:
    """A case that passed an evaluator fails it."""
    before, after = scores.means
    flipped = (before >= PASS) & (after < PASS)
    flipped[:, -1] = False
    return _by_cell(flipped.astype(np.float64)) > 0


def welch(scores: Scores) -> Bools:
    """Welch's t test of each cell, unpaired, one side, p < .05."""
    return _welch_p(scores) < ALPHA


def welch_holm(scores: Scores) -> Bools:
    """... with Holm's correction over all cells."""
    return holm(_welch_p(scores))


def mcnemar_holm(scores: Scores) -> Bools:
    """McNemar's exact test of passed and failed in each cell, one side, with Holm's correction."""
    before, after = scores.means
    worse_ = _by_cell(((before >= PASS) & (after < PASS)).astype(np.float64)).astype(int)
    better = _by_cell(((before < PASS) & (after >= PASS)).astype(np.float64)).astype(int)
    return holm(np.vectorize(_one_sided, otypes=[np.float64])(worse_, better))


NAIVE: dict[str, Rule] = {
    "any persona's mean falls > 0.05": cell_threshold,
    "any overall mean falls > 0.02": overall_threshold,
    "any case flips from pass to fail": any_flip,
    "Welch t of each cell, p < .05": welch,
    "Welch t + Holm": welch_holm,
    "McNemar + Holm": mcnemar_holm,
}


def holm(p: Floats, alpha: float = ALPHA) -> Bools:
    """Which hypotheses Holm's step-down rejects (Holm 1979)."""
    flat = p.ravel()
    order = np.argsort(flat, kind="stable")
    kept = flat[order] * (len(flat) - np.arange(len(flat))) < alpha
    out = np.zeros(len(flat), dtype=bool)
    out[order] = np.logical_and.accumulate(kept)
    return out.reshape(p.shape)


@cache
def _one_sided(more: int, less: int) -> float:
    return one_sided(int(more), int(less))


def _by_cell(values: Floats) -> Floats:
    """Sums of cases' values in every cell."""
    cohorts = np.arange(len(values)) % PERSONAS
    own = np.stack([values[cohorts == persona].sum(axis=0) for persona in range(PERSONAS)])
    return np.concatenate([own, own.sum(axis=0, keepdims=True)])


def _moments(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Count, mean and squared standard error of each cell."""
    known = ~np.isnan(values)
    count = _by_cell(known.astype(np.float64))
    filled = np.where(known, values, 0.0)
    mean = _by_cell(filled) / np.maximum(count, 1)
    within = np.maximum(_by_cell(filled**2) - count * mean**2, 0.0)
    return count, mean, within / np.maximum(count - 1, 1) / np.maximum(count, 1)


def _mean_change(scores: Scores) -> Floats:
    before, after = scores.means
    return _moments(after)[1] - _moments(before)[1]


def _welch_p(scores: Scores) -> Floats:
    (old_n, old, old_error), (new_n, new, new_error) = (_moments(side) for side in scores.means)
    error = old_error + new_error
    freedom = error**2 / np.maximum(
        old_error**2 / np.maximum(old_n - 1, 1) + new_error**2 / np.maximum(new_n - 1, 1), 1e-300
    )
    t = (new - old) / np.sqrt(np.maximum(error, 1e-300))
    p = import_module("scipy.special").stdtr(np.maximum(freedom, 1.0), t)
    return np.where((error > 0) & (old_n > 1) & (new_n > 1), p, 1.0)
