from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from evalh.evaluator import EvalContext, Evaluator, roll_up
from evalh.models import Evidence, Score
from evalh.models.vocabulary import Rollup, Severity


class Judge(Evaluator):
    """An evaluator whose verdicts the tests write themselves."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        yield from ()


class FewerIsBetter(Judge):
    """Low values are good."""

    scale = (0.0, 50.0)
    direction = "lower_is_better"
    threshold: float = 10


def fault(turn: int = 1, severity: Severity | None = "major", value: float = 0.0, **fields: Any) -> Score:
    evidence = (Evidence(turn=turn, end=2, quote="no"),)
    return Score(turn=turn, value=value, passed=False, severity=severity, evidence=evidence, **fields)


GOOD = Score(turn=0, value=1.0, passed=True)
UNSURE = Score(turn=2, state="unsure", reason="may be a refusal")
ERRORED = Score(state="errored", reason="ValueError: no")
SKIPPED = Score(state="skipped", reason="no offer policy was given")
ABSENT = Score(state="not_applicable", reason="no offer was made")


def rolled(rollup: Rollup, *scores: Score) -> Score:
    return roll_up(Judge(rollup=rollup), scores)


@pytest.mark.parametrize("rollup", ["any_fault", "min", "mean"])
@pytest.mark.parametrize(
    ("scores", "state"),
    [
        ((), "not_applicable"),
        ((ABSENT, ABSENT), "not_applicable"),
        ((SKIPPED,), "skipped"),
        ((SKIPPED, ABSENT), "skipped"),
        ((UNSURE,), "unsure"),
        ((UNSURE, ABSENT, SKIPPED), "unsure"),
        ((ERRORED, GOOD, UNSURE), "errored"),
        ((GOOD, ABSENT), "scored"),
        ((GOOD, SKIPPED), "scored"),
    ],
)
def test_the_state_fails_closed(rollup: Rollup, scores: tuple[Score, ...], state: str) -> None:
    row = rolled(rollup, *scores)

    assert row.state == state
    assert (row.value is None) == (state != "scored")


@pytest.mark.parametrize("rollup", ["any_fault", "min"])
@pytest.mark.parametrize("beside", [ERRORED, UNSURE, GOOD, SKIPPED])
def test_a_fault_is_not_hidden_by_what_could_not_be_judged(rollup: Rollup, beside: Score) -> None:
    assert rolled(rollup, beside, fault()).passed is False


@pytest.mark.parametrize("rollup", ["any_fault", "min"])
def test_one_unsure_verdict_keeps_a_conversation_from_passing(rollup: Rollup) -> None:
    assert rolled(rollup, GOOD, GOOD, UNSURE).state == "unsure"


def test_the_worst_fault_gives_its_evidence_and_the_reason_counts() -> None:
    critical = fault(7, "critical", label="repeat_pitch_same", reason="pitched a third time", clause="conduct/x")
    row = rolled("any_fault", fault(3, "minor"), critical, fault(9, "critical"))

    assert (row.value, row.label, row.severity, row.clause) == (0.0, "repeat_pitch_same", "critical", "conduct/x")
    assert row.evidence[0].turn == 7
    assert row.reason == "3 faults: pitched a third time"


def test_the_roll_up_is_about_the_conversation_not_about_one_turn() -> None:
    row = rolled("any_fault", fault(3, offer="FIBER-500"))

    assert (row.level, row.turn, row.offer, row.rollup) == ("conversation", None, None, True)


def test_a_pass_beside_something_skipped_says_what_was_skipped() -> None:
    row = rolled("any_fault", GOOD, SKIPPED)

    assert (row.value, row.passed) == (1.0, True)
    assert row.reason == "1 checked, skipped: no offer policy was given"


def test_min_takes_the_worst_value() -> None:
    assert rolled("min", GOOD, fault(value=0.3), fault(value=0.2)).value == 0.2


def test_min_takes_the_highest_value_when_lower_is_better() -> None:
    rows = [Score(turn=1, value=4, passed=True), Score(turn=2, value=8, passed=True)]

    assert roll_up(FewerIsBetter(rollup="min"), rows).value == 8


def test_a_fault_takes_the_bad_end_of_the_scale() -> None:
    assert roll_up(FewerIsBetter(rollup="any_fault"), [fault(value=20)]).value == 50


def test_mean_is_over_scored_verdicts_only() -> None:
    row = rolled("mean", GOOD, fault(value=0.2), ABSENT, SKIPPED, UNSURE)

    assert row.value == pytest.approx(0.6)
    assert row.passed is True


def test_a_mean_below_the_threshold_fails_with_the_evidence_of_the_worst() -> None:
    row = rolled("mean", fault(5, "minor", 0.4), fault(6, "major", 0.3))

    assert (row.passed, row.evidence[0].turn) == (False, 6)


def test_a_mean_is_unsure_when_more_than_half_could_not_be_told() -> None:
    assert rolled("mean", GOOD, UNSURE, UNSURE).state == "unsure"
    assert rolled("mean", GOOD, UNSURE).state == "scored"


def test_a_critical_fault_fails_a_good_mean() -> None:
    row = rolled("mean", GOOD, GOOD, GOOD, fault(severity="critical"))

    assert (row.value, row.passed) == (0.75, False)


def test_a_mean_follows_the_direction() -> None:
    rows = [Score(turn=1, value=4, passed=True), Score(turn=2, value=20, passed=False, evidence=(Evidence(turn=2),))]

    assert roll_up(FewerIsBetter(), rows).passed is False
