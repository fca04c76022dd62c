"""Counts as rates: Wilson intervals, and exact chances of lopsided counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb, sqrt

import numpy as np

Z95 = 1.959963984540054


def wilson(hits: float, n: int, z: float = Z95) -> tuple[float, float] | None:
    """The Wilson interval of `hits` in `n`, by default 95 %; None of nothing (Wilson 1927, JASA 22)."""
    if not n:
        return None
    rate, square = hits / n, z * z
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = z / (1 + square / n) * sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == n else min(1.0, middle + half)


def one_sided(more: int, less: int) -> float:
    """The chance that a fair coin gives at least `more` of `more + less` (McNemar's exact test, one side)."""
    n = more + less
    return sum(comb(n, k) for k in range(more, n + 1)) / (1 << n)


def all_on_one_side(found: int, candidate_trials: int, baseline_trials: int) -> float:
    """The chance that `found` marks put at random on the trials of both sides all fall on the candidate's."""
    if found > candidate_trials:
        return 0.0
    return comb(candidate_trials, found) / comb(candidate_trials + baseline_trials, found)


def as_many(marks: Iterable[tuple[int, int]], trials: Iterable[tuple[int, int]]) -> float:
    """The chance that marks put at random on the trials of their case fall on this side at least as often as they did.

    `marks` and `trials` of each case are those of this side and of the other. Exact, and fair where one side has more
    trials; with one trial on each side it is `one_sided` of the cases that only one side has marked.
    """
    counts, seen = np.ones(1), 0
    for (here, there), (own, other) in zip(marks, trials, strict=True):
        found = here + there
        ways = comb(own + other, found)
        counts = np.convolve(counts, [comb(own, k) * comb(other, found - k) / ways for k in range(min(own, found) + 1)])
        seen += here
    return min(1.0, float(counts[seen:].sum()))


def at_least(wanted: int, chances: Sequence[float], weights: Sequence[int] | None = None) -> float:
    """The chance that of independent events of these chances at least `wanted` happen, or the sum of their `weights`.

    Exact: a Poisson binomial distribution; with weights, which are whole and at least 1, a generalised one.
    """
    sums = np.ones(1)
    for chance, weight in zip(chances, weights or [1] * len(chances), strict=True):
        longer = np.zeros(len(sums) + weight)
        longer[: len(sums)] += sums * (1 - chance)
        longer[weight:] += sums * chance
        sums = longer
    return min(1.0, float(sums[wanted:].sum()))
