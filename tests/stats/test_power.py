from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalh.stats.flips import FlipTest, Paired, Share, sign_flip_test
from evalh.stats.power import Losable, detectable

Floats = NDArray[np.float64]
TRIALS = 3


def scores(cases: int, seed: int, measures: int = 2) -> tuple[Paired, Losable]:
    """Yes-or-no scores of 3 trials on both sides, the same chance on both."""
    drawn = np.random.default_rng(seed)
    chance = drawn.beta(6, 1, (cases, measures))
    before, after = (drawn.binomial(TRIALS, chance) / TRIALS for _ in range(2))
    paired = Paired(after - before, np.arange(cases) % 2)
    return paired, Losable(after, np.full(after.shape, TRIALS))


def flip_test(paired: Paired, measures: int = 2, **more: Any) -> FlipTest:
    return sign_flip_test(paired, [Share(range(measures), 0.05)], **{"flips": 999, **more})


def found(cases: int, seed: int = 0, **more: Any) -> Floats:
    paired, losable = scores(cases, seed)
    return detectable(paired, flip_test(paired), losable, **{"min_drop": 0.02, "seed": 1, "draws": 100, **more})


def test_a_drop_of_that_size_is_found_about_four_times_in_five() -> None:
    cases, hits, told = 120, 0, []
    for seed in range(60):
        paired, losable = scores(cases, seed)
        test = flip_test(paired, flips=499)
        told.append(float(detectable(paired, test, losable, min_drop=0.02, draws=60)[0, 0]))
    drop = float(np.median(told))
    for seed in range(60):
        paired, losable = scores(cases, seed)
        hits += lost(paired, losable, drop, seed)

    assert 0.6 <= hits / 60 <= 0.95


def lost(paired: Paired, losable: Losable, drop: float, seed: int) -> bool:
    """Whether the first cell is called worse once trials of its cases, at random, have failed to this amount."""
    drawn = np.random.default_rng(seed)
    values = paired.values.copy()
    inside = np.flatnonzero(paired.cohorts == 0)
    parts = [case for case in inside for _ in range(round(losable.values[case, 0] * TRIALS))]
    for case in drawn.permutation(parts)[: round(drop * len(inside) * TRIALS)]:
        values[case, 0] -= 1 / TRIALS
    test = flip_test(replace(paired, values=values), flips=499)
    return bool(test.adjusted[0, 0] < 0.05)


def test_more_cases_show_smaller_drops() -> None:
    few, more, many = found(40)[0, 0], found(120)[0, 0], found(480)[0, 0]

    assert few > more > many > 0.02


def test_the_row_of_all_shows_smaller_drops_than_a_cohort() -> None:
    drops = found(120)

    assert (drops[2] < drops[:2].min(axis=0)).all()


def test_a_drop_below_the_least_that_blocks_is_never_told() -> None:
    assert (found(480, min_drop=0.2) >= 0.2 - 1e-9).all()


def test_the_same_seed_tells_the_same_drops() -> None:
    assert (found(60) == found(60)).all()


def test_cells_that_are_not_tested_have_none() -> None:
    paired, losable = scores(60, 0)
    test = flip_test(paired, measures=1)

    drops = detectable(paired, test, losable, min_drop=0.02, draws=50)

    assert np.isnan(drops[:, 1]).all()
    assert np.isfinite(drops[:, 0]).all()


def test_a_candidate_that_has_nothing_left_to_lose_has_none() -> None:
    paired, losable = scores(60, 0)

    drops = detectable(paired, flip_test(paired), replace(losable, values=np.zeros((60, 2))), min_drop=0.02, draws=50)

    assert np.isnan(drops).all()


def test_cases_that_do_not_count_have_nothing_to_lose() -> None:
    paired, losable = scores(60, 0)
    values = paired.values.copy()
    values[::3] = np.nan
    partly = replace(paired, values=values)
    full = Losable(np.where(np.isnan(values), np.nan, losable.values), losable.trials)

    drops = detectable(partly, flip_test(partly), full, min_drop=0.02, draws=50)

    assert np.isfinite(drops).all()
    assert (drops > 0).all()


def test_where_both_sides_are_the_same_in_every_case_nothing_is_told() -> None:
    same = Paired(np.zeros((40, 1)), np.zeros(40, dtype=np.int64))
    test = flip_test(same, measures=1)

    drops = detectable(same, test, Losable(np.ones((40, 1)), np.full((40, 1), 3)), min_drop=0.02, draws=50)

    assert np.isnan(drops).all()


def test_a_fault_takes_what_is_missing_of_a_case_that_is_not_perfect() -> None:
    quarter = Losable(np.array([[1.0], [0.75], [np.nan], [0.75]]), np.ones((4, 1), dtype=np.int64))
    assert quarter.parts[:, 0].tolist() == [4, 4, 4, 4]
    on_five = Losable(4 * quarter.values, quarter.trials, np.array([4.0]))
    assert on_five.parts[:, 0].tolist() == [4, 4, 4, 4]


def test_a_fault_never_takes_more_than_a_trial_nor_less_than_a_twentieth() -> None:
    def parts(*values: float, trials: int = 3) -> list[int]:
        held = Losable(np.array([values]).T, np.full((len(values), 1), trials))
        return [int(part) for part in held.parts[:, 0]]

    assert parts(1.0, 0.0) == [3, 3]
    assert parts(1.0, 1.0) == [3, 3]
    assert parts(1.0, 0.999, trials=1) == [20, 20]


def test_small_faults_spread_over_more_cases_are_found_sooner() -> None:
    paired, losable = scores(60, 0)
    test = flip_test(paired)
    whole = detectable(paired, test, replace(losable, widths=np.full(2, 9.0)), min_drop=0.02, draws=200)
    small = replace(losable, values=np.where(losable.values > 0.5, 0.95, 0.9))
    spread = detectable(paired, test, small, min_drop=0.02, draws=200)
    assert (spread[-1] < whole[-1]).all()
