from __future__ import annotations

from typing import Any

import pytest

from evalh.models import ConversationRow, EvaluatorInfo, Rolled
from evalh.stats.summary import Side, Summary, compared_value, differences, mean


def info(name: str, **fields: Any) -> EvaluatorInfo:
    return EvaluatorInfo(name=name, version="1", sha256="", rollup="mean", threshold=0.5, **fields)


def row(
    case: str | None, version: str, trial: int = 0, persona: str | None = "p", pitches: int = 0, **values: Any
) -> Any:
    rollups = {
        name: Rolled(state="scored", value=value, passed=value >= 0.5)
        if isinstance(value, float)
        else Rolled(state=value)
        for name, value in values.items()
    }
    return ConversationRow(
        run_id="r", case=case, prompt_version=version, trial=trial, persona=persona, pitches=pitches, turns=2,
        conversation_id=f"{case}-{version}-{trial}", conversation_sha256="", rollups=rollups,
    )  # fmt: skip


def side(*rows: ConversationRow, infos: list[EvaluatorInfo] | None = None) -> Side:
    built = Side("persona", {item.name: item for item in infos or [info("tone")]})
    for item in rows:
        built.add(item)
    return built


@pytest.mark.parametrize(
    ("state", "acts", "direction", "expected"),
    [
        ("not_applicable", True, "higher_is_better", 1.0),
        ("not_applicable", True, "lower_is_better", 0.0),
        ("not_applicable", False, "higher_is_better", None),
        ("unsure", True, "higher_is_better", None),
        ("errored", True, "higher_is_better", None),
        ("skipped", True, "higher_is_better", None),
    ],
)
def test_nothing_done_is_nothing_wrong_only_for_evaluators_of_acts(
    state: Any, acts: bool, direction: Any, expected: float | None
) -> None:
    assert compared_value(Rolled(state=state), info("x", acts=acts, direction=direction)) == expected


def test_a_scored_value_is_compared_as_it_is() -> None:
    assert compared_value(Rolled(state="scored", value=0.3), None) == 0.3


def test_the_mean_of_nothing_is_none() -> None:
    assert mean([]) is None


def test_an_aggregate_keeps_what_did_not_apply_out_of_the_mean_but_not_out_of_what_is_compared() -> None:
    summary = Summary("persona", [info("pitch", acts=True)])
    for case, value in (("a", 0.0), ("b", 1.0), ("c", "not_applicable"), ("d", "unsure")):
        summary.add(row(case, "v1", pitch=value))
    everyone = next(item for item in summary.aggregates() if item.cohort == "*")

    assert (everyone.mean, everyone.pass_rate, everyone.compared_n) == (0.5, 0.5, 3)
    assert everyone.compared_mean == pytest.approx(2 / 3)
    assert everyone.fault_rate == pytest.approx(1 / 3)
    assert everyone.coverage == pytest.approx(2 / 3)
    assert everyone.conversations == 4


def test_cohorts_stand_beside_all_conversations_and_a_missing_one_is_named() -> None:
    summary = Summary("intent", [info("tone")])
    summary.add(row("a", "v1", tone=1.0))

    assert [item.cohort for item in summary.aggregates()] == ["*", "(none)"]


def test_a_cohort_that_calls_itself_a_star_is_not_taken_for_all() -> None:
    summary = Summary("persona", [info("tone")])
    summary.add(row("a", "v1", persona="*", tone=1.0))

    assert [(item.cohort, item.conversations) for item in summary.aggregates()] == [("*", 1), ("(none)", 1)]


def test_cases_are_paired_and_their_trials_averaged() -> None:
    before = side(row("a", "v1", 0, tone=1.0), row("a", "v1", 1, tone=0.0), row("b", "v1", tone=1.0))
    after = side(row("a", "v2", tone=0.0), row("b", "v2", tone=1.0))
    everyone = differences(before, after)[0]

    assert (everyone.baseline, everyone.candidate, everyone.delta, everyone.pairs) == (0.75, 0.5, -0.25, 2)


@pytest.mark.parametrize("state", ["unsure", "errored", "skipped", "not_applicable"])
def test_a_pair_of_which_one_side_does_not_count_is_dropped(state: str) -> None:
    before = side(row("a", "v1", tone=1.0), row("b", "v1", tone=1.0))
    after = side(row("a", "v2", tone=state), row("b", "v2", tone=0.5))
    everyone = differences(before, after)[0]

    assert (everyone.delta, everyone.pairs) == (-0.5, 1)


def test_a_rise_is_worse_where_lower_is_better() -> None:
    infos = [info("words", direction="lower_is_better")]
    (everyone, _) = differences(
        side(row("a", "v1", words=0.1), infos=infos), side(row("a", "v2", words=0.4), infos=infos)
    )

    assert everyone.delta == pytest.approx(-0.3)


def test_without_a_pair_the_means_are_told_and_no_delta() -> None:
    everyone = differences(side(row(None, "v1", tone=1.0)), side(row(None, "v2", tone=0.0)))[0]

    assert (everyone.baseline, everyone.candidate, everyone.delta, everyone.pairs) == (1.0, 0.0, None, 0)


def test_each_cohort_has_its_difference_and_its_pitch_rates() -> None:
    before = side(row("a", "v1", persona="x", tone=1.0), row("b", "v1", persona="y", tone=1.0))
    after = side(row("a", "v2", persona="x", pitches=2, tone=0.0), row("b", "v2", persona="y", tone=1.0))
    found = {item.cohort: item for item in differences(before, after)}

    assert {name: item.delta for name, item in found.items()} == {"*": -0.5, "x": -1.0, "y": 0.0}
    assert (found["x"].pitch_rate_baseline, found["x"].pitch_rate_candidate) == (0.0, 1.0)
    assert found["*"].pitch_rate_candidate == 0.5
