from __future__ import annotations

import random
from typing import Any

import pytest
from tests.regression.sides import PITCH, TONE, info, row, side

from evalh.models import CaseTrials, SideInfo, StateCounts
from evalh.models.comparison import COMPOSITE
from evalh.regression.sides import side_of


def trials(*values: Any, evaluator: Any = TONE) -> CaseTrials:
    """What the evaluator said of one case with these trials."""
    rows = [row("a", trial, values={evaluator.name: value}) for trial, value in enumerate(values)]
    return side(rows, infos=[evaluator]).cases[0].evaluators[evaluator.name]


def test_trials_of_a_case_are_averaged() -> None:
    assert (trials(1.0, 0.0, 0.5).mean, trials(1.0, 0.0, 0.5).n) == (0.5, 3)


def test_passed_and_failed_trials_are_counted() -> None:
    found = trials(1.0, 0.0, 0.9, "unsure")
    assert (found.passed, found.failed, found.n) == (2, 1, 3)


@pytest.mark.parametrize("state", ["unsure", "errored", "skipped", "not_applicable"])
def test_a_trial_without_a_score_is_counted_and_not_averaged(state: str) -> None:
    found = trials(0.5, state)
    assert (found.mean, found.n, found.counts) == (0.5, 1, StateCounts(**{"scored": 1, state: 1}))


def test_a_conversation_without_the_act_has_no_fault() -> None:
    found = trials("not_applicable", 0.0, evaluator=PITCH)
    assert (found.mean, found.n, found.passed, found.failed) == (0.5, 2, 0, 1)


def test_where_less_is_better_a_conversation_without_the_act_has_the_least() -> None:
    haste = info("haste", acts=True, direction="lower_is_better")
    assert trials("not_applicable", evaluator=haste).mean == 0.0


def test_a_case_of_which_no_trial_counts_has_no_mean() -> None:
    assert (trials("unsure", "errored").mean, trials("unsure").n) == (None, 0)


def test_an_evaluator_that_is_not_listed_counts_as_one_that_is_not_of_acts() -> None:
    assert side([row("a", values={"new": "not_applicable"})]).cases[0].evaluators["new"].mean is None


def test_conversations_of_no_case_are_left_out() -> None:
    assert side([row(None, values={"tone": 1.0})]).cases == ()


def test_what_a_case_is_comes_with_it() -> None:
    (case,) = side([row("a", persona="angry", facets={"b": "2", "a": "1"}, template="t")]).cases
    assert (case.persona, list(case.facets.items()), case.template) == ("angry", [("a", "1"), ("b", "2")], "t")


def test_pitching_is_counted_of_what_was_read() -> None:
    (case,) = side([row("a", 0, pitches=2), row("a", 1, pitches=0), row("a", 2, pitches=None)]).cases
    assert (case.trials, case.read, case.pitched) == (3, 2, 1)


def test_critical_labels_are_counted_by_trial() -> None:
    rows = [row("a", trial, critical={"eligibility": ("suppressed",)}) for trial in range(2)]
    (case,) = side([*rows, row("a", 2, critical={"eligibility": ("region_blocked",)}), row("a", 3)]).cases
    assert case.critical == {"eligibility": {"region_blocked": 1, "suppressed": 2}}


def test_a_side_says_how_many_cases_conversations_and_trials_it_has() -> None:
    found = side([row("a", 0), row("a", 1), row("b", 0)]).info
    assert (found.cases, found.conversations, found.trials) == (2, 3, 2)


def test_an_empty_side_is_one_too() -> None:
    found = side([])
    assert (found.cases, found.names, found.info.trials) == ((), [], 0)


def test_evaluators_are_named_in_their_order_and_the_composite_last() -> None:
    rows = [row("a", values={COMPOSITE: 1.0, "b": 1.0, "a": 1.0})]
    assert side(rows, infos=[info("b"), info("a"), info("absent")]).names == ["b", "a", COMPOSITE]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [row(case, trial, values={"tone": trial / 7}) for case in ("b", "a", "c") for trial in range(5)]
    shuffled = random.Random(1).sample(rows, len(rows))

    assert side(rows) == side(shuffled)
    assert side(rows).cases[0].conversations == tuple(one.conversation_sha256 for one in rows[5:10])


def test_what_the_rows_depend_on_is_kept_as_given() -> None:
    found = side_of(SideInfo(name="v1", run_id="r"), [], inputs={"reader": "local/1"}, evaluators=(TONE,), prompt="Hi.")
    assert (found.inputs, found.evaluators, found.prompt, found.rows) == ({"reader": "local/1"}, (TONE,), "Hi.", None)
