from __future__ import annotations

from typing import Any

from evalh.models import Comparison, ConversationRow, Difference, Rolled, ScoreRow
from evalh.regression import biggest_drops, compare_sides, worst_turns


def fault(version: str, case: str, label: str = "repeat_pitch", **fields: Any) -> ScoreRow:
    given = {"evaluator": "objection_handling", "turn": 3, "value": 0.0, "passed": False, "severity": "major"}
    return ScoreRow(
        **{
            "run_id": "r",
            "conversation_id": f"{case}.{version}",
            "prompt_version": version,
            "case": case,
            "label": label,
        }
        | given
        | fields
    )


def worst(*rows: ScoreRow, n: int = 10) -> list[tuple[str | None, str | None]]:
    return [(row.case, row.label) for row in worst_turns(rows, n, baseline="v1", candidate="v2")]


def test_a_fault_the_baseline_has_too_is_not_new_whatever_its_turn() -> None:
    assert worst(fault("v1", "a", turn=9), fault("v2", "a"), fault("v2", "b")) == [("b", "repeat_pitch")]


def test_another_label_in_the_same_case_is_new() -> None:
    assert worst(fault("v1", "a"), fault("v2", "a", "pressure")) == [("a", "pressure")]


def test_the_order_of_the_versions_in_the_rows_does_not_matter() -> None:
    assert worst(fault("v2", "a"), fault("v1", "a")) == []


def test_the_worst_severity_comes_first_and_only_so_many() -> None:
    rows = [fault("v2", "a", severity="minor"), fault("v2", "b", severity="critical"), fault("v2", "c")]

    assert [case for case, _ in worst(*rows, n=2)] == ["b", "c"]


def test_of_equal_severity_each_evaluator_has_its_turn() -> None:
    rows = [fault("v2", "a"), fault("v2", "b"), fault("v2", "c", evaluator="tone")]

    assert [case for case, _ in worst(*rows)] == ["a", "c", "b"]


def test_passed_verdicts_summaries_and_the_scorecard_are_not_quoted() -> None:
    rows = [
        fault("v2", "a", passed=True, value=1.0),
        fault("v2", "b", rollup=True, level="conversation", turn=None),
        fault("v2", "c", evaluator="conversation_quality"),
        fault("v2", "d", state="unsure", value=None, passed=None),
    ]

    assert worst(*rows) == []


def test_a_fault_of_two_trials_is_quoted_once() -> None:
    assert worst(fault("v2", "a"), fault("v2", "a", trial=1)) == [("a", "repeat_pitch")]


def test_without_sides_every_fault_counts() -> None:
    found = worst_turns([fault("v1", "a"), fault("v2", "b")], 5)

    assert [row.case for row in found] == ["a", "b"]


def test_the_biggest_drops_come_first_and_rises_not_at_all() -> None:
    def item(evaluator: str, delta: float | None) -> Difference:
        return Difference(
            cohort_key="persona", cohort="*", evaluator=evaluator, baseline=1.0, candidate=1.0, delta=delta, pairs=3
        )

    deltas = {"a": -0.1, "b": -0.5, "c": 0.2, "d": None, "e": 0.0}
    differences = tuple(item(name, delta) for name, delta in deltas.items())
    comparison = Comparison(run_id="r", baseline="v1", candidate="v2", differences=differences)

    assert [found.evaluator for found in biggest_drops(comparison, 5)] == ["b", "a"]
    assert [found.evaluator for found in biggest_drops(comparison, 1)] == ["b"]


def test_sides_of_two_runs_are_compared_by_case() -> None:
    def row(case: str, value: float) -> ConversationRow:
        rolled = {"tone": Rolled(state="scored", value=value)}
        return ConversationRow(run_id="r", case=case, conversation_id=case, conversation_sha256="", rollups=rolled)

    comparison = compare_sides(
        [row("a", 1.0), row("only here", 0.0)], [row("a", 0.5)],
        run_id="r", names=("old:v1", "new:v1"), cohort_key="persona", evaluators=[],
    )  # fmt: skip

    assert (comparison.baseline, comparison.candidate) == ("old:v1", "new:v1")
    assert {item.delta for item in comparison.differences} == {-0.5}
