from __future__ import annotations

from typing import Any

import pytest

from evalh.models import ConversationRow, EvaluatorInfo, Rolled
from evalh.stats.summary import Summary, compared_value, mean


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


def test_nothing_wrong_is_the_best_value_of_the_scale() -> None:
    silent = Rolled(state="not_applicable")
    assert compared_value(silent, info("x", acts=True, scale=(1.0, 5.0))) == 5.0
    assert compared_value(silent, info("x", acts=True, scale=(1.0, 5.0), direction="lower_is_better")) == 1.0


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
    assert (everyone.fault_low, everyone.fault_high) == pytest.approx((0.0615, 0.7923), abs=1e-4)
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
