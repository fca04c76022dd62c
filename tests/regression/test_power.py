from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.regression.sides import info, row

from evalh.errors import TooLittle, UserError
from evalh.models import (
    CaseSide,
    CaseTrials,
    ConversationRow,
    CriticalConfig,
    GateConfig,
    PowerReport,
    SideInfo,
    StateCounts,
)
from evalh.models.comparison import ALL, COMPOSITE
from evalh.models.power import FoundDrop, Frequency
from evalh.regression.gate import Terms, compare
from evalh.regression.power import Deciding, Trying, measure, pool_of, smallest
from evalh.regression.trials import Pool, Split
from evalh.stats.flips import Bools

SIDE = SideInfo(name="v1", run_id="r_1", prompt_version="v1")
TONE, GROUNDED, LENGTH = info("tone"), info("grounded"), info("length", direction="lower_is_better", scale=(0.0, 10.0))
EVALUATORS = (TONE, GROUNDED, LENGTH)


def steady(cases: int = 24, trials: int = 6, *, seed: int = 1, **fields: Any) -> list[ConversationRow]:
    """An agent that is often good: cases of two personas whose trials differ by chance."""
    rng = np.random.default_rng(seed)
    likely = rng.beta(4, 1, (cases, 2))
    return [
        row(
            f"case-{case:02}",
            trial,
            persona=("calm", "angry")[case % 2],
            values={
                "tone": float(rng.binomial(4, likely[case, 0]) / 4),
                "grounded": float(rng.binomial(1, likely[case, 1])),
            },
            **fields,
        )
        for case in range(cases)
        for trial in range(trials)
    ]


def tried(rows: Sequence[ConversationRow], config: GateConfig | None = None, **fields: Any) -> PowerReport:
    given: dict[str, Any] = {"splits": 20, "drops": (0.6,)}
    trying = Trying(**given | fields)
    return measure(SIDE, rows, (TONE, GROUNDED), Terms(config or GateConfig()), trying)


def pool(rows: Sequence[ConversationRow]) -> Pool:
    return pool_of(SIDE, rows, EVALUATORS, "persona")[0]


# --- an unchanged agent, and planted drops ---


@pytest.fixture(scope="module")
def measured() -> PowerReport:
    return tried(steady(), splits=60, drops=(0.02, 0.3, 0.6))


def test_an_unchanged_agent_is_rarely_blocked(measured: PowerReport) -> None:
    blocked = measured.blocked
    assert (blocked.of, measured.by_cells.hits, measured.by_critical.hits) == (60, blocked.hits, 0)
    assert blocked.hits <= 6
    assert blocked.low is not None
    assert blocked.high is not None
    assert blocked.low <= blocked.hits / 60 <= blocked.high


def test_a_large_drop_is_found_and_a_tiny_one_is_not(measured: PowerReport) -> None:
    for planted in measured.planted:
        assert (planted.drops[0].found.share or 0.0) <= 0.2
        assert (planted.drops[-1].found.share or 0.0) >= 0.9
        assert planted.smallest is not None
        assert 0.02 < planted.smallest < 0.6


def test_each_evaluator_falls_by_itself_then_all_together(measured: PowerReport) -> None:
    assert [(one.where, one.evaluator) for one in measured.planted] == [
        ("evaluator", "tone"),
        ("evaluator", "grounded"),
        ("cohort", None),
        ("overall", None),
    ]


def test_drops_larger_than_one_that_is_nearly_always_found_are_not_tried() -> None:
    overall = tried(steady(), drops=(0.6, 0.7)).planted[-1]

    assert [(one.drop, one.found.share) for one in overall.drops] == [(0.6, 1.0)]
    assert overall.smallest == 0.6


def test_what_comparisons_say_of_themselves_stands_beside_it(measured: PowerReport) -> None:
    for planted in measured.planted[:2]:
        assert planted.smallest is not None
        assert planted.predicted is not None
        assert abs(planted.smallest - planted.predicted) < 0.1
    assert measured.planted[-1].predicted is None, "there is no composite here"


def test_the_composite_falls_with_the_others_and_tells_what_was_foretold() -> None:
    rows = [
        one.model_copy(update={"rollups": {**one.rollups, COMPOSITE: one.rollups["tone"]}}) for one in steady(seed=3)
    ]
    planted = tried(rows, drops=(0.6,)).planted

    assert [one.evaluator for one in planted] == ["tone", "grounded", None, None]
    assert planted[-1].predicted is not None


def test_more_than_there_is_to_lose_is_not_planted() -> None:
    rows = [row(f"c-{case}", trial, values={"tone": 0.2}) for case in range(8) for trial in range(2)]
    tone = tried(rows, drops=(0.1, 0.5)).planted[0]

    assert [one.found.of for one in tone.drops] == [20, 0]
    assert tone.drops[1].found.share is None


def test_the_same_seed_gives_the_same_report_and_another_one_another() -> None:
    rows = steady(12)
    first, same = (tried(rows, splits=5) for _ in range(2))
    other = tried(rows, splits=5, seed=first.seed + 1)

    assert first == same
    assert first.model_copy(update={"seed": 0}) != other.model_copy(update={"seed": 0})


def test_what_is_done_is_told_as_it_goes() -> None:
    told: list[float] = []
    measure(SIDE, steady(12), (TONE, GROUNDED), Terms(), Trying(splits=2, drops=(0.5,)), told.append)

    assert told == sorted(told)
    assert 0 < told[0] < told[-1] < 1


# --- why it is blocked ---


def test_critical_findings_are_told_apart_from_cells() -> None:
    rows = steady(12)
    marked = [
        one if one.trial else one.model_copy(update={"critical": {"eligibility": ("suppressed",)}}) for one in rows
    ]
    report = tried(marked, GateConfig(critical=CriticalConfig(zero_tolerance=True)))

    assert report.by_critical.share == report.blocked.share == 1.0
    assert report.by_cells.hits < 4


def test_a_set_in_which_nothing_can_be_tested_is_never_called_sure() -> None:
    report = tried(steady(4))

    assert report.blocked.hits == 0
    assert (report.undecided.hits, report.undecided_why) == (20, {"nothing_testable": 20})
    assert all(one.smallest is None for one in report.planted)


def test_without_an_evaluator_that_may_refuse_there_is_no_gate_to_try() -> None:
    with pytest.raises(UserError, match="v1 has no verdict of an evaluator that may refuse a candidate"):
        measure(SIDE, steady(8), (info("tone", gating=False), info("grounded", gating=False)), Terms())


# --- the same decision as the gate's ---


def odd(seed: int) -> list[ConversationRow]:
    """Rows of whatever kind, the odd trials worse, for odd seeds by far; few families, so that all flips are tried."""
    rng = np.random.default_rng(seed)
    rows = []
    for case in range(9):
        good = rng.random(3) * 0.5 + 0.4
        for trial in range(int(rng.integers(2, 7))):
            fall = (0.45 if seed % 2 else 0.05) * (trial % 2) * (rng.random(3) < 0.8)
            values = np.clip(good - fall + rng.normal(0, 0.1, 3), 0, 1).round(2)
            given: dict[str, float | str] = {
                "tone": float(values[0]), "grounded": float(values[1]), "length": float(10 - 10 * values[2]),
                COMPOSITE: float(values.mean().round(3)),
            }  # fmt: skip
            for name in ("tone", "grounded", "length"):
                lost = rng.random()
                if lost < 0.15:
                    given[name] = ("unsure", "errored", "not_applicable", "skipped")[int(rng.integers(4))]
                elif lost < 0.2:
                    del given[name]
            critical = {"eligibility": ("suppressed",)} if trial % 2 and seed % 3 and rng.random() < 0.5 else {}
            template = "t-1" if case in (1, 2) else None
            rows.append(row(f"c-{case}", trial, values=given, persona="calm", critical=critical, template=template))
    return rows


def worse_and_better(held: Pool) -> Split:
    """The even trials as the baseline, the odd ones as the candidate."""
    there = np.arange(int(held.sizes.max())) < held.sizes[:, None]
    later = np.arange(there.shape[1]) % 2 == 1
    return Split(held, there & ~later, there & later, seed=7)


CONFIGS = (
    GateConfig(),
    GateConfig(first="grounded", first_alpha=0.02, min_drop=0.2),
    GateConfig(min_coverage=0.9, critical=CriticalConfig(zero_tolerance=True)),
    GateConfig(alpha=0.02, critical=CriticalConfig(labels={})),
)


@pytest.mark.parametrize("config", CONFIGS)
def test_cells_and_critical_findings_are_decided_as_the_gate_decides_them(config: GateConfig) -> None:
    seen = set()
    for seed in range(8):
        split = worse_and_better(pool(odd(seed)))
        deciding = Deciding(split.pool, Terms(config), flips=999)
        comparison = deciding.whole(split)
        worse = named(split.pool, deciding.worse(split))

        assert comparison.exact
        assert worse == {(cell.cohort, cell.evaluator) for cell in comparison.regressed}
        assert deciding.critical(split) == any(finding.blocks for finding in comparison.critical)
        seen.add((bool(worse), deciding.critical(split)))
    assert len(seen) > 1, "both answers were tried"


def test_a_planted_drop_takes_of_each_case_at_most_what_it_has_and_of_the_mean_what_was_asked() -> None:
    held = pool(steady(8, 4))
    split = held.split((2, 2), np.random.default_rng(1))
    column = held.pairs.names.index("grounded")
    falling = split.falling(column, held.paired.cohort_count, np.random.default_rng(2).random(split.after.shape))
    lost = falling.lost(0.4)
    before, after = split.sides()
    means = {one.case: one.evaluators["grounded"].mean or 0.0 for one in after.cases}

    assert lost.any()
    for case, name in enumerate(held.pairs.cases):
        changed = split.planted({column: lost}).values[case, column] - split.unchanged.values[case, column]
        assert changed == pytest.approx(-lost[case])
        assert lost[case] <= means[name] + 1e-9
    assert np.mean(lost) == pytest.approx(0.4, abs=0.07)
    assert before.info.trials == after.info.trials == 2


def test_a_planted_drop_is_decided_as_if_the_rows_had_been_so() -> None:
    seen = set()
    for seed in range(6):
        held = pool(steady(8, 3, seed=seed))
        deciding = Deciding(held, Terms(), flips=999)
        split = held.split((2, 1), np.random.default_rng(seed))
        column = held.pairs.names.index("grounded")
        lost = split.falling(column, held.paired.cohort_count, np.zeros(split.after.shape)).lost(0.1 + 0.1 * seed)
        fell = {held.pairs.cases[case] for case in np.flatnonzero(lost)}
        before, after = split.sides()
        changed = compare(
            before, replace(after, cases=tuple(spoilt(one) if one.case in fell else one for one in after.cases))
        )
        rows = [*held.pairs.cohorts, ALL]
        worse = {
            (rows[at], held.pairs.names[number]) for at, number in np.argwhere(deciding.worse(split, {column: lost}))
        }

        assert worse == {(cell.cohort, cell.evaluator) for cell in changed.regressed}
        seen.add(bool(worse))
    assert seen == {True, False}


def named(held: Pool, worse: Bools) -> set[tuple[str, str]]:
    rows = [*held.pairs.cohorts, ALL]
    return {(rows[row], held.pairs.names[column]) for row, column in np.argwhere(worse)}


def spoilt(case: CaseSide) -> CaseSide:
    """The case, whose one trial is not grounded at all."""
    worst = CaseTrials(mean=0.0, n=1, failed=1, counts=StateCounts(scored=1))
    return case.model_copy(update={"evaluators": {**case.evaluators, "grounded": worst}})


# --- splitting ---


def test_no_trial_is_on_both_sides_and_each_side_has_as_many_as_asked() -> None:
    split = pool(steady(6, 12)).split((7, 3), np.random.default_rng(1))

    assert not (split.before & split.after).any()
    assert set(split.before.sum(axis=1)) == {7}
    assert set(split.after.sum(axis=1)) == {3}


def test_a_case_of_fewer_trials_is_split_in_the_same_proportion() -> None:
    rows = [
        one for one in steady(4, 12) if one.trial < {"case-00": 2, "case-01": 4, "case-02": 8}.get(one.case or "", 12)
    ]
    split = pool(rows).split((9, 3), np.random.default_rng(1))

    assert split.before.sum(axis=1).tolist() == [1, 3, 6, 9]
    assert split.after.sum(axis=1).tolist() == [1, 1, 2, 3]


def test_half_of_the_trials_are_the_baseline_unless_asked() -> None:
    report = tried(steady(6, 5), splits=1)
    assert (report.baseline_trials, report.candidate_trials, report.trials) == (3, 2, 5)
    asked = tried(steady(6, 5), splits=1, trials=(1, 2))
    assert (asked.baseline_trials, asked.candidate_trials) == (1, 2)


def test_what_lower_is_better_falls_upwards_to_the_end_of_its_scale() -> None:
    rows = [row(f"c-{case}", trial, values={"length": 4.0}) for case in range(6) for trial in range(2)]
    held = pool(rows)
    falling = held.split((1, 1), np.random.default_rng(1)).falling(0, 0, np.zeros((6, 2)))

    assert falling.part.tolist() == [3.0] * 12  # two faults like those seen, which take 4 of 10
    assert falling.can(6.0)
    assert not falling.can(6.1)


def test_a_case_with_a_single_trial_is_left_out_and_counted() -> None:
    report = tried([*steady(6, 2), row("alone", values={"tone": 1.0}), row(None, values={"tone": 1.0})], splits=1)

    assert (report.cases, report.left_out) == (6, 1)


def test_one_trial_of_each_case_is_too_little() -> None:
    with pytest.raises(TooLittle) as raised:
        tried(steady(6, 1))
    assert str(raised.value) == (
        "no case of v1 has two trials, so that nothing can be split; run it with trials: 2 or more"
    )


def test_more_trials_than_there_are_is_too_little() -> None:
    with pytest.raises(TooLittle) as raised:
        tried(steady(6, 4), trials=(9, 3))
    assert str(raised.value) == (
        "9 and 3 trials of a case are asked for and the most that v1 has is 4; ask for fewer, such as 2x2"
    )


# --- the smallest drop ---


def found(*shares: float | None) -> tuple[FoundDrop, ...]:
    return tuple(
        FoundDrop(drop=round(0.03 * (at + 1), 2), found=Frequency(hits=0, of=0, share=share))
        for at, share in enumerate(shares)
    )


@pytest.mark.parametrize(
    ("shares", "smallest_drop"),
    [
        ((0.2, 0.6, 1.0), 0.075),
        ((0.2, 0.8), 0.06),
        ((0.9,), 0.03),
        ((0.2, 0.79), None),
        ((0.2, None), None),
        ((), None),
    ],
)
def test_the_drop_found_4_times_in_5_is_read_off_the_line(
    shares: tuple[float | None, ...], smallest_drop: float | None
) -> None:
    assert smallest(found(*shares)) == smallest_drop
