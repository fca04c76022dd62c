from __future__ import annotations

from itertools import combinations, product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalh.stats.rates import all_on_one_side, as_many, at_least, one_sided, wilson


@pytest.mark.parametrize(
    ("hits", "n"), [(0, 1), (1, 1), (0, 33), (33, 33), (1, 7), (170, 200), (5000, 5000), (3, 10**6)]
)
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    wanted = stats.binomtest(hits, n).proportion_ci(confidence_level=0.95, method="wilson")

    assert wilson(hits, n) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_wilson_of_nothing_is_none() -> None:
    assert wilson(0, 0) is None


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_stays_a_rate(counts: tuple[int, int]) -> None:
    hits, n = counts
    found = wilson(hits, n)

    assert (found is None) == (n == 0)
    if found is not None:
        low, high = found
        assert 0.0 <= low <= hits / n <= high <= 1.0
        assert (low == 0.0) == (hits == 0)
        assert (high == 1.0) == (hits == n)


@pytest.mark.parametrize(("more", "less"), [(0, 0), (1, 0), (0, 1), (6, 0), (7, 2), (30, 30), (60, 31)])
def test_the_chance_of_lopsided_counts_agrees_with_scipy(more: int, less: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    wanted = stats.binomtest(more, more + less, alternative="greater").pvalue if more + less else 1.0

    assert one_sided(more, less) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("found", "candidate", "baseline"),
    [(0, 3, 9), (1, 3, 9), (2, 3, 9), (3, 3, 9), (4, 3, 9), (2, 3, 3), (1, 1, 1), (1, 2, 0)],
)
def test_the_chance_that_all_marks_fall_on_the_candidate_counts_every_placing(
    found: int, candidate: int, baseline: int
) -> None:
    placings = list(combinations(range(candidate + baseline), found))
    wanted = sum(all(trial < candidate for trial in placing) for placing in placings) / len(placings)

    assert all_on_one_side(found, candidate, baseline) == pytest.approx(wanted, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=7), st.integers(0, 8))
def test_the_chance_of_at_least_so_many_events_counts_every_outcome(chances: list[float], wanted: int) -> None:
    brute = sum(
        prod(chance if happens else 1 - chance for chance, happens in zip(chances, outcome, strict=True))
        for outcome in product((0, 1), repeat=len(chances))
        if sum(outcome) >= wanted
    )

    assert at_least(wanted, chances) == pytest.approx(brute, abs=1e-12)


def test_at_least_none_is_certain_and_more_than_there_are_impossible() -> None:
    assert at_least(0, []) == 1.0
    assert at_least(1, []) == 0.0
    assert at_least(3, [1.0, 1.0]) == 0.0
    assert at_least(2, [1.0, 1.0]) == 1.0


def test_weighed_events_count_by_their_weights() -> None:
    assert at_least(5, [0.5, 0.25, 0.1], [2, 3, 5]) == pytest.approx(0.1 + 0.9 * 0.5 * 0.25)
    assert at_least(6, [0.5, 0.25], [2, 3]) == 0.0


def test_a_thousand_rare_events_are_no_trouble() -> None:
    assert at_least(1, [1e-6] * 1000) == pytest.approx(1 - (1 - 1e-6) ** 1000, rel=1e-9)


@pytest.mark.parametrize(
    ("marks", "trials"),
    [
        ([(1, 0)], [(3, 9)]),
        ([(1, 1), (0, 2), (2, 0)], [(2, 3), (1, 2), (2, 1)]),
        ([(0, 0), (3, 1)], [(2, 2), (3, 3)]),
        ([(0, 1), (0, 1)], [(1, 1), (1, 3)]),
        ([(0, 0)], [(0, 3)]),
    ],
)
def test_the_chance_of_as_many_marks_counts_every_placing(
    marks: list[tuple[int, int]], trials: list[tuple[int, int]]
) -> None:
    ways = [
        [sum(trial < own for trial in placing) for placing in combinations(range(own + other), here + there)]
        for (here, there), (own, other) in zip(marks, trials, strict=True)
    ]
    seen = sum(here for here, _ in marks)
    wanted = sum(sum(placing) >= seen for placing in product(*ways)) / prod(len(one) for one in ways)

    assert as_many(marks, trials) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(("more", "less"), [(0, 0), (6, 0), (7, 2), (2, 7)])
def test_with_one_trial_a_side_it_is_the_chance_of_lopsided_counts(more: int, less: int) -> None:
    marks = [*[(1, 0)] * more, *[(0, 1)] * less, (1, 1), (0, 0)]
    assert as_many(marks, [(1, 1)] * len(marks)) == pytest.approx(one_sided(more, less), abs=1e-12)


def test_very_many_marks_are_no_trouble() -> None:
    assert as_many([(3, 9)] * 1000, [(3, 9)] * 1000) == pytest.approx(1.0)
    assert as_many([(3, 0)] * 1000, [(3, 9)] * 1000) == 0.0
