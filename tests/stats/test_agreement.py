from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evalh.stats import agreement
from evalh.stats.agreement import (
    Binary,
    Interval,
    auc,
    binary,
    bootstrap,
    bootstrap_counts,
    confusion,
    ece,
    kappa,
    macro_f1,
    percentiles,
    resampled,
)

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)
WORDS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=2, max_size=40)


def test_the_counts_are_of_labelled_and_found() -> None:
    found = binary([True, True, True, False, False, False], [True, True, False, True, False, False])

    assert found == Binary(tp=2, fp=1, fn=1, tn=2)
    assert (found.total, found.labelled, found.found) == (6, 3, 3)


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_rates_of_yes_and_no_agree_with_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    gold, found = (list(side) for side in zip(*pairs, strict=True))
    own = binary(gold, found)

    wanted = metrics.precision_recall_fscore_support(gold, found, average="binary", zero_division=0.0)
    assert (own.precision, own.recall, own.f1) == pytest.approx(wanted[:3], abs=1e-12)
    assert own.accuracy == pytest.approx(metrics.accuracy_score(gold, found), abs=1e-12)
    if len(set(gold)) == 2:
        assert own.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(gold, found), abs=1e-12)
    if len({*gold, *found}) == 2:
        assert own.kappa == pytest.approx(metrics.cohen_kappa_score(gold, found), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_rates_of_labels_agree_with_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    gold, found = (list(side) for side in zip(*pairs, strict=True))

    for labels in (["a", "b", "c"], ["a", "d"], ["a", "b", "c", "never"]):
        wanted = metrics.f1_score(gold, found, labels=labels, average="macro", zero_division=0.0)
        assert macro_f1(gold, found, labels) == pytest.approx(wanted, abs=1e-12)
    if len({*gold, *found}) > 1:
        assert kappa(gold, found) == pytest.approx(metrics.cohen_kappa_score(gold, found), abs=1e-12)


def test_kappa_of_the_first_published_example() -> None:
    """Cohen 1960, table 1: proportions .25 .13 .12 / .12 .02 .16 / .03 .15 .02, kappa -.07 in whole counts."""
    table = [[25, 13, 12], [12, 2, 16], [3, 15, 2]]
    gold = [str(row) for row in range(3) for column in range(3) for _ in range(table[row][column])]
    found = [str(column) for row in range(3) for column in range(3) for _ in range(table[row][column])]

    assert kappa(gold, found) == pytest.approx((0.29 - 0.35) / (1 - 0.35), abs=1e-12)


@pytest.mark.parametrize(
    ("rate", "of"),
    [
        ("precision", Binary(0, 0, 3, 4)),
        ("recall", Binary(0, 3, 0, 4)),
        ("f1", Binary(0, 0, 0, 4)),
        ("balanced_accuracy", Binary(3, 0, 1, 0)),
        ("balanced_accuracy", Binary(0, 1, 0, 3)),
        ("accuracy", Binary(0, 0, 0, 0)),
        ("kappa", Binary(0, 0, 0, 0)),
    ],
)
def test_a_rate_that_is_undefined_is_zero(rate: str, of: Binary) -> None:
    assert getattr(of, rate) == 0.0


def test_nothing_to_disagree_about_is_full_agreement() -> None:
    assert kappa(["a", "a"], ["a", "a"]) == 1.0
    assert Binary(0, 0, 0, 5).kappa == Binary(5, 0, 0, 0).kappa == 1.0
    assert kappa([], []) == 0.0
    assert macro_f1([], [], []) == 0.0


def test_one_label_against_another_everywhere_is_no_agreement() -> None:
    assert kappa(["a", "a"], ["b", "b"]) == 0.0
    assert Binary(0, 0, 5, 0).kappa == 0.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60))
def test_auc_agrees_with_scikit_learn_also_with_ties(pairs: list[tuple[bool, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    gold, score = [label for label, _ in pairs], [level / 6 for _, level in pairs]
    if len(set(gold)) == 2:
        assert auc(gold, score) == pytest.approx(metrics.roc_auc_score(gold, score), abs=1e-12)
    else:
        assert auc(gold, score) == 0.5


def test_auc_of_nothing_or_all_ties_is_a_half() -> None:
    assert auc([], []) == 0.5
    assert auc([True, False, True], [0.3, 0.3, 0.3]) == 0.5


def test_expected_calibration_error_by_hand() -> None:
    """Bins of .2: [.0] right of .1 wrong: 2 of gap .5-.05; 1.0 and .9: one right of two, gap .95-.5."""
    assert ece([True, False, True, False], [0.0, 0.1, 1.0, 0.9], bins=5) == pytest.approx((2 * 0.45 + 2 * 0.45) / 4)
    assert ece([True, True], [1.0, 1.0]) == 0.0
    assert ece([False], [1.0]) == 1.0
    assert ece([], []) == 0.0


def test_within_a_bin_too_high_and_too_low_cancel_and_between_bins_not() -> None:
    assert ece([True, False], [0.5, 0.5]) == pytest.approx(0.0)
    assert ece([True, False], [0.2, 0.8]) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "call",
    [
        lambda: binary([True], []),
        lambda: kappa(["a"], []),
        lambda: auc([True, False], [0.1]),
        lambda: ece([True], [0.1, 0.2]),
        lambda: confusion(["a"], [True], []),
    ],
)
def test_unlike_lengths_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        call()  # type: ignore[operator]


def test_counts_of_groups_stand_in_the_order_in_which_they_come() -> None:
    counts = confusion(["b", "a", "b", "b"], [True, False, True, False], [True, True, False, False])

    assert counts.tolist() == [[1, 0, 1, 1], [0, 1, 0, 0]]
    assert confusion([], [], []).shape == (0, 4)


def test_a_group_is_drawn_whole() -> None:
    groups = ["x", "y", "x", "z", "x"]
    seen: list[tuple[int, ...]] = []

    def statistic(rows: NDArray[np.intp]) -> float:
        seen.append(tuple(rows))
        return float(len(rows))

    bootstrap(groups, statistic, draws=50)
    assert seen[0] == (0, 1, 2, 3, 4)
    for rows in seen[1:]:
        times = [rows.count(row) for row in range(5)]
        assert times[0] == times[2] == times[4]
        assert times[0] + times[1] + times[3] == 3


def test_the_interval_agrees_with_scipy_where_each_row_is_its_own_group() -> None:
    stats = pytest.importorskip("scipy.stats")
    sample = np.random.default_rng(3).normal(size=120)
    wanted = stats.bootstrap((sample,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1))
    own = bootstrap(range(120), lambda rows: float(sample[rows].mean()), draws=4000)

    assert own.value == pytest.approx(sample.mean())
    bounds = (wanted.confidence_interval.low, wanted.confidence_interval.high)
    assert (own.low, own.high) == pytest.approx(bounds, abs=0.012)


def test_rows_of_one_conversation_widen_the_interval() -> None:
    """Ten copies of each row tell no more than one: the interval is that of 40 rows, not of 400."""
    right = np.repeat(np.arange(40) % 2 == 0, 10)
    as_rows = bootstrap(range(400), lambda rows: float(right[rows].mean()))
    as_groups = bootstrap(np.repeat(np.arange(40), 10).tolist(), lambda rows: float(right[rows].mean()))

    assert as_groups.high - as_groups.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 40), rel=0.15)
    assert as_rows.high - as_rows.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 400), rel=0.15)


def test_both_ways_to_draw_give_the_same_interval_and_always_the_same() -> None:
    generator = np.random.default_rng(5)
    groups = generator.integers(0, 60, 500).tolist()
    gold = generator.random(500) < 0.3
    found = np.where(generator.random(500) < 0.8, gold, ~gold)
    counts = confusion(groups, gold.tolist(), found.tolist())
    for rate, vector in (("f1", agreement.f1), ("kappa", agreement.binary_kappa), ("recall", agreement.recall)):

        def statistic(rows: NDArray[np.intp], rate: str = rate) -> float:
            return float(getattr(binary(gold[rows], found[rows]), rate))

        slow = bootstrap(groups, statistic, draws=800)
        quick = bootstrap_counts(counts, vector, draws=8000)

        assert quick.value == pytest.approx(slow.value)
        assert (quick.low, quick.high) == pytest.approx((slow.low, slow.high), abs=0.02)
        assert bootstrap_counts(counts, vector, draws=8000) == quick
        assert bootstrap_counts(counts[::-1], vector, draws=8000) == quick


def test_all_draws_have_as_many_groups_as_there_are() -> None:
    counts = np.array([[1, 0], [1, 5], [1, 0], [1, 2]])
    drawn = resampled(counts, draws=500)

    assert (drawn[:, 0] == 4).all()
    assert drawn[:, 1].mean() == pytest.approx(7, rel=0.1)
    assert set(drawn[:, 1]) <= {5 * fives + 2 * twos for fives in range(5) for twos in range(5 - fives)}


def test_of_nothing_the_interval_is_the_value() -> None:
    assert bootstrap([], lambda rows: float(len(rows))) == Interval(0.0, 0.0, 0.0)
    assert bootstrap_counts(np.zeros((0, 4)), agreement.f1) == Interval(0.0, 0.0, 0.0)


def test_draws_without_a_number_do_not_count_and_the_value_lies_inside() -> None:
    assert percentiles(0.5, np.array([np.nan, 0.2, 0.2, np.nan])) == Interval(0.5, 0.2, 0.5)
    assert percentiles(0.5, np.array([np.nan])) == Interval(0.5, 0.5, 0.5)


def test_sixty_thousand_rows_are_quick() -> None:
    generator = np.random.default_rng(0)
    gold = generator.random(60_000) < 0.1
    found = generator.random(60_000) < 0.1
    started = time.perf_counter()
    counts = confusion((np.arange(60_000) // 6).tolist(), gold.tolist(), found.tolist())
    bootstrap_counts(counts, agreement.f1)

    assert time.perf_counter() - started < 3.0


def test_what_is_undefined_can_be_told_from_nought() -> None:
    nothing = np.array([[0.0, 0.0, 0.0, 4.0], [0.0, 0.0, 3.0, 1.0]])
    for rate, wanted in (
        (agreement.precision, [np.nan, np.nan]),
        (agreement.recall, [np.nan, 0.0]),
        (agreement.f1, [np.nan, 0.0]),
        (agreement.balanced_accuracy, [np.nan, 0.5]),
        (agreement.binary_kappa, [1.0, 0.0]),
    ):
        assert np.array_equal(rate(nothing, np.nan), np.array(wanted), equal_nan=True)
