from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.regression.sides import (
    GROUNDED,
    NO_LABELS,
    PITCH,
    TONE,
    Value,
    cases,
    cell,
    info,
    judged,
    kinds,
    noisy,
    reasons,
    row,
    side,
    terms,
    verdict,
    worse,
)

from evalh.models import Comparison, ConversationRow, EvaluatorInfo
from evalh.models.comparison import COMPOSITE
from evalh.regression.gate import Terms, compare, without_baseline
from evalh.regression.sides import Side

COHORTS = ("angry", "calm", "hurried", "thrifty")


def cohorts(count: int = 12, fall: float = 0.0, rise: float = 0.0, seed: int = 1, **fields: Any) -> Side:
    """Cases of all cohorts around 0.5; those of "angry" fall, the others rise."""
    change = {name: -fall if name == "angry" else rise for name in COHORTS}
    return side(*(cases(name, tone=list(noisy(count, 0.5 + change[name], seed))) for name in COHORTS), **fields)


def one(values: Sequence[Any], infos: Sequence[EvaluatorInfo] = (TONE,), **fields: Any) -> Side:
    """One cohort and evaluator."""
    return side(cases(tone=list(values), **fields), infos=infos)


# --- what is found ---


def test_a_drop_in_one_cohort_is_found_while_the_mean_of_all_rises() -> None:
    found = judged(cohorts(), cohorts(fall=0.25, rise=0.125, seed=2))
    everyone = cell(found)

    assert (found.verdict, worse(found), kinds(found)) == ("REGRESSION", [("angry", "tone")], ["regression"])
    assert everyone.delta == pytest.approx(0.03125, abs=0.02)
    assert cell(found, "angry").p_adjusted < 0.045  # type: ignore[operator]
    assert reasons(found, "regression")[0].text.startswith("angry: tone fell from 0.5")


def test_the_same_conversations_on_both_sides_pass() -> None:
    found = judged(cohorts(), cohorts())
    assert (found.verdict, found.reasons) == ("PASS", ())
    assert {one.delta for one in found.cells} == {0.0}


def test_other_trials_of_the_same_agent_pass() -> None:
    assert verdict(cohorts(seed=1), cohorts(seed=4)) == "PASS"


def test_a_rise_is_no_regression() -> None:
    assert verdict(cohorts(), cohorts(fall=-0.25, rise=0.25)) == "PASS"


@pytest.mark.parametrize(("least", "expected"), [(0.02, "REGRESSION"), (0.2, "REGRESSION"), (0.21, "PASS")])
def test_a_drop_below_the_least_that_matters_never_blocks(least: float, expected: str) -> None:
    assert verdict(one([0.75] * 30), one([0.55] * 30), min_drop=least) == expected


def test_a_drop_is_told_as_worse_whatever_the_direction() -> None:
    infos = [info("tone", direction="lower_is_better")]
    found = judged(one([0.1] * 20, infos), one([0.4] * 20, infos))

    assert found.verdict == "REGRESSION"
    assert cell(found).delta == pytest.approx(-0.3)
    assert (cell(found).baseline, cell(found).candidate) == (0.1, 0.4)
    assert verdict(one([0.4] * 20, infos), one([0.1] * 20, infos)) == "PASS"


def test_bounds_of_a_drop_hold_it() -> None:
    found = cell(judged(cohorts(), cohorts(fall=0.25, seed=2)), "angry")
    assert found.low < found.delta < found.high < 0  # type: ignore[operator]


def test_the_clearest_cell_is_named_first() -> None:
    before = side(*(cases(name, tone=list(noisy(20))) for name in ("a", "b")))
    after = side(cases("a", tone=list(noisy(20, 0.6, 2))), cases("b", tone=list(noisy(20, 0.4, 2))))
    found = judged(before, after)

    assert [one.cohort for one in found.regressed][-1] == "a"
    assert [one.cohort for one in found.reasons] == [one.cohort for one in found.regressed]


def test_without_a_gate_there_is_no_verdict_and_the_cells_are_the_same() -> None:
    before, after = cohorts(), cohorts(fall=0.25, seed=2)
    shown = compare(before, after, terms(), gate=False)

    assert (shown.verdict, shown.reasons) == (None, ())
    assert shown.cells == judged(before, after).cells


def test_without_a_baseline_the_comparison_is_incomplete() -> None:
    found = without_baseline(cohorts(), Terms(settings_from="a.yaml"), "nothing is blessed")
    assert (found.verdict, kinds(found), found.baseline, found.settings_from) == (
        "INCOMPLETE", ["no_baseline"], None, "a.yaml",
    )  # fmt: skip


# --- an agent that starts to do what it did not ---


def pitching(pitches: Sequence[Value], evaluator: EvaluatorInfo = PITCH) -> Side:
    values: dict[str, Any] = {evaluator.name: list(pitches)}
    return side(cases("calm", **values), infos=[evaluator])


def test_an_agent_that_begins_to_pitch_faultily_is_found() -> None:
    silent = pitching(["not_applicable"] * 30)
    found = judged(silent, pitching([0.0, 0.0, 1.0] * 10))

    assert (found.verdict, cell(found, evaluator="pitch").pairs) == ("REGRESSION", 30)
    assert (cell(found, evaluator="pitch").baseline, cell(found, evaluator="pitch").before.pass_rate) == (1.0, None)


def test_an_agent_that_begins_to_pitch_without_a_fault_passes() -> None:
    assert verdict(pitching(["not_applicable"] * 30), pitching([1.0] * 30)) == "PASS"


def test_where_nothing_to_judge_is_no_act_the_pair_is_dropped() -> None:
    grounded = info("grounded")
    before = pitching([*["not_applicable"] * 10, *[1.0] * 20], grounded)
    found = judged(before, pitching([*[0.0] * 10, *[1.0] * 20], grounded))

    assert (found.verdict, cell(found, evaluator="grounded").pairs) == ("PASS", 20)


# --- what cannot be tested ---


def test_a_cell_too_small_is_listed_with_why_and_never_regressed() -> None:
    before = side(cases("big", tone=[1.0] * 20), cases("few", tone=[1.0] * 5))
    found = judged(before, side(cases("big", tone=[1.0] * 20), cases("few", tone=[0.0] * 5)))
    small = cell(found, "few")

    assert (small.state, small.why) == ("not_testable", "5 cases count on both sides, 6 are needed")
    assert (small.regressed, small.p, small.p_adjusted, small.delta) == (False, None, None, -1.0)
    assert cell(found, "big").state == "tested"


def test_the_least_number_of_pairs_is_a_setting() -> None:
    both = one([1.0] * 5)
    assert cell(judged(both, both, min_pairs=5), "calm").state == "tested"
    alone = one([1.0])
    assert cell(judged(alone, alone, min_pairs=5), "calm").why == "1 case count on both sides, 5 are needed"


def test_a_comparison_of_which_nothing_can_be_tested_is_incomplete() -> None:
    both = one([1.0] * 5)
    found = judged(both, both)
    assert (found.verdict, kinds(found), found.flips) == ("INCOMPLETE", ["nothing_testable"], 0)


def test_sides_without_a_case_in_common_are_incomplete() -> None:
    found = judged(one([1.0] * 9), one([1.0] * 9, start=20))
    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["no_pairs"])
    assert verdict(one([1.0] * 9), side([])) == verdict(side([]), side([])) == "INCOMPLETE"


def test_without_an_evaluator_that_gates_nothing_is_testable() -> None:
    both = one([1.0] * 20, [info("tone", gating=False)])
    found = judged(both, both)
    assert (found.verdict, kinds(found), found.cells) == ("INCOMPLETE", ["nothing_testable"], ())


def test_a_cell_of_which_too_little_is_sure_is_not_testable() -> None:
    before = side(cases("a", tone=[*["unsure"] * 10, *[1.0] * 10]), cases("b", tone=[1.0] * 60))
    after = side(cases("a", tone=[*["unsure"] * 11, *[0.0] * 9]), cases("b", tone=[1.0] * 60))
    found = judged(before, after)

    assert cell(found, "a").state == "not_testable"
    assert cell(found, "a").why == "only 19 of 40 verdicts of both sides are sure enough to count, 50% are needed"
    assert not cell(found, "a").regressed


def test_a_cell_of_which_just_enough_is_sure_is_tested() -> None:
    before = side(cases("a", tone=[1.0] * 20), cases("b", tone=[1.0] * 60))
    after = side(cases("a", tone=[*["unsure"] * 10, *[0.0] * 10]), cases("b", tone=[1.0] * 60))

    assert worse(judged(before, after)) == [("*", "tone"), ("a", "tone")]


def test_too_little_that_is_sure_overall_is_incomplete() -> None:
    both = one([*["unsure"] * 7, *[1.0] * 23])
    found = judged(both, both)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["coverage"] * 2)
    assert (
        reasons(found, "coverage")[0].text
        == "23 of 30 verdicts of the baseline are sure enough to count, 80% are needed"
    )
    assert verdict(one([*["unsure"] * 6, *[1.0] * 24]), one([*["unsure"] * 6, *[1.0] * 24])) == "PASS"


# --- what errored or is missing ---


def test_the_composite_has_no_quorum_of_its_own() -> None:
    values: dict[str, Any] = {"tone": [1.0] * 20, COMPOSITE: ["errored", "errored", *[1.0] * 18]}
    both = side(cases(**values))
    assert verdict(both, both) == "PASS"


def test_a_cell_with_too_many_errors_is_incomplete() -> None:
    before = side(cases("a", tone=[1.0] * 20), cases("b", tone=[1.0] * 180))
    after = side(cases("a", tone=["errored", "errored", *[1.0] * 18]), cases("b", tone=[1.0] * 180))
    found = judged(before, after)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["quorum"])
    assert (found.reasons[0].cohort, found.reasons[0].evaluator) == ("a", "tone")
    assert found.reasons[0].text == (
        "tone / a: 18 of 20 verdicts of the candidate were reached, the others errored or are missing; 95% are needed"
    )


def test_one_error_in_twenty_is_within_the_quorum_of_a_cell() -> None:
    before = side(cases("a", tone=[1.0] * 20), cases("b", tone=[1.0] * 180))
    after = side(cases("a", tone=["errored", *[1.0] * 19]), cases("b", tone=[1.0] * 180))
    assert verdict(before, after) == "PASS"


def test_missing_cases_break_the_quorum_of_their_cell() -> None:
    both = [cases("a", tone=[1.0] * 20), cases("b", tone=[1.0] * 180)]
    found = judged(side(*both), side(both[0][:18], both[1]))

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["quorum"])
    assert (cell(found, "a").after.missing, cell(found, "a").before.missing) == (2, 0)


def test_a_missing_case_weighs_as_its_trials_would() -> None:
    both = [cases("a", tone=[[1.0, 1.0, 1.0]] * 20), cases("b", tone=[[1.0] * 3] * 180)]
    found = judged(side(*both), side(both[0][: 18 * 3], both[1]))

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["quorum"])


def test_errors_spread_over_all_cells_break_the_quorum_of_all() -> None:
    names = [f"p{number}" for number in range(10)]
    before = side(*(cases(name, tone=[1.0] * 40) for name in names))
    after = side(*(cases(name, tone=[*[1.0] * 39, "errored"]) for name in names))
    found = judged(before, after)

    assert (found.verdict, kinds(found)[0]) == ("INCOMPLETE", "quorum")
    assert (found.reasons[0].cohort, found.reasons[0].evaluator) == ("*", None)
    assert verdict(before, after, quorum_overall=0.97) != verdict(before, before) == "PASS"


def test_cases_that_both_sides_lost_break_the_quorum_of_all() -> None:
    both = side(cases("a", tone=[1.0] * 40))
    lost = replace(both, info=both.info.model_copy(update={"planned": 41}))
    found = judged(lost, lost)

    assert (found.verdict, {(one.kind, one.cohort) for one in found.reasons}) == ("INCOMPLETE", {("quorum", "*")})
    assert verdict(both, both) == "PASS"


def test_errors_of_the_baseline_count_as_much() -> None:
    good, bad = one([1.0] * 20), one(["errored", "errored", *[1.0] * 18])
    assert kinds(judged(bad, good)) == kinds(judged(good, bad)) == ["quorum", "quorum"]


LENIENT: dict[str, Any] = {"quorum": 0.0, "quorum_overall": 0.0}


def test_errors_that_would_decide_leave_it_open() -> None:
    before = one([1.0] * 30)
    assert verdict(before, one([*["errored"] * 4, *[1.0] * 26]), **LENIENT) == "PASS"  # 2^-4 > 0.045
    found = judged(before, one([*["errored"] * 5, *[1.0] * 25]), **LENIENT)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["bounds"])
    assert "as bad as can be" in found.reasons[0].text


def test_cases_that_are_missing_would_decide_as_errors_do() -> None:
    before = one([1.0] * 30)
    assert verdict(before, one([1.0] * 26), **LENIENT) == "PASS"
    assert kinds(judged(before, one([1.0] * 25), **LENIENT)) == ["bounds"]


def test_errors_on_both_sides_are_taken_at_their_worst() -> None:
    both = one([*["errored"] * 5, *[1.0] * 25])
    assert kinds(judged(both, both, **LENIENT)) == ["bounds"]


def test_of_several_trials_only_those_that_errored_may_go_either_way() -> None:
    before = one([[1.0, 1.0, 1.0]] * 30)
    some = one([*[[1.0, 1.0, "errored"]] * 5, *[[1.0] * 3] * 25])

    assert kinds(judged(before, some, **LENIENT, min_drop=0.05)) == ["bounds"]
    assert verdict(before, some, **LENIENT, min_drop=0.06) == "PASS"  # 5 thirds of 30 cases are 0.0556


def test_errors_that_cannot_decide_leave_a_pass() -> None:
    before = one(list(noisy(100)))
    after = one(["errored", *list(noisy(100))[1:]])
    assert verdict(before, after, **LENIENT) == "PASS"


def test_a_regression_that_errors_could_undo_is_incomplete() -> None:
    before, after = one([*[1.0] * 20, *[0.0] * 5]), one([*[0.5] * 6, *[1.0] * 14, *["errored"] * 5])
    assert verdict(one([1.0] * 20), one([*[0.5] * 6, *[1.0] * 14])) == "REGRESSION"
    found = judged(before, after, **LENIENT)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["bounds", "regression", "regression"])
    assert found.reasons[0].text.endswith("decide whether this is a regression")


def test_a_regression_that_stands_whatever_errored_is_one_though_the_quorum_is_broken() -> None:
    found = judged(one([1.0] * 40), one([*[0.0] * 36, *["errored"] * 4]))

    assert (found.verdict, kinds(found)[0]) == ("REGRESSION", "regression")
    assert "quorum" in kinds(found)


def test_where_less_is_better_errors_are_taken_the_other_way() -> None:
    infos = [info("tone", direction="lower_is_better")]
    good, bad = one([0.0] * 30, infos), one([*["errored"] * 5, *[0.0] * 25], infos)
    assert kinds(judged(good, bad, **LENIENT)) == ["bounds"]

    high = one([*["errored"] * 5, *[1.0] * 25], infos)
    assert verdict(one([1.0] * 30, infos), high, **LENIENT) == "PASS"


def test_errors_of_one_evaluator_do_not_make_up_values_of_one_that_a_side_lacks() -> None:
    before = side(cases(tone=[1.0] * 60))
    after = side(cases(tone=["errored", *[1.0] * 59], grounded=[1.0] * 60), infos=[TONE, GROUNDED])

    assert verdict(before, after) == "PASS"
    assert verdict(after, before) == "PASS"


# --- one side lost more than the other ---


def lost(state: str, count: int, total: int = 400, only: tuple[str, ...] = ("tone",), start: int = 0) -> Side:
    """Cases of which `count`, from `start`, have the state instead of a score; other evaluators score all."""
    of_state = [*[1.0] * start, *[state] * count, *[1.0] * (total - count - start)]
    values: dict[str, Any] = {name: (of_state if name == "tone" else [1.0] * total) for name in only}
    return side(cases(**values), infos=[info(name) for name in only])


@pytest.mark.parametrize("state", ["errored", "unsure"])
def test_verdicts_that_only_one_side_lost_leave_it_open(state: str) -> None:
    # 2^-9 < 0.01 / 4 < 2^-8
    settings: dict[str, Any] = {"quorum": 0.9, "quorum_overall": 0.9, "min_drop": 0.2}
    assert verdict(lost(state, 0), lost(state, 8), **settings) == "PASS"
    found = judged(lost(state, 0), lost(state, 9), **settings)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["asymmetry"])
    told = f"tone: {state} in 9 of 400 conversations of the candidate, and in 0 of 400 of the other side"
    assert found.reasons[0].text == told
    assert kinds(judged(lost(state, 9), lost(state, 0), **settings)) == ["asymmetry"]
    assert verdict(lost(state, 0), lost(state, 9), share=0.5, **settings) == "PASS"


def test_what_both_sides_lost_is_not_lopsided() -> None:
    both = lost("unsure", 30)
    assert verdict(both, both) == verdict(lost("unsure", 9), lost("unsure", 9, start=9)) == "PASS"


def test_more_evaluators_need_a_clearer_difference() -> None:
    names = ("tone", "grounded", "haste", "pitch")
    assert verdict(lost("unsure", 0, only=names), lost("unsure", 9, only=names)) == "PASS"
    assert verdict(lost("unsure", 0, only=names), lost("unsure", 11, only=names)) == "INCOMPLETE"


def test_a_side_with_more_trials_has_more_cases_that_lost_some_and_is_not_lopsided_for_it() -> None:
    nine = [[*["errored"] * (number % 3 == 0), *[1.0] * (9 - (number % 3 == 0))] for number in range(300)]
    three = [[*["errored"] * (number % 9 == 0), *[1.0] * (3 - (number % 9 == 0))] for number in range(300)]
    lenient = {"quorum": 0.9, "quorum_overall": 0.9, "min_drop": 0.2}

    assert verdict(one(nine), one(three), **lenient) == verdict(one(three), one(nine), **lenient) == "PASS"


def test_trials_that_only_one_side_lost_leave_it_open() -> None:
    nine = [[1.0] * 9] * 300
    three = [[*["unsure"] * (number < 5), *[1.0] * (3 - (number < 5))] for number in range(300)]  # 4^-5

    assert kinds(judged(one(nine), one(three))) == ["asymmetry"]
    assert verdict(one(nine), one([[1.0] * 3, *three[1:]])) == "PASS"  # 4^-4


# --- alpha ---


def p_of(before: Side, after: Side) -> float:
    found = cell(judged(before, after)).p_adjusted
    assert found is not None
    return found


def falling(count: int, total: int = 8) -> tuple[Side, Side]:
    """A drop of which the p value is known: `count` cases fall, all sign patterns are gone through."""
    return one([1.0] * total), one([*[0.5] * count, *[1.0] * (total - count)])


def test_the_p_value_of_few_cases_is_exact() -> None:
    before, after = falling(6)
    found = judged(before, after)

    assert (found.exact, found.flips) == (True, 256)
    assert cell(found).p == cell(found).p_adjusted == 2**-6


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "REGRESSION"),
        ({"alpha": 0.021}, "REGRESSION"),
        ({"alpha": 0.020}, "INCOMPLETE"),
        ({"share": 0.5}, "REGRESSION"),
        ({"share": 1 / 3}, "INCOMPLETE"),
        ({"look": 2}, "REGRESSION"),
        ({"look": 3}, "INCOMPLETE"),
        ({"share": 0.5, "look": 2}, "INCOMPLETE"),
        ({"alpha": 0.0157, "critical": NO_LABELS}, "REGRESSION"),
    ],
)
def test_candidates_looks_and_critical_findings_share_alpha(fields: dict[str, Any], expected: str) -> None:
    before, after = falling(6)  # p = 1 / 64 = 0.0156, the least there is: with less alpha nothing could be found
    assert verdict(before, after, **fields) == expected


def test_the_alpha_that_may_be_spent_is_told() -> None:
    before, after = falling(6)
    found = judged(before, after, share=0.5, look=2)
    assert (found.alpha, found.look) == (0.0125, 2)


def two(first: Sequence[Any], second: Sequence[Any]) -> Side:
    return side(cases(tone=list(first), grounded=list(second)), infos=[TONE, GROUNDED])


def test_first_evaluators_are_a_family_of_their_own() -> None:
    before = two([1.0] * 8, [1.0] * 8)
    after = two([*[0.5] * 6, 1.0, 1.0], [1.0] * 8)  # p = 1 / 64

    assert verdict(before, after, first=["tone"], first_alpha=0.016) == "REGRESSION"
    assert verdict(before, after, first=["tone"], first_alpha=0.015) == "PASS"
    assert verdict(before, after, first=["tone"], first_alpha=0.02, share=0.5) == "PASS"
    assert verdict(before, after, first=["grounded"], first_alpha=0.02) == "REGRESSION"
    assert verdict(before, after, first=["grounded"], first_alpha=0.03) == "PASS"


def test_a_first_evaluator_that_is_not_there_spends_nothing() -> None:
    before, after = falling(6)
    assert verdict(before, after, first=["grounded"], first_alpha=0.04) == "REGRESSION"


# --- looks ---

EARLIER = frozenset({("calm", "tone")})


def test_what_an_earlier_look_called_worse_stays_until_more_trials_clear_it() -> None:
    before, after = falling(6)
    assert verdict(before, after, look=3) != "REGRESSION"
    found = judged(before, after, look=3, earlier=EARLIER)

    assert (found.verdict, worse(found), kinds(found)) == ("REGRESSION", [("calm", "tone")], ["earlier_look"])
    assert found.reasons[0].text == "calm: an earlier look called tone worse, and more trials do not clear it"


def test_more_trials_can_clear_what_an_earlier_look_called_worse() -> None:
    before, after = falling(4)
    assert verdict(before, after, look=2, earlier=EARLIER) == "PASS"


def test_what_was_replaced_instead_of_added_to_is_never_cleared() -> None:
    both = one([1.0] * 8)
    found = judged(both, both, look=2, earlier=EARLIER, stays=True)

    assert (found.verdict, worse(found), kinds(found)) == ("REGRESSION", [("calm", "tone")], ["earlier_look"])
    assert "replaced" in found.reasons[0].text


def test_what_stays_does_not_depend_on_what_errored() -> None:
    both = one([*[1.0] * 39, "errored"])
    assert verdict(both, both, look=2, earlier=EARLIER, stays=True) == "REGRESSION"


def test_an_error_that_cannot_clear_an_earlier_look_leaves_it_a_regression() -> None:
    before, after = one([1.0] * 9), one([*[0.5] * 6, 1.0, 1.0, "errored"])
    assert verdict(before, after, look=3, **LENIENT) != "REGRESSION"
    assert verdict(before, after, look=3, earlier=EARLIER, **LENIENT) == "REGRESSION"


def test_a_cell_that_can_no_longer_be_tested_is_not_cleared() -> None:
    before = side(cases("calm", tone=[1.0] * 6), cases("big", tone=[1.0] * 60))
    after = side(cases("calm", tone=["unsure", *[1.0] * 5]), cases("big", tone=[1.0] * 60))
    assert verdict(before, after, look=2) == "PASS"

    assert worse(judged(before, after, look=2, earlier=EARLIER)) == [("calm", "tone")]


def test_the_first_family_stays_worse_at_the_alpha_of_the_first_look_too() -> None:
    before = two([1.0] * 8, [1.0] * 8)
    after = two([*[0.5] * 6, 1.0, 1.0], [1.0] * 8)  # p = 1 / 64
    own = {"first": ["tone"], "first_alpha": 0.02, "look": 2}

    assert verdict(before, after, **own) == "PASS"
    assert verdict(before, after, earlier=EARLIER, **own) == "REGRESSION"


# --- no worse than a margin ---


def test_what_is_not_shown_to_be_no_worse_is_inconclusive() -> None:
    before, after = one(list(noisy(20))), one(list(noisy(20, seed=2)))
    found = judged(before, after, noninferiority=0.01)

    assert (found.verdict, kinds(found)) == ("INCONCLUSIVE", ["noninferiority"])
    assert found.reasons[0].text.startswith("tone: may have lost up to 0.")
    assert found.reasons[0].text.endswith("a loss of 0.01 is not ruled out")


def test_many_cases_that_hardly_differ_are_shown_to_be_no_worse() -> None:
    before, after = one([1.0] * 200), one([0.9, 1.0, *[1.0] * 198])
    assert verdict(before, after, noninferiority=0.02) == "PASS"


def test_cases_that_do_not_differ_are_no_worse() -> None:
    both = one(list(noisy(50)))
    assert verdict(both, both, noninferiority=0.02) == "PASS"


def test_what_cannot_be_tested_is_not_shown_to_be_no_worse() -> None:
    both = two([1.0] * 20, [1.0] * 20)
    without = side(cases(tone=[1.0] * 20, grounded=[1.0, *["not_applicable"] * 19]), infos=[TONE, GROUNDED])
    found = judged(both, without, noninferiority=0.02)

    assert (found.verdict, found.reasons[0].evaluator) == ("INCONCLUSIVE", "grounded")
    assert "could not be tested" in found.reasons[0].text


def test_the_margin_is_a_share_of_the_scale() -> None:
    for scale, expected in (((0.0, 1.0), "INCONCLUSIVE"), ((0.0, 5.0), "PASS")):
        infos = [info("tone", scale=scale)]
        found = verdict(one([1.0] * 40, infos), one([0.75, 0.75, *[1.0] * 38], infos), noninferiority=0.02)
        assert found == expected


def test_a_regression_is_one_whatever_the_margin() -> None:
    assert verdict(one([1.0] * 20), one([0.5] * 20), noninferiority=0.9) == "REGRESSION"


# --- families of cases ---


def in_families(values: Sequence[float], size: int) -> Side:
    rows = [row(f"c{n:02}", template=f"t{n // size}", values={"tone": value}) for n, value in enumerate(values)]
    return side(rows)


def test_cases_of_a_template_fall_as_one() -> None:
    before, after = [1.0] * 24, [*[0.5] * 8, *[1.0] * 16]
    assert verdict(in_families(before, 1), in_families(after, 1)) == "REGRESSION"  # 2^-8
    assert verdict(in_families(before, 2), in_families(after, 2)) == "PASS"  # 2^-4


def test_cases_of_few_families_are_not_testable() -> None:
    both = in_families([1.0] * 24, 6)
    assert cell(judged(both, both)).why == "24 cases of 4 families count on both sides, 6 are needed"


# --- the row of all cases ---


def test_cases_lost_in_one_cohort_do_not_move_the_mean_of_all() -> None:
    high, low = cases("a", tone=[1.0] * 20), cases("b", tone=[0.5] * 20)
    fewer = cases("a", tone=[*[1.0] * 10, *["unsure"] * 10])
    found = cell(judged(side(high, low), side(fewer, low)))

    assert (found.pairs, found.baseline, found.candidate, found.delta) == (30, 0.75, 0.75, 0.0)


def test_with_all_cases_the_mean_of_all_is_the_plain_one() -> None:
    values = [*noisy(10, 0.2), *noisy(10, 0.5), *noisy(10, 0.75)]
    before = side(cases("a", tone=values[:10]), cases("b", tone=values[10:]))
    after = side(cases("a", tone=values[10:20]), cases("b", tone=values[10:20] + values[:10]))
    found = cell(judged(before, after))

    assert found.baseline == pytest.approx(sum(values) / 30, abs=1e-9)
    assert found.candidate == pytest.approx(sum(values[:10] + 2 * values[10:20]) / 30, abs=1e-9)


# --- evaluators ---


def test_an_evaluator_that_does_not_gate_never_blocks_and_is_shown() -> None:
    infos = [TONE, info("shown", gating=False)]
    before = side(cases(tone=[1.0] * 20, shown=[1.0] * 20), infos=infos)
    found = judged(before, side(cases(tone=[1.0] * 20, shown=[0.0] * 20), infos=infos))

    assert (found.verdict, [one.evaluator for one in found.cells]) == ("PASS", ["tone", "tone"])
    assert {(one.cohort, one.evaluator, one.delta) for one in found.exploratory} == {
        ("*", "shown", -1.0),
        ("calm", "shown", -1.0),
    }


def test_the_composite_blocks() -> None:
    def made(value: float) -> Side:
        values: dict[str, Any] = {"tone": [1.0] * 20, COMPOSITE: [value] * 20}
        return side(cases(**values))

    assert worse(judged(made(1.0), made(0.5))) == [("*", COMPOSITE), ("calm", COMPOSITE)]


def test_an_evaluator_that_was_skipped_is_told_so_and_the_others_are_tested() -> None:
    before = two([1.0] * 20, [1.0] * 20)
    after = side(cases(tone=[1.0] * 20, grounded=["skipped"] * 20), infos=[TONE, GROUNDED])
    found = judged(before, after)

    assert cell(found, evaluator="grounded").why == "skipped: what it needs was not configured"
    assert (cell(found).state, found.verdict) == ("tested", "PASS")


def test_an_evaluator_that_a_side_lacks_is_listed_and_not_tested() -> None:
    before, after = one([1.0] * 20), two([1.0] * 20, [0.0] * 20)
    found = judged(before, after)

    assert cell(found, evaluator="grounded").why == "0 cases count on both sides, 6 are needed"
    assert found.verdict == "PASS"


@pytest.mark.parametrize(
    ("scale", "expected"), [((1.0, 5.0), "PASS"), ((0.0, 1.0), "REGRESSION"), (None, "REGRESSION")]
)
def test_the_least_drop_is_a_share_of_the_scale(scale: tuple[float, float] | None, expected: str) -> None:
    infos = [info("tone", scale=scale)]
    assert verdict(one([5.0] * 20, infos), one([4.95] * 20, infos)) == expected


def test_a_scale_of_its_own_is_judged_and_its_errors_bounded_by_it() -> None:
    infos = [info("tone", scale=(1.0, 5.0))]
    before = one(list(noisy(40, 4.0)), infos)

    assert verdict(before, one(list(noisy(40, 3.0, 2)), infos)) == "REGRESSION"
    both = one([*["errored"] * 5, *[5.0] * 25], infos)
    assert kinds(judged(both, both, **LENIENT)) == ["bounds"]


def test_a_scale_without_end_is_judged_and_has_a_smallest_drop() -> None:
    infos = [info("tone", scale=None)]
    before = one(list(noisy(40, 40.0)), infos)
    found = judged(before, one(list(noisy(40, 40.0, 2)), infos))

    assert (found.verdict, verdict(before, one(list(noisy(40, 39.0, 2)), infos))) == ("PASS", "REGRESSION")
    assert cell(found).detectable is not None


def test_without_an_end_of_the_scale_what_errored_is_left_to_the_quorum() -> None:
    infos = [info("tone", scale=None)]
    both = one([*["errored"] * 5, *[5.0] * 25], infos)

    assert verdict(both, both, **LENIENT) == "PASS"
    assert kinds(judged(both, both)) == ["quorum"] * 4


# --- what it could not have seen ---


def test_the_smallest_drop_that_is_found_shrinks_with_more_cases() -> None:
    few, many = (cell(judged(one(list(noisy(n))), one(list(noisy(n, seed=2))))).detectable for n in (20, 160))
    assert few is not None
    assert many is not None
    assert 0.02 <= many < few / 1.5


def test_sides_that_do_not_differ_say_nothing_of_the_smallest_drop() -> None:
    both = cohorts()
    assert {one.detectable for one in judged(both, both).cells} == {None}


# --- shown only ---


def test_other_ways_to_group_are_shown_and_never_regress() -> None:
    def made(value: float) -> Side:
        rows = [
            row(f"c{number}", facets={"plan": "ml"[number % 2]}, values={"tone": value if number % 2 else 1.0})
            for number in range(60)
        ]
        return side(rows)

    found = judged(made(1.0), made(0.0))
    shown = {one.cohort: one for one in found.exploratory}

    assert {(one.cohort_key, one.state, one.why) for one in found.exploratory} == {
        ("plan", "not_testable", "shown only, not tested")
    }
    assert (shown["l"].delta, shown["m"].delta, shown["l"].pairs) == (-1.0, 0.0, 30)
    assert {(one.regressed, one.p, one.p_adjusted, one.t, one.low) for one in found.exploratory} == {
        (False, None, None, None, None)
    }


def test_a_facet_of_one_value_or_of_very_many_is_not_shown() -> None:
    rows = [row(f"c{n}", facets={"id": str(n), "same": "x"}, values={"tone": 1.0}) for n in range(20)]
    assert judged(side(rows), side(rows)).exploratory == ()


def test_by_another_key_the_personas_are_shown_only() -> None:
    rows = [row(f"c{n}", persona="ab"[n % 2], facets={"plan": "ml"[n // 10]}, values={"tone": 1.0}) for n in range(20)]
    found = judged(side(rows), side(rows), "plan")

    assert [one.cohort for one in found.cells] == ["*", "l", "m"]
    assert [(one.cohort_key, one.cohort) for one in found.exploratory] == [("persona", "a"), ("persona", "b")]


# --- the same again ---


def rows_of(seed: int, count: int = 60) -> list[ConversationRow]:
    draw = random.Random(seed)
    states: tuple[Value, ...] = (1.0, 1.0, 0.7, 0.3, 0.1, 0.0, "not_applicable")
    return [
        row(
            f"c{number:02}", trial, persona=COHORTS[number % 4], facets={"plan": "ml"[number % 2]},
            values={"tone": draw.choice(states), "pitch": draw.choice(states)},
        )
        for number in range(count)
        for trial in range(3)
    ]  # fmt: skip


def text(comparison: Comparison) -> str:
    return comparison.model_dump_json(by_alias=True)


def test_the_same_sides_give_the_same_comparison_in_any_order_of_rows_and_cases() -> None:
    def made(order: int) -> tuple[Side, Side]:
        built = []
        for seed in (1, 2):
            rows = rows_of(seed)
            whole = side(random.Random(order).sample(rows, len(rows)), infos=[TONE, PITCH])
            mixed = tuple(random.Random(order).sample(whole.cases, len(whole.cases)))
            built.append(replace(whole, cases=mixed))
        return built[0], built[1]

    assert text(judged(*made(1))) == text(judged(*made(2)))


def test_another_run_of_the_same_conversations_gives_the_same_comparison() -> None:
    before, after = (side(rows_of(seed), infos=[TONE, PITCH]) for seed in (1, 2))
    again = replace(after, info=after.info.model_copy(update={"run_id": "other"}))

    assert text(judged(before, again)) == text(judged(before, after)).replace('"r"', '"other"', 1).replace(
        '"candidate":{"name":"v1","run_id":"r"', '"candidate":{"name":"v1","run_id":"other"'
    )


def test_what_is_written_is_json_without_numbers_that_are_none() -> None:
    for found in (
        judged(cohorts(), cohorts()),
        judged(one(["unsure"] * 9), one([1.0] * 9)),
        judged(side([]), side([])),
    ):
        plain = json.loads(json.dumps(found.model_dump(by_alias=True), allow_nan=False))
        assert Comparison.model_validate(plain) == found


# --- any sides ---

VALUES = st.sampled_from((0.0, 0.25, 1.0, 1.0, 1.0, "not_applicable", "unsure", "errored", "skipped"))
CASE = st.fixed_dictionaries({"persona": st.sampled_from(("a", "b", None)), "template": st.sampled_from((None, "t"))})
HELD: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"tone": VALUES, "pitch": VALUES, COMPOSITE: VALUES}
)
BAD: st.SearchStrategy[dict[str, Any]] = st.just({"tone": 0.0, "pitch": 0.25, COMPOSITE: 0.0})


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, Side]:
    whole = draw(st.lists(CASE, max_size=24))
    made = []
    for values in (HELD, draw(st.sampled_from((HELD, BAD)))):
        rows = [
            row(f"c{number}", trial, values=draw(values), **held)
            for number, held in enumerate(whole)
            for trial in range(draw(st.sampled_from((1, 2, 2, 0))))
        ]
        made.append(side(rows, infos=[TONE, PITCH]))
    return made[0], made[1]


def evaluated(found: Comparison) -> float:
    """The least share of a tested cell's cases that was evaluated, of what was asked on a side."""
    shares = [1.0]
    for one in found.cells:
        for brought in (one.before, one.after):
            tried = sum(brought.counts.model_dump().values()) + brought.missing
            failed = brought.counts.errored
            if one.cohort != "*" and one.evaluator != COMPOSITE:
                shares.append(1 - failed / tried if tried else 1.0)
    return min(shares)


@settings(max_examples=60, deadline=None)
@given(sides())
def test_no_sides_are_too_odd_and_a_pass_is_one(both: tuple[Side, Side]) -> None:
    found = judged(*both, noninferiority=0.5)
    json.dumps(found.model_dump(by_alias=True), allow_nan=False)

    if found.verdict == "PASS":
        assert not found.regressed
        assert evaluated(found) >= 0.95 - 1e-9
        assert any(one.state == "tested" for one in found.cells)
    assert all(not one.regressed for one in found.cells if one.state == "not_testable")


@settings(max_examples=40, deadline=None)
@given(sides())
def test_a_cell_is_not_worse_both_ways(both: tuple[Side, Side]) -> None:
    there, back = judged(*both), judged(both[1], both[0])
    assert not set(worse(there)) & set(worse(back))


def test_a_critical_finding_that_was_replaced_instead_of_added_to_still_blocks() -> None:
    both = one([1.0] * 8)
    finding = frozenset([("c-1", "eligibility", "suppressed")])
    found = judged(both, both, look=2, earlier_critical=finding, stays=True)

    assert (found.verdict, kinds(found)) == ("REGRESSION", ["earlier_look"])
    assert found.reasons[0].text == (
        "case c-1: an earlier look found suppressed, and its conversations were replaced, not added to"
    )
    assert judged(both, both, look=2, earlier_critical=finding).verdict == "PASS"


def test_the_least_drop_that_counts_is_a_share_of_the_scale() -> None:
    wide = info("tone", scale=(0.0, 10.0))
    before, after = one([8.0] * 40, (wide,)), one([7.5, *[8.0] * 39], (wide,))
    small, large = (cell(judged(before, after, min_drop=least), "*").detectable for least in (0.02, 0.5))
    assert small is not None
    assert large is not None
    assert 0.2 <= small < 5.0 <= large


def test_a_cell_in_which_no_drop_could_be_found_is_not_testable() -> None:
    big, small = cases("big", tone=[1.0] * 40), cases("small", tone=[1.0] * 6)
    after = [cases("big", tone=[*[0.5] * 20, *[1.0] * 20]), cases("small", tone=[*[0.5] * 3, *[1.0] * 3])]
    found = judged(side(big, small), side(*after), alpha=0.02)  # 2^-6 is more than is left of it

    assert cell(found, "big").regressed
    assert cell(found, "small").state == "not_testable"
    assert cell(found, "small").why == "even the largest drop could not be told from chance with 6 cases"


def test_a_gate_that_could_find_nothing_is_no_pass() -> None:
    found = judged(one([1.0] * 8), one([0.9, *[1.0] * 7]), min_drop=1.0)
    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["nothing_testable"])


def test_an_evaluator_that_falls_silent_on_one_side_is_no_pass() -> None:
    before, after = two([1.0] * 20, [1.0] * 20), two([1.0] * 20, ["not_applicable"] * 20)
    found = judged(before, after)

    assert (found.verdict, kinds(found)) == ("INCOMPLETE", ["coverage"])
    assert found.reasons[0].text == "grounded: no verdict of the candidate counts, and 20 of the other side do"
    assert judged(after, before).verdict == "INCOMPLETE"
    assert judged(after, after).verdict == "PASS"


def test_trials_that_are_missing_of_those_planned_break_the_quorum() -> None:
    def planned(held: int, wanted: int) -> Side:
        made = side(cases(tone=[[1.0] * held] * 20))
        return replace(made, info=made.info.model_copy(update={"planned": 20, "planned_trials": wanted}))

    found = judged(planned(6, 6), planned(2, 6))
    assert (found.verdict, found.reasons[0].kind) == ("INCOMPLETE", "quorum")
    reached = [reason.text.partition(" verdicts of the candidate were reached")[0] for reason in found.reasons]
    assert (reached[0], reached[2]) == ("all evaluators / all conversations: 40 of 120", "tone / calm: 40 of 120")
    assert reached[1].startswith("40 of 120 verdicts of the candidate are sure enough to count")
    assert judged(planned(9, 9), planned(3, 3)).verdict == "PASS"


def test_the_classes_of_what_errored_are_told() -> None:
    after = cases("a", tone=["errored", "errored", "errored", *[1.0] * 17])
    for one, name in zip(after[:3], ("timeout", "quota", "timeout"), strict=True):
        one.rollups["tone"] = one.rollups["tone"].model_copy(update={"error": name})
    found = judged(side(cases("a", tone=[1.0] * 20)), side(after))

    assert found.verdict == "INCOMPLETE"
    assert "others errored (2 timeout, 1 quota) or are missing" in found.reasons[0].text
