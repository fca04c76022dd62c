"""How far what was found agrees with labels: counts and rates, chance-corrected agreement, ranking, calibration.

An interval is a bootstrap over groups, which are conversations: what stands in one conversation is not independent, so
a conversation is drawn with all its rows or not at all (Davison and Hinkley 1997, "Bootstrap Methods", section 3.8).
What is compared with what, and what an unsure answer counts as, is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Yes = Sequence[bool] | NDArray[np.bool_]

DRAWS = 1000
SEED = 7
LEVEL = 0.95


@dataclass(frozen=True)
class Binary:
    """Yes or no, labelled and found: how many of each. The rates go from 0 to 1."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def total(self) -> int:
        """How many there are."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def labelled(self) -> int:
        """How many are labelled yes."""
        return self.tp + self.fn

    @property
    def found(self) -> int:
        """How many were found to be yes."""
        return self.tp + self.fp

    @property
    def precision(self) -> float:
        """The share of what was found that is labelled so; 0.0 where nothing was found."""
        return float(precision(self._counts))

    @property
    def recall(self) -> float:
        """The share of what is labelled that was found; 0.0 where nothing is labelled."""
        return float(recall(self._counts))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0.0 where nothing is labelled and nothing was found."""
        return float(f1(self._counts))

    @property
    def balanced_accuracy(self) -> float:
        """The mean of the shares of yes and of no that were found so; 0.0 where all or none are labelled yes."""
        return float(balanced_accuracy(self._counts))

    @property
    def accuracy(self) -> float:
        """The share on which both agree; 0.0 of nothing."""
        return float(accuracy(self._counts))

    @property
    def kappa(self) -> float:
        """Cohen's kappa: -1 to 1; 0.0 of nothing, 1.0 where both say the same of all."""
        return float(binary_kappa(self._counts))

    @property
    def _counts(self) -> Floats:
        return np.array([self.tp, self.fp, self.fn, self.tn], dtype=np.float64)


@dataclass(frozen=True)
class Interval:
    """A number and the bounds that it lies between."""

    value: float
    low: float
    high: float


def binary(gold: Yes, found: Yes) -> Binary:
    """The counts of what is labelled and what was found, in the same order. Raises ValueError of unlike lengths."""
    tp, fp, fn, tn = np.bincount(_cells(gold, found), minlength=4).tolist()
    return Binary(tp, fp, fn, tn)


def macro_f1(gold: Sequence[str], found: Sequence[str], labels: Sequence[str]) -> float:
    """The plain mean of the F1 of each of `labels`; one that is neither labelled nor found counts 0.0."""
    each = [binary([one == label for one in gold], [one == label for one in found]).f1 for label in labels]
    return sum(each) / len(each) if each else 0.0


def kappa(gold: Sequence[str], found: Sequence[str]) -> float:
    """Agreement beyond chance of two labellings of the same things: -1 to 1 (Cohen 1960, Educ. Psychol. Meas. 20).

    0.0 of nothing, 1.0 where both say the same one label of everything. Raises ValueError of unlike lengths.
    """
    agreed = sum(one == other for one, other in zip(gold, found, strict=True))
    size = len(gold)
    if not size:
        return 0.0
    both = set(gold) & set(found)
    chance = sum(_count(gold, label) * _count(found, label) for label in sorted(both)) / size**2
    return 1.0 if chance == 1.0 else (agreed / size - chance) / (1.0 - chance)


def auc(gold: Yes, score: Sequence[float] | Floats) -> float:
    """The chance that one labelled yes scores above one labelled no; ties count half, 0.5 where either is missing."""
    yes = np.asarray(gold, dtype=bool)
    values, place, counts = np.unique(np.asarray(score, dtype=np.float64), return_inverse=True, return_counts=True)
    if len(place) != len(yes):
        raise ValueError(f"{len(yes)} labels, but {len(place)} scores")
    pairs = int(yes.sum()) * int((~yes).sum())
    if not pairs:
        return 0.5
    above = np.bincount(place[yes], minlength=len(values))
    below = counts - above
    wins = above * (np.cumsum(below) - below / 2.0)
    return float(wins.sum() / pairs)


def ece(correct: Yes, confidence: Sequence[float] | Floats, bins: int = 10) -> float:
    """The expected calibration error: how far confidence is from the share that is right, 0 to 1; 0.0 of nothing.

    Confidences, 0 to 1, go into `bins` of equal width, the last one with its upper edge; a bin weighs what is in it
    (Naeini et al. 2015, AAAI). Raises ValueError of unlike lengths.
    """
    right, sure = np.asarray(correct, dtype=np.float64), np.asarray(confidence, dtype=np.float64)
    if len(right) != len(sure):
        raise ValueError(f"{len(right)} answers, but {len(sure)} confidences")
    if not len(right):
        return 0.0
    inside = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(inside, weights=right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(right))


def bootstrap(
    groups: Sequence[Hashable],
    statistic: Callable[[NDArray[np.intp]], float],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> Interval:
    """The interval of `statistic`, which is given the indexes of the rows that were drawn; deterministic in `seed`.

    `groups`: the group of each row, such as its conversation; whole groups are drawn, with replacement. Draws for
    which the statistic is NaN do not count. Where it is made of counts, `bootstrap_counts` is far quicker.
    """
    members = _members(groups)
    value = float(statistic(np.arange(len(groups), dtype=np.intp)))
    if not members:
        return Interval(value, value, value)
    generator = np.random.default_rng(seed)
    drawn = [
        float(
            statistic(np.concatenate([members[group] for group in generator.integers(0, len(members), len(members))]))
        )
        for _ in range(draws)
    ]
    return percentiles(value, np.array(drawn), level)


def bootstrap_counts(
    per_group_counts: NDArray[np.generic],
    statistic: Callable[[Floats], Floats],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> Interval:
    """The interval of a statistic of summed counts; the same as `bootstrap`, but for all draws at once.

    `per_group_counts`: groups by kinds of counts. `statistic` takes counts, draws by kinds, and gives a number a draw;
    `f1` and its like do for counts of `confusion`. Draws for which it is NaN do not count.
    """
    counts = np.asarray(per_group_counts, dtype=np.float64)
    value = float(statistic(counts.sum(axis=0)[None, :])[0])
    if not len(counts):
        return Interval(value, value, value)
    return percentiles(value, statistic(resampled(counts, draws=draws, seed=seed)), level)


def resampled(per_group_counts: NDArray[np.generic], *, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """The summed counts of each draw of as many groups as there are, draws by kinds; at least one group.

    Groups with the same counts are drawn as one with their joint chance, so the order of groups does not matter.
    """
    kinds, times = np.unique(np.asarray(per_group_counts, dtype=np.float64), axis=0, return_counts=True)
    weights = np.random.default_rng(seed).multinomial(int(times.sum()), times / times.sum(), size=draws)
    sums: Floats = weights.astype(np.float64) @ kinds
    return sums


def percentiles(value: float, drawn: Floats, level: float = LEVEL) -> Interval:
    """The interval that holds the middle `level` of the draws that are not NaN, and `value`."""
    real = drawn[~np.isnan(drawn)]
    if not len(real):
        return Interval(value, value, value)
    low, high = np.quantile(real, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def confusion(groups: Sequence[Hashable], gold: Yes, found: Yes) -> Ints:
    """The counts of each group, groups by (tp, fp, fn, tn), in the order in which the groups first come."""
    names: dict[Hashable, int] = {}
    place = np.array([names.setdefault(group, len(names)) for group in groups], dtype=np.int64)
    cells = _cells(gold, found)
    if len(place) != len(cells):
        raise ValueError(f"{len(place)} groups, but {len(cells)} rows")
    counts: Ints = np.bincount(place * 4 + cells, minlength=4 * len(names)).reshape(len(names), 4)
    return counts


def precision(counts: Floats, undefined: float = 0.0) -> Floats:
    """Precision of counts (tp, fp, fn, tn) along the last axis; `undefined` where nothing was found."""
    return _share(counts[..., 0], counts[..., 0] + counts[..., 1], undefined)


def recall(counts: Floats, undefined: float = 0.0) -> Floats:
    """Recall of counts (tp, fp, fn, tn) along the last axis; `undefined` where nothing is labelled."""
    return _share(counts[..., 0], counts[..., 0] + counts[..., 2], undefined)


def f1(counts: Floats, undefined: float = 0.0) -> Floats:
    """F1 of counts (tp, fp, fn, tn) along the last axis; `undefined` where nothing is labelled or found."""
    twice = 2.0 * counts[..., 0]
    return _share(twice, twice + counts[..., 1] + counts[..., 2], undefined)


def balanced_accuracy(counts: Floats, undefined: float = 0.0) -> Floats:
    """Balanced accuracy of counts (tp, fp, fn, tn) along the last axis; `undefined` where all or none are labelled."""
    yes, no = counts[..., 0] + counts[..., 2], counts[..., 1] + counts[..., 3]
    both = (_share(counts[..., 0], yes) + _share(counts[..., 3], no)) / 2.0
    balanced: Floats = np.where((yes > 0) & (no > 0), both, undefined)
    return balanced


def accuracy(counts: Floats) -> Floats:
    """Accuracy of counts (tp, fp, fn, tn) along the last axis; 0.0 of nothing."""
    return _share(counts[..., 0] + counts[..., 3], counts.sum(axis=-1))


def binary_kappa(counts: Floats, undefined: float = 0.0, same: float = 1.0) -> Floats:
    """Cohen's kappa of counts (tp, fp, fn, tn) along the last axis.

    `undefined` of nothing, `same` where there is nothing to disagree about: all are yes, or no, by label and finding.
    """
    tp, fp, fn, tn = (counts[..., cell] for cell in range(4))
    size = counts.sum(axis=-1)
    chance = (tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)
    beyond = _share(size * (tp + tn) - chance, size * size - chance, undefined)
    found: Floats = np.where((size > 0) & (size * size == chance), same, beyond)
    return found


def _share(part: Floats, whole: Floats, undefined: float = 0.0) -> Floats:
    shares: Floats = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), undefined)
    return shares


def _cells(gold: Yes, found: Yes) -> Ints:
    """Of each row 0 to 3: tp, fp, fn, tn."""
    yes, seen = np.asarray(gold, dtype=bool), np.asarray(found, dtype=bool)
    if len(yes) != len(seen):
        raise ValueError(f"{len(yes)} labels, but {len(seen)} answers")
    cells: Ints = np.where(yes, np.where(seen, 0, 2), np.where(seen, 1, 3)).astype(np.int64)
    return cells


def _count(labels: Sequence[str], label: str) -> int:
    return sum(one == label for one in labels)


def _members(groups: Sequence[Hashable]) -> list[NDArray[np.intp]]:
    rows: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    return [np.array(own, dtype=np.intp) for own in rows.values()]
