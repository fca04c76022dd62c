"""The invented scores have the means and drops they are said to have, and each rule refuses for what it says."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.gate import (
    ERRORED,
    MIDDLING,
    QUIET,
    Setting,
    count_errors,
    count_priors,
    errored_side,
    main,
    share_of,
    strategies,
)
from benchmarks.gate_rules import NAIVE, critical, flip_test, holm, worse
from benchmarks.gate_worlds import (
    AA,
    GROUNDED,
    MEASURES,
    NAMES,
    PERSONAS,
    RATES,
    TAU,
    UNEVEN,
    WORLDS,
    Scores,
    World,
    dropping,
    level,
    simulate,
)

from evalh.models.comparison import COMPOSITE
from evalh.stats import flips
from evalh.stats.flips import PRIOR_DF

HALF = 0.5


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(baseline: float, candidate: float, cases: int = 60) -> Scores:
    """All evaluators say the same of all cases."""
    shape = (cases, len(MEASURES), 1)
    return Scores(np.full(shape, baseline), np.full(shape, candidate), np.arange(cases) % PERSONAS)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_each_world_has_the_means_and_drops_it_says(world: World) -> None:
    scores = simulate(world, TAU, 12_000, (2, 2), drawn())
    before, after = scores.means
    change = np.stack([np.nanmean((after - before)[scores.cohorts == row], axis=0) for row in range(PERSONAS)]) \
        if world.silence_counts else None  # fmt: skip

    wanted = [1.0 if world.pitching and name == GROUNDED else one.mean for name, one in enumerate(MEASURES)]
    kept = [column for column in range(len(MEASURES)) if world.silence_counts or column != GROUNDED]
    assert np.nanmean(before[:, kept], axis=0) == pytest.approx(np.array(wanted)[kept], abs=0.015)
    if change is not None:
        assert change[:, :-1] == pytest.approx(world.changes, abs=0.025)


def test_uneven_personas_differ_in_spread_and_not_in_their_means() -> None:
    scores = simulate(dropping(MIDDLING, 9), UNEVEN, 24_000, (9, 3), drawn())
    before, after = (side[:, GROUNDED] for side in scores.means)
    rows = [scores.cohorts == persona for persona in range(PERSONAS)]
    spread = [(after - before)[row].std() for row in rows]

    assert [before[row].mean() for row in rows] == pytest.approx([0.9] * PERSONAS, abs=0.02)
    assert [(after - before)[row].mean() for row in rows] == pytest.approx([0, 0, -0.09, 0, 0, 0], abs=0.01)
    assert np.array(spread) / spread[MIDDLING + 1] == pytest.approx([0.5, 0.7, 1.5, 1.0, 1.3, 1.6], abs=0.3)
    assert spread[QUIET] / spread[MIDDLING + 1] == pytest.approx(0.5, abs=0.1)


def test_a_shaky_evaluator_varies_more_from_trial_to_trial() -> None:
    tone = NAMES.index("tone")
    steady, shaky = (simulate(AA, preset, 6_000, (2, 1), drawn()).baseline[2::6, tone] for preset in (TAU, UNEVEN))

    assert np.diff(shaky, axis=1).std() > 1.3 * np.diff(steady, axis=1).std()


def test_strict_passes_of_trials_correlate_as_in_real_runs() -> None:
    scores = simulate(AA, TAU, 20_000, (2, 1), drawn()).baseline
    strict = [column for column, one in enumerate(MEASURES) if one.yes_or_no and one.turns > 1]
    perfect = (scores[:, strict] == 1).all(axis=1).astype(float)

    assert np.corrcoef(perfect[:, 0], perfect[:, 1])[0, 1] == pytest.approx(0.48, abs=0.03)


@pytest.mark.parametrize("rate", [rate for rate in RATES if rate > 1e-4])
def test_critical_faults_happen_as_often_as_said_and_cluster_on_cases(rate: float) -> None:
    before, after = simulate(World("", harmless=0.6), TAU, 40_000, (3, 3), drawn()).faults[rate]

    assert before.mean() == pytest.approx(rate, rel=0.25)
    assert after.mean() == pytest.approx(rate, rel=0.25)
    again = before[..., 0] & before[..., 1]
    assert again.sum() > 5 * before[..., 0].mean() ** 2 * again.size


def test_a_level_gives_the_mean_it_is_solved_for() -> None:
    logits = level(0.9, 2.5) + 2.5 * drawn().standard_normal(200_000)

    assert (1 / (1 + np.exp(-logits))).mean() == pytest.approx(0.9, abs=0.003)


@pytest.mark.parametrize("name", [name for name in NAIVE if not name.startswith("McNemar")])
def test_every_rule_refuses_what_is_plainly_worse_and_nothing_that_is_the_same(name: str) -> None:
    pytest.importorskip("scipy")
    noise = 0.01 * drawn().standard_normal((60, len(MEASURES), 1))
    same = flat(0.9, 0.9)
    worse_ = flat(0.9, HALF)
    worse_ = Scores(worse_.baseline + noise, worse_.candidate - noise, worse_.cohorts)

    assert not NAIVE[name](same).any()
    assert NAIVE[name](worse_).any()


def test_mcnemar_sees_cases_that_fail_where_none_recovers() -> None:
    assert NAIVE["McNemar + Holm"](flat(0.9, HALF)).all()
    assert not NAIVE["McNemar + Holm"](flat(0.9, 0.9)).any()


def test_holm_rejects_in_steps_and_stops_at_the_first_that_is_kept() -> None:
    assert holm(np.array([0.012, 0.04, 0.016, 0.3])).tolist() == [True, False, True, False]
    assert holm(np.array([0.02, 0.001, 0.02])).tolist() == [True, True, True]
    assert holm(np.array([0.03, 0.03])).tolist() == [False, False]


def test_the_gate_itself_calls_a_plain_drop_worse_and_the_same_not() -> None:
    scores = simulate(World("", ((None, None, -0.3),)), TAU, 120, (3, 3), drawn())

    assert worse(flip_test(scores, 499, 0)).any()
    assert not worse(flip_test(flat(0.9, 0.9), 499, 0)).any()


def test_a_rate_of_zero_never_blocks_and_zero_tolerance_blocks_the_first() -> None:
    before, after = np.zeros((1, 10, 3), dtype=bool), np.zeros((1, 10, 3), dtype=bool)
    after[0, 4, 1] = True
    scores = Scores(np.zeros((10, 1, 3)), np.zeros((10, 1, 3)), np.zeros(10, dtype=np.int64), {0.01: (before, after)})

    assert not critical(scores, 0.0, zero_tolerance=True)
    assert not critical(scores, 0.01)
    assert critical(scores, 0.01, zero_tolerance=True)


def test_later_looks_only_change_what_a_strategy_looks_at_again() -> None:
    setting = Setting(runs=1, flips=199, jobs=1, preset="tau", seed=1)
    found = strategies(setting, WORLDS[5], 0)

    assert all(cells.any() for cells in found.values())


def test_a_stronger_prior_costs_the_quiet_persona_and_is_undone_afterwards() -> None:
    setting = Setting(runs=30, flips=199, jobs=1, preset="uneven", seed=1)
    counts = count_priors(setting, dropping(QUIET, 5), range(30))

    assert counts[200, "9v3", "4", "found"] > counts[200, "9v3", "40", "found"] > 0
    assert flips.PRIOR_DF == PRIOR_DF


def test_errored_verdicts_leave_their_trial_and_its_composite() -> None:
    values = np.full((2, len(MEASURES), 3), 0.5)
    values[0, 1] = [0.2, 0.4, 0.9]
    values[1, 1] = np.nan
    lost = np.zeros(values.shape, dtype=bool)
    lost[:, 1, 2] = True
    first, second = errored_side(values, np.array([4, 1]), lost).cases
    told, whole = first.evaluators["groundedness"], first.evaluators[COMPOSITE]

    assert (first.persona, first.trials) == ("4", 3)
    assert told.mean == pytest.approx(0.3)
    assert (told.n, told.counts.errored) == (2, 1)
    assert (whole.n, whole.counts.errored) == (2, 0)
    assert second.evaluators["groundedness"].counts.model_dump() == {
        "scored": 0, "not_applicable": 3, "unsure": 0, "errored": 0, "skipped": 0,
    }  # fmt: skip
    assert second.evaluators[COMPOSITE].n == 3


def test_each_run_has_one_verdict_for_each_rate_of_errors() -> None:
    counts = count_errors(Setting(runs=2, flips=999, jobs=1, preset="tau", seed=1), range(1))

    assert counts[200, "9v3", "0", "PASS"] == 1
    assert sum(counts.values()) == len(ERRORED)


def test_a_share_is_told_with_its_interval() -> None:
    assert share_of(50, 1000) == "5.0 (3.8-6.5)"


def test_the_script_prints_the_speed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--only", "speed", "--quick"])

    assert "1,000 cases, 42 cells, 9,999 flips, one core" in capsys.readouterr().out
