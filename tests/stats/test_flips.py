"""The test for drops, against all sign patterns gone through in exact fractions, written independently of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import isnan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalh.stats.flips import PRIOR_DF, FlipTest, Paired, Share, sign_flip_test

NAN = float("nan")
TIED = (-1.0, -0.5, 0.0, 0.5, 1.0)
Table = Sequence[Sequence[float]]
Cell = tuple[int, int]


# --- the same test in plain Python ---


class Plain:
    """All cells under every sign pattern. `shares` weigh cohorts in the row of all; each case is its own cluster."""

    def __init__(self, table: Table, cohorts: Sequence[int], clusters: Sequence[int] | None = None) -> None:
        self.table = [[None if isnan(value) else Fraction(value) for value in row] for row in table]
        self.cohorts = list(cohorts)
        self.names = sorted(set(cohorts))
        self.clusters = list(clusters or range(len(table)))
        self.columns = range(len(table[0]))
        self.cells = [(row, column) for row in range(len(self.names) + 1) for column in self.columns]
        self.observed = self.signed_squares([1] * len(table))
        self.patterns = [self.signed_squares(signs) for signs in self._signs()]

    def _signs(self) -> Iterator[list[int]]:
        names = sorted(set(self.clusters))
        for signs in product((1, -1), repeat=len(names)):
            yield [signs[names.index(cluster)] for cluster in self.clusters]

    def signed_squares(self, signs: Sequence[int]) -> dict[Cell, Fraction]:
        """t times |t| of each cell, which orders cells as t does and needs no root; cells that cannot move left out."""
        found: dict[Cell, Fraction] = {}
        for column in self.columns:
            own = {
                name: [
                    sign * value
                    for sign, row, cohort in zip(signs, self.table, self.cohorts, strict=True)
                    if cohort == name and (value := row[column]) is not None
                ]
                for name in self.names
            }
            squares = [value * value for values in own.values() for value in values]
            for row, name in enumerate(self.names):
                self._add(found, (row, column), {name: own[name]}, squares)
            self._add(found, (len(self.names), column), own, squares)
        return found

    def _add(
        self, found: dict[Cell, Fraction], cell: Cell, own: dict[int, list[Fraction]], squares: list[Fraction]
    ) -> None:
        kept = {name: values for name, values in own.items() if values}
        if not any(value for values in kept.values() for value in values):
            return
        sizes = {name: self.cohorts.count(name) for name in kept}
        weights = {name: Fraction(sizes[name], sum(sizes.values())) for name in kept}
        mean = total(weights[name] * total(values) / len(values) for name, values in kept.items())
        square = total(weights[name] * total(v * v for v in values) / len(values) for name, values in kept.items())
        count = sum(map(len, kept.values()))
        prior = total(squares) / len(squares)
        freedom = Fraction(int(PRIOR_DF))
        variance = (freedom * prior + count * (square - mean**2)) / (freedom + count - 1)
        spread = total(weights[name] ** 2 / len(values) for name, values in kept.items())
        found[cell] = mean * abs(mean) / (variance * spread)

    def p(self, cell: Cell) -> float:
        """How often a pattern gives a cell a drop as clear."""
        return sum(found[cell] <= self.observed[cell] for found in self.patterns) / len(self.patterns)

    def adjusted(self) -> dict[Cell, float]:
        """Step-down: each cell against the clearest of the cells that are not clearer; never less than one before."""
        order = sorted(self.observed, key=lambda cell: self.observed[cell])
        out, so_far = {}, 0.0
        for place, cell in enumerate(order):
            hits = sum(min(found[c] for c in order[place:]) <= self.observed[cell] for found in self.patterns)
            so_far = max(so_far, hits / len(self.patterns))
            out[cell] = so_far
        return out


def total(values: Iterable[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


def tied(seed: int, cases: int, measures: int, missing: float = 0.0) -> list[list[float]]:
    drawn = random.Random(seed)
    return [
        [NAN if drawn.random() < missing else drawn.choice(TIED) for _ in range(measures)] for _ in range(cases)
    ]  # fmt: skip


def paired(table: Table, cohorts: Sequence[int] | None = None, **more: Any) -> Paired:
    values = np.array(table, dtype=np.float64)
    return Paired(values, np.array(cohorts if cohorts is not None else [0] * len(values), dtype=np.int64), **more)


def run(table: Table, cohorts: Sequence[int] | None = None, *, clusters: Any = None, **more: Any) -> FlipTest:
    given_ = {"min_pairs": 2, "flips": 1023, **more}
    numbers = None if clusters is None else np.array(clusters)
    shares = given_.pop("shares", [Share(range(len(table[0])), 0.05)])
    return sign_flip_test(paired(table, cohorts, clusters=numbers), shares, **given_)


# --- exactness ---


@pytest.mark.parametrize("seed", range(12))
def test_the_p_of_each_cell_is_the_share_of_all_patterns_on_tied_data(seed: int) -> None:
    table, cohorts = tied(seed, cases=8, measures=2), [0, 1] * 4
    plain = Plain(table, cohorts)

    test = run(table, cohorts)

    assert test.exact
    for cell in plain.observed:
        assert test.p[cell] == pytest.approx(plain.p(cell), abs=1e-12), cell


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("seed", range(6))
def test_adjusted_p_is_step_down_over_all_patterns_on_tied_data(seed: int, missing: float) -> None:
    table, cohorts = tied(seed, cases=9, measures=3, missing=missing), [0, 1, 1] * 3
    plain = Plain(table, cohorts)

    test = run(table, cohorts)

    for cell, wanted in plain.adjusted().items():
        if test.tested[cell] and test.pairs.min() >= 2:
            assert test.adjusted[cell] == pytest.approx(wanted, abs=1e-12), cell


def test_ten_cases_are_gone_through_in_full() -> None:
    table = tied(3, cases=10, measures=1)

    test = run(table)

    assert (test.exact, test.flips) == (True, 1024)
    assert test.p[0, 0] == Plain(table, [0] * 10).p((0, 0))


def test_families_of_cases_are_gone_through_as_one() -> None:
    table, clusters = tied(5, cases=10, measures=2), [0, 0, 1, 1, 2, 2, 3, 4, 5, 6]
    plain = Plain(table, [0] * 10, clusters)

    test = run(table, clusters=clusters)

    assert test.flips == 2**7
    assert {cell: test.adjusted[cell] for cell in plain.observed} == pytest.approx(plain.adjusted())


@pytest.mark.parametrize("seed", range(5))
def test_one_cell_agrees_with_scipy(seed: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    differences = np.array(tied(seed, cases=9, measures=1))[:, 0]
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", alternative="less", n_resamples=np.inf
    )

    assert run(differences[:, None].tolist()).p[0, 0] == pytest.approx(found.pvalue, abs=1e-12)


def test_sums_that_differ_by_rounding_only_are_ties() -> None:
    # 0.1 + 0.2 - 0.3 is 5.6e-17, and thirds of trials give more of the kind.
    table = [[value] for value in (-0.1, -0.2, -0.3, 1 / 3, -1 / 3, -0.1, 0.2, -0.7)]
    wanted = Plain([[Fraction(str(round(row[0], 6))).limit_denominator(30)] for row in table], [0] * 8)  # type: ignore[list-item]

    assert run(table).p[0, 0] == wanted.p((0, 0))


def test_drawn_patterns_come_close_to_all_of_them() -> None:
    table, cohorts = tied(7, cases=10, measures=3), [0, 1] * 5

    exact = run(table, cohorts, flips=1023)
    drawn = run(table, cohorts, flips=1022 * 20, min_pairs=2, clusters=None, seed=1)
    sampled = sign_flip_test(paired(table, cohorts), [Share(range(3), 0.05)], min_pairs=2, flips=1000, seed=1)

    assert drawn.exact
    assert not sampled.exact
    assert np.abs(sampled.p - exact.p).max() < 4 * 0.5 / np.sqrt(1000)
    assert np.abs(sampled.adjusted - exact.adjusted).max() < 4 * 0.5 / np.sqrt(1000)


def test_drawn_p_is_never_zero() -> None:
    test = run([[-1.0]] * 40, flips=999)

    assert test.p[0, 0] == test.adjusted[0, 0] == 1 / 1000


def test_the_share_of_unchanged_versions_blocked_is_at_most_alpha() -> None:
    # Every pattern of one table is as likely as the observed one if nothing changed: go through them all.
    table, cohorts = np.array(tied(11, cases=8, measures=2)), [0, 1] * 4
    blocked = 0
    for signs in product((1, -1), repeat=8):
        test = run((np.array(signs)[:, None] * table).tolist(), cohorts, flips=255, shares=[Share([0, 1], 0.2)])
        blocked += bool((test.adjusted <= 0.2).any())

    assert 0 < blocked / 256 <= 0.2


# --- determinism, families ---


def test_the_same_seed_gives_the_same_answer() -> None:
    table = tied(1, cases=40, measures=2)

    one, other = run(table, flips=999, seed=8), run(table, flips=999, seed=8)

    assert (one.adjusted == other.adjusted).all()
    assert (one.low == other.low).all()
    assert (run(table, flips=999, seed=9).p != one.p).any()


def test_copies_of_cases_that_are_flipped_together_add_nothing() -> None:
    once = [[-0.5], [-1.0], [0.5], [-0.5], [-1.0], [-0.5]]
    thrice = [row for row in once for _ in range(3)]

    single = run(once)
    copied = run(thrice, clusters=[case for case in range(6) for _ in range(3)])
    unaware = run(thrice, flips=2**18 - 1)

    assert copied.p[0, 0] == single.p[0, 0]
    assert unaware.p[0, 0] < single.p[0, 0] / 3


def test_a_family_may_span_cohorts() -> None:
    table, cohorts = [[-1.0]] * 8, [0, 1] * 4

    test = run(table, cohorts, clusters=[0, 0, 1, 1, 2, 2, 3, 3])

    assert test.flips == 16
    assert test.adjusted.min() == 1 / 16


@pytest.mark.parametrize("seed", range(5))
def test_step_down_finds_at_least_what_a_single_step_finds(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    table = drawn.normal(size=(30, 4)) - [1.0, 0.5, 0.3, 0.0]

    test = run(table.tolist(), [0, 1, 2] * 10, flips=999, seed=seed)

    single = test.t <= test.critical
    assert (test.adjusted[single] <= 0.05 + 1 / 1000).all()
    assert (test.adjusted >= test.p).all()
    order = np.argsort(test.t, axis=None)
    assert (np.diff(test.adjusted.ravel()[order]) >= 0).all()


# --- what is tested ---


def test_where_nothing_differs_p_is_one() -> None:
    test = run([[0.0, -1.0]] * 8, [0, 1] * 4)

    assert (test.p[:, 0] == 1).all()
    assert (test.adjusted[:, 0] == 1).all()
    assert test.tested.all()


def test_where_nothing_at_all_differs_nothing_is_worse() -> None:
    test = run([[0.0]] * 8)

    assert (test.p[0, 0], test.adjusted[0, 0], test.mean[0, 0], test.t[0, 0]) == (1, 1, 0, 0)


def test_no_cases_are_no_error() -> None:
    test = sign_flip_test(Paired(np.empty((0, 2)), np.empty(0, dtype=np.int64)), [Share([0, 1], 0.05)])

    assert not test.tested.any()
    assert np.isnan(test.adjusted).all()


def test_a_cell_of_too_few_cases_is_not_tested() -> None:
    table, cohorts = [[-1.0]] * 9, [0] * 5 + [1] * 4

    test = run(table, cohorts, min_pairs=5)

    assert test.tested[:, 0].tolist() == [True, False, True]
    assert np.isnan(test.p[1, 0])
    assert np.isnan(test.adjusted[1, 0])
    assert np.isnan(test.low[1, 0])


def test_families_are_counted_not_cases_where_few_are_too_few() -> None:
    table = [[-1.0]] * 8

    assert not run(table, min_pairs=5, clusters=[0, 0, 0, 0, 0, 1, 2, 3]).tested.any()
    assert run(table, min_pairs=4, clusters=[0, 0, 0, 0, 0, 1, 2, 3]).tested.all()


def test_a_case_that_counts_on_one_side_only_is_no_pair() -> None:
    test = run([[-1.0, NAN], [-1.0, 0.5], [0.5, NAN], [-0.5, 1.0]])

    assert test.pairs.tolist() == [[4, 2], [4, 2]]
    assert test.mean[0].tolist() == [-0.5, 0.75]


def test_measures_in_no_family_and_cells_that_are_not_allowed_are_not_tested() -> None:
    table = tied(2, cases=8, measures=3)

    test = run(table, shares=[Share([0, 2], 0.05)], allowed=np.array([[True, True, True], [True, True, False]]))

    assert test.tested.tolist() == [[True, False, True], [True, False, False]]
    assert np.isnan(test.adjusted[:, 1]).all()


def test_a_measure_that_counts_nowhere_is_not_tested() -> None:
    test = run([[-1.0, NAN]] * 4, [0, 1] * 2)

    assert test.tested.tolist() == [[True, False]] * 3
    assert (test.pairs[:, 1] == 0).all()


def test_families_of_measures_do_not_pay_for_each_other() -> None:
    drawn = np.random.default_rng(5)
    table = np.column_stack([drawn.normal(-0.3, 1, 60), drawn.normal(0, 1, (60, 20))]).tolist()

    together = run(table, flips=1999)
    apart = run(table, flips=1999, shares=[Share([0], 0.03), Share(range(1, 21), 0.02)])
    alone = run([row[:1] for row in table], flips=1999)

    assert apart.adjusted[0, 0] < together.adjusted[0, 0]
    assert apart.adjusted[0, 0] == alone.adjusted[0, 0]
    assert apart.critical[0] != apart.critical[1]
    assert (apart.critical[1:] == apart.critical[1]).all()


def test_a_family_of_overall_rows_leaves_the_cohorts_out() -> None:
    test = run(tied(6, cases=8, measures=2), [0, 1] * 4, shares=[Share([0, 1], 0.05, overall=True)])

    assert test.tested.tolist() == [[False, False], [False, False], [True, True]]


# --- the row of all cases ---


def test_a_change_in_the_mix_of_pairs_does_not_move_the_overall_mean() -> None:
    table = [[-0.2, -0.2]] * 6 + [[0.2, 0.2]] * 6
    partly = [[value, NAN if case < 4 else value] for case, (value, _) in enumerate(table)]

    test = run(partly, [0] * 6 + [1] * 6, flips=4095)

    assert test.mean[-1].tolist() == pytest.approx([0.0, 0.0])
    assert np.nanmean(np.array(partly)[:, 1]) == pytest.approx(0.1)


def test_cohorts_weigh_what_they_are_told_to() -> None:
    table, cohorts = [[-0.5]] * 2 + [[0.5]] * 6, [0] * 2 + [1] * 6

    told = sign_flip_test(paired(table, cohorts, shares=np.array([3.0, 1.0])), [Share([0], 0.05)], min_pairs=2)

    assert run(table, cohorts).mean[-1, 0] == pytest.approx(0.25)
    assert told.mean[-1, 0] == pytest.approx(-0.25)


def test_a_cohort_without_a_pair_weighs_nothing() -> None:
    test = run([[-0.5]] * 4 + [[NAN]] * 4, [0] * 4 + [1] * 4)

    assert test.mean[-1, 0] == -0.5
    assert test.pairs[:, 0].tolist() == [4, 0, 4]


def test_a_cohort_that_is_told_of_but_has_no_case_keeps_its_row() -> None:
    test = sign_flip_test(paired([[-0.5]] * 4, [0] * 4, shares=np.array([1.0, 1.0, 1.0])), [Share([0], 0.05)])

    assert test.mean.shape == (4, 1)
    assert test.mean[-1, 0] == -0.5


# --- properties ---


tables = st.integers(2, 7).flatmap(
    lambda cases: st.lists(
        st.lists(st.sampled_from([*TIED, 1 / 3, NAN]), min_size=2, max_size=2), min_size=cases, max_size=cases
    )
)


@settings(max_examples=60, deadline=None)
@given(tables, st.lists(st.integers(0, 1), min_size=7, max_size=7))
def test_p_bounds_and_order_hold_for_any_scores(table: list[list[float]], cohorts: list[int]) -> None:
    test = run(table, cohorts[: len(table)], flips=127)

    shown = test.tested
    assert (test.p[shown] > 0).all()
    assert (test.adjusted[shown] <= 1).all()
    assert (test.adjusted[shown] >= test.p[shown] - 1e-12).all()
    bounded = shown & np.isfinite(test.low)
    assert (test.low[bounded] <= test.mean[bounded]).all()
    assert (test.mean[bounded] <= test.high[bounded]).all()
    assert np.isfinite(test.t).all()
    assert np.isnan(test.p[~shown]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(TIED), min_size=3, max_size=8), st.sampled_from([0.25, 3.0, 100.0]))
def test_the_unit_of_a_score_does_not_matter(values: list[float], unit: float) -> None:
    one, other = run([[value] for value in values]), run([[unit * value] for value in values])

    assert (one.p == other.p)[one.tested].all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(TIED), min_size=3, max_size=8), st.randoms())
def test_the_order_of_cases_does_not_matter(values: list[float], drawn: random.Random) -> None:
    mixed = drawn.sample(values, len(values))

    assert (run([[v] for v in values]).p == run([[v] for v in mixed]).p)[0, 0]
