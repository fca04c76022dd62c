from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.regression.sides import GROUNDED, TONE, Trials, Value, cases, info, row, side

from evalh.models import ConversationRow, SideCell
from evalh.models.comparison import COMPOSITE, NO_COHORT
from evalh.regression import cells as of_cells
from evalh.regression.cells import Pairs, Planned, Share, facets_of, share_of, side_cell
from evalh.regression.sides import Side
from evalh.stats.rates import wilson

NAN = float("nan")


def pairs(before: Side, after: Side, key: str = "persona", names: tuple[str, ...] = ("tone",)) -> Pairs:
    return Pairs(before, after, key, names)


def one(case: str, value: Value, **fields: Any) -> list[ConversationRow]:
    return [row(case, values={"tone": value}, **fields)]


def differences(before: Side, after: Side) -> list[float]:
    values: list[float] = pairs(before, after).paired().values[:, 0].tolist()
    return values


# --- pairs ---


def test_cases_are_paired_by_name_and_their_trials_averaged() -> None:
    before = side(cases(tone=[[1.0, 0.0], 1.0]))
    after = side(cases(tone=[0.0, [1.0, 1.0, 0.5]]))

    assert differences(before, after) == pytest.approx([-0.5, -1 / 6])


def test_cases_that_one_side_lacks_are_no_pairs() -> None:
    before = side(one("a", 1.0), one("only before", 1.0))
    after = side(one("only after", 0.0), one("a", 0.5))

    assert pairs(before, after).cases == ["a"]
    assert differences(before, after) == [-0.5]


@pytest.mark.parametrize("state", ["unsure", "errored", "skipped", "not_applicable"])
def test_a_pair_of_which_one_side_does_not_count_has_no_difference(state: str) -> None:
    before, after = side(cases(tone=[1.0, 1.0])), side(cases(tone=[state, 0.5]))

    assert differences(before, after) == pytest.approx([NAN, -0.5], nan_ok=True)
    assert differences(after, before) == pytest.approx([NAN, 0.5], nan_ok=True)


def test_a_rise_is_worse_where_lower_is_better() -> None:
    infos = [info("tone", direction="lower_is_better")]
    before, after = side(cases(tone=[0.1]), infos=infos), side(cases(tone=[0.4]), infos=infos)

    assert differences(before, after) == pytest.approx([-0.3])


def test_cases_of_one_template_are_one_family_and_a_case_may_be_named_as_a_template() -> None:
    both = side(one("a", 1.0, template="t"), one("b", 1.0, template="t"), one("c", 1.0), one("t", 1.0))
    families = pairs(both, both).paired().clusters
    assert families is not None

    assert families[0] == families[1]
    assert len(set(families.tolist())) == 3


def test_a_family_may_span_cohorts() -> None:
    both = side(one("a", 1.0, template="t", persona="x"), one("b", 1.0, template="t", persona="y"))
    assert pairs(both, both).paired().clusters.tolist() == [0, 0]  # type: ignore[union-attr]


# --- cohorts ---


def test_cohorts_are_those_of_either_side_and_a_missing_one_is_named() -> None:
    before, after = side(one("a", 1.0, persona="x"), one("b", 1.0, persona=None)), side(one("c", 1.0, persona="y"))
    found = pairs(before, after)

    assert found.cohorts == [NO_COHORT, "x", "y"]
    assert (found.members("x"), found.members("*")) == (["a"], ["a", "b", "c"])


def test_a_cohort_that_calls_itself_a_star_is_not_taken_for_all() -> None:
    both = side(one("a", 1.0, persona="*"), one("b", 1.0, persona="x"))
    assert pairs(both, both).cohort_of == {"a": NO_COHORT, "b": "x"}


def test_a_facet_makes_cohorts_too() -> None:
    both = side(one("a", 1.0, facets={"intent": "billing"}), one("b", 1.0))
    assert pairs(both, both, "intent").cohort_of == {"a": "billing", "b": NO_COHORT}


def test_where_the_sides_disagree_on_a_cohort_the_candidate_is_believed() -> None:
    found = pairs(side(one("a", 1.0, persona="x")), side(one("a", 1.0, persona="y")))
    assert (found.cohort_of, found.cohorts) == ({"a": "y"}, ["y"])


def test_a_cohort_weighs_by_its_cases_paired_or_not() -> None:
    before = side(cases("x", tone=[1.0] * 4), cases("y", tone=[1.0] * 4))
    after = side(cases("x", tone=[1.0] * 4), cases("y", tone=[1.0, "errored", "errored", "errored"]))

    assert pairs(before, after).paired().weights[:, 0].tolist() == [0.5, 0.5]


def test_facets_are_listed_persona_first() -> None:
    first = side([row("a", facets={"plan": "m", "intent": "b"})])
    assert facets_of(first, side([row("b", facets={"area": "n"})])) == ["persona", "area", "intent", "plan"]
    assert facets_of(side([row("a", persona=None, facets={"plan": "m"})])) == ["plan"]


# --- evaluators ---


def test_those_that_gate_on_either_side_are_tested_and_the_composite_always() -> None:
    names: dict[str, Any] = {COMPOSITE: [1.0], "tone": [1.0], "shown": [1.0], "grounded": [1.0]}
    shown = info("shown", gating=False)
    both = side(cases(**names), infos=[TONE, shown, GROUNDED])
    assert of_cells.tested_names(both, both) == ["tone", "grounded", COMPOSITE]

    loosened = side(cases(**names), infos=[info("tone", gating=False), shown, GROUNDED])
    assert of_cells.tested_names(both, loosened) == ["tone", "grounded", COMPOSITE]


def test_an_evaluator_of_one_side_only_is_still_listed() -> None:
    before, after = side(cases(tone=[1.0])), side(cases(grounded=[1.0]), infos=[GROUNDED])
    assert of_cells.tested_names(before, after) == ["grounded", "tone"]


@pytest.mark.parametrize(("scale", "width"), [((0.0, 1.0), 1.0), ((1.0, 5.0), 4.0), (None, 1.0)])
def test_the_width_of_a_scale_is_one_where_it_has_no_end(scale: tuple[float, float] | None, width: float) -> None:
    both = side(cases(tone=[1.0]), infos=[info("tone", scale=scale)])
    assert pairs(both, both).width("tone") == width


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({}, [0.75, 0.25]),
        ({"direction": "lower_is_better"}, [0.25, 0.75]),
        ({"scale": (-1.0, 3.0)}, [1.75, 1.25]),
        ({"scale": None}, [0.65, 0.15]),
    ],
)
def test_a_case_can_lose_what_it_is_above_the_worst_value(fields: dict[str, Any], left: list[float]) -> None:
    infos = [info("tone", **fields)]
    found = pairs(
        side(cases(tone=[0.5, 0.1]), infos=infos), side(cases(tone=[[0.5, 1.0], [0.25, "unsure"]]), infos=infos)
    )
    values, trials = found.losable()

    assert values[:, 0] == pytest.approx(left)
    assert trials[:, 0].tolist() == [2, 1]


def test_what_does_not_count_can_lose_nothing() -> None:
    both = side(cases(tone=["unsure"]))
    values, trials = pairs(both, both).losable()

    assert np.isnan(values).all()
    assert trials.tolist() == [[1]]


# --- what is lost on a side ---


def test_a_share_counts_what_was_asked_and_what_was_lost() -> None:
    held = side(cases(tone=[[1.0, "unsure", "errored"], ["not_applicable", "skipped", 1.0]]))
    found = share_of(pairs(held, held).before, ["calm-000", "calm-001"], "tone", Planned(3, 3))

    assert found == Share(counted=2, asked=4, lost=1)
    assert found.coverage == 0.5
    assert found.evaluated == pytest.approx(2 / 3)


def test_a_missing_case_is_lost_only_to_evaluators_that_gave_verdicts() -> None:
    held = pairs(side(cases(tone=[1.0])), side()).before

    assert share_of(held, ["calm-000", "gone"], "tone", Planned(3)) == Share(1, 4, 3)
    assert share_of(held, ["calm-000", "gone"], "grounded", None) == Share(0, 0, 0)


def test_nothing_asked_is_nothing_lost() -> None:
    assert (Share(0, 0, 0).coverage, Share(0, 0, 0).evaluated) == (1.0, 1.0)


def test_shares_add_up() -> None:
    assert Share(1, 3, 1) + Share(2, 2, 0) == Share(3, 5, 1)


# --- what a side brings ---


def brought(*values: Trials, members: int | None = None) -> SideCell:
    held = side(cases(tone=list(values)))
    names = [f"calm-{number:03}" for number in range(members or len(values))]
    return side_cell(pairs(held, held).before, names, "tone")


def test_the_states_of_all_conversations_are_counted_and_missing_cases_told() -> None:
    found = brought([1.0, "unsure"], ["errored", "not_applicable"], "skipped", members=5)

    assert found.counts.model_dump() == dict.fromkeys(found.counts.model_dump(), 1)
    assert found.missing == 2


def test_the_pass_rate_has_its_wilson_interval() -> None:
    found = brought(*[1.0] * 8, 0.0, 0.0, "unsure")
    low, high = wilson(8, 10) or (NAN, NAN)

    assert found.pass_rate == 0.8
    assert [found.pass_low, found.pass_high] == pytest.approx([low, high], abs=1e-6)
    assert [low, high] == pytest.approx([0.4902, 0.9433], abs=1e-4)


def test_without_a_verdict_there_is_no_rate() -> None:
    found = brought("unsure", "not_applicable")
    assert (found.pass_rate, found.pass_low, found.pass_high, found.pass_all, found.stable) == (None,) * 5


def test_a_case_passes_all_where_none_of_its_trials_failed_and_is_stable_where_they_agree() -> None:
    found = brought([1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, "unsure"])
    assert (found.pass_all, found.stable) == (0.5, 0.75)


def test_cases_of_one_scored_trial_say_nothing_of_stability() -> None:
    found = brought([1.0, "unsure"], 0.0)
    assert (found.pass_rate, found.pass_all, found.stable) == (0.5, None, None)


def test_the_pitch_rate_is_of_conversations_that_were_read() -> None:
    rows = [row("a", trial, pitches=pitches) for trial, pitches in enumerate([3, 0, 0, 1, None])]
    held = side(rows)

    assert side_cell(pairs(held, held).before, ["a"], "tone").pitch_rate == 0.5
    assert side_cell({}, ["a"], "tone").pitch_rate is None


def test_trials_that_are_missing_of_a_case_are_lost() -> None:
    held = pairs(side(cases(tone=[[1.0, 1.0]])), side()).before

    assert share_of(held, ["calm-000", "gone"], "tone", Planned(3, 3)) == Share(counted=2, asked=6, lost=4)
